"""How a notice moves: from its problems to its state, its due day, its colour (DOMAIN.md 6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from handlers.clocks import after_pauses, calendar_at, hours_at, pauses
from handlers.context import Context
from handlers.ladder import days_late
from handlers.places import branch_by_id
from models.check import Finding, FindingState
from models.notice import (
    RUNNING,
    Notice,
    NoticePoint,
    NoticeState,
    NoticeStep,
    PointState,
    points_of,
)
from models.unit import Place

NEAR = 3
"""Working days before the due day from which a notice is blue."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A notice with all that is needed to show it."""

    notice: Notice
    branch: Place
    points: Sequence[NoticePoint]
    due: date

    @property
    def live(self) -> Sequence[NoticePoint]:
        """The problems that count: none that an objection struck out."""
        return [point for point in self.points if point.state is not PointState.VOID]

    @property
    def struck(self) -> int:
        """How many problems are done with."""
        return sum(point.state is PointState.VERIFIED for point in self.points)


def sight_of(ctx: Context, notice: Notice) -> Sight:
    """A notice with its branch, problems and present due day."""
    branch = branch_by_id(ctx, notice.branch_id)
    return Sight(notice, branch, points_of(ctx.session, notice.id), due_of_notice(ctx, notice))


def due_of_notice(ctx: Context, notice: Notice) -> date:
    """The due day after pauses of the branch (应急)."""
    path = branch_by_id(ctx, notice.branch_id).path
    paused = pauses(ctx).days(path)
    return after_pauses(ctx.calendar, paused, notice.counted_from, notice.due_on)


def answered_on_time(ctx: Context, first: date, last: date) -> Mapping[int, tuple[int, int]]:
    """By branch id: how many notices due on these days were answered in time, and how many in all.

    In time is: the last answer to each problem that still counts came by the due day, pauses of
    the branch considered. A notice that may still be answered, and one that was cancelled, does
    not count. For scorecards (DOMAIN.md 7).
    """
    answers = _last_answers(ctx)
    found: dict[int, tuple[int, int]] = {}
    for notice in ctx.session.scalars(
        select(Notice).where(Notice.issued_at.is_not(None), Notice.state != NoticeState.CANCELLED)
    ):
        due, replied = due_of_notice(ctx, notice), answers.get(notice.id)
        if not first <= due <= last or (replied is None and due >= ctx.today):
            continue
        good = replied is not None and ctx.local(replied).date() <= due
        count, whole = found.get(notice.branch_id, (0, 0))
        found[notice.branch_id] = (count + good, whole + 1)
    return found


def _last_answers(ctx: Context) -> Mapping[int, datetime]:
    """By notice id, of those of which each problem that counts is answered: when the last was."""
    rows = ctx.session.execute(
        select(NoticePoint.notice_id, NoticePoint.state, NoticePoint.replied_at)
        .join(Notice, Notice.id == NoticePoint.notice_id)
        .where(Notice.issued_at.is_not(None), NoticePoint.state != PointState.VOID)
    )
    found: dict[int, datetime] = {}
    waiting = set()
    for notice_id, state, at in rows:
        if at is None or state not in (PointState.REPLIED, PointState.VERIFIED):
            waiting.add(notice_id)
        else:
            found[notice_id] = max(at, found.get(notice_id, at))
    return {notice_id: at for notice_id, at in found.items() if notice_id not in waiting}


def light_of(ctx: Context, sight: Sight) -> str:
    """蓝黄红: blue near due, yellow behind, red overdue; green in time, empty when it is over.

    Behind is: not signed for in time, sent back, or more than half of the time gone without a
    single problem answered.
    """
    notice = sight.notice
    if notice.state not in RUNNING:
        return ""
    if notice.state is NoticeState.REPLIED:
        return "green"
    hours = hours_at(ctx, sight.branch.path)
    late = days_late(hours, sight.due, ctx.today)
    if late > 0:
        return "red"
    if notice.state is NoticeState.RETURNED or _is_behind(ctx, sight):
        return "yellow"
    return "blue" if -late <= NEAR else "green"


def _is_behind(ctx: Context, sight: Sight) -> bool:
    notice, calendar = sight.notice, calendar_at(ctx, sight.branch.path)
    gone = calendar.working_between(notice.counted_from, ctx.today)
    if notice.state is NoticeState.ISSUED and gone > ctx.rules.notices.receive_days:
        return True
    whole = calendar.working_between(notice.counted_from, sight.due)
    answered = any(point.state is not PointState.OPEN for point in sight.live)
    return not answered and 2 * gone > whole


def note_step(ctx: Context, notice: Notice, what: str, note: str = "") -> None:
    """One line of the time line; ``what`` is a key of the texts ``notice.step``."""
    person = ctx.member.id if ctx.member else None
    ctx.session.add(
        NoticeStep(notice_id=notice.id, what=what, note=note, person_id=person, at=ctx.now)
    )


def settle(ctx: Context, notice: Notice) -> bool:
    """Let the notice follow its problems; whether it is closed with this.

    All struck out by objections: cancelled. All verified: verified, and looked at again later.
    All answered: replied.
    """
    ctx.session.flush()
    live = [p for p in points_of(ctx.session, notice.id) if p.state is not PointState.VOID]
    states = {point.state for point in live}
    if notice.state not in RUNNING:
        return False
    if not live:
        notice.move_to(ctx.session, NoticeState.CANCELLED)
        note_step(ctx, notice, "all_void")
        return True
    if states == {PointState.VERIFIED}:
        _close(ctx, notice, live)
        return True
    if states <= {PointState.REPLIED, PointState.VERIFIED} and notice.state in (
        NoticeState.RECEIVED,
        NoticeState.RETURNED,
    ):
        notice.move_to(ctx.session, NoticeState.REPLIED, replied_at=ctx.now)
    return False


def _close(ctx: Context, notice: Notice, points: Sequence[NoticePoint]) -> None:
    person = ctx.member.id if ctx.member else None
    later = date.fromordinal(ctx.today.toordinal() + ctx.rules.notices.look_back_days)
    notice.move_to(
        ctx.session,
        NoticeState.VERIFIED,
        verified_by_id=person,
        verified_at=ctx.now,
        look_on=ctx.calendar.on_or_after(later),
        looked_at=None,  # after a relapse it is looked at once more
        looked_by_id=None,
        look_result=None,
    )
    for point in points:
        finding = ctx.session.get_one(Finding, point.finding_id)
        if finding.state is FindingState.NOTICED:
            finding.move_to(ctx.session, FindingState.CLOSED, ended_at=ctx.now)
    note_step(ctx, notice, "verified")
