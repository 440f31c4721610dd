"""整改通知书: drafted by the bot, signed by a person, answered, verified (DOMAIN.md 6)."""

from collections.abc import Mapping, Sequence
from datetime import date

from config.texts import label, t
from handlers.content import Button, Card, Document, Link, Text, Tone
from handlers.context import Context
from handlers.duties import day_words
from handlers.inspections.flow import Sight, note_step, settle, sight_of
from handlers.places import branch_by_id, may_report_for, may_see
from handlers.reply import Markdown, Reply, fill, lines, say
from handlers.telling import tell_groups, tell_holders, tell_person
from handlers.tray import attach_from_tray, tray_card
from models.attachment import attach, of_record
from models.check import (
    Check,
    Finding,
    FindingState,
    check_by_number,
    finding_by_number,
    findings_of,
    open_findings,
)
from models.errors import UserError
from models.forms.field import Answers
from models.notice import (
    RUNNING,
    ExtensionState,
    Notice,
    NoticePoint,
    NoticeState,
    PointState,
    next_serial,
    notice_by_number,
    paper_number,
)
from models.number import next_number
from models.person import Role
from models.unit import Place, unit_by_code

DRAFTERS = (Role.INSPECTOR, Role.PARTY_OFFICE)
SIGNERS = (Role.PARTY_OFFICE, Role.COMMITTEE_SECRETARY)
PICKED = Mapping[str, tuple[str, ...]]


def find_notice(ctx: Context, number: str) -> Sight:
    """A notice that the speaker may see; a draft is seen by those who draft and sign only."""
    notice = notice_by_number(ctx.session, number)
    if notice is None:
        raise UserError("lookup.unknown", number=number)
    branch = branch_by_id(ctx, notice.branch_id)
    drafting = ctx.who.has(*DRAFTERS, *SIGNERS, over=branch.path)
    if not drafting and (notice.issued_at is None or not may_see(ctx.who, branch)):
        raise UserError("lookup.unknown", number=number)
    return sight_of(ctx, notice)


# --- drafting -----------------------------------------------------------------------------------


def draft(ctx: Context, answers: Answers) -> Reply:
    """``/下通知 JC-…``: a notice from all open findings of a check, from one, or of a branch."""
    findings, basis = _findings_named(ctx, answers)
    findings = [finding for finding in findings if finding.state is FindingState.OPEN]
    if not findings:
        raise UserError("notice.no_findings")
    branch = branch_by_id(ctx, findings[0].branch_id)
    ctx.need(*DRAFTERS, over=branch.path)
    due, moved = _due_day(ctx, answers["due"])
    issuer = _issuer(ctx, branch)
    notice = Notice(
        number=next_number(ctx.session, "ZG", ctx.today.year),
        issuer_id=issuer,
        branch_id=branch.id,
        checked_on=ctx.local(max(finding.at for finding in findings)).date(),
        basis=basis,
        demands=answers["demands"] or t("notice.demands_default"),
        drafted_by_id=ctx.who.id,
        drafted_at=ctx.now,
        counted_from=ctx.today,
        due_on=due,
        due_given=answers["due"] is not None,
    )
    ctx.session.add(notice)
    ctx.session.flush()
    for ordinal, finding in enumerate(findings, 1):
        finding.move_to(ctx.session, FindingState.NOTICED, notice_id=notice.id)
        ctx.session.add(NoticePoint(notice_id=notice.id, ordinal=ordinal, finding_id=finding.id))
    note_step(ctx, notice, "drafted")
    ctx.subject = notice.number
    return _drafted(ctx, notice, branch, len(findings), moved)


def _findings_named(ctx: Context, answers: Answers) -> tuple[Sequence[Finding], str]:
    """The findings somebody means by a number or a branch, and what they were found in."""
    number = answers["number"]
    if number is None:
        named = answers["branch"]
        unit = unit_by_code(ctx.session, named.key) if named else None
        if unit is None or unit.branch_id is None:
            raise UserError("notice.which_findings")
        return open_findings(ctx.session, unit.branch_id), t("notice.basis_daily")
    finding = finding_by_number(ctx.session, number)
    if finding is not None:
        check = ctx.session.get(Check, finding.check_id) if finding.check_id else None
        return [finding], _basis(check)
    check = check_by_number(ctx.session, number)
    if check is None:
        raise UserError("lookup.unknown", number=number)
    return findings_of(ctx.session, check.id), _basis(check)


def _basis(check: Check | None) -> str:
    if check is None:
        return t("notice.basis_daily")
    return t("notice.basis_check", kind=label(check.kind), number=check.number)


def _issuer(ctx: Context, branch: Place) -> int:
    """The unit in whose name the speaker drafts: the nearest on which such a role is held."""
    held = [path for path in ctx.who.paths(*DRAFTERS) if branch.path.startswith(path)]
    return int(max(held, key=len).rstrip("/").rpartition("/")[2])


def _due_day(ctx: Context, named: date | None) -> tuple[date, bool]:
    """The due day, and whether a rest day was moved to the working day after it (PRODUCT D.3)."""
    if named is None:
        return ctx.calendar.add_working(ctx.today, ctx.rules.notices.reply_days), False
    if named <= ctx.today:
        raise UserError("notice.due_past", day=day_words(ctx, named))
    due = ctx.calendar.on_or_after(named)
    return due, due != named


def _drafted(ctx: Context, notice: Notice, branch: Place, count: int, moved: bool) -> Reply:  # noqa: FBT001
    due = day_words(ctx, notice.due_on)
    text = lines(
        fill("notice.drafted", number=notice.number, branch=branch.name, count=count, due=due),
        t("notice.due_moved", due=due) if moved else "",
        t("notice.to_be_signed"),
        "" if ctx.room else Markdown(t("dossier.page", url=ctx.page(f"/record/{notice.number}"))),
    )
    return Reply(text, card=None if ctx.room else _draft_card(ctx, notice))


def _draft_card(ctx: Context, notice: Notice) -> Card | None:
    buttons = [Button(t("notice.drop"), f"notice.drop:{notice.number}", Tone.DANGER)]
    path = branch_by_id(ctx, notice.branch_id).path
    if ctx.who.has(*SIGNERS, over=path):
        sign = Button(t("notice.sign"), f"notice.sign:{notice.number}", Tone.PRIMARY)
        buttons.insert(0, sign)
    return Card(
        title=t("notice.draft_card"),
        desc=notice.number,
        buttons=tuple(buttons),
        links=(Link(t("dossier.open"), ctx.page(f"/record/{notice.number}")),),
    )


def change(ctx: Context, answers: Answers) -> Reply:
    """``/改通知 ZG-… 期限 要求``: as long as it is a draft."""
    sight = find_notice(ctx, answers["number"])
    notice = sight.notice
    ctx.need(*DRAFTERS, *SIGNERS, over=sight.branch.path)
    if notice.state is not NoticeState.DRAFT:
        raise UserError("notice.signed_before", number=notice.number)
    moved = False
    if answers["due"] is not None:
        notice.due_on, moved = _due_day(ctx, answers["due"])
        notice.due_given = True
    if answers["demands"]:
        notice.demands = answers["demands"]
    note_step(ctx, notice, "changed")
    ctx.session.flush()
    return _drafted(ctx, notice, sight.branch, len(sight.live), moved)


def drop(ctx: Context, argument: str, picked: PICKED) -> Reply:
    """A draft is thrown away; its findings are open again."""
    del picked
    sight = find_notice(ctx, argument)
    ctx.need(*DRAFTERS, *SIGNERS, over=sight.branch.path)
    if sight.notice.state is not NoticeState.DRAFT:
        raise UserError("notice.signed_before", number=argument)
    sight.notice.move_to(ctx.session, NoticeState.CANCELLED)
    for point in sight.live:
        finding = ctx.session.get_one(Finding, point.finding_id)
        finding.move_to(ctx.session, FindingState.OPEN, notice_id=None)
        ctx.session.delete(point)
    note_step(ctx, sight.notice, "dropped")
    ctx.subject = argument
    return card_reply(t("notice.dropped"), argument)


def sign(ctx: Context, argument: str, picked: PICKED) -> Reply:
    """签发: a person signs; only now it gets its 文号, and goes out to the branch."""
    del picked
    sight = find_notice(ctx, argument)
    notice = sight.notice
    ctx.need(*SIGNERS, over=sight.branch.path)
    if notice.state is not NoticeState.DRAFT:
        raise UserError("notice.signed_before", number=notice.number)
    if not sight.live:  # an objection may have been accepted since it was drafted
        raise UserError("notice.no_findings")
    due = notice.due_on
    if not notice.due_given:
        due = ctx.calendar.add_working(ctx.today, ctx.rules.notices.reply_days)
    if due <= ctx.today:
        raise UserError("notice.due_past", day=day_words(ctx, due))
    issuer, year = ctx.directory.place(ctx.session, notice.issuer_id), ctx.today.year
    code = ctx.rules.notices.codes.get(issuer.code, ctx.rules.notices.code)
    serial = next_serial(ctx.session, issuer.id, year)
    notice.move_to(
        ctx.session,
        NoticeState.ISSUED,
        year=year,
        serial=serial,
        paper_number=paper_number(code, year, serial),
        signed_by_id=ctx.who.id,
        issued_at=ctx.now,
        counted_from=ctx.today,
        due_on=due,
    )
    note_step(ctx, notice, "issued", notice.paper_number)
    ctx.subject = notice.number
    _send_out(ctx, sight_of(ctx, notice))
    return card_reply(t("notice.issued", paper=notice.paper_number), sight.branch.name)


def _send_out(ctx: Context, sight: Sight) -> None:
    """The card and the Word document into the branch's groups, the card to its secretary."""
    notice = sight.notice
    card = Card(
        title=t("notice.card", paper=notice.paper_number),
        desc=sight.branch.name,
        lines=(
            (t("notice.card_count"), str(len(sight.live))),
            (t("notice.card_due"), day_words(ctx, notice.due_on)),
            (t("notice.card_number"), notice.number),
        ),
        buttons=(Button(t("notice.receive"), f"notice.receive:{notice.number}", Tone.PRIMARY),),
    )
    paper = Document(
        "notice",
        t("notice.file", paper=notice.paper_number, branch=sight.branch.name),
        params={"number": notice.number},
    )
    tell_groups(ctx, notice.branch_id, f"notice:{notice.number}", card, paper)
    tell_holders(ctx, Role.SECRETARY, sight.branch.path, f"notice:{notice.number}", card)


def card_reply(title: str, desc: str) -> Reply:
    """What a pressed button turns into."""
    return Reply(card=Card(title=title, desc=desc))


# --- what the branch does -----------------------------------------------------------------------


def running(sight: Sight) -> None:
    """``UserError`` unless something is still to be done about it."""
    if sight.notice.state not in RUNNING:
        raise UserError("notice.over", number=sight.notice.number, state=label(sight.notice.state))


def receive(ctx: Context, argument: str, picked: PICKED) -> Reply:
    """签收: the branch's secretary signs for it, by name and time."""
    del picked
    sight = find_notice(ctx, argument)
    running(sight)
    ctx.need(Role.SECRETARY, over=sight.branch.path)
    if sight.notice.received_at is not None:
        raise UserError("notice.received_before", number=argument)
    _sign_for(ctx, sight.notice)
    ctx.subject = argument
    at = f"{ctx.local(ctx.now):%Y-%m-%d %H:%M}"
    return card_reply(
        t("notice.received", paper=sight.notice.paper_number),
        t("notice.received_desc", who=ctx.who.name, at=at),
    )


def _sign_for(ctx: Context, notice: Notice) -> None:
    notice.move_to(
        ctx.session, NoticeState.RECEIVED, received_by_id=ctx.who.id, received_at=ctx.now
    )
    note_step(ctx, notice, "received")


def points_meant(sight: Sight, ordinal: int | None, *states: PointState) -> list[NoticePoint]:
    """The problem of an ordinal, or the only one in such a state; else ``UserError``."""
    if ordinal is None:
        fitting = [point for point in sight.points if point.state in states]
        if len(fitting) == 1:
            return fitting
        raise UserError("notice.which_point", count=len(sight.points))
    found = [point for point in sight.points if point.ordinal == ordinal]
    if not found:
        raise UserError("notice.no_point", ordinal=ordinal, count=len(sight.points))
    if found[0].state not in states:
        raise UserError("notice.point_state", ordinal=ordinal, state=label(found[0].state))
    return found


def reply(ctx: Context, answers: Answers) -> Reply:
    """``/整改回复 ZG-… 1 措施``: what was done about one problem, by whom, with evidence."""
    sight = find_notice(ctx, answers["number"])
    notice = sight.notice
    running(sight)
    if not may_report_for(ctx.who, sight.branch):
        raise UserError("notice.not_your_branch", branch=sight.branch.name)
    states = (PointState.OPEN, PointState.RETURNED, PointState.REPLIED)
    point = points_meant(sight, answers["ordinal"], *states)[0]
    if notice.state is NoticeState.ISSUED:
        ctx.need(Role.SECRETARY, over=sight.branch.path)  # whoever signs for it is named
        _sign_for(ctx, notice)
    point.state = PointState.REPLIED
    point.measure = answers["measure"]
    point.responsible = answers["responsible"] or ctx.who.name
    point.evidence = [*(point.evidence or ()), *(answers["photos"] or ())]
    point.replied_by_id, point.replied_at, point.returned = ctx.who.id, ctx.now, ""
    if answers["photos"]:
        attach(ctx.session, answers["photos"], ctx.who.id, notice.number)
    note_step(ctx, notice, "replied", t("notice.point_note", ordinal=point.ordinal))
    settle(ctx, notice)
    ctx.subject = notice.number
    left = sum(p.state in (PointState.OPEN, PointState.RETURNED) for p in sight.points)
    if not left:
        text = fill("notice.replied_told", paper=notice.paper_number, branch=sight.branch.name)
        key = f"notice-replied:{notice.number}:{notice.round}"
        tell_person(ctx, notice.drafted_by_id, key, Text(text))
    return Reply(
        lines(
            fill("notice.replied", paper=notice.paper_number, ordinal=point.ordinal),
            t("notice.left", count=left) if left else t("notice.all_replied"),
            t("progress.photos_private") if ctx.room else "",
        ),
        card=tray_card(ctx, notice.number, "notice.evidence"),
    )


def evidence_tapped(ctx: Context, argument: str, picked: PICKED) -> Reply:
    """Photos that were sent before their words become evidence of the answer just given."""
    del picked
    number, _, ids = argument.partition("/")
    sight = find_notice(ctx, number)
    running(sight)
    mine = [point for point in sight.points if point.replied_by_id == ctx.who.id]
    if not mine:
        raise UserError("error.not_allowed")
    newest = max(mine, key=lambda point: (point.replied_at or ctx.now, point.ordinal))
    before = {photo.id for photo in of_record(ctx.session, number)}
    reply_ = attach_from_tray(ctx, number, ids)
    fresh = [photo.id for photo in of_record(ctx.session, number) if photo.id not in before]
    newest.evidence = [*(newest.evidence or ()), *fresh]
    return reply_


def ask_extension(ctx: Context, answers: Answers) -> Reply:
    """``/延期 ZG-… 日期 理由``: once, before the due day has passed."""
    sight = find_notice(ctx, answers["number"])
    notice = sight.notice
    running(sight)
    ctx.need(Role.SECRETARY, over=sight.branch.path)
    if notice.extension is not None:
        raise UserError("notice.extended_before", number=notice.number)
    if ctx.today > sight.due:
        raise UserError("notice.extend_late", day=day_words(ctx, sight.due))
    until = ctx.calendar.on_or_after(answers["until"])
    latest = ctx.calendar.add_working(sight.due, ctx.rules.notices.extend_days)
    if not sight.due < until <= latest:
        raise UserError(
            "notice.extend_range", due=day_words(ctx, sight.due), latest=day_words(ctx, latest)
        )
    notice.extension, notice.extension_to = ExtensionState.ASKED, until
    notice.extension_reason, notice.extension_at = answers["reason"], ctx.now
    note_step(ctx, notice, "extension_asked", answers["reason"])
    ctx.subject = notice.number
    return say("notice.extension_asked", paper=notice.paper_number, until=day_words(ctx, until))
