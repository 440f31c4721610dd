"""What a handler may know and do: one message's view of the world."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from config.rules import Rules
from handlers.content import Content, dump
from models.audit import LOOK, Entry
from models.calendar import WorkCalendar, WorkHours, read_calendar
from models.directory import Directory
from models.errors import UserError
from models.group import Room
from models.person import Member, Role
from models.push import Order
from models.vault import SHUT, Vault, shred

T = TypeVar("T")


@dataclass(slots=True)
class Context:
    """Handed to every handler, action and job step. Never kept beyond the transaction.

    ``now``     aware, UTC; ``today`` is the day in the installation's zone
    ``member``  who speaks; None for the clock and the command line
    ``room``    the group, None in private chat and for the clock
    ``token``   makes a fresh unguessable word (identity and chance are arguments)
    ``link``    makes an address for a person: (path, userid) -> URL, signed and expiring
    ``base``    where the pages are, for addresses that must not be personal
    ``vault``   seals what is told in confidence; the process that draws exports has no keys
    ``discreet``  that the speaker did this is written nowhere: no row in the audit, no draft at the
                end and only a sealed one until then, no name in the log
    ``params``  what a form was begun with beside its answers (``handlers.reply.Begin``)
    """

    session: Session
    now: datetime
    zone: ZoneInfo
    rules: Rules
    directory: Directory
    token: Callable[[], str]
    link: Callable[[str, str], str]
    base: str = ""
    vault: Vault = SHUT
    discreet: bool = False
    member: Member | None = None
    room: Room | None = None
    message_id: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    orders: list[Order] = field(default_factory=list)
    notes: list[Entry] = field(default_factory=list)
    _known: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, find: Callable[[], T]) -> T:
        """Look something up once a message. Only for what the message itself does not change."""
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]  # type: ignore[no-any-return]  # the key stands for the type

    @property
    def hushed(self) -> bool:
        """Whether what is kept of this message is kept sealed; without keys nothing can be."""
        return self.discreet and bool(self.vault.ring())

    @property
    def today(self) -> date:
        """The day it is for the people."""
        return self.now.astimezone(self.zone).date()

    @property
    def who(self) -> Member:
        """The person who speaks; ``UserError`` for strangers."""
        if self.member is None:
            raise UserError("error.stranger")
        return self.member

    @property
    def calendar(self) -> WorkCalendar:
        """Working days, read once a message."""
        return self.once("calendar", lambda: read_calendar(self.session))

    @property
    def hours(self) -> WorkHours:
        """Working time, for clocks in hours."""
        return WorkHours(self.calendar, self.zone, self.rules.hours.spans)

    def need(self, *roles: Role, over: str | None = None) -> Member:
        """The speaker, if one of the roles is held (over a unit's path); else ``UserError``."""
        if not self.who.has(*roles, over=over):
            raise UserError("error.not_allowed")
        return self.who

    def page(self, path: str) -> str:
        """A personal address of a page for the speaker."""
        return self.link(path, self.who.userid)

    def push_group(
        self, chatid: str, content: Content, key: str, at: datetime | None = None
    ) -> None:
        """Queue something for a group; ``key`` makes it happen once."""
        self._push(chatid, content, key, at, to_group=True)

    def push_person(
        self,
        userid: str,
        content: Content,
        key: str,
        at: datetime | None = None,
        *,
        sealed: bool = False,
    ) -> None:
        """Queue something for a person; ``key`` makes it happen once.

        ``sealed``: it lies encrypted in the outbox; its key must not name anything either.
        """
        self._push(userid, content, key, at, to_group=False)
        self.orders[-1] = replace(self.orders[-1], sealed=sealed)

    def _push(
        self, conversation: str, content: Content, key: str, at: datetime | None, *, to_group: bool
    ) -> None:
        self.orders.append(
            Order(
                conversation=conversation,
                to_group=to_group,
                body=dump(content),
                dedupe=key,
                not_before=at or self.now,
                task=self.token(),
            )
        )

    def seal(self, kind: str, subject: str, text: str) -> None:
        """Keep a text sealed under its kind and subject, in place of an earlier one."""
        self.vault.seal(self.session.connection(), kind, subject, text, self.now)

    def unseal(self, kind: str, subject: str) -> str | None:
        """A sealed text, or None; ``UserError`` if its key is lost or it was tampered with."""
        return self.vault.open(self.session.connection(), kind, subject)

    def shred(self, kind: str, *subjects: str) -> None:
        """Destroy sealed texts for good."""
        shred(self.session.connection(), kind, *subjects)

    def looked(self, subject: str, *about: int) -> None:
        """Note for the audit and ``/谁看过我`` that the speaker reads something about persons.

        ``subject`` is the number of what is read, ``about`` are ids of the persons concerned. The
        note is written before the answer leaves, in chat and on pages.
        """
        for person_id in about or (None,):
            self.note(LOOK, subject, about_id=person_id)

    def note(self, action: str, subject: str = "", *, about_id: int | None = None) -> None:
        """Add a row to the audit beside the one that each command leaves."""
        self.notes.append(
            Entry(
                at=self.now,
                action=action,
                subject=subject,
                person_id=self.member.id if self.member else None,
                about_id=about_id,
            )
        )

    @property
    def tray_time(self) -> timedelta:
        """How long photos wait for the words they belong to."""
        return timedelta(minutes=self.rules.progress.tray_minutes)

    def within(self, moment: datetime, hours: int) -> bool:
        """Whether a moment lies no more than so many hours back."""
        return self.now - moment <= timedelta(hours=hours)

    def midnight_after(self, day: date) -> datetime:
        """The moment at which a day is over for the people."""
        return datetime.combine(day + timedelta(days=1), time(), self.zone)

    def local(self, moment: datetime) -> datetime:
        """A moment as people's clocks show it."""
        return moment.astimezone(self.zone)
