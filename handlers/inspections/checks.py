"""检查: a branch is looked at by its checklist, on a page or in chat (DOMAIN.md 6)."""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import aliased

from config.checklists import Item, checklists
from config.texts import label, t
from handlers.content import Card, Link, Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section
from handlers.duties import day_words
from handlers.duty import Duty, DutySource
from handlers.figures import minute_text
from handlers.inspections.checksheet import (
    INSPECTORS,
    SHEET_COMMANDS,
    list_of,
    may_check,
    places_of,
    score_words,
)
from handlers.inspections.findings import Fault, record_finding
from handlers.organisation import near, seen_units
from handlers.places import branch_by_id, branch_in_question, may_see
from handlers.reply import Reply, fill, lines, say
from handlers.spec import Column, Command, Family, Kind, Ledger, Rows, View
from handlers.telling import tell_holders
from handlers.tray import tray_card
from models.attachment import attach, of_record
from models.check import (
    Check,
    CheckKind,
    CheckMark,
    CheckState,
    Finding,
    FindingState,
    Severity,
    check_by_number,
    findings_of,
    open_findings,
    open_inspection,
    planned_for,
)
from models.errors import UserError
from models.forms.choices import Choice
from models.forms.field import Answers, Option
from models.forms.form import Form
from models.forms.kinds import Attachment, Date, LongText
from models.forms.kinds import Text as TextField
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.number import next_number
from models.person import Member, Person, PersonState, Role
from models.unit import Place, Unit, UnitState

CARD_LINKS = 3


def _only_target(ctx: Context) -> Place | None:
    if ctx.who.branch_id is None:
        return None
    planned = planned_for(ctx.session, ctx.who.branch_id)
    return branch_by_id(ctx, planned[0].branch_id) if len(planned) == 1 else None


def quick(ctx: Context, answers: Answers) -> Reply:
    """``/检查 支部 问题``: one finding in one line; without words, what there is to check."""
    said = answers["said"]
    if not said:
        if answers["branch"] is not None:
            raise UserError("check.say_what")
        return _overview(ctx)
    branch = branch_in_question(ctx, answers["branch"]) if answers["branch"] else _only_target(ctx)
    if branch is None:
        raise UserError("check.say_what")
    check = _running_check(ctx, branch)
    if check is None and not ctx.who.has(*INSPECTORS, over=branch.path):
        raise UserError("check.no_right", branch=branch.name)
    severity = Severity(answers["severity"]) if answers["severity"] else Severity.MINOR
    item = _item_named(branch, answers["item"])
    for earlier in open_findings(ctx.session, branch.id):
        if earlier.said == said and earlier.person_id == ctx.who.id:
            raise UserError("finding.twice", number=earlier.number)
    fault = Fault(
        said=said,
        severity=severity,
        item=item.key if item else "",
        clause=item.clause if item else answers["item"] or "",
        check_id=check.id if check else None,
    )
    finding = record_finding(ctx, branch, fault)
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, finding.number)
    ctx.subject = finding.number
    text = fill("finding.told", number=finding.number, said=said[:80])
    tell_holders(ctx, Role.SECRETARY, branch.path, f"finding:{finding.number}", Text(text))
    return _quick_receipt(ctx, branch, finding)


def _running_check(ctx: Context, branch: Place) -> Check | None:
    """The planned check of the speaker's branch there, so that the finding belongs to it."""
    if ctx.who.branch_id is None or ctx.who.branch_id == branch.id:
        return None
    planned = planned_for(ctx.session, ctx.who.branch_id)
    return next((check for check in planned if check.branch_id == branch.id), None)


def _item_named(branch: Place, word: str | None) -> Item | None:
    """The item of the branch's list that somebody names by its title or number."""
    if not word or branch.branch_type is None:
        return None
    items = checklists()[branch.branch_type.value].items
    if word.isdigit() and 1 <= int(word) <= len(items):
        return items[int(word) - 1]
    return next((item for item in items if word in item.title), None)


def _quick_receipt(ctx: Context, branch: Place, finding: Finding) -> Reply:
    repeats = finding.repeats_id is not None
    text = lines(
        fill(
            "finding.saved",
            number=finding.number,
            branch=branch.name,
            severity=label(finding.severity),
            clause=finding.clause or t("finding.no_clause"),
        ),
        t("finding.repeats_said") if repeats else "",
        t("progress.photos_private") if ctx.room else "",
    )
    waiting = tray_card(ctx, finding.number, "finding.attach")
    if ctx.room or waiting or not ctx.who.has(*INSPECTORS, over=branch.path):
        return Reply(text, card=waiting)
    notice = Act(t("finding.notice"), command="notice_draft", answers={"number": finding.number})
    settled = Act(t("finding.settle"), action=f"finding.settle:{finding.number}")
    buttons = (notice.button(), settled.button())
    return Reply(text, card=Card(title=t("finding.card"), desc=finding.number, buttons=buttons))


def _overview(ctx: Context) -> Reply:
    """What the own branch has to check, with the way to the list, and how to write a finding."""
    branch = ctx.who.branch_id
    planned = planned_for(ctx.session, branch) if branch else ()
    rows = [
        fill(
            "check.planned",
            branch=branch_by_id(ctx, check.branch_id).name,
            number=check.number,
            due=day_words(ctx, check.due_on),
        )
        for check in planned
    ]
    head = t("check.head", count=len(planned)) if planned else t("check.nothing_planned")
    links = tuple(
        Link(t("check.open", number=check.number), ctx.page(sheet_path(ctx, check)))
        for check in planned[:CARD_LINKS]
    )
    card = Card(title=t("check.card"), desc=t("check.card_desc"), links=links)
    private = ctx.room is None and links
    return Reply(lines(head, *rows, t("check.how")), card=card if private else None)


def sheet_path(ctx: Context, check: Check) -> str:
    """The address of the checklist for a planned check."""
    kind = branch_by_id(ctx, check.branch_id).branch_type
    return f"/form/check_{kind.value}?number={check.number}" if kind else f"/record/{check.number}"


def exempt(ctx: Context, answers: Answers) -> Reply:
    """``/免查 JC-… 理由``: a planned check falls away; the party office says why."""
    check = check_by_number(ctx.session, answers["number"])
    if check is None:
        raise UserError("lookup.unknown", number=answers["number"])
    branch = branch_by_id(ctx, check.branch_id)
    ctx.need(Role.PARTY_OFFICE, over=branch.path)
    check.move_to(ctx.session, CheckState.EXEMPT, reason=answers["reason"], person_id=ctx.who.id)
    ctx.subject = check.number
    if check.checker_id is not None:
        text = fill("check.exempt_told", branch=branch.name, reason=answers["reason"])
        path = branch_by_id(ctx, check.checker_id).path
        tell_holders(ctx, Role.SECRETARY, path, f"exempt:{check.number}", Text(text))
    return say("check.exempted", number=check.number, branch=branch.name)


def plan_inspection(ctx: Context, answers: Answers) -> Reply:
    """``/专项检查 支部 [期限]``: somebody from above will look at a branch; a check is opened."""
    branch = branch_in_question(ctx, answers["branch"])
    if branch is None:
        raise UserError("error.not_a_branch", name=answers["branch"].label)
    ctx.need(*INSPECTORS, over=branch.path)
    due = answers["due"] or ctx.calendar.add_working(ctx.today, ctx.rules.checks.round_days)
    if due < ctx.today:
        raise UserError("pause.past")
    if (open_one := open_inspection(ctx.session, branch.id, ctx.who.id)) is not None:
        raise UserError("check.twice", branch=branch.name, number=open_one)
    check = Check(
        number=next_number(ctx.session, "JC", ctx.today.year),
        kind=CheckKind.INSPECTION,
        branch_id=branch.id,
        person_id=ctx.who.id,
        planned_at=ctx.now,
        due_on=ctx.calendar.on_or_after(due),
        checklist=list_of(branch).version,
    )
    ctx.session.add(check)
    ctx.session.flush()
    ctx.subject = check.number
    link = Link(t("check.open", number=check.number), ctx.page(sheet_path(ctx, check)))
    text = fill("check.opened", number=check.number, branch=branch.name)
    card = Card(title=t("check.card"), desc=check.number, links=(link,))
    return Reply(text, card=None if ctx.room else card)


def checks_to_do(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Planned checks: the branch that checks owes them, or the inspector who opened one."""
    home = aliased(Unit)
    rows = ctx.session.execute(
        select(Check, CHECKER.path, BRANCH, home.path, PERSON.state)
        .join(BRANCH, BRANCH.id == Check.branch_id)
        .outerjoin(CHECKER, CHECKER.id == Check.checker_id)
        .outerjoin(PERSON, PERSON.id == Check.person_id)
        .outerjoin(home, home.id == PERSON.unit_id)
        .where(
            Check.state == CheckState.PLANNED,
            BRANCH.state == UnitState.ACTIVE,
            or_(
                Check.person_id == member.id,
                Check.checker_id.is_(None) & (PERSON.state == PersonState.LEFT),
                Check.checker_id == (member.branch_id or 0),
                Check.checker_id.in_(select(Unit.id).where(near(member, Role.SECRETARY))),
            )
            if member
            else true(),
        )
        .order_by(Check.due_on, Check.id)
    )
    for check, path, branch, inspector, state in rows:
        kind = branch.branch_type
        left = path is None and state is not PersonState.ACTIVE
        yield Duty(
            key=f"check:{check.number}",
            title=t("check.duty"),
            detail=branch.name,
            since=ctx.local(check.planned_at).date(),
            due=check.due_on,
            unit_path=path or inspector,
            owners=() if path or left or check.person_id is None else (check.person_id,),
            role=Role.PARTY_OFFICE if left else Role.SECRETARY,
            number=check.number,
            act=Act(
                t("check.fill"), command=f"check_{kind.value}", answers={"number": check.number}
            )
            if kind
            else None,
            shared=bool(path),
        )


def show_check(ctx: Context, number: str) -> Dossier:
    """A check with its score, item by item, and what was found."""
    check = check_by_number(ctx.session, number)
    if check is None:
        raise UserError("lookup.unknown", number=number)
    checker, branch = places_of(ctx, check)
    if not may_see(ctx.who, branch) and not (checker and may_see(ctx.who, checker)):
        raise UserError("lookup.unknown", number=number)
    person = ctx.session.get(Person, check.person_id) if check.person_id else None
    found = findings_of(ctx.session, check.id)
    done = check.done_at
    return Dossier(
        number=check.number,
        title=t("check.title", branch=branch.name),
        state=label(check.state),
        light="green" if check.state is CheckState.DONE else "",
        facts=(
            (t("check.fact_score"), score_words(check)),
            (t("check.fact_kind"), label(check.kind)),
            (t("check.fact_checker"), checker.name if checker else t("check.from_above")),
            (t("check.fact_branch"), branch.name),
            (t("check.fact_due"), day_words(ctx, check.due_on)),
            (t("check.fact_done"), minute_text(ctx.local(done)) if done else "—"),
            (t("check.fact_person"), person.name if person else "—"),
            (t("check.fact_found"), str(len(found))),
        ),
        sections=(
            Section(t("check.section_marks"), _marks(ctx, check, branch)),
            Section(t("check.section_found"), _found(found)),
            Section(t("check.section_summary"), check.summary),
            Section(t("check.section_reason"), check.reason),
        ),
        acts=list(_acts(ctx, check, checker, branch, found)),
        photos=[photo.id for finding in found for photo in of_record(ctx.session, finding.number)],
    )


def _marks(ctx: Context, check: Check, branch: Place) -> str:
    if branch.branch_type is None:
        return ""
    marks = {
        mark.item: mark
        for mark in ctx.session.scalars(select(CheckMark).where(CheckMark.check_id == check.id))
    }
    return "\n".join(
        t(
            "check.mark",
            title=item.title,
            weight=item.weight,
            verdict=label(marks[item.key].verdict),
            remark=marks[item.key].remark,
        )
        for item in checklists()[branch.branch_type.value].items
        if item.key in marks
    )


def _found(found: Sequence[Finding]) -> str:
    return "\n".join(
        t(
            "check.found_line",
            number=finding.number,
            said=finding.said,
            severity=label(finding.severity),
            state=label(finding.state),
        )
        for finding in found
    )


def _acts(
    ctx: Context, check: Check, checker: Place | None, branch: Place, found: Sequence[Finding]
) -> Iterator[Act]:
    answers = {"number": check.number}
    if check.state is CheckState.PLANNED and branch.branch_type is not None:
        if may_check(ctx.who, check, checker, branch):
            yield Act(t("check.fill"), command=f"check_{branch.branch_type.value}", answers=answers)
        if ctx.who.has(Role.PARTY_OFFICE, over=branch.path):
            yield Act(t("check.exempt"), command="check_exempt", answers=answers)
    waiting = any(finding.state is FindingState.OPEN for finding in found)
    if waiting and ctx.who.has(*INSPECTORS, over=branch.path):
        yield Act(t("finding.notice"), command="notice_draft", answers=answers, tone=Tone.PRIMARY)


BRANCH, CHECKER, PERSON = aliased(Unit), aliased(Unit), aliased(Person)
_count = (
    select(func.count())
    .where(Finding.check_id == Check.id, Finding.state != FindingState.WITHDRAWN)
    .correlate(Check)
    .scalar_subquery()
)


def _checks(view: View) -> Rows:
    own = Check.checker_id == view.member.branch_id if view.member else true()
    return (
        select()
        .select_from(Check)
        .join(Unit, Unit.id == Check.branch_id)
        .outerjoin(CHECKER, CHECKER.id == Check.checker_id)
        .outerjoin(PERSON, PERSON.id == Check.person_id)
        .where(or_(seen_units(view), own))
    )


CHECKS = Ledger(
    key="check",
    takes="inspection",
    columns=(
        Column(key="number", expr=Check.number, width=16),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="checker", expr=CHECKER.name, width=34),
        Column(key="state", expr=Check.state, kind=Kind.WORD, width=8),
        Column(key="score", expr=Check.score, kind=Kind.NUMBER, width=8),
        Column(key="found", expr=_count, kind=Kind.NUMBER, width=8),
        Column(key="kind", expr=Check.kind, kind=Kind.WORD, width=10, wide=True),
        Column(key="due", expr=Check.due_on, kind=Kind.DATE, width=12, wide=True),
        Column(key="done", expr=Check.done_at, kind=Kind.TIME, width=18, wide=True),
        Column(key="person", expr=PERSON.name, width=10, wide=True),
        Column(key="reason", expr=Check.reason, width=30, wide=True),
    ),
    query=_checks,
    order=(Check.planned_at.desc(), Check.id.desc()),
)


QUICK = Form(
    key="check",
    version=1,
    fields=(
        UnitField(key="branch", required=False),
        Choice(
            key="severity",
            required=False,
            options=tuple(Option(severity.value, label(severity)) for severity in Severity),
        ),
        TextField(key="item", required=False, max_chars=200),
        Attachment(key="photos", required=False),
        LongText(key="said", required=False, max_chars=1000),
    ),
    positional=("branch", "severity", "said"),
)
EXEMPT = Form(
    key="check_exempt",
    version=1,
    fields=(RecordNumber(key="number"), TextField(key="reason", max_chars=200)),
    positional=("number", "reason"),
)
INSPECT = Form(
    key="inspection",
    version=1,
    fields=(UnitField(key="branch"), Date(key="due", required=False)),
    positional=("branch", "due"),
)


FAMILY = Family(
    records=(Record(prefix="JC", show=show_check),),
    duties=(DutySource(key="check", find=checks_to_do),),
    ledgers=(CHECKS,),
    commands=(
        Command(key="check", form=QUICK, run=quick, sheet=True),
        Command(key="check_exempt", form=EXEMPT, run=exempt, roles=frozenset({Role.PARTY_OFFICE})),
        Command(key="inspection", form=INSPECT, run=plan_inspection, roles=frozenset(INSPECTORS)),
        *SHEET_COMMANDS,
    ),
)
