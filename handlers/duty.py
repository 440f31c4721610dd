"""What a duty 待办 is: something that somebody owes by a day (DOMAIN.md 9).

A family declares where its duties come from (``DutySource``); lists, digests, reminders and
escalation follow for all alike. Duties are computed from the facts: done is what no longer comes
out, and a duty moves by itself when its owner leaves.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from handlers.context import Context
from handlers.dossier import Act
from models.duty import Rung
from models.person import Member, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing owed.

    ``key``        its identity for ever, such as ``silent:XM-2026-0001:2026-11-09``
    ``title``      what to do, ``detail`` about what; plain words
    ``due``        the last day, in the installation's zone
    ``due_at``     the very moment, for clocks in hours (aware); such a duty is reminded and raised
                   by working hours instead of days
    ``since``      the day it began, if ``due`` was counted without pauses: an 应急 between the two
                   then moves it. None: ``due`` is final (``handlers.clocks`` was asked already)
    ``unit_path``  where it lies, that is, whose work it is: groups count it there, escalation goes
                   up from there, and within a branch it counts as a call on that branch
    ``owners``     ids of the persons who owe it; empty: the nearest holders of ``role`` above.
                   If all of them have left, the nearest secretaries owe it
    ``act``        what does the work in one tap or opens the form
    ``urgent``     told at once, not with the next digest
    ``shared``     whoever belongs to the branch may do it too and sees it under 待办
    ``private``    those above are told the title and the unit, never the detail or the number
    ``escalates``  False: its owner is reminded, nobody else
    """

    key: str
    title: str
    detail: str
    due: date
    unit_path: str
    due_at: datetime | None = None
    since: date | None = None
    owners: tuple[int, ...] = ()
    role: Role = Role.SECRETARY
    number: str = ""
    act: Act | None = None
    urgent: bool = False
    shared: bool = False
    private: bool = False
    escalates: bool = True


def _nothing(ctx: Context, duty: Duty, rung: Rung) -> None:
    del ctx, duty, rung


def _nothing_kept(ctx: Context) -> None:
    del ctx


@dataclass(frozen=True, slots=True, kw_only=True)
class DutySource:
    """Where a kind of duty comes from.

    ``find(ctx, member)`` yields what ``member`` owes, or with None what everybody owes; it may
    yield more than the member's, which is filtered away.
    ``hourly``  some of its duties are urgent or have a clock in hours: looked at every few minutes
    ``raised``  told when a duty of it goes up a rung, so that the thing itself can show it
    ``renew``   writes kept deadlines anew after the working days have changed
    """

    key: str
    find: Callable[[Context, Member | None], Iterable[Duty]]
    hourly: bool = False
    raised: Callable[[Context, Duty, Rung], None] = _nothing
    renew: Callable[[Context], None] = _nothing_kept
