"""进展: report, report no change, correct, withdraw (DOMAIN.md 2)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from sqlalchemy import select

from config.texts import label, t, words
from handlers.content import Card
from handlers.context import Context
from handlers.dossier import Dossier, Record, Section
from handlers.figures import minute_text, percent_text, plan_text, short_text
from handlers.personal import Access, Holding, Kin, rows_of
from handlers.places import OVERSEERS, branch_by_id, branch_in_question, may_report_for, may_see
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Action, Command, Family
from handlers.tray import attach_from_tray, tray_card
from models.attachment import attach, of_record
from models.errors import UserError
from models.forms.field import Answers, Facts, Problem
from models.forms.form import Form
from models.forms.kinds import Attachment, LongText, Percent, Text
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.number import next_number
from models.person import Member, Role
from models.progress import (
    Progress,
    ReportKind,
    ReportState,
    add_report,
    latest_by,
    report_by_number,
    settle_project,
)
from models.project import Current, Project, Stage, advance, current_project
from models.unit import Place

SAID_CHARS = 2000
RECENT = 5
SAID = 30
"""Characters of a description in a list."""


def _went_down(answers: Answers, facts: Facts) -> bool:
    percent, before = answers.get("percent"), facts.get("percent")
    return percent is not None and before is not None and percent < before


def _reason_given(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    if _went_down(answers, facts) and not answers.get("reason"):
        return [("reason", Problem("problem.reason", {"before": percent_text(facts["percent"])}))]
    return []


FORM = Form(
    key="progress",
    version=1,
    fields=(
        UnitField(key="branch", when=lambda _, facts: bool(facts.get("ask_branch"))),
        Percent(key="percent"),
        Text(key="reason", max_chars=200, when=_went_down),
        Attachment(key="photos", required=False),
        LongText(key="said", required=False, max_chars=SAID_CHARS),
    ),
    positional=("percent", "said"),
    check=_reason_given,
)

CORRECTION = Form(
    key="correction",
    version=1,
    fields=(
        RecordNumber(key="number"),
        Percent(key="percent"),
        Text(key="reason", max_chars=200, when=_went_down),
        LongText(key="said", required=False, max_chars=SAID_CHARS),
    ),
    positional=("number", "percent", "said"),
    check=_reason_given,
)

NUMBER = Form(
    key="number",
    version=1,
    fields=(RecordNumber(key="number", required=False),),
    positional=("number",),
)

NOTHING_ELSE = Form(key="nothing", version=1, fields=())


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be stored."""

    percent: Decimal
    said: str = ""
    reason: str = ""
    kind: ReportKind = ReportKind.REPORT
    replaces: Progress | None = None


@cache
def _on_behalf() -> re.Pattern[str]:
    return re.compile("|".join(words("progress.on_behalf_patterns")))


def on_behalf_of(said: str) -> str:
    """Whom a report is made for, if it says so at its beginning or end (代张师傅报), else empty."""
    found = _on_behalf().search(said)
    return next((group for group in found.groups() if group), "") if found else ""


def _branch(ctx: Context, answers: Answers) -> Place:
    branch = branch_in_question(ctx, answers.get("branch"))
    if branch is None:
        raise UserError("progress.which_branch")
    return branch


def _project(ctx: Context, branch: Place) -> Current:
    year = ctx.today.year
    project = ctx.once(
        ("project", branch.id), lambda: current_project(ctx.session, branch.id, year)
    )
    if project is None:
        raise UserError("progress.no_project", branch=branch.name, year=ctx.today.year)
    return project


def facts(ctx: Context, answers: Answers) -> Facts:
    """Whether the branch has to be asked for, and where its project stands."""
    branch = branch_in_question(ctx, answers.get("branch"))
    if branch is None:
        return {"ask_branch": True}
    if not may_report_for(ctx.who, branch):
        raise UserError("progress.not_your_branch", branch=branch.name)
    return {"percent": _project(ctx, branch).percent}


def standing(ctx: Context, answers: Answers) -> str:
    """For which branch and project one reports, and where it stands."""
    branch = branch_in_question(ctx, answers.get("branch"))
    if branch is None or not may_report_for(ctx.who, branch):
        return ""
    try:
        project = _project(ctx, branch)
    except UserError:
        return ""
    return fill(
        "progress.standing",
        branch=branch.name,
        project=project.name,
        percent=percent_text(project.percent),
        plan=percent_text(project.planned(ctx.today)),
    )


def store(ctx: Context, branch: Place, project: Project | Current, report: Report) -> str:
    """Write one report and let the project follow it; returns its number. Rights were checked."""
    if project.stage is Stage.APPROVED:
        begun = ctx.session.get_one(Project, project.id)
        advance(ctx.session, begun, Stage.ONGOING, at=ctx.now, person_id=ctx.who.id)
    number = next_number(ctx.session, "JZ", ctx.today.year)
    old = report.replaces
    add_report(
        ctx.session,
        number=number,
        project_id=project.id,
        unit_id=branch.id,
        kind=report.kind,
        percent=report.percent,
        before=old.before if old else project.percent,
        said=report.said,
        reason=report.reason,
        person_id=ctx.who.id,
        on_behalf=on_behalf_of(report.said),
        at=old.at if old else ctx.now,
        replaces_id=old.id if old else None,
    )
    ctx.subject = number
    return number


def report_progress(ctx: Context, answers: Answers) -> Reply:
    """``/进展 60% 说明``: any member of a branch reports for it."""
    branch = _branch(ctx, answers)
    if not may_report_for(ctx.who, branch):
        raise UserError("progress.not_your_branch", branch=branch.name)
    project = _project(ctx, branch)
    report = Report(answers["percent"], answers["said"] or "", answers["reason"] or "")
    number = store(ctx, branch, project, report)
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, number)
    return _receipt(ctx, "progress.saved", branch, project, report, number)


def report_no_change(ctx: Context, answers: Answers) -> Reply:
    """``/无变化``: two seconds, and a valid report (DOMAIN.md 9)."""
    branch = _branch(ctx, answers)
    return _no_change(ctx, branch)


def _no_change(ctx: Context, branch: Place) -> Reply:
    if not may_report_for(ctx.who, branch):
        raise UserError("progress.not_your_branch", branch=branch.name)
    project = _project(ctx, branch)
    if project.percent is None:
        raise UserError("progress.nothing_yet")
    report = Report(project.percent, t("progress.no_change"), kind=ReportKind.NO_CHANGE)
    number = store(ctx, branch, project, report)
    return _receipt(ctx, "progress.saved_no_change", branch, project, report, number)


def _receipt(
    ctx: Context, key: str, branch: Place, project: Current, report: Report, number: str
) -> Reply:
    planned = project.planned(ctx.today)
    head = fill(
        key,
        number=number,
        branch=branch.name,
        project=project.name,
        percent=percent_text(report.percent),
        before=percent_text(project.percent),
        plan=plan_text(report.percent - planned),
    )
    name = on_behalf_of(report.said)
    behalf = fill("progress.behalf", name=name) if name else ""
    photos = t("progress.photos_private") if ctx.room else ""
    undo = t("progress.undo", hours=ctx.rules.progress.correct_hours)
    return Reply(lines(head, behalf, undo, photos), card=tray_card(ctx, number, "progress.attach"))


def attach_photos(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Let photos from the sender's tray belong to a report."""
    del picked
    number, _, ids = argument.partition("/")
    row = report_by_number(ctx.session, number)
    if row is None or not may_report_for(ctx.who, branch_by_id(ctx, row.unit_id)):
        raise UserError("error.not_allowed")
    return attach_from_tray(ctx, number, ids)


def keep_tray(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Leave the photos where they are."""
    del argument, picked
    minutes = ctx.rules.progress.tray_minutes
    return Reply(card=Card(title=t("tray.kept"), desc=t("tray.kept_desc", minutes=minutes)))


def no_change_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """The button under a reminder; ``argument`` is the project's number."""
    del picked
    project = ctx.session.scalar(select(Project).where(Project.number == argument))
    if project is None:
        raise UserError("error.stale")
    since = project.reported_at
    if since is not None and ctx.local(since).date() == ctx.today:
        title = t("progress.already_today")
        return Reply(card=Card(title=title, desc=percent_text(project.percent)))
    reply = _no_change(ctx, branch_by_id(ctx, project.unit_id))
    return Reply(reply.text, Card(title=t("progress.tapped"), desc=ctx.subject))


def _own_recent(ctx: Context, number: str | None) -> tuple[Progress, Place]:
    """A valid report the speaker may still change: by number, else the newest of their own."""
    if number:
        row = report_by_number(ctx.session, number)
    else:
        row = next(iter(latest_by(ctx.session, ctx.who.id, 1)), None)
    if row is None:
        raise UserError("progress.unknown_number" if number else "progress.none_of_yours")
    branch = branch_by_id(ctx, row.unit_id)
    if not _may_change(ctx.who, row, branch):
        raise UserError("progress.not_yours", number=row.number)
    if row.state is not ReportState.VALID:
        raise UserError("progress.ended_before", number=row.number)
    if not ctx.within(row.at, ctx.rules.progress.correct_hours):
        raise UserError(
            "progress.too_late", number=row.number, hours=ctx.rules.progress.correct_hours
        )
    return row, branch


def _may_change(member: Member, row: Progress, branch: Place) -> bool:
    return row.person_id == member.id or member.has(Role.SECRETARY, over=branch.path)


def correction_facts(ctx: Context, answers: Answers) -> Facts:
    """What the project stood at before the report that is corrected."""
    if "number" not in answers:
        return {}
    row, _ = _own_recent(ctx, answers["number"])
    return {"percent": row.before}


def correct_report(ctx: Context, answers: Answers) -> Reply:
    """``/更正 编号 70% 说明``: the old report stays in the history."""
    old, branch = _own_recent(ctx, answers["number"])
    project = ctx.session.get_one(Project, old.project_id)
    old.move_to(ctx.session, ReportState.CORRECTED, ended_at=ctx.now)
    said = old.said if answers["said"] is None else answers["said"]
    report = Report(answers["percent"], said, answers["reason"] or "", replaces=old)
    number = store(ctx, branch, project, report)
    settle_project(ctx.session, project)
    return say(
        "progress.corrected",
        old=old.number,
        number=number,
        percent=percent_text(report.percent),
        before=percent_text(old.percent),
    )


def withdraw_report(ctx: Context, answers: Answers) -> Reply:
    """``/撤回 [编号]``: the report counts no more and stays in the history."""
    row, branch = _own_recent(ctx, answers["number"])
    row.move_to(ctx.session, ReportState.WITHDRAWN, ended_at=ctx.now)
    project = ctx.session.get_one(Project, row.project_id)
    percent = settle_project(ctx.session, project)
    ctx.subject = row.number
    return say(
        "progress.withdrawn",
        number=row.number,
        branch=branch.name,
        percent=percent_text(percent),
    )


def show_report(ctx: Context, number: str) -> Dossier:
    """A report with what came before and what became of it."""
    row = report_by_number(ctx.session, number)
    branch = branch_by_id(ctx, row.unit_id) if row else None
    if row is None or branch is None or not may_see(ctx.who, branch):
        raise UserError("lookup.unknown", number=number)
    project = ctx.session.get_one(Project, row.project_id)
    photos = of_record(ctx.session, row.number)
    return Dossier(
        number=row.number,
        title=t("progress.dossier", branch=branch.name),
        state=label(row.state),
        facts=(
            (t("progress.fact_project"), project.name),
            (t("progress.fact_percent"), percent_text(row.percent)),
            (t("progress.fact_before"), percent_text(row.before)),
            (t("progress.fact_at"), minute_text(ctx.local(row.at))),
            (t("progress.fact_photos"), t("progress.photo_count", count=len(photos))),
        ),
        sections=(
            Section(t("progress.section_said"), row.said),
            Section(t("progress.section_reason"), row.reason),
        ),
        photos=[photo.id for photo in photos],
    )


def my_reports(ctx: Context) -> Sequence[str]:
    """The speaker's last reports."""
    return [
        fill(
            "progress.mine",
            number=row.number,
            at=minute_text(ctx.local(row.at)),
            percent=percent_text(row.percent),
            said=short_text(row.said, SAID),
        )
        for row in latest_by(ctx.session, ctx.who.id, RECENT)
    ]


FAMILY = Family(
    records=(Record(prefix="JZ", show=show_report),),
    mine=(my_reports,),
    holdings=(
        Holding(
            key="progress",
            tables=("progress",),
            find=rows_of(
                Progress,
                Progress.person_id,
                Progress.at,
                title=lambda row: percent_text(row.percent),
                number=lambda row: row.number,
                text=lambda row: row.said,
            ),
            readers={Kin.COLLEAGUE: Access.TEXT, **dict.fromkeys(OVERSEERS, Access.TEXT)},
        ),
    ),
    commands=(
        Command(
            key="progress",
            form=FORM,
            facts=facts,
            intro=standing,
            run=report_progress,
            sheet=True,
        ),
        Command(key="no_change", form=NOTHING_ELSE, run=report_no_change),
        Command(
            key="correct_progress",
            form=CORRECTION,
            facts=correction_facts,
            run=correct_report,
            under=("correct", "JZ"),
        ),
        Command(key="withdraw", form=NUMBER, run=withdraw_report),
    ),
    actions=(
        Action(key="progress.same", run=no_change_tapped),
        Action(key="progress.attach", run=attach_photos),
        Action(key="tray.keep", run=keep_tray),
    ),
)
