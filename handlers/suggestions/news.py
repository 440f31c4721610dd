"""书记听您说: who is told what, without saying more than they may know (DOMAIN.md 4)."""

from collections.abc import Iterable

from handlers.clocks import after_quiet_hours
from handlers.content import Card, Content, Text
from handlers.context import Context
from handlers.reply import fill
from handlers.suggestions.desk import person_name, sender_id
from models.person import Person, PersonState
from models.suggestion import Level, Suggestion, merged_ones, seconders


def tell_senders(ctx: Context, suggestion: Suggestion, key: str, **params: object) -> None:
    """Tell the sender, and those of suggestions that were merged into it.

    What goes to a confidential sender lies sealed in the outbox, under a key that names nothing.
    Nothing is ever sent to an anonymous one.
    """
    for one in (suggestion, *merged_ones(ctx.session, suggestion)):
        words = Text(fill(key, number=one.number, said=one.said[:20], **params))
        _to_sender(ctx, one, words, f"suggestion:{one.number}:{suggestion.steps}")


def offer_rating(ctx: Context, suggestion: Suggestion, card: Card) -> None:
    """A card that rates in one tap."""
    dedupe = f"suggestion:{suggestion.number}:{suggestion.steps}:rate"
    _to_sender(ctx, suggestion, card, dedupe)


def _to_sender(ctx: Context, one: Suggestion, content: Content, dedupe: str) -> None:
    if one.level is Level.NAMED:
        _to(ctx, one.person_id, content, dedupe)
    elif one.level is Level.CONFIDENTIAL:
        _to(ctx, sender_id(ctx, one), content, f"sealed:{ctx.token()}", sealed=True)


def tell_seconders(ctx: Context, suggestion: Suggestion, key: str, **params: object) -> None:
    """Tell those who seconded; each privately, so that nobody learns of the others."""
    words = Text(fill(key, number=suggestion.number, said=suggestion.said[:20], **params))
    for person_id in seconders(ctx.session, suggestion):
        dedupe = f"suggestion:{suggestion.number}:{suggestion.steps}:{person_id}"
        _to(ctx, person_id, words, dedupe)


def tell(
    ctx: Context, people: Iterable[int | None], suggestion: Suggestion, key: str, **params: object
) -> None:
    """Tell those who deal with it; not the one who has just done it."""
    words = Text(
        fill(
            key,
            number=suggestion.number,
            said=suggestion.said[:40],
            who=person_name(ctx, ctx.member.id if ctx.member else None),
            **params,
        )
    )
    for person_id in dict.fromkeys(people):
        if person_id is None or (ctx.member and person_id == ctx.member.id):
            continue
        dedupe = f"suggestion:{suggestion.number}:{suggestion.steps}:{person_id}:{key}"
        _to(ctx, person_id, words, dedupe)


def _to(
    ctx: Context, person_id: int | None, content: Content, dedupe: str, *, sealed: bool = False
) -> None:
    person = ctx.session.get(Person, person_id) if person_id is not None else None
    if person is not None and person.state is PersonState.ACTIVE:
        at = after_quiet_hours(ctx)
        ctx.push_person(person.userid, content, dedupe, at, sealed=sealed)
