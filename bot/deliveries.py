"""The outbox's side of the database: claiming pushes and noting what became of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot.channel import Target
from handlers.content import Content as Said
from handlers.content import load
from models.group import Group, Heard
from models.push import Content, Push, PushState

LEASE = timedelta(seconds=45)
"""A push in hand is taken up again by somebody after this; longer than any one send."""
CONVERSATIONS = 64
PER_CONVERSATION = 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """One push in hand."""

    id: int
    target: Target
    content: Said
    digest: str
    task: str
    attempts: int
    parts_done: int
    at: datetime


def claim(session: Session, now: datetime, busy: Collection[str]) -> list[list[Delivery]]:
    """Take what is due, by conversation and in order; none of the conversations in ``busy``."""
    due = (
        Push.state == PushState.WAITING,
        Push.not_before <= now,
        or_(Push.lease_until.is_(None), Push.lease_until < now),
    )
    first = func.min(Push.id)
    heads = session.scalars(
        select(Push.conversation)
        .where(*due, Push.conversation.not_in(list(busy)))
        .group_by(Push.conversation)
        .order_by(first)
        .limit(CONVERSATIONS)
    ).all()
    if not heads:
        return []
    rows = session.execute(
        select(Push, Content.body)
        .join(Content, Content.digest == Push.digest)
        .where(*due, Push.conversation.in_(heads))
        .order_by(Push.id)
        .limit(CONVERSATIONS * PER_CONVERSATION)
        .with_for_update(skip_locked=True, of=Push)
    ).all()
    taken: dict[str, list[tuple[Push, str]]] = {name: [] for name in heads}
    for push, body in rows:
        if len(taken[push.conversation]) < PER_CONVERSATION:
            taken[push.conversation].append((push, body))
    ids = [push.id for pairs in taken.values() for push, _ in pairs]
    session.execute(update(Push).where(Push.id.in_(ids)).values(lease_until=now + LEASE))
    return [_deliveries(session, pairs) for pairs in taken.values() if pairs]


def _deliveries(session: Session, pairs: Sequence[tuple[Push, str]]) -> list[Delivery]:
    first = pairs[0][0]
    heard = session.scalars(
        select(Heard.channel).where(Heard.conversation.in_(_names(first.conversation)))
    ).all()
    webhook = ""
    if first.to_group:
        query = select(Group.webhook).where(Group.chatid == first.conversation)
        webhook = session.scalar(query) or ""
    return [
        Delivery(
            id=push.id,
            target=Target(
                id=push.conversation,
                group=push.to_group,
                webhook=webhook,
                heard=frozenset(heard),
                reply_url=push.reply_url,
            ),
            content=load(body),
            digest=push.digest,
            task=push.task,
            attempts=push.attempts,
            parts_done=push.parts_done,
            at=push.at,
        )
        for push, body in pairs
    ]


def _names(conversation: str) -> set[str]:
    """A chat id is kept as it is, a userid in lower case."""
    return {conversation, conversation.lower()}


def delivered(session: Session, push_id: int, channel: str, now: datetime) -> None:
    """It arrived."""
    _note(
        session,
        push_id,
        state=PushState.DELIVERED,
        channel=channel,
        delivered_at=now,
        lease_until=None,
        code=0,
        note="",
    )


def part_done(session: Session, push_id: int, parts: int, now: datetime) -> None:
    """A part of a long text arrived."""
    _note(session, push_id, parts_done=parts, lease_until=now + LEASE)


def hold(session: Session, push_ids: Sequence[int], until: datetime) -> None:
    """Still in hand."""
    session.execute(update(Push).where(Push.id.in_(list(push_ids))).values(lease_until=until))


def postponed(session: Session, push_ids: Sequence[int], until: datetime) -> None:
    """Not now, through nobody's fault: a rate, a link that is down."""
    session.execute(
        update(Push).where(Push.id.in_(list(push_ids))).values(lease_until=None, not_before=until)
    )


def failed(
    session: Session,
    push_id: int,
    state: PushState,
    *,
    channel: str,
    code: int,
    note: str,
    until: datetime,
) -> None:
    """An attempt failed: tried again later (``WAITING``), or not (``FAILED``, ``PARKED``)."""
    session.execute(
        update(Push)
        .where(Push.id == push_id)
        .values(
            state=state,
            channel=channel,
            code=code,
            note=note[:64],
            attempts=Push.attempts + 1,
            lease_until=None,
            not_before=until,
        )
    )


def _note(session: Session, push_id: int, **values: object) -> None:
    session.execute(update(Push).where(Push.id == push_id).values(**values))
