"""The outbox: pushes leave here after their commit, each conversation in order.

Delivery is at least once. It is exactly once except where the platform's protocol leaves it
undecidable: a process killed, or a connection lost, between a send and its receipt. A send whose
receipt did not come although the connection lives is parked, not repeated (WeCom page 101463).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, repeat

import structlog
from sqlalchemy.orm import Session

from bot import deliveries
from bot.channel import (
    Abilities,
    CardParcel,
    Channel,
    Elsewhere,
    Later,
    Parcel,
    PushError,
    Refused,
    Target,
    TextParcel,
    Unconfirmed,
)
from bot.clock import Clock
from bot.deliveries import Batch, Delivery
from bot.papers.studio import Studio
from bot.presence import Presence
from bot.pump import Pump
from bot.rates import Rates
from bot.text import render, split
from bot.wecom.cards import kind_of
from bot.words import card_words, file_words
from bot.writer import Writer
from handlers.content import Card, Content, Document, Export, Picture, Text
from models.errors import Unavailable, UserError
from models.push import PushState

log = structlog.get_logger()

POLL = 1.0
"""Seconds between looks; what this process queues wakes the outbox at once."""
BACK_OFF = (5, 15, 45, 120, 300, 600)
"""Seconds until the next attempt, by the number of attempts."""
UNREACHABLE = 10.0
"""Seconds until a link that is down is tried again."""
SHORT = 1.0
"""Seconds that are waited in hand; longer waits give the push back."""
AT_ONCE = 64
"""Conversations in hand at the same time; the platform limits calls under way (error 45033)."""
AGAIN = (0.2, 0.5, 1, 2)
"""Seconds until what became of a push is written down again while the database is away; then 5."""
LANE = "outbox"


class HandedOver(Exception):  # noqa: N818  (a way to go, not a fault)
    """Another process has the door that comes first for this push."""


@dataclass(slots=True)
class End:
    """How a conversation is put down: what is still to be noted, and when it is taken up again."""

    later: datetime | None = None
    linked: bool | None = None
    arrived: Callable[[Session], None] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more can leave now."""
        return self.later is not None or self.linked is not None

    async def write(self, note: Callable[[Callable[[Session], None]], Awaitable[None]]) -> None:
        """Note the last arrival."""
        if self.arrived is not None:
            await note(self.arrived)
            self.arrived = None

    def followed_by(self, release: Callable[[Session], None]) -> Callable[[Session], None]:
        """The last arrival and the release as one piece of work."""
        arrived = self.arrived

        def both(session: Session) -> None:
            if arrived is not None:
                arrived(session)
            release(session)

        return both


class Outbox:
    """One delivery worker per process."""

    def __init__(
        self,
        writer: Writer,
        channels: Sequence[Channel],
        clock: Clock,
        studio: Studio,
        rates: Rates,
        presence: Presence,
        attempts: int,
    ) -> None:
        self._writer = writer
        self._channels = channels
        self._clock = clock
        self._studio = studio
        self._rates = rates
        self._presence = presence
        self._attempts = attempts
        self._stopping = False
        self._astray = False
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._pump = Pump("outbox", self.pump, POLL)
        self.start = self._pump.start
        self.wake = self._pump.wake

    @property
    def busy(self) -> bool:
        """Whether something is in hand."""
        return bool(self._busy)

    async def stop(self) -> None:
        """Finish the sends in hand and give the rest back."""
        self._stopping = True
        await self._pump.stop()
        if self._busy:
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def went_back(self, by: timedelta) -> None:
        """The clock was set back: nothing waits for the hour that was taken back."""
        now = self._clock.now()
        self._rates.went_back()
        await self._writer.do(partial(deliveries.went_back, now=now, before=now + by), LANE)
        self.wake()

    async def pump(self) -> bool:
        """Take what is due and begin to deliver it; False when nothing was, or hands are full."""
        room, me = AT_ONCE - len(self._busy), self._presence.id
        if room <= 0 or not self._presence.fresh():
            return False
        now, linked = self._clock.now(), self._presence.held()
        try:
            if self._astray:
                busy = tuple(self._busy)
                await self._writer.do(partial(deliveries.recover, me=me, now=now, busy=busy), LANE)
                self._astray = False
            take = partial(deliveries.claim, me=me, now=now, most=room, linked=linked)
            batches = await self._writer.do(take, LANE)
        except Unavailable:
            self._astray = True
            raise
        for batch in batches:
            task = asyncio.create_task(self._deliver_all(batch, me))
            self._busy[batch.conversation] = task
            task.add_done_callback(partial(self._ended, batch.conversation))
        return bool(batches)

    def _ended(self, conversation: str, task: asyncio.Task[None]) -> None:
        # By now the conversation may have been taken in hand again, by the next task.
        if self._busy.get(conversation) is task:
            del self._busy[conversation]
        if not task.cancelled() and task.exception() is not None:
            self._astray = True
        self.wake()

    async def _deliver_all(self, batch: Batch, me: str) -> None:
        """The pushes of one conversation, in order; the first that has to wait holds the rest."""
        for sent in batch.sent or ():
            self._rates.learn(sent.channel, batch.conversation, [sent.at] * sent.count)
        end = End()
        for delivery in batch.deliveries:
            if end.over or self._stopping or self._presence.id != me or not self._presence.fresh():
                break
            await end.write(self._note)
            await self._deliver_one(delivery, end, me)
        release = partial(
            deliveries.release,
            me=me,
            conversation=batch.conversation,
            now=self._clock.now(),
            later=end.later,
            linked=end.linked,
        )
        await self._note(end.followed_by(release))

    async def _deliver_one(self, delivery: Delivery, end: End, me: str) -> None:
        try:
            channel = await self._deliver(delivery)
        except HandedOver:
            end.linked = True
        except Later as error:
            end.later = self._clock.now() + timedelta(seconds=max(error.seconds, 0.5))
            log.info("push_later", push=delivery.id, code=error.code, note=error.note)
        except PushError as error:
            await self._fail(delivery, error, me)
        except Exception as error:
            log.exception("push_broken", push=delivery.id, exc_info=error)
            await self._fail(delivery, PushError(note="error"), me)
        else:
            now = self._clock.now()
            end.arrived = partial(
                deliveries.delivered, push_id=delivery.id, channel=channel, now=now
            )
            log.info("pushed", push=delivery.id, channel=channel)

    async def _note(self, work: Callable[[Session], None]) -> None:
        """Write down what happened, as often as it takes: what was sent is not to be sent again."""
        for pause in chain(AGAIN, repeat(5)):
            try:
                await self._writer.do(work, LANE)
            except Unavailable:
                if self._stopping:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _deliver(self, delivery: Delivery) -> str:
        """Try the channels that can carry it, best first; returns the one that did."""
        if delivery.attempts >= self._attempts:
            raise PushError(note="attempts")
        missed: PushError = Elsewhere(note="no_channel")
        for channel, content, target in self._ways(delivery):
            wait = self._rates.delay(channel.name, target.id, channel.abilities)
            if wait > SHORT:
                raise Later(wait, note="rate")
            await asyncio.sleep(wait)
            try:
                await self._push(channel, target, content, delivery)
            except Elsewhere as error:
                missed = error
            else:
                return channel.name
        if missed.note == "no_channel" and self._could(delivery):
            raise Later(UNREACHABLE, note="unreachable")
        raise missed

    def _could(self, delivery: Delivery) -> bool:
        """Whether a channel would carry it, if only its link were up."""
        return any(able(c.abilities, delivery.target, delivery.content) for c in self._channels)

    def _ways(self, delivery: Delivery) -> Iterator[tuple[Channel, Content, Target]]:
        """Channels in the order in which they are tried, each with what it would carry.

        First those that can carry the thing itself, where the conversation is known to be open;
        then those where that is not known; last the thing in words with a link.
        """
        target, content = delivery.target, delivery.content
        open_ = replace(target, heard=frozenset(c.name for c in self._channels))
        words = self._in_words(content)
        for wanted, carried in (
            (target, content),
            (open_, content),
            (target, words),
            (open_, words),
        ):
            if carried is None:
                continue
            for channel in self._channels:
                if not able(channel.abilities, wanted, carried):
                    continue
                if channel.held_elsewhere(wanted):
                    raise HandedOver
                tried = wanted is open_ and channel.reaches(target)
                if not tried and channel.reaches(wanted):
                    yield channel, carried, wanted

    def _in_words(self, content: Content) -> Content | None:
        if isinstance(content, Card):
            return Text(card_words(content))
        if isinstance(content, Export | Document):
            return Text(file_words(content))
        return None

    async def _push(
        self, channel: Channel, target: Target, content: Content, delivery: Delivery
    ) -> None:
        parcels = await self._parcels(channel, content, delivery)
        for at, parcel in enumerate(parcels):
            if at < delivery.parts_done:
                continue
            await channel.push(target, parcel)
            self._rates.note(channel.name, target.id)
            if at + 1 < len(parcels):
                await self._note(partial(deliveries.part_done, push_id=delivery.id, parts=at + 1))

    async def _parcels(
        self, channel: Channel, content: Content, delivery: Delivery
    ) -> list[Parcel]:
        if isinstance(content, Text):
            abilities = channel.abilities
            return [TextParcel(part) for part in parts(content.markdown, abilities)]
        if isinstance(content, Card):
            return [CardParcel(replace(content, task=content.task or delivery.task))]
        try:
            return [await self._studio.parcel(delivery.digest, content)]
        except UserError as error:
            # Whoever it is for may not have it (any more): trying again would not help.
            raise Refused(note="not_allowed") from error

    async def _fail(self, delivery: Delivery, error: PushError, me: str) -> None:
        """Refused for good, unconfirmed, or nobody reaches the target just now."""
        state = PushState.WAITING
        if isinstance(error, Refused):
            state = PushState.FAILED
        elif isinstance(error, Unconfirmed) or delivery.attempts + 1 >= self._attempts:
            state = PushState.PARKED
        seconds = BACK_OFF[min(delivery.attempts, len(BACK_OFF) - 1)]
        until = self._clock.now() + timedelta(seconds=seconds)
        await self._note(
            partial(
                deliveries.failed,
                me=me,
                push_id=delivery.id,
                state=state,
                code=error.code,
                note=error.note,
                until=until,
            )
        )
        log.warning(
            "push_failed", push=delivery.id, state=state.value, code=error.code, note=error.note
        )


def able(abilities: Abilities, target: Target, content: Content) -> bool:
    """Whether a channel can carry a content to such a target at all."""
    if not (abilities.pushes_groups if target.group else abilities.pushes_people):
        return False
    if isinstance(content, Text):
        return abilities.text_bytes > 0
    if isinstance(content, Card):
        return kind_of(content) in abilities.cards
    if isinstance(content, Picture):
        return abilities.picture_bytes > 0
    return abilities.file_bytes > 0


def parts(markdown: str, abilities: Abilities) -> list[str]:
    """A text in pieces, each within a channel's bytes once it is in its dialect."""
    if len(render(markdown, abilities.dialect).encode()) <= abilities.text_bytes:
        return [markdown]
    return split(markdown, abilities.text_bytes)
