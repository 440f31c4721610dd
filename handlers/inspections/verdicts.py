"""What those above decide about a notice: more time, struck off, sent back, looked at again."""

from collections.abc import Sequence

from config.texts import label, t
from handlers.content import Text
from handlers.context import Context
from handlers.duties import day_words
from handlers.inspections.flow import Sight, note_step, settle, sight_of
from handlers.inspections.notices import (
    DRAFTERS,
    PICKED,
    SIGNERS,
    card_reply,
    find_notice,
    points_meant,
    running,
)
from handlers.reply import Reply, fill, say
from handlers.telling import tell_holders
from models.check import Finding, FindingState
from models.errors import UserError
from models.forms.field import Answers
from models.notice import ExtensionState, LookBack, NoticePoint, NoticeState, PointState
from models.person import Member, Role


def decide_extension(ctx: Context, argument: str, picked: PICKED, *, granted: bool) -> Reply:
    """同意延期 or 不同意延期."""
    del picked
    sight = find_notice(ctx, argument)
    notice = sight.notice
    running(sight)
    ctx.need(*SIGNERS, over=sight.branch.path)
    if notice.extension is not ExtensionState.ASKED or notice.extension_to is None:
        raise UserError("error.stale")
    notice.extension = ExtensionState.GRANTED if granted else ExtensionState.REFUSED
    if granted:
        notice.due_on, notice.counted_from = notice.extension_to, ctx.today
    what = "extension_granted" if granted else "extension_refused"
    note_step(ctx, notice, what)
    ctx.session.flush()
    due = day_words(ctx, sight_of(ctx, notice).due)
    told = fill(f"notice.{what}", paper=notice.paper_number, due=due)
    key = f"notice-extension:{notice.number}"
    tell_holders(ctx, Role.SECRETARY, sight.branch.path, key, Text(told))
    ctx.subject = notice.number
    return card_reply(label(notice.extension), due)


def _may_verify(ctx: Context, sight: Sight, points: Sequence[NoticePoint]) -> Member:
    """The verifier is not the doer: not of the branch, nor whoever answered or is responsible."""
    member = ctx.need(*DRAFTERS, over=sight.branch.path)
    doing = any(
        member.id == point.replied_by_id or member.name == point.responsible for point in points
    )
    if member.branch_id == sight.branch.id or doing:
        raise UserError("notice.own_work")
    return member


def verify(ctx: Context, argument: str, picked: PICKED) -> Reply:
    """销号: one problem (``ZG-…/2``) or all that are answered are struck off."""
    del picked
    number, _, ordinal = argument.partition("/")
    sight = find_notice(ctx, number)
    running(sight)
    if ordinal.isdigit():
        points = points_meant(sight, int(ordinal), PointState.REPLIED)
    else:
        points = [point for point in sight.points if point.state is PointState.REPLIED]
    if not points:
        raise UserError("notice.nothing_to_verify", number=number)
    _may_verify(ctx, sight, points)
    for point in points:
        point.state = PointState.VERIFIED
        point.verified_by_id, point.verified_at = ctx.who.id, ctx.now
        note_step(ctx, sight.notice, "struck", t("notice.point_note", ordinal=point.ordinal))
    closed = settle(ctx, sight.notice)
    ctx.subject = number
    if closed:
        text = fill("notice.closed_told", paper=sight.notice.paper_number)
        key = f"notice-closed:{number}:{sight.notice.round}"
        tell_holders(ctx, Role.SECRETARY, sight.branch.path, key, Text(text))
    struck = sum(p.state is PointState.VERIFIED for p in sight.points)
    title = t("notice.closed" if closed else "notice.struck", paper=sight.notice.paper_number)
    return card_reply(title, t("notice.struck_count", struck=struck, count=len(sight.live)))


def send_back(ctx: Context, answers: Answers) -> Reply:
    """``/退回重改 ZG-… 2 原因``: not good enough; a few more days, and another round."""
    sight = find_notice(ctx, answers["number"])
    notice = sight.notice
    running(sight)
    point = points_meant(sight, answers["ordinal"], PointState.REPLIED)[0]
    _may_verify(ctx, sight, [point])
    point.state, point.returned = PointState.RETURNED, answers["reason"]
    note = t("notice.point_reason", ordinal=point.ordinal, reason=answers["reason"])
    _return(ctx, sight, "returned", note)
    return say(
        "notice.returned",
        paper=notice.paper_number,
        ordinal=point.ordinal,
        due=day_words(ctx, notice.due_on),
    )


def _return(ctx: Context, sight: Sight, what: str, note: str) -> None:
    """Another round: never less time than is left, and a few working days at least."""
    notice = sight.notice
    least = ctx.calendar.add_working(ctx.today, ctx.rules.notices.return_days)
    if notice.state in (NoticeState.REPLIED, NoticeState.VERIFIED):
        notice.move_to(ctx.session, NoticeState.RETURNED, round=notice.round + 1)
    notice.due_on, notice.counted_from = max(least, notice.due_on), ctx.today
    note_step(ctx, notice, what, note)
    ctx.session.flush()
    ctx.subject = notice.number
    text = fill(
        "notice.returned_told",
        paper=notice.paper_number,
        note=note,
        due=day_words(ctx, notice.due_on),
    )
    key = f"notice-returned:{notice.number}:{notice.round}"
    tell_holders(ctx, Role.SECRETARY, sight.branch.path, key, Text(text))


def look_back(ctx: Context, answers: Answers) -> Reply:
    """``/回头看 ZG-… 巩固``: some weeks after closing; what has relapsed begins another round."""
    sight = find_notice(ctx, answers["number"])
    notice = sight.notice
    ctx.need(*DRAFTERS, over=sight.branch.path)
    if notice.state is not NoticeState.VERIFIED:
        raise UserError("notice.not_closed", number=notice.number)
    if ctx.who.branch_id == sight.branch.id:
        raise UserError("notice.own_work")
    result = LookBack(answers["result"])
    notice.looked_at, notice.looked_by_id, notice.look_result = ctx.now, ctx.who.id, result
    note = answers["note"] or ""
    if result is LookBack.HELD:
        note_step(ctx, notice, "held", note)
        ctx.subject = notice.number
        return say("notice.held", paper=notice.paper_number)
    if not note:
        raise UserError("notice.relapse_why")
    for point in sight.live:
        point.state, point.returned = PointState.RETURNED, note
        finding = ctx.session.get_one(Finding, point.finding_id)
        finding.move_to(ctx.session, FindingState.NOTICED, ended_at=None)
    notice.look_on = None
    _return(ctx, sight, "relapsed", note)
    return say("notice.relapsed", paper=notice.paper_number, due=day_words(ctx, notice.due_on))
