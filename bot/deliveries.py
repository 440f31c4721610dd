"""The outbox's side of the database: claiming conversations and noting what became of pushes.

A conversation (``models.push.Outlet``) is in the hands of one process at a time, so its pushes
leave in order and its rate is kept, however many processes deliver.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Text as Words
from sqlalchemy import bindparam, cast, exists, func, literal_column, null, select, update
from sqlalchemy.orm import Session

from bot.channel import Target
from bot.keeping import unsealed
from handlers.content import Content as Said
from models.group import Group, Heard
from models.push import Content, Outlet, Push, PushState

PER_CONVERSATION = 20
RECENT = timedelta(hours=1)
"""The longest window of a platform's rate."""
SOON = timedelta(minutes=15)
"""Longer than any back-off."""
_WAITING = Push.state == literal_column("'waiting'", Words)
"""As a literal: the partial index serves only queries that are seen to ask for it."""


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


@dataclass(frozen=True, slots=True)
class Sent:
    """What lately left for a conversation through a channel."""

    channel: str
    at: datetime
    count: int


@dataclass(slots=True)
class Batch:
    """A conversation in hand, with what is due there.

    ``sent``  what others sent there within the last hour; None: this process knows itself
    """

    conversation: str
    deliveries: list[Delivery] = field(default_factory=list)
    sent: list[Sent] | None = None


def claim(session: Session, me: str, now: datetime, *, most: int, linked: bool) -> list[Batch]:
    """Take at most so many conversations in hand in which something is due, the longest first.

    ``linked``  this process has the long connection; others leave alone what needs it
    """
    free = select(Outlet.conversation, Outlet.last).where(
        Outlet.due_at <= now, Outlet.holder.is_(None)
    )
    if not linked:
        free = free.where(Outlet.linked.is_(False))
    found = session.execute(
        free.order_by(Outlet.due_at).limit(most).with_for_update(skip_locked=True)
    ).all()
    if not found:
        return []
    batches = {
        row.conversation: Batch(row.conversation, sent=None if row.last == me else [])
        for row in found
    }
    session.execute(
        update(Outlet)
        .where(Outlet.conversation.in_(batches))
        .values(holder=me, due_at=None)
        .execution_options(synchronize_session=False)
    )
    _fill(session, batches, now)
    strange = {name for name, batch in batches.items() if batch.sent is not None}
    died = {row.conversation for row in found if row.last == ""}
    for name, sent in _recent(session, strange, now):
        batches[name].sent = [*(batches[name].sent or ()), sent]
    for name in strange & died:
        # Its last holder may have sent one more than it noted.
        for channel in {sent.channel for sent in batches[name].sent or ()}:
            batches[name].sent = [*(batches[name].sent or ()), Sent(channel, now, 1)]
    return list(batches.values())


def _fill(session: Session, batches: dict[str, Batch], now: datetime) -> None:
    """The first due pushes of each conversation, in the order in which they were queued.

    Which they are is asked first: joined to the pushes, PostgreSQL asks it again for each of the
    thousands that wait.
    """
    first = (
        select(Push.id)
        .where(Push.conversation == Outlet.conversation, _WAITING, Push.not_before <= now)
        .order_by(Push.id)
        .limit(PER_CONVERSATION)
        .correlate(Outlet)
        .subquery()
    )
    listed = select(func.aggregate_strings(cast(first.c.id, Words), ",")).scalar_subquery()
    found = session.scalars(select(listed).where(Outlet.conversation.in_(batches)))
    rows = session.execute(
        select(Push, Content.body)
        .join(Content, Content.digest == Push.digest)
        .where(Push.id.in_([int(id_) for ids in found if ids for id_ in ids.split(",")]))
        .order_by(Push.id)
    ).all()
    names = {push.conversation for push, _ in rows}
    heard = _heard(session, names)
    webhooks = _webhooks(session, {push.conversation for push, _ in rows if push.to_group})
    for push, body in rows:
        name = push.conversation
        target = Target(
            id=name,
            group=push.to_group,
            webhook=webhooks.get(name, "") if push.to_group else "",
            heard=frozenset(heard.get(name, set()) | heard.get(name.lower(), set())),
            reply_url=push.reply_url,
        )
        batches[name].deliveries.append(
            Delivery(
                id=push.id,
                target=target,
                content=unsealed(session, body),
                digest=push.digest,
                task=push.task,
                attempts=push.attempts,
                parts_done=push.parts_done,
                at=push.at,
            )
        )


def _heard(session: Session, names: Collection[str]) -> dict[str, set[str]]:
    """Channels by conversation; a chat id is kept as it is, a userid in lower case."""
    wanted = {*names, *(name.lower() for name in names)}
    found: dict[str, set[str]] = {}
    for row in session.execute(
        select(Heard.conversation, Heard.channel).where(Heard.conversation.in_(wanted))
    ):
        found.setdefault(row.conversation, set()).add(row.channel)
    return found


def _webhooks(session: Session, chats: Collection[str]) -> dict[str, str]:
    if not chats:
        return {}
    rows = session.execute(select(Group.chatid, Group.webhook).where(Group.chatid.in_(chats)))
    return {row.chatid: row.webhook for row in rows}


def _recent(session: Session, names: Collection[str], now: datetime) -> Iterable[tuple[str, Sent]]:
    """What was delivered within the last hour, wherever and by whomever."""
    if not names:
        return
    rows = session.execute(
        select(Push.conversation, Push.channel, Push.delivered_at, Push.parts_done)
        .where(Push.conversation.in_(names), Push.delivered_at > now - RECENT)
        .order_by(Push.delivered_at)
    )
    for row in rows:
        yield row.conversation, Sent(row.channel, row.delivered_at, row.parts_done + 1)


def release(
    session: Session,
    me: str,
    conversation: str,
    now: datetime,
    *,
    later: datetime | None = None,
    linked: bool | None = None,
) -> None:
    """Put a conversation down; it is looked at again when its next push is due.

    ``later``   not before: a rate, a link that is down
    ``linked``  whether it needs the process with the long connection, if that is known now
    """
    mine = session.scalar(
        select(Outlet.conversation)
        .where(Outlet.conversation == conversation, Outlet.holder == me)
        .with_for_update()
    )
    if mine is None:
        return
    waiting = select(Push.not_before).where(Push.conversation == conversation, _WAITING)
    due = waiting.where(Push.not_before <= now).order_by(Push.id).limit(1)
    # The first that is due will do: thousands may wait behind it.
    soonest = select(func.min(Push.not_before)).where(Push.conversation == conversation, _WAITING)
    next_ = session.scalar(select(func.coalesce(due.scalar_subquery(), soonest.scalar_subquery())))
    if next_ is not None:
        next_ = max(next_, now, later or now)
    values: dict[str, object] = {"holder": None, "due_at": next_, "last": me}
    if linked is not None:
        values["linked"] = linked
    session.execute(
        update(Outlet)
        .where(Outlet.conversation == conversation)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def went_back(session: Session, now: datetime, before: datetime) -> None:
    """The clock was set back: what was due by then, or would have been soon, is due now."""
    session.execute(
        update(Outlet)
        .where(Outlet.due_at > now, Outlet.due_at <= before + SOON)
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Push)
        .where(_WAITING, Push.not_before > now, Push.not_before <= before + SOON)
        .values(not_before=now)
        .execution_options(synchronize_session=False)
    )


def recover(session: Session, me: str, now: datetime, busy: Collection[str]) -> None:
    """Free what is marked as ours but is not in hand: the answer to its claim was lost."""
    session.execute(
        update(Outlet)
        .where(Outlet.holder == me, Outlet.conversation.not_in(list(busy)))
        .values(holder=null(), due_at=now)
        .execution_options(synchronize_session=False)
    )


def delivered(session: Session, push_id: int, channel: str, now: datetime) -> None:
    """It arrived. True whoever holds the conversation by now, so it is noted without asking."""
    session.execute(_DELIVERED, {"push": push_id, "channel": channel, "now": now})


_DELIVERED = (
    update(Push.__table__)  # type: ignore[arg-type]  # a Table, says SQLAlchemy
    .where(Push.id == bindparam("push"))
    .values(
        state=PushState.DELIVERED,
        channel=bindparam("channel"),
        delivered_at=bindparam("now"),
        code=0,
        note="",
    )
)


def part_done(session: Session, push_id: int, parts: int) -> None:
    """A part of a long text arrived."""
    _note(session, push_id, parts_done=parts)


def failed(
    session: Session,
    me: str,
    push_id: int,
    state: PushState,
    *,
    code: int,
    note: str,
    until: datetime,
) -> None:
    """An attempt failed: tried again later (``WAITING``), or not (``FAILED``, ``PARKED``).

    Only for who still holds the conversation: somebody else may have delivered it meanwhile.
    """
    session.execute(
        update(Push)
        .where(
            Push.id == push_id,
            _WAITING,
            exists().where(Outlet.conversation == Push.conversation, Outlet.holder == me),
        )
        .values(
            state=state,
            code=code,
            note=note[:64],
            attempts=Push.attempts + 1,
            not_before=until,
        )
        .execution_options(synchronize_session=False)
    )


def _note(session: Session, push_id: int, **values: object) -> None:
    session.execute(
        update(Push)
        .where(Push.id == push_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
