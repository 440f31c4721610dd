"""One message in, one answer out: the one place that commits, and that turns errors into answers.

Per message: dedupe by the platform's id, the handler in a savepoint, audit row, pushes and the
stored answer, all in one transaction, committed together with its neighbours (``bot/writer.py``).
A redelivery gets the stored answer. Whatever takes longer than a few seconds is answered
"received, working on it" and follows through the outbox.
"""

import asyncio
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, bindparam, delete, insert, text
from sqlalchemy.orm import Session

from bot.channel import Abilities, Answer, Incoming
from bot.clock import Clock
from bot.fit import fit
from bot.follow import follow_up
from bot.keeping import VAULT, keep_answer, seal_orders, stored_answer, write_orders
from bot.turns import take_turns
from bot.writer import Work, Writer
from config.rules import Rules
from config.texts import t
from handlers.content import Card
from handlers.reply import Markdown, Reply, fill
from models.audit import Entry, append
from models.directory import Directory
from models.errors import Unavailable, UnkeptError, UserError
from models.group import Heard
from models.message import Message, Unsaid
from models.number import Numbers
from models.push import Order, insert_new, write_pushes
from models.store.quick import Quick
from models.vault import Vault

log = structlog.get_logger()

UNKEPT = "unkept"
"""The verdict of a message of which nothing is kept: no answer, no audit row, no log line."""
TIDY = 0.05
"""Seconds in which answers that were said are gathered before that is written down."""
AWAY = 2.0
"""... and until that is tried again when the database is away."""
SLOW = 1.0
"""Seconds from which a message counts as slow in the figures."""
HEARD_AGAIN = timedelta(days=1)
"""How often it is written down that a conversation is alive; the day is kept, never the time."""


@dataclass(slots=True)
class Trace:
    """Who and what, noted as soon as it is known, so that a failure can be audited as well.

    ``notes`` are further rows for the audit; they count only if the message was done.
    ``unrecorded``: nothing of who did what is written down anywhere (``handlers.spec.Command``).
    """

    person_id: int | None = None
    action: str = ""
    subject: str = ""
    notes: list[Entry] = field(default_factory=list)
    unrecorded: bool = False


R = TypeVar("R")
Handle: TypeAlias = Callable[[Session, Incoming, Trace], tuple[Reply, list[Order]]]
"""Understands and does what a message asks, in the session it is given; also says what to push."""


class MessageWork(Work[Answer]):
    """A message on its way through the writer."""

    __slots__ = (
        "abilities",
        "answered",
        "incoming",
        "lock",
        "orders",
        "sealed",
        "trace",
        "verdict",
    )

    def __init__(
        self,
        incoming: Incoming,
        abilities: Abilities,
        handle: Callable[[Session, "MessageWork"], Answer],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            lambda session: handle(session, self), loop, incoming.chat or incoming.sender.lower()
        )
        self.incoming = incoming
        self.abilities = abilities
        self.orders: list[Order] = []
        self.trace = Trace()
        self.verdict = "ok"
        self.lock = threading.Lock()
        self.answered = False  # "working on it" has left; the result has to follow by push
        self.sealed = False  # the commit is under way; the result is the answer

    def give_up_waiting(self) -> bool:
        """Let "working on it" be the answer, unless the result is about to be."""
        with self.lock:
            self.answered = not self.sealed
            return self.answered

    def seal(self) -> bool:
        """Let the result be the answer; False if "working on it" has left already."""
        with self.lock:
            self.sealed = True
            return not self.answered


class NotingWork(Work[R]):
    """Work beside the messages (a page, a job) that leaves rows in the audit.

    ``run`` may fill ``notes``; they are written with the batch, where the chain is held shortest.
    """

    __slots__ = ("notes",)

    def __init__(
        self,
        run: Callable[[Session], R],
        notes: list[Entry],
        loop: asyncio.AbstractEventLoop,
        key: str = "",
    ) -> None:
        super().__init__(run, loop, key)
        self.notes = notes


class Intake:
    """The bookkeeping of a batch of messages (``bot.writer.Batch``)."""

    def __init__(
        self,
        clock: Clock,
        token: Callable[[], str],
        directory: Directory,
        vault: Vault,
        me: Callable[[], str],
        numbers: Numbers | None = None,
    ) -> None:
        self._clock = clock
        self._token = token
        self._directory = directory
        self._vault = vault
        self._me = me
        self._numbers = numbers
        self._heard: dict[tuple[str, str], datetime] = {}

    def open(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        """Give the stored answer to messages that were handled before.

        Those whose conversation another process has in hand are put aside, once.
        """
        messages = [work for work in works if isinstance(work, MessageWork)]
        if messages and connection.dialect.name == "postgresql":
            take_turns(connection, messages)
            messages = [work for work in messages if not work.aside]
        for work in messages:
            work.orders, work.trace, work.verdict = [], Trace(), "ok"
        if not messages:
            return
        ids = [message.incoming.message_id for message in messages]
        known = _known(connection, ids)
        for work in messages:
            if work.incoming.message_id in known:
                work.verdict = "again"
                stored = stored_answer(connection, self._vault, work.incoming.message_id, known)
                work.result = Answer() if work.incoming.entered else stored

    def begin(self, session: Session) -> None:
        """Let organisation, vault and numbers be known to what runs in this session."""
        self._directory.enter(session)
        session.info[VAULT] = self._vault
        session.info["numbers"] = self._numbers

    def undone(self, session: Session) -> None:
        """Forget what a piece changed in the organisation and was rolled back."""
        self._directory.undone(session)

    def failed(self, work: Work[Any], error: Exception) -> bool:
        """Turn the error of a message into its answer; other works keep theirs."""
        if not isinstance(work, MessageWork) or isinstance(error, Unavailable):
            return False
        work.orders = []
        if isinstance(error, UserError):
            work.verdict = UNKEPT if isinstance(error, UnkeptError) else error.key
            text: str = fill(error.key, **error.params)
        else:
            reference = self._token()[:8].upper()
            work.verdict = "error.ours"
            text = t("error.ours", reference=reference)
            log.error(
                "handler_failed",
                reference=reference,
                message=work.incoming.message_id,
                action=work.trace.action,
                exc_info=error,
            )
        reply = Reply(Markdown(text))
        if work.incoming.click is not None and isinstance(error, UserError):
            # Whoever may not press the button is told so on their own copy, not in the group.
            reply = Reply(card=Card(title=t("error.click"), body=text), private=True)
        work.result = fit(
            reply, work.incoming, work.abilities, self._token, work.orders, self._clock.now()
        )
        if work.verdict == UNKEPT:
            work.orders, work.trace = [], Trace()
        return True

    def close(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        """Write dedupe rows with their answers, pushes and audit rows of the whole batch."""
        done = [
            work
            for work in works
            if isinstance(work, MessageWork)
            and work.error is None
            and work.verdict not in ("again", UNKEPT)
        ]
        if done:
            self._keep(connection, done)
        notes = [entry for work in works if work.error is None for entry in _notes(work)]
        # Last of all: it takes the lock of the audit's chain, held until the commit.
        append(connection, notes, self._vault)

    def _keep(self, connection: Connection, done: Sequence[MessageWork]) -> None:
        now = self._clock.now()
        for work in done:
            if not work.seal():
                work.orders.extend(follow_up(work.incoming, work.result or Answer(), now))
            if work.trace.action and not work.trace.unrecorded:
                work.trace.notes.insert(0, _entry(work, now))
        _TAKE_IN.run_many(
            connection,
            [
                {
                    "id": w.incoming.message_id,
                    "at": now,
                    "answer": keep_answer(
                        connection, self._vault, w.incoming.message_id, w.result, now
                    ),
                }
                for w in done
            ],
        )
        self._keep_unsaid(connection, done, now)
        if orders := [order for w in done for order in w.orders]:
            write_pushes(connection, seal_orders(connection, self._vault, orders, now), now)
        self._hear(connection, done, now)

    def _keep_unsaid(
        self, connection: Connection, works: Sequence[MessageWork], now: datetime
    ) -> None:
        """Note what is about to be said where the platform would not ask again.

        Not of what leaves no row elsewhere either (a ballot): this one would name its sender.
        """
        me = self._me()
        rows = [
            {
                "message_id": work.incoming.message_id,
                "holder": me,
                "conversation": work.incoming.chat or work.incoming.sender,
                "to_group": bool(work.incoming.chat),
                "at": now,
            }
            for work in works
            if not (work.abilities.asks_again or work.answered or work.incoming.entered)
            and not work.trace.unrecorded
            and work.result != Answer()
        ]
        if rows:
            _KEEP_UNSAID.run_many(connection, rows)

    def _hear(self, connection: Connection, works: Sequence[MessageWork], now: datetime) -> None:
        """Note, once a day, through which channel a conversation speaks."""
        fresh = {}
        for work in works:
            incoming = work.incoming
            key = (incoming.chat or incoming.sender.lower(), incoming.channel)
            last = self._heard.get(key)
            if last is None or now - last > HEARD_AGAIN:
                fresh[key] = now
        if not fresh:
            return
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        rows = [{"conversation": c, "channel": name, "at": day} for c, name in fresh]
        connection.execute(
            _HEARD_AGAIN, [{**r, "c": r["conversation"], "n": r["channel"]} for r in rows]
        )
        insert_new(connection, Heard.__table__, rows)
        self._heard.update(fresh)


_KNOWN = {
    "sqlite": Quick(
        text(
            "SELECT id, answer FROM message WHERE id IN (SELECT value FROM json_each(:ids))"
        ).columns(Message.id, Message.answer)
    ),
    "postgresql": Quick(
        text("SELECT id, answer FROM message WHERE id = ANY(:ids)").columns(
            Message.id, Message.answer
        )
    ),
}
_TAKE_IN = Quick(insert(Message.__table__), ["id", "at", "answer"])  # type: ignore[arg-type]
_KEEP_UNSAID = Quick(
    insert(Unsaid.__table__),  # type: ignore[arg-type]  # a Table, says SQLAlchemy
    ["message_id", "holder", "conversation", "to_group", "at"],
)
_HEARD_AGAIN = (
    Heard.__table__.update()  # type: ignore[attr-defined]  # a Table, says SQLAlchemy
    .where(Heard.conversation == bindparam("c"), Heard.channel == bindparam("n"))
    .values(at=bindparam("at"))
)


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, str | None]:
    """Stored answers of messages that were handled before, by id."""
    wanted = json.dumps(ids) if connection.dialect.name == "sqlite" else ids
    found = _KNOWN[connection.dialect.name].rows(connection, {"ids": wanted})
    return {row[0]: row[1] for row in found}


def _entry(work: MessageWork, now: datetime) -> Entry:
    return Entry(
        at=now,
        person_id=work.trace.person_id,
        action=work.trace.action,
        subject=work.trace.subject if work.verdict == "ok" else "",
        outcome=work.verdict,
        channel=work.incoming.channel,
    )


def _notes(work: Work[Any]) -> list[Entry]:
    """The audit rows of a piece of work; what a message would have noted dies with its failure."""
    if isinstance(work, MessageWork):
        return work.trace.notes if work.verdict == "ok" else work.trace.notes[:1]
    return work.notes if isinstance(work, NotingWork) else []


def opaque(key: bytes, message_id: str) -> str:
    """The id under which a message is kept and logged: the door it came by, and a keyed hash.

    Some ids are made of who pressed what and when, others can be guessed and tried; without the
    key nobody can tell from a stored id whose message it was or which button was pressed.
    """
    door, _, _ = message_id.partition(":")
    return f"{door}:{hmac.digest(key, message_id.encode(), 'sha256').hex()[:40]}"


class Dispatcher:
    """Handed to every channel as its ``Dispatch``. ``key`` is secret (:func:`opaque`)."""

    def __init__(
        self,
        writer: Writer,
        handle: Handle,
        clock: Clock,
        rules: Rules,
        zone: ZoneInfo,
        token: Callable[[], str],
        key: str,
    ) -> None:
        self._writer = writer
        self._handle = handle
        self._clock = clock
        self._rules = rules
        self._zone = zone
        self._token = token
        self._key = key.encode()
        self._running: dict[str, MessageWork] = {}
        self._said: set[str] = set()
        self._tidying: asyncio.Task[None] | None = None
        self._counters: dict[str, int] = {}
        self.seconds = 0.0
        self.slow = 0

    @property
    def counters(self) -> Mapping[str, int]:
        """How many messages ended how, since the start (for the metrics)."""
        return self._counters

    async def dispatch(self, incoming: Incoming, abilities: Abilities) -> Answer | None:
        """Handle one message; returns when it is durable. ``Unavailable``: send it again."""
        begun = time.perf_counter()
        if incoming.entered:
            # Apps tell it at every opening; whoever was greeted today is not greeted again.
            day = incoming.received_at.astimezone(self._zone).date()
            greeting = f"greeting:{incoming.channel}:{incoming.sender.lower()}:{day}"
            incoming = replace(incoming, message_id=greeting)
        incoming = replace(incoming, message_id=opaque(self._key, incoming.message_id))
        work = self._running.get(incoming.message_id)
        if work is None:
            work = MessageWork(incoming, abilities, self._run, asyncio.get_running_loop())
            self._running[incoming.message_id] = work
            work.future.add_done_callback(lambda _: self._ended(work, begun))
            self._writer.put(work)
        answer = await self._wait(work)
        return None if answer == Answer() else answer

    async def follow(self, incoming: Incoming, answer: Answer) -> None:
        """Let an answer follow by push, through whichever process can deliver it."""
        now = self._clock.now()
        incoming = replace(incoming, message_id=opaque(self._key, incoming.message_id))
        orders = follow_up(incoming, answer, now)
        await self._writer.do(
            lambda session: write_orders(session, orders, now),
            incoming.chat or incoming.sender.lower(),
        )

    def said(self, message_id: str) -> None:
        """An answer has been said, so nobody else has to; written down with others in a moment."""
        self._said.add(opaque(self._key, message_id))
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._tidy())

    async def _tidy(self) -> None:
        while self._said:
            await asyncio.sleep(TIDY)
            try:
                await self.settle()
            except Unavailable:
                log.warning("said_not_noted")
                await asyncio.sleep(AWAY)

    async def settle(self) -> None:
        """Write down now what has been said."""
        said = frozenset(self._said)
        if said:
            forget = delete(Unsaid).where(Unsaid.message_id.in_(said))
            await self._writer.do(lambda session: session.connection().execute(forget).close())
            self._said -= said

    async def _wait(self, work: MessageWork) -> Answer:
        waiting = asyncio.shield(work.future)
        try:
            return await asyncio.wait_for(waiting, self._rules.intake.slow_seconds)
        except TimeoutError:
            if work.give_up_waiting():
                return Answer(text=t("error.slow"))
            return await work.future

    def _run(self, session: Session, work: MessageWork) -> Answer:
        reply, orders = self._handle(session, work.incoming, work.trace)
        work.orders.extend(orders)
        now = self._clock.now()
        return fit(reply, work.incoming, work.abilities, self._token, work.orders, now)

    def _ended(self, work: MessageWork, begun: float) -> None:
        self._running.pop(work.incoming.message_id, None)
        error = work.error
        verdict = type(error).__name__ if error is not None else work.verdict
        kind = verdict if verdict in ("ok", "again", "error.ours", "Unavailable") else "refused"
        self._counters[kind] = self._counters.get(kind, 0) + 1
        taken = time.perf_counter() - begun
        self.seconds += taken
        self.slow += taken > SLOW
        if verdict == UNKEPT:
            return
        named = not work.trace.unrecorded
        log.info(
            "message",
            channel=work.incoming.channel,
            message=work.incoming.message_id,
            person=work.trace.person_id if named else None,
            action=work.trace.action if named else "",
            subject=work.trace.subject if named else "",
            outcome=verdict,
            ms=round(taken * 1000, 1),
        )
