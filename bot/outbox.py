"""The outbox: pushes leave here after their commit, each conversation in order.

Delivery is at least once. It is exactly once except where the platform's protocol leaves it
undecidable: a process killed, or a connection lost, between a send and its receipt. A send whose
receipt did not come although the connection lives is parked, not repeated (WeCom page 101463).
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

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
from bot.deliveries import Delivery
from bot.papers.studio import Studio
from bot.pump import Pump
from bot.rates import Rates
from bot.text import render, split
from bot.wecom.cards import kind_of
from bot.words import card_words, file_words
from bot.writer import Writer
from handlers.content import Card, Content, Document, Export, Picture, Text
from models.errors import UserError
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


class Outbox:
    """One delivery worker per process."""

    def __init__(
        self,
        writer: Writer,
        channels: Sequence[Channel],
        clock: Clock,
        studio: Studio,
        rates: Rates,
        attempts: int,
    ) -> None:
        self._writer = writer
        self._channels = channels
        self._clock = clock
        self._studio = studio
        self._rates = rates
        self._attempts = attempts
        self._stopping = False
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

    async def pump(self) -> bool:
        """Take what is due and begin to deliver it; False when nothing was."""
        now, busy = self._clock.now(), tuple(self._busy)
        batches = await self._writer.do(partial(deliveries.claim, now=now, busy=busy))
        for batch in batches:
            name = batch[0].target.id
            task = asyncio.create_task(self._deliver_all(batch))
            self._busy[name] = task
            task.add_done_callback(partial(self._ended, name))
        return bool(batches)

    def _ended(self, conversation: str, _: asyncio.Task[None]) -> None:
        self._busy.pop(conversation, None)
        self.wake()

    async def _deliver_all(self, batch: Sequence[Delivery]) -> None:
        """The pushes of one conversation, in order; the first that has to wait holds the rest."""
        held_since = self._clock.now()
        for at, delivery in enumerate(batch):
            if self._stopping:
                await self._give_back(batch[at:], Later(0, note="stopping"))
                return
            if self._clock.now() - held_since > deliveries.LEASE / 3:
                held_since = self._clock.now()
                ids = [waiting.id for waiting in batch[at:]]
                until = held_since + deliveries.LEASE
                await self._writer.do(partial(deliveries.hold, push_ids=ids, until=until))
            try:
                channel = await self._deliver(delivery)
            except Later as error:
                await self._give_back(batch[at:], error)
                return
            except PushError as error:
                await self._fail(delivery, error)
            except Exception as error:
                log.exception("push_broken", push=delivery.id, exc_info=error)
                await self._fail(delivery, PushError(note="error"))
            else:
                now = self._clock.now()
                await self._writer.do(
                    partial(deliveries.delivered, push_id=delivery.id, channel=channel, now=now)
                )
                log.info("pushed", push=delivery.id, channel=channel)

    async def _deliver(self, delivery: Delivery) -> str:
        """Try the channels that can carry it, best first; returns the one that did."""
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
                tried = wanted is open_ and channel.reaches(target)
                if tried or not channel.reaches(wanted):
                    continue
                if able(channel.abilities, wanted, carried):
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
                now = self._clock.now()
                await self._writer.do(
                    partial(deliveries.part_done, push_id=delivery.id, parts=at + 1, now=now)
                )

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

    async def _give_back(self, batch: Sequence[Delivery], error: Later) -> None:
        """Through nobody's fault: not counted as an attempt."""
        until = self._clock.now() + timedelta(seconds=max(error.seconds, 0.5))
        ids = [delivery.id for delivery in batch]
        await self._writer.do(partial(deliveries.postponed, push_ids=ids, until=until))
        log.info("push_later", push=ids[0], count=len(ids), code=error.code, note=error.note)

    async def _fail(self, delivery: Delivery, error: PushError) -> None:
        """Refused for good, unconfirmed, or nobody reaches the target just now."""
        state = PushState.WAITING
        if isinstance(error, Refused):
            state = PushState.FAILED
        elif isinstance(error, Unconfirmed) or delivery.attempts + 1 >= self._attempts:
            state = PushState.PARKED
        seconds = BACK_OFF[min(delivery.attempts, len(BACK_OFF) - 1)]
        until = self._clock.now() + timedelta(seconds=seconds)
        await self._writer.do(
            partial(
                deliveries.failed,
                push_id=delivery.id,
                state=state,
                channel="",
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
