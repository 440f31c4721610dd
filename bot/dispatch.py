"""One message in, one answer out: the one place that commits, and that turns errors into answers.

Per message: dedupe by the platform's id, the handler in a savepoint, audit row, pushes and the
stored answer, all in one transaction, committed together with its neighbours (``bot/writer.py``).
A redelivery gets the stored answer. Whatever takes longer than a few seconds is answered
"received, working on it" and follows through the outbox.
"""

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.orm import Session

from bot.channel import Abilities, Answer, Incoming
from bot.clock import Clock
from bot.fit import fit
from bot.writer import Work, Writer
from config.rules import Rules
from config.texts import t
from handlers.content import Card, Text, dump, load
from handlers.reply import Markdown, Reply, fill
from models.audit import Audit
from models.directory import Directory
from models.errors import Unavailable, UserError
from models.group import Heard
from models.message import Message
from models.push import Order, insert_new, write_pushes

log = structlog.get_logger()

HEARD_AGAIN = timedelta(hours=1)
"""How often it is written down that a conversation is alive."""


@dataclass(slots=True)
class Trace:
    """Who and what, noted as soon as it is known, so that a failure can be audited as well."""

    person_id: int | None = None
    action: str = ""
    subject: str = ""


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


class Intake:
    """The bookkeeping of a batch of messages (``bot.writer.Batch``)."""

    def __init__(self, clock: Clock, token: Callable[[], str], directory: Directory) -> None:
        self._clock = clock
        self._token = token
        self._directory = directory
        self._heard: dict[tuple[str, str], datetime] = {}

    def open(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        """Give the stored answer to messages that were handled before."""
        messages = [work for work in works if isinstance(work, MessageWork)]
        for work in messages:
            work.orders, work.trace, work.verdict = [], Trace(), "ok"
        if not messages:
            return
        rows = connection.execute(_KNOWN, {"ids": [m.incoming.message_id for m in messages]})
        known = {row.id: row.answer for row in rows}
        for work in messages:
            if work.incoming.message_id in known:
                work.verdict = "again"
                stored = known[work.incoming.message_id]
                work.result = Answer() if work.incoming.entered else read_answer(stored)

    def begin(self, session: Session) -> None:
        """Let the organisation be known to what runs in this session."""
        self._directory.enter(session)

    def failed(self, work: Work[Any], error: Exception) -> bool:
        """Turn the error of a message into its answer; other works keep theirs."""
        if not isinstance(work, MessageWork) or isinstance(error, Unavailable):
            return False
        work.orders = []
        if isinstance(error, UserError):
            work.verdict = error.key
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
        return True

    def close(self, connection: Connection, works: Sequence[Work[Any]]) -> None:
        """Write dedupe rows with their answers, audit rows and pushes of the whole batch."""
        done = [
            work
            for work in works
            if isinstance(work, MessageWork) and work.error is None and work.verdict != "again"
        ]
        if not done:
            return
        now = self._clock.now()
        for work in done:
            if not work.seal():
                work.orders.extend(following(work.incoming, work.result or Answer(), now))
        connection.execute(
            insert(Message),
            [
                {"id": w.incoming.message_id, "at": now, "answer": write_answer(w.result)}
                for w in done
            ],
        )
        if audited := [w for w in done if w.trace.action]:
            connection.execute(insert(Audit), [_audit_row(w, now) for w in audited])
        if orders := [order for w in done for order in w.orders]:
            write_pushes(connection, orders, now)
        self._hear(connection, done, now)

    def _hear(self, connection: Connection, works: Sequence[MessageWork], now: datetime) -> None:
        """Note, once an hour, through which channel a conversation speaks."""
        fresh = {}
        for work in works:
            incoming = work.incoming
            key = (incoming.chat or incoming.sender.lower(), incoming.channel)
            last = self._heard.get(key)
            if last is None or now - last > HEARD_AGAIN:
                fresh[key] = now
        if not fresh:
            return
        rows = [{"conversation": c, "channel": name, "at": now} for c, name in fresh]
        connection.execute(
            _HEARD_AGAIN, [{**r, "c": r["conversation"], "n": r["channel"]} for r in rows]
        )
        insert_new(connection, Heard.__table__, rows)
        self._heard.update(fresh)


_KNOWN = select(Message.id, Message.answer).where(Message.id.in_(bindparam("ids", expanding=True)))
_HEARD_AGAIN = (
    Heard.__table__.update()  # type: ignore[attr-defined]  # a Table, says SQLAlchemy
    .where(Heard.conversation == bindparam("c"), Heard.channel == bindparam("n"))
    .values(at=bindparam("at"))
)


def _audit_row(work: MessageWork, now: datetime) -> dict[str, Any]:
    return {
        "at": now,
        "person_id": work.trace.person_id,
        "actor": "",
        "action": work.trace.action,
        "subject": work.trace.subject if work.verdict == "ok" else "",
        "outcome": work.verdict,
        "channel": work.incoming.channel,
    }


def following(incoming: Incoming, answer: Answer, now: datetime) -> list[Order]:
    """An answer that has to follow its message by push: it took too long, or its way is gone.

    A card that would have taken the place of the clicked one comes as a card of its own.
    """
    contents: list[Text | Card] = [Text(answer.text)] if answer.text else []
    if card := answer.card or answer.update:
        contents.append(card)
    task = "late-" + hashlib.sha256(incoming.message_id.encode()).hexdigest()[:32]
    return [
        Order(
            conversation=incoming.chat or incoming.sender,
            to_group=bool(incoming.chat),
            body=dump(content if isinstance(content, Text) else replace(content, task=task)),
            dedupe=f"late:{incoming.message_id}:{number}",
            not_before=now,
            task=task,
            reply_url=incoming.reply_url,
            prompt=True,
        )
        for number, content in enumerate(contents)
    ]


def write_answer(answer: Answer | None) -> str | None:
    """An answer as JSON."""
    if answer is None or answer == Answer():
        return None
    body: dict[str, Any] = {"text": answer.text}
    if answer.card:
        body["card"] = dump(answer.card)
    if answer.update:
        body["update"] = dump(answer.update)
    if answer.private:
        body["private"] = True
    return json.dumps(body, ensure_ascii=False)


def read_answer(text: str | None) -> Answer:
    """What :func:`write_answer` wrote."""
    if text is None:
        return Answer()
    body = json.loads(text)
    cards: Mapping[str, Any] = {
        name: load(body[name]) for name in ("card", "update") if name in body
    }
    return Answer(text=body["text"], private=body.get("private", False), **cards)


class Dispatcher:
    """Handed to every channel as its ``Dispatch``."""

    def __init__(
        self,
        writer: Writer,
        handle: Handle,
        clock: Clock,
        rules: Rules,
        zone: ZoneInfo,
        token: Callable[[], str],
    ) -> None:
        self._writer = writer
        self._handle = handle
        self._clock = clock
        self._rules = rules
        self._zone = zone
        self._token = token
        self._running: dict[str, MessageWork] = {}
        self._counters: dict[str, int] = {}

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
        orders = following(incoming, answer, now)
        await self._writer.do(
            lambda session: write_pushes(session.connection(), orders, now),
            incoming.chat or incoming.sender.lower(),
        )

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
        log.info(
            "message",
            channel=work.incoming.channel,
            message=work.incoming.message_id,
            person=work.trace.person_id,
            action=work.trace.action,
            subject=work.trace.subject,
            outcome=verdict,
            ms=round((time.perf_counter() - begun) * 1000, 1),
        )
