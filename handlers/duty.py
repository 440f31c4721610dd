"""What a duty 待办 is: something that somebody owes by a day (DOMAIN.md 9).

A family declares where its duties come from (``DutySource``); lists, digests, reminders and
escalation follow for all alike. Duties are computed from the facts: done is what no longer comes
out, and a duty moves by itself when its owner leaves.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from handlers.context import Context
from handlers.dossier import Act
from models.person import Member, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing owed.

    ``key``        its identity for ever, such as ``silent:XM-2026-0001:2026-11-09``
    ``title``      what to do, ``detail`` about what; plain words
    ``due``        the last day, in the installation's zone
    ``unit_path``  where it lies: groups count it there, escalation goes up from there
    ``owners``     ids of the persons who owe it; empty: the nearest holders of ``role`` above
    ``act``        what does the work in one tap or opens the form
    ``urgent``     told at once, not with the next digest
    ``shared``     whoever belongs to the branch may do it too and sees it under 待办
    """

    key: str
    title: str
    detail: str
    due: date
    unit_path: str
    owners: tuple[int, ...] = ()
    role: Role = Role.SECRETARY
    number: str = ""
    act: Act | None = None
    urgent: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DutySource:
    """Where a kind of duty comes from.

    ``find(ctx, member)`` yields what ``member`` owes, or with None what everybody owes; it may
    yield more than the member's, which is filtered away.
    """

    key: str
    find: Callable[[Context, Member | None], Iterable[Duty]]
