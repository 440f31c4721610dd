"""中期交流: branches hand in a page each, the party office chooses who speaks, a pack comes out."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, TableBlock
from handlers.content import Card, Text
from handlers.context import Context
from handlers.dossier import Act, Section, path_of
from handlers.figures import percent_text
from handlers.paper import Block, Grid, Heading, Layout, PageBreak, Paper, Para
from handlers.places import branch_by_id
from handlers.projects.common import (
    meant,
    need_open_year,
    need_own,
    need_stage,
    own_project,
    responsible,
    tell,
)
from handlers.projects.forms import indicator_text
from handlers.projects.funnel import year_filter, year_in
from handlers.reply import Reply, fill, say
from handlers.spec import Action, Command, Family
from models.errors import UserError
from models.forms.field import Answers, Facts, Problem
from models.forms.form import Form
from models.forms.kinds import LongText
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.forms.typed import normal
from models.midterm import MidTerm, midterms
from models.person import Role
from models.project import OPEN_STAGES, Project, need_project
from models.unit import Unit

OFFICE: Final = frozenset({Role.PARTY_OFFICE})
PARTS: Final = ("did", "effect", "trouble", "ahead")


def _says_a_figure(answers: Answers, facts: Facts) -> list[tuple[str, Problem]]:
    del facts
    effect = answers.get("effect")
    if effect and not any(char.isdigit() for char in normal(effect)):
        return [("effect", Problem("problem.result_figure"))]
    return []


FORM: Final = Form(
    key="midterm",
    version=1,
    fields=(
        RecordNumber(key="number", required=False, aside=True),
        TextField(key="effect", min_chars=4, max_chars=300),
        TextField(key="trouble", required=False, max_chars=300),
        TextField(key="ahead", required=False, max_chars=300),
        LongText(key="did", min_chars=4, max_chars=800),
    ),
    positional=("number", "did"),
    check=_says_a_figure,
)


def facts(ctx: Context, answers: Answers) -> Facts:
    """Refuses at once where there is nothing under way."""
    if "number" not in answers and own_project(ctx) is None:
        return {}
    _tellable(ctx, answers.get("number"))
    return {}


def _tellable(ctx: Context, number: str | None) -> Project:
    project, branch = meant(ctx, number)
    need_own(ctx, branch)
    need_open_year(ctx, project)
    need_stage(project, *OPEN_STAGES)
    return project


def prefill(ctx: Context, answers: Answers) -> Mapping[str, str]:
    """What was handed in before."""
    project = _tellable(ctx, answers.get("number"))
    page = ctx.session.get(MidTerm, project.id)
    known = {part: getattr(page, part) for part in PARTS} if page else {}
    return {"number": project.number} | {key: value for key, value in known.items() if value}


def hand_in(ctx: Context, answers: Answers) -> Reply:
    """``/中期交流``: one page a project; handing in again takes its place."""
    project = _tellable(ctx, answers["number"])
    page = ctx.session.get(MidTerm, project.id)
    if page is None:
        page = MidTerm(project_id=project.id)
        ctx.session.add(page)
    for part in PARTS:
        setattr(page, part, answers[part] or "")
    page.person_id, page.at = ctx.who.id, ctx.now
    ctx.session.flush()
    ctx.subject = project.number
    return say("midterm.saved", number=project.number, name=project.name)


def choose(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Let a page be told, or no longer; ``argument`` is the project's number."""
    del picked
    project = need_project(ctx.session, argument)
    ctx.need(Role.PARTY_OFFICE, over=branch_by_id(ctx, project.unit_id).path)
    page = ctx.session.get(MidTerm, project.id)
    if page is None:
        raise UserError("midterm.missing", number=project.number)
    speaks = page.speaks_at is None
    page.speaks_at = ctx.now if speaks else None
    page.chosen_by_id = ctx.who.id if speaks else None
    ctx.session.flush()
    ctx.subject = project.number
    key = "midterm.chosen" if speaks else "midterm.unchosen"
    text = fill(key, number=project.number, name=project.name)
    tell(ctx, responsible(ctx, project), Text(text), f"midterm:{project.number}:{ctx.now}")
    return Reply(text, Card(title=t(f"{key}_title"), desc=project.name))


def sections(ctx: Context, project: Project) -> Iterator[Section]:
    """The page as part of the project's dossier."""
    page = ctx.session.get(MidTerm, project.id)
    if page is not None:
        words = "\n".join(
            t("midterm.part", label=t(f"form.midterm.{part}.label"), text=getattr(page, part))
            for part in PARTS
            if getattr(page, part)
        )
        yield Section(t("midterm.section"), words)


def acts(ctx: Context, project: Project, *, own: bool, office: bool) -> Iterator[Act]:
    """The way to hand in, and to choose."""
    page = ctx.session.get(MidTerm, project.id)
    if own and project.stage in OPEN_STAGES:
        yield Act(t("midterm.go"), command="midterm", answers={"number": project.number})
    if office and page is not None:
        words = t("midterm.choose" if page.speaks_at is None else "midterm.unchoose")
        yield Act(words, action=f"midterm.choose:{project.number}")


def board(ctx: Context, params: Mapping[str, str]) -> BoardPage:
    """All pages of a year; those that are told first."""
    year = year_in(ctx, params)
    rows = [
        (
            Cell(unit.name),
            Cell(project.name, href=path_of(project.number)),
            Cell(percent_text(project.percent)),
            Cell(t("midterm.speaks") if page.speaks_at else "", "green" if page.speaks_at else ""),
            Cell(page.effect),
        )
        for page, project, unit in midterms(ctx.session, year)
    ]
    return BoardPage(
        title=t("board.midterm.title"),
        note=t("midterm.note"),
        filters=(year_filter(ctx, year),),
        blocks=(
            TableBlock(
                headings=[t(f"midterm.column_{n}") for n in range(1, 6)],
                rows=rows,
                numeric=frozenset({2}),
            ),
        ),
        papers=((t("midterm.paper"), "midterm", {"year": str(year)}),) if rows else (),
    )


def paper(ctx: Context, params: Mapping[str, Any]) -> Paper:
    """The pack: a page for each that is told; all of them while none was chosen."""
    year = year_in(ctx, params)
    pages = midterms(ctx.session, year)
    if not pages:
        raise UserError("midterm.none", year=year)
    chosen = [one for one in pages if one[0].speaks_at is not None] or pages
    body: list[Block] = []
    for page, project, unit in chosen:
        body += [*_page(page, project, unit), PageBreak()]
    return Paper(
        title=t("midterm.title"),
        subtitle=t("midterm.subtitle", year=year, count=len(chosen)),
        layout=Layout.BOOK,
        body=body[:-1],
        contents=True,
        day=ctx.today,
    )


def _page(page: MidTerm, project: Project, unit: Unit) -> Iterator[Block]:
    yield Heading(project.name)
    grade = label(project.grade) if project.grade else t("project.ungraded")
    yield Grid(
        (),
        (
            (t("project.fact_branch"), unit.name, t("project.fact_grade"), grade),
            (
                t("project.fact_indicator"),
                indicator_text(project) or "—",
                t("project.fact_percent"),
                percent_text(project.percent),
            ),
        ),
        (14, 46, 14, 26),
    )
    yield Heading(t("midterm.problem"), 2)
    yield Para(project.problem or "—")
    for part in PARTS:
        if text := getattr(page, part):
            yield Heading(t(f"form.midterm.{part}.label"), 2)
            yield Para(text)


FAMILY = Family(
    commands=(
        Command(key="midterm", form=FORM, facts=facts, prefill=prefill, run=hand_in, sheet=True),
    ),
    actions=(Action(key="midterm.choose", run=choose, roles=OFFICE),),
    boards=(Board(key="midterm", show=board),),
    papers={"midterm": paper},
)
