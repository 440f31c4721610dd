"""A notice as its readers see it: the record with its buttons, and what is owed about it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time

from sqlalchemy import and_, or_, select, true
from sqlalchemy.orm import aliased

from config.texts import label, t
from handlers.content import Tone
from handlers.context import Context
from handlers.dossier import Act, Dossier, Section, Step
from handlers.duties import day_words
from handlers.duty import Duty
from handlers.figures import minute_text
from handlers.inspections.flow import Sight, light_of, note_step
from handlers.inspections.notices import DRAFTERS, SIGNERS, find_notice
from handlers.organisation import near
from handlers.places import may_report_for
from models.attachment import of_record
from models.check import Finding
from models.duty import Rung
from models.notice import (
    RUNNING,
    ExtensionState,
    Notice,
    NoticePoint,
    NoticeState,
    PointState,
    notice_by_number,
    steps_of,
)
from models.person import Member, Person, PersonState, Role
from models.unit import Unit, UnitState

POINT_ACTS = 4
"""Buttons for single problems; more of them are reached by the page's own words."""


def show_notice(ctx: Context, number: str) -> Dossier:
    """``/查 ZG-…`` and its page."""
    sight = find_notice(ctx, number)
    notice = sight.notice
    findings = {
        finding.id: finding
        for finding in ctx.session.scalars(
            select(Finding).where(Finding.id.in_([point.finding_id for point in sight.points]))
        )
    }
    people = _people(ctx, sight)
    photos = [
        photo.id
        for finding in findings.values()
        for photo in of_record(ctx.session, finding.number)
    ]
    photos += [photo.id for photo in of_record(ctx.session, notice.number)]
    return Dossier(
        number=notice.number,
        title=t("notice.title", paper=notice.paper_number or t("notice.unsigned")),
        state=label(notice.state),
        light=light_of(ctx, sight),
        facts=list(_facts(ctx, sight, people)),
        sections=(
            *(_point(point, findings[point.finding_id]) for point in sight.points),
            Section(t("notice.section_demands"), notice.demands),
            Section(t("notice.section_extension"), _extension(ctx, notice)),
        ),
        steps=[
            Step(
                step.at,
                t(f"notice.step.{step.what}"),
                people.get(step.person_id or 0, ""),
                step.note,
            )
            for step in steps_of(ctx.session, notice.id)
        ],
        acts=list(_acts(ctx, sight)),
        photos=photos,
        papers=[
            (t("notice.paper"), "notice", {"number": notice.number}),
            (t("notice.reply_paper"), "notice_reply", {"number": notice.number}),
            (t("notice.closure_paper"), "notice_closure", {"number": notice.number}),
        ]
        if notice.issued_at
        else [(t("notice.paper"), "notice", {"number": notice.number})],
    )


def _people(ctx: Context, sight: Sight) -> dict[int, str]:
    notice = sight.notice
    ids = {step.person_id for step in steps_of(ctx.session, notice.id)}
    ids |= {notice.drafted_by_id, notice.signed_by_id, notice.received_by_id}
    rows = ctx.session.execute(
        select(Person.id, Person.name).where(Person.id.in_([i for i in ids if i is not None]))
    )
    return dict(rows.all())


def _facts(ctx: Context, sight: Sight, people: dict[int, str]) -> Iterator[tuple[str, str]]:
    notice = sight.notice
    issuer = ctx.directory.place(ctx.session, notice.issuer_id)
    yield t("notice.fact_branch"), sight.branch.name
    yield t("notice.fact_issuer"), issuer.name
    yield t("notice.fact_struck"), f"{sight.struck}/{len(sight.live)}"
    moved = sight.due != notice.due_on
    due = day_words(ctx, sight.due)
    if moved:
        due = t("notice.due_paused", due=due, planned=day_words(ctx, notice.due_on))
    yield t("notice.fact_due"), due
    yield t("notice.fact_drafter"), people.get(notice.drafted_by_id, "")
    if notice.signed_by_id is not None and notice.issued_at is not None:
        at = minute_text(ctx.local(notice.issued_at))
        yield t("notice.fact_signed"), f"{people[notice.signed_by_id]} {at}"
    if notice.received_by_id is not None and notice.received_at is not None:
        at = minute_text(ctx.local(notice.received_at))
        yield t("notice.fact_received"), f"{people[notice.received_by_id]} {at}"
    if notice.supervised_on is not None and notice.state in RUNNING:
        yield t("notice.fact_supervised"), day_words(ctx, notice.supervised_on)
    if notice.look_on is not None:
        done = label(notice.look_result) if notice.look_result else ""
        yield t("notice.fact_look"), f"{day_words(ctx, notice.look_on)} {done}".strip()


def _point(point: NoticePoint, finding: Finding) -> Section:
    said = [finding.said]
    if finding.clause:
        said.append(t("notice.point_clause", clause=finding.clause))
    if finding.repeats_id is not None:
        said.append(t("finding.repeats_said"))
    if point.measure:
        said.append(t("notice.point_measure", measure=point.measure))
        said.append(t("notice.point_responsible", who=point.responsible))
    if point.evidence:
        said.append(t("notice.point_evidence", count=len(point.evidence)))
    if point.returned:
        said.append(t("notice.point_returned", reason=point.returned))
    title = t(
        "notice.point_title",
        ordinal=point.ordinal,
        severity=label(finding.severity),
        state=label(point.state),
    )
    return Section(title, "\n".join(said))


def _extension(ctx: Context, notice: Notice) -> str:
    if notice.extension is None or notice.extension_to is None:
        return ""
    return t(
        "notice.extension",
        state=label(notice.extension),
        until=day_words(ctx, notice.extension_to),
        reason=notice.extension_reason,
    )


def _acts(ctx: Context, sight: Sight) -> Iterator[Act]:
    notice, path = sight.notice, sight.branch.path
    above = ctx.who.has(*DRAFTERS, *SIGNERS, over=path)
    if notice.state is NoticeState.DRAFT and above:
        yield from _draft_acts(ctx, sight)
    if notice.state in RUNNING:
        yield from _branch_acts(ctx, sight)
        if above:
            yield from _upper_acts(ctx, sight)
    if notice.state is NoticeState.VERIFIED and ctx.who.has(*DRAFTERS, over=path):
        yield Act(t("notice.look_back"), command="look_back", answers={"number": notice.number})


def _draft_acts(ctx: Context, sight: Sight) -> Iterator[Act]:
    number = sight.notice.number
    if ctx.who.has(*SIGNERS, over=sight.branch.path):
        yield Act(t("notice.sign"), action=f"notice.sign:{number}", tone=Tone.PRIMARY)
    yield Act(t("notice.change"), command="notice_change", answers={"number": number})
    yield Act(t("notice.drop"), action=f"notice.drop:{number}", tone=Tone.DANGER)


def _branch_acts(ctx: Context, sight: Sight) -> Iterator[Act]:
    notice = sight.notice
    number = {"number": notice.number}
    secretary = ctx.who.has(Role.SECRETARY, over=sight.branch.path)
    if secretary and notice.received_at is None:
        action = f"notice.receive:{notice.number}"
        yield Act(t("notice.receive"), action=action, tone=Tone.PRIMARY)
    if may_report_for(ctx.who, sight.branch) and (secretary or notice.received_at is not None):
        waiting = [p for p in sight.points if p.state in (PointState.OPEN, PointState.RETURNED)]
        for point in waiting[:POINT_ACTS]:
            label_ = t("notice.reply_point", ordinal=point.ordinal)
            yield Act(
                label_, command="notice_reply", answers={**number, "ordinal": str(point.ordinal)}
            )
    if secretary and notice.extension is None and ctx.today <= sight.due:
        yield Act(t("notice.extend"), command="notice_extend", answers=number)


def _upper_acts(ctx: Context, sight: Sight) -> Iterator[Act]:
    notice, path = sight.notice, sight.branch.path
    replied = [point for point in sight.points if point.state is PointState.REPLIED]
    mine = any(ctx.who.id == p.replied_by_id or ctx.who.name == p.responsible for p in replied)
    judges = ctx.who.has(*DRAFTERS, over=path) and ctx.who.branch_id != sight.branch.id
    if replied and judges and not mine:
        action = f"notice.verify:{notice.number}"
        yield Act(t("notice.verify", count=len(replied)), action=action, tone=Tone.PRIMARY)
        for point in replied[:POINT_ACTS]:
            answers = {"number": notice.number, "ordinal": str(point.ordinal)}
            yield Act(
                t("notice.return_point", ordinal=point.ordinal),
                command="notice_return",
                answers=answers,
            )
    if notice.extension is ExtensionState.ASKED and ctx.who.has(*SIGNERS, over=path):
        yield Act(t("notice.grant"), action=f"notice.grant:{notice.number}")
        yield Act(t("notice.refuse"), action=f"notice.refuse:{notice.number}")


# --- what is owed -------------------------------------------------------------------------------


OFFICE = aliased(Unit)
_WITH_BRANCH = (NoticeState.ISSUED, NoticeState.RECEIVED, NoticeState.RETURNED)
"""States in which the next step is the branch's."""


def owed_about_notices(ctx: Context, member: Member | None) -> Iterator[Duty]:
    """Signing, signing for, answering, verifying, deciding on more time, looking back."""
    rows = ctx.session.execute(
        select(Notice, Unit, Person.state, OFFICE.path)
        .join(Unit, Unit.id == Notice.branch_id)
        .join(OFFICE, OFFICE.id == Notice.issuer_id)
        .join(Person, Person.id == Notice.drafted_by_id)
        .where(
            Unit.state == UnitState.ACTIVE,
            or_(
                Notice.state.in_([NoticeState.DRAFT, *RUNNING]),
                (Notice.state == NoticeState.VERIFIED)
                & Notice.look_on.is_not(None)
                & Notice.looked_at.is_(None)
                & (Notice.look_on <= ctx.today),
            ),
            or_(
                near(member, Role.SECRETARY),
                Notice.drafted_by_id == member.id,
                and_(
                    near(member, *DRAFTERS, *SIGNERS),
                    or_(
                        Notice.state.not_in(_WITH_BRANCH),
                        Notice.extension == ExtensionState.ASKED,
                    ),
                ),
            )
            if member
            else true(),
        )
        .order_by(Notice.id)
    )
    for notice, branch, drafter, office in rows:
        for duty in _duties(ctx, notice, branch, office):
            # What a drafter who has left would look at falls to the party office.
            here = drafter is PersonState.ACTIVE
            yield duty if here or not duty.owners else replace(duty, owners=())


def _duties(ctx: Context, notice: Notice, branch: Unit, office: str) -> Iterator[Duty]:
    """What is owed about one notice now; the next step only, so that nobody is asked twice."""
    rules, number = ctx.rules.notices, notice.number
    if notice.state is NoticeState.DRAFT:
        sign = Act(t("notice.sign"), action=f"notice.sign:{number}")
        yield _upper(ctx, notice, branch, office, "sign", notice.drafted_at, rules.sign_days, sign)
    elif notice.state is NoticeState.ISSUED and notice.issued_at is not None:
        day = ctx.local(notice.issued_at).date()
        yield Duty(
            key=f"notice-receive:{number}",
            title=t("notice.duty_receive"),
            detail=t("notice.duty_detail", paper=notice.paper_number, branch=branch.name),
            since=day,
            due=ctx.calendar.add_working(day, rules.receive_days),
            unit_path=branch.path,
            number=number,
            act=Act(t("notice.receive"), action=f"notice.receive:{number}"),
        )
    elif notice.state in (NoticeState.RECEIVED, NoticeState.RETURNED):
        yield Duty(
            key=f"notice-reply:{number}:{notice.round}",
            title=t("notice.duty_reply"),
            detail=t("notice.duty_detail", paper=notice.paper_number, branch=branch.name),
            since=notice.counted_from,
            due=notice.due_on,
            unit_path=branch.path,
            number=number,
            act=Act(t("notice.reply"), command="notice_reply", answers={"number": number}),
        )
    elif notice.state is NoticeState.REPLIED and notice.replied_at is not None:
        check = Act(t("notice.verify_all"), action=f"notice.verify:{number}")
        key, days = f"verify:{notice.round}", rules.verify_days
        yield _upper(ctx, notice, branch, office, key, notice.replied_at, days, check)
    elif notice.state is NoticeState.VERIFIED and notice.look_on is not None:
        look = Act(t("notice.look_back"), command="look_back", answers={"number": number})
        at = datetime.combine(notice.look_on, time(), ctx.zone)
        yield _upper(ctx, notice, branch, office, "look", at, rules.verify_days, look)
    if notice.extension is ExtensionState.ASKED and notice.extension_at is not None:
        grant = Act(t("notice.grant"), action=f"notice.grant:{number}")
        asked = notice.extension_at
        yield _upper(ctx, notice, branch, office, "extension", asked, rules.sign_days, grant)


def _upper(  # noqa: PLR0913, PLR0917
    ctx: Context,
    notice: Notice,
    branch: Unit,
    office: str,
    what: str,
    since: datetime,
    days: int,
    act: Act,
) -> Duty:
    """Something that the drafter or the party office owes."""
    kind = what.partition(":")[0]
    day = ctx.local(since).date()
    return Duty(
        key=f"notice-{what}:{notice.number}",
        title=t(f"notice.duty_{kind}"),
        detail=t(
            "notice.duty_detail", paper=notice.paper_number or notice.number, branch=branch.name
        ),
        since=day,
        due=ctx.calendar.add_working(day, days),
        unit_path=office,
        owners=(notice.drafted_by_id,) if kind in ("verify", "look") else (),
        role=Role.PARTY_OFFICE,
        number=notice.number,
        act=act,
    )


def supervise(ctx: Context, duty: Duty, rung: Rung) -> None:
    """挂牌督办: the notice itself shows that it has gone to the top."""
    notice = notice_by_number(ctx.session, duty.number)
    mine = duty.key.startswith(("notice-receive:", "notice-reply:"))
    if rung is Rung.SUPERVISED and mine and notice is not None and notice.supervised_on is None:
        notice.supervised_on = ctx.today
        note_step(ctx, notice, "supervised")
