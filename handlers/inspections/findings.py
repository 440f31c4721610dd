"""问题 and 异议: what is found is recorded on the spot, and the branch may object (DOMAIN.md 6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.clocks import calendar_at
from handlers.content import Text, Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Record, Section, Step
from handlers.duty import Duty, DutySource
from handlers.inspections.flow import settle
from handlers.organisation import near, seen_units
from handlers.owners import Owners
from handlers.places import branch_by_id, may_see
from handlers.reply import Reply, fill, say
from handlers.spec import Action, Column, Command, Family, Kind, Ledger, Rows, View
from handlers.telling import tell_holders
from handlers.tray import attach_from_tray
from models.attachment import of_record
from models.check import (
    Finding,
    FindingState,
    Objection,
    ObjectionState,
    Severity,
    Verdict,
    earlier_findings,
    finding_by_number,
    objection_to,
    same_before,
)
from models.errors import UserError
from models.forms.field import Answers
from models.forms.form import Form
from models.forms.kinds import LongText
from models.forms.kinds import Text as TextField
from models.forms.record import RecordNumber
from models.notice import Notice, NoticePoint, PointState
from models.number import next_number
from models.person import Member, Person, Role
from models.unit import Place, Unit

INSPECTORS = (Role.INSPECTOR, Role.PARTY_OFFICE)
JUDGES = (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY)
"""Who decides on an objection."""

OBJECTION = Form(
    key="objection",
    version=1,
    fields=(RecordNumber(key="number"), LongText(key="reason", max_chars=1000)),
    positional=("number", "reason"),
)
RULING = Form(
    key="ruling",
    version=1,
    fields=(RecordNumber(key="number"), TextField(key="answer", max_chars=500)),
    positional=("number", "answer"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is to be recorded: ``item`` and ``clause`` if it is about an item of a list."""

    said: str
    severity: Severity
    item: str = ""
    clause: str = ""
    check_id: int | None = None


def severity_of(verdict: Verdict) -> Severity:
    """How bad a fault of a checklist is taken to be."""
    return Severity.MAJOR if verdict is Verdict.FAILED else Severity.MINOR


def record_finding(ctx: Context, branch: Place, fault: Fault) -> Finding:
    """Write down what was found; the last time the same was found is pointed to. Rights checked."""
    since = ctx.now - timedelta(days=30 * ctx.rules.checks.repeat_months)
    earlier = earlier_findings(ctx.session, branch.id, since)
    repeated = same_before(fault.item, fault.said, earlier)
    finding = Finding(
        number=next_number(ctx.session, "WT", ctx.today.year),
        check_id=fault.check_id,
        branch_id=branch.id,
        item=fault.item,
        clause=fault.clause,
        said=fault.said,
        severity=fault.severity,
        person_id=ctx.who.id,
        at=ctx.now,
        repeats_id=repeated.id if repeated else None,
    )
    ctx.session.add(finding)
    ctx.session.flush()
    return finding


def _seen(ctx: Context, number: str) -> tuple[Finding, Place]:
    """A finding that the speaker may see: the branch's own people and all who look from above."""
    finding = finding_by_number(ctx.session, number)
    branch = branch_by_id(ctx, finding.branch_id) if finding else None
    if finding is None or branch is None:
        raise UserError("lookup.unknown", number=number)
    if not may_see(ctx.who, branch) and finding.person_id != ctx.who.id:
        raise UserError("lookup.unknown", number=number)
    return finding, branch


def attach_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Photos that were sent before their words now belong to the finding."""
    del picked
    number, _, ids = argument.partition("/")
    finding, _ = _seen(ctx, number)
    if finding.person_id != ctx.who.id:
        raise UserError("error.not_allowed")
    return attach_from_tray(ctx, finding.number, ids)


def object_to(ctx: Context, answers: Answers) -> Reply:
    """``/异议 WT-… 理由``: the branch's secretary, once, within a few days."""
    finding, branch = _seen(ctx, answers["number"])
    ctx.need(Role.SECRETARY, over=branch.path)
    if finding.state not in (FindingState.OPEN, FindingState.NOTICED):
        raise UserError("objection.ended", number=finding.number, state=label(finding.state))
    if objection_to(ctx.session, finding.id) is not None:
        raise UserError("objection.once", number=finding.number)
    last = _last_day(ctx, finding, branch)
    if ctx.today > last:
        raise UserError("objection.late", days=ctx.rules.checks.objection_days)
    ctx.session.add(
        Objection(finding_id=finding.id, reason=answers["reason"], person_id=ctx.who.id, at=ctx.now)
    )
    ctx.session.flush()
    ctx.subject = finding.number
    return say("objection.raised", number=finding.number)


def _last_day(ctx: Context, finding: Finding, branch: Place) -> date:
    """The last day for an objection: so many working days after the finding or its notice."""
    since = ctx.local(finding.at).date()
    if finding.notice_id is not None:
        issued = ctx.session.get_one(Notice, finding.notice_id).issued_at
        since = ctx.local(issued).date() if issued else since
    calendar = calendar_at(ctx, branch.path)
    return calendar.add_working(since, ctx.rules.checks.objection_days)


def _to_judge(ctx: Context, number: str) -> tuple[Finding, Objection, Place]:
    finding, branch = _seen(ctx, number)
    ctx.need(*JUDGES, over=branch.path)
    objection = objection_to(ctx.session, finding.id)
    if objection is None:
        raise UserError("objection.none", number=number)
    if finding.person_id == ctx.who.id:
        raise UserError("objection.own_finding")
    return finding, objection, branch


def accept_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """采纳异议: the finding is taken back, and struck from its notice."""
    del picked
    finding, objection, branch = _to_judge(ctx, argument)
    objection.move_to(
        ctx.session, ObjectionState.ACCEPTED, decided_by_id=ctx.who.id, decided_at=ctx.now
    )
    finding.move_to(ctx.session, FindingState.WITHDRAWN, ended_at=ctx.now)
    _void_point(ctx, finding)
    ctx.subject = finding.number
    text = fill("objection.accepted_told", number=finding.number)
    tell_holders(ctx, Role.SECRETARY, branch.path, f"objection:{finding.number}", Text(text))
    return say("objection.accepted", number=finding.number)


def _void_point(ctx: Context, finding: Finding) -> None:
    if finding.notice_id is None:
        return
    point = ctx.session.scalar(
        select(NoticePoint).where(
            NoticePoint.notice_id == finding.notice_id, NoticePoint.finding_id == finding.id
        )
    )
    if point is not None:
        point.state = PointState.VOID
        settle(ctx, ctx.session.get_one(Notice, finding.notice_id))


def settle_tapped(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """当场整改: put right on the spot, says whoever looked; no notice is needed."""
    del picked
    finding, branch = _seen(ctx, argument)
    if not _may_settle(ctx, finding, branch):
        raise UserError("error.not_allowed")
    if finding.state is not FindingState.OPEN:
        raise UserError("finding.not_open", number=finding.number, state=label(finding.state))
    finding.move_to(ctx.session, FindingState.CLOSED, ended_at=ctx.now)
    ctx.subject = finding.number
    return say("finding.settled", number=finding.number)


def _may_settle(ctx: Context, finding: Finding, branch: Place) -> bool:
    """Whoever found it or inspects there, but nobody of the branch itself."""
    looks = finding.person_id == ctx.who.id or ctx.who.has(*INSPECTORS, over=branch.path)
    return looks and ctx.who.branch_id != branch.id


def uphold(ctx: Context, answers: Answers) -> Reply:
    """``/驳回异议 WT-… 答复``: the finding stands, and the branch is told why."""
    finding, objection, branch = _to_judge(ctx, answers["number"])
    objection.move_to(
        ctx.session,
        ObjectionState.UPHELD,
        decided_by_id=ctx.who.id,
        decided_at=ctx.now,
        answer=answers["answer"],
    )
    ctx.subject = finding.number
    text = fill("objection.upheld_told", number=finding.number, answer=answers["answer"])
    tell_holders(ctx, Role.SECRETARY, branch.path, f"objection:{finding.number}", Text(text))
    return say("objection.upheld", number=finding.number)


def objections_to_decide(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Objections wait for the party office."""
    rows = ctx.session.execute(
        select(Objection, Finding, Unit)
        .join(Finding, Finding.id == Objection.finding_id)
        .join(Unit, Unit.id == Finding.branch_id)
        .where(
            Objection.state == ObjectionState.RAISED,
            near(member, *JUDGES) if member else true(),
        )
        .order_by(Objection.id)
    )
    owners = Owners(ctx.session)
    for objection, finding, unit in rows:
        office = owners.home(Role.PARTY_OFFICE, unit.path)
        since = ctx.local(objection.at).date()
        yield Duty(
            key=f"objection:{finding.number}",
            title=t("objection.duty"),
            detail=t("objection.duty_detail", branch=unit.name, said=finding.said[:40]),
            since=since,
            due=ctx.calendar.add_working(since, ctx.rules.checks.ruling_days),
            unit_path=office or unit.path,
            role=Role.PARTY_OFFICE,
            number=finding.number,
            act=Act(
                t("objection.uphold"),
                command="objection_uphold",
                answers={"number": finding.number},
            ),
        )


FINDER = aliased(Person)


def show_finding(ctx: Context, number: str) -> Dossier:
    """A finding with its photos, what it repeats, the objection and what became of it."""
    finding, branch = _seen(ctx, number)
    finder = ctx.session.get_one(Person, finding.person_id)
    objection = objection_to(ctx.session, finding.id)
    repeats = ctx.session.get(Finding, finding.repeats_id) if finding.repeats_id else None
    notice = ctx.session.get(Notice, finding.notice_id) if finding.notice_id else None
    facts = [
        (t("finding.fact_branch"), branch.name),
        (t("finding.fact_severity"), label(finding.severity)),
        (t("finding.fact_clause"), finding.clause or "—"),
        (t("finding.fact_finder"), finder.name),
    ]
    if repeats is not None:
        day = ctx.local(repeats.at).date()
        facts.append(
            (t("finding.fact_repeats"), t("finding.repeats", number=repeats.number, day=day))
        )
    if notice is not None:
        facts.append((t("finding.fact_notice"), notice.paper_number or notice.number))
    return Dossier(
        number=finding.number,
        title=t("finding.title", branch=branch.name),
        state=label(finding.state),
        light="" if finding.state is not FindingState.OPEN else "yellow",
        facts=facts,
        sections=(Section(t("finding.section_said"), finding.said), *_objected(objection)),
        steps=list(_steps(finding, finder, objection)),
        acts=list(_acts(ctx, finding, branch, objection)),
        photos=[photo.id for photo in of_record(ctx.session, finding.number)],
    )


def _objected(objection: Objection | None) -> Iterator[Section]:
    if objection is not None:
        yield Section(t("finding.section_objection"), objection.reason)
        yield Section(t("finding.section_answer"), objection.answer)


def _steps(finding: Finding, finder: Person, objection: Objection | None) -> Iterator[Step]:
    yield Step(finding.at, t("finding.step_found"), finder.name)
    if objection is not None:
        yield Step(objection.at, label(ObjectionState.RAISED))
        if objection.decided_at is not None:
            yield Step(objection.decided_at, label(objection.state))
    if finding.ended_at is not None:
        yield Step(finding.ended_at, label(finding.state))


def _acts(
    ctx: Context, finding: Finding, branch: Place, objection: Objection | None
) -> Iterator[Act]:
    number = {"number": finding.number}
    running = finding.state in (FindingState.OPEN, FindingState.NOTICED)
    if finding.state is FindingState.OPEN and ctx.who.has(*INSPECTORS, over=branch.path):
        yield Act(t("finding.notice"), command="notice_draft", answers=number, tone=Tone.PRIMARY)
    if finding.state is FindingState.OPEN and _may_settle(ctx, finding, branch):
        yield Act(t("finding.settle"), action=f"finding.settle:{finding.number}")
    open_to = running and objection is None and ctx.who.has(Role.SECRETARY, over=branch.path)
    if open_to and ctx.today <= _last_day(ctx, finding, branch):
        yield Act(t("finding.object"), command="objection", answers=number)
    if (
        objection is not None
        and objection.state is ObjectionState.RAISED
        and ctx.who.has(*JUDGES, over=branch.path)
        and finding.person_id != ctx.who.id
    ):
        yield Act(t("objection.accept"), action=f"objection.accept:{finding.number}")
        yield Act(t("objection.uphold"), command="objection_uphold", answers=number)


def _findings(view: View) -> Rows:
    own = Finding.person_id == view.member.id if view.member else true()
    return (
        select()
        .select_from(Finding)
        .join(Unit, Unit.id == Finding.branch_id)
        .join(FINDER, FINDER.id == Finding.person_id)
        .outerjoin(Notice, Notice.id == Finding.notice_id)
        .outerjoin(REPEATED, REPEATED.id == Finding.repeats_id)
        .where(or_(seen_units(view), own))
    )


REPEATED = aliased(Finding)
FINDINGS = Ledger(
    key="finding",
    takes="check",
    needs=frozenset({"branch", "said"}),
    takers=frozenset(INSPECTORS),
    columns=(
        Column(key="number", expr=Finding.number, width=16),
        Column(key="branch", expr=Unit.name, width=34),
        Column(key="said", expr=Finding.said, width=50),
        Column(key="severity", expr=Finding.severity, kind=Kind.WORD, width=8),
        Column(key="state", expr=Finding.state, kind=Kind.WORD, width=10),
        Column(key="at", expr=Finding.at, kind=Kind.TIME, width=18),
        Column(key="clause", expr=Finding.clause, width=40, wide=True),
        Column(key="finder", expr=FINDER.name, width=10, wide=True),
        Column(key="repeats", expr=REPEATED.number, width=16, wide=True),
        Column(key="notice", expr=Notice.number, width=16, wide=True),
    ),
    query=_findings,
    order=(Finding.at.desc(), Finding.id.desc()),
)

FAMILY = Family(
    records=(Record(prefix="WT", show=show_finding),),
    duties=(DutySource(key="objection", find=objections_to_decide),),
    ledgers=(FINDINGS,),
    commands=(
        Command(
            key="objection",
            form=OBJECTION,
            run=object_to,
            roles=frozenset({Role.SECRETARY}),
            sheet=True,
        ),
        Command(key="objection_uphold", form=RULING, run=uphold, roles=frozenset(JUDGES)),
    ),
    actions=(
        Action(key="objection.accept", run=accept_tapped, roles=frozenset(JUDGES)),
        Action(key="finding.settle", run=settle_tapped),
        Action(key="finding.attach", run=attach_tapped),
    ),
)
