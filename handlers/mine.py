"""我的, 待办 and 查: what is mine, what I owe, what a number stands for."""

from collections.abc import Callable, Mapping

from config.texts import label, t
from handlers.context import Context
from handlers.duties import duties_of, duty_card
from handlers.figures import minute_text, percent_text
from handlers.places import branch_by_id, may_see
from handlers.reply import Markdown, Reply, fill, lines
from handlers.spec import Command, Family
from models.attachment import of_record, tray
from models.draft import unfinished
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.record import RecordNumber
from models.progress import latest_by, report_by_number
from models.project import Project, by_number

RECENT = 5
NONE = Form(key="nothing", version=1, fields=())
LOOKUP = Form(key="lookup", version=1, fields=(RecordNumber(key="number"),), positional=("number",))


def show_mine(ctx: Context, answers: Answers) -> Reply:
    """``/我的``: my last reports, photos that wait, a form that is not finished."""
    del answers
    rows: list[str] = [
        fill(
            "mine.report",
            number=row.number,
            at=minute_text(ctx.local(row.at)),
            percent=percent_text(row.percent),
            said=row.said[:30],
        )
        for row in latest_by(ctx.session, ctx.who.id, RECENT)
    ]
    waiting = tray(ctx.session, ctx.who.id, ctx.now - ctx.tray_time)
    draft = unfinished(ctx.session, ctx.who.id, ctx.now)
    return Reply(
        lines(
            t("mine.head"),
            *(rows or [t("mine.nothing")]),
            t("mine.tray", count=len(waiting)) if waiting else "",
            t("mine.draft", form=t(f"form.{draft.form}.title")) if draft else "",
        )
    )


def show_duties(ctx: Context, answers: Answers) -> Reply:
    """``/待办``: what I owe, with the button that does the work for the first one."""
    del answers
    duties = duties_of(ctx, ctx.who)
    if not duties:
        return Reply(t("duty.none"))
    rows = [fill("duty.line", title=duty.title, detail=duty.detail) for duty in duties]
    head = t("duty.head", count=len(duties))
    card = None if ctx.room else duty_card(ctx, duties, ctx.who.userid)
    return Reply(lines(head, *rows), card=card)


def _report(ctx: Context, number: str) -> Markdown:
    row = report_by_number(ctx.session, number)
    branch = branch_by_id(ctx, row.unit_id) if row else None
    if row is None or branch is None or not may_see(ctx.who, branch):
        raise UserError("lookup.unknown", number=number)
    project = ctx.session.get_one(Project, row.project_id)
    return fill(
        "lookup.report",
        number=row.number,
        state=label(row.state),
        branch=branch.name,
        project=project.name,
        percent=percent_text(row.percent),
        before=percent_text(row.before),
        at=minute_text(ctx.local(row.at)),
        said=row.said or "—",
        photos=len(of_record(ctx.session, row.number)),
    )


def _project(ctx: Context, number: str) -> Markdown:
    project = by_number(ctx.session, number)
    if project is None:
        raise UserError("lookup.unknown", number=number)
    branch = branch_by_id(ctx, project.unit_id)
    return fill(
        "lookup.project",
        number=project.number,
        name=project.name,
        branch=branch.name,
        year=project.year,
        stage=label(project.stage),
        percent=percent_text(project.percent),
    )


FINDERS: Mapping[str, Callable[[Context, str], Markdown]] = {"JZ": _report, "XM": _project}
"""How a number is looked up, by its prefix."""


def look_up(ctx: Context, answers: Answers) -> Reply:
    """``/查 编号``: what is stored under a number, if the speaker may see it."""
    number = answers["number"]
    finder = FINDERS.get(number[:2])
    if finder is None:
        raise UserError("lookup.unknown", number=number)
    ctx.subject = number
    return Reply(finder(ctx, number))


FAMILY = Family(
    commands=(
        Command(key="mine", form=NONE, run=show_mine),
        Command(key="duties", form=NONE, run=show_duties),
        Command(key="lookup", form=LOOKUP, run=look_up),
    ),
)
