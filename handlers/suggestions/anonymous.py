"""书记听您说 without a name: what the page without log-in does (DOMAIN.md 4, PRODUCT.md E.1).

Nothing here knows who speaks. Everything an anonymous sender does happens at the beginning of the
day; the query code is the only way back, and only its hash is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import func, select

from config.texts import label
from handlers.context import Context
from handlers.suggestions.desk import category_label, day_begin, settings, unit_name
from handlers.suggestions.giving import Said, alike, excerpt_of, store
from handlers.suggestions.sender import added, rated
from handlers.suggestions.show import state_text, verdict_text
from models.attachment import Attachment, FileState, store_blob
from models.errors import UserError
from models.forms.typed import clean, normal
from models.person import Person, PersonState
from models.query_code import hash_code
from models.search import Hit
from models.secrecy import secrecy_mark
from models.suggestion import (
    CLOSED,
    INTERNAL,
    OPEN,
    Level,
    StepKind,
    Suggestion,
    by_code_hash,
    last_of,
    steps_of,
)
from models.unit import Place, Unit, inside, unit_by_code, upwards

_ID_BITS: Final = 31
NOTE_CHARS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What came with the form. ``photos`` are JPEG without metadata; ``place`` as it was typed."""

    said: str
    place: str = ""
    category: str = ""
    photos: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the time line: a day, what happened, in which words."""

    day: date
    what: str
    said: str = ""
    mine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An anonymous suggestion as its sender sees it."""

    number: str
    said: str
    state: str
    category: str
    unit: str
    due: date | None
    answer: str
    lines: Sequence[Line]
    may_add: bool
    may_rate: bool
    similar: Sequence[tuple[str, str]] = field(default=())


def hand_in(ctx: Context, letter: Letter, code: str) -> Standing:
    """Store it under its code. The same form sent twice is the same suggestion."""
    known = by_code_hash(ctx.session, hash_code(code))
    if known is not None:
        return standing(ctx, known)
    said = _words(ctx, letter.said, settings(ctx).min_chars, settings(ctx).max_chars)
    if letter.category and letter.category not in settings(ctx).categories:
        raise UserError("anonymous.category")
    similar = alike(ctx, said)
    made = store(
        ctx,
        Said(
            said=said,
            level=Level.ANONYMOUS,
            place=_place(ctx, letter.place),
            category=letter.category,
            code_hash=hash_code(code),
        ),
        None,
    )
    _keep_photos(ctx, made, letter.photos)
    return standing(ctx, made, similar)


def _words(ctx: Context, raw: str, low: int, high: int) -> str:
    """The text if it keeps its limits and carries no mark of secrecy."""
    del ctx
    said = clean(raw).strip()
    if len(said) < low:
        raise UserError("problem.text.short", low=low, length=len(said))
    if len(said) > high:
        raise UserError("problem.text.long", high=high, length=len(said))
    if mark := secrecy_mark(normal(said)):
        raise UserError("error.secret", mark=mark)
    return said


def _place(ctx: Context, typed: str) -> Place | None:
    """The unit that was named, as far up as it takes to hide among enough people."""
    typed = clean(typed).strip()
    if not typed:
        return None
    found = ctx.directory.units(ctx.session).find(typed)
    unit = unit_by_code(ctx.session, found[0].key) if len(found) == 1 else None
    if unit is None:
        raise UserError("anonymous.place", typed=typed[:20])
    for path in upwards(unit.path):
        people = ctx.session.scalar(
            select(func.count())
            .select_from(Person)
            .join(Unit, Unit.id == Person.unit_id)
            .where(inside(path), Person.state == PersonState.ACTIVE)
        )
        if (people or 0) >= settings(ctx).hide_below:
            return ctx.directory.place(ctx.session, int(path.strip("/").rpartition("/")[2]))
    return None


def _keep_photos(ctx: Context, made: Suggestion, photos: Sequence[bytes]) -> None:
    ids = []
    for data in photos:
        order = -1 - int(ctx.token(), 16) % 2**_ID_BITS
        row = Attachment(
            id=order,
            person_id=None,
            record=made.number,
            state=FileState.STORED,
            digest=store_blob(ctx.session, data, "image/jpeg", day_begin(ctx), order=order),
            at=day_begin(ctx),
        )
        ctx.session.add(row)
        ctx.session.flush()
        ids.append(row.id)
    if ids:
        steps_of(ctx.session, made)[-1].photos = ",".join(map(str, ids))


def standing(ctx: Context, one: Suggestion, similar: Sequence[Hit] = ()) -> Standing:
    """Where it stands; a merged one shows what became of the one it went into."""
    lives_on = last_of(ctx.session, one)
    lines = [
        Line(
            ctx.local(step.at).date(),
            label(step.kind),
            _said(step.said, step.solved, step.stars),
            step.by_sender,
        )
        for step in steps_of(ctx.session, one)
        if step.kind not in INTERNAL and step.kind is not StepKind.RECEIVED
    ]
    return Standing(
        number=one.number,
        said=one.said,
        state=state_text(lives_on),
        category=category_label(ctx, one.category),
        unit=unit_name(ctx, lives_on.unit_id or lives_on.desk_id),
        due=None if lives_on.due_at is None else ctx.local(lives_on.due_at).date(),
        answer=lives_on.answer,
        lines=lines,
        may_add=one.state in OPEN,
        may_rate=one.state in CLOSED,
        similar=[(hit.number, excerpt_of(hit)) for hit in similar],
    )


def _said(said: str, solved: bool | None, stars: int | None) -> str:  # noqa: FBT001  (a verdict)
    if solved is None or stars is None:
        return said
    verdict = verdict_text(solved=solved, stars=stars)
    return f"{verdict}\n{said}" if said else verdict


def follow(ctx: Context, code: str) -> Standing | None:
    """What a code opens; None for a wrong one, and for one whose time is over."""
    one = by_code_hash(ctx.session, hash_code(code))
    return None if one is None else standing(ctx, one)


def add(ctx: Context, code: str, raw: str) -> Standing | None:
    """The holder of a code has more to say."""
    one = by_code_hash(ctx.session, hash_code(code), lock=True)
    if one is None:
        return None
    said = _words(ctx, raw, 2, settings(ctx).max_chars)
    added(ctx, one, said, day_begin(ctx))
    return standing(ctx, one)


def rate(ctx: Context, code: str, *, solved: bool, stars: int, raw: str) -> Standing | None:
    """The holder of a code says whether it is solved; "not solved" opens it again."""
    one = by_code_hash(ctx.session, hash_code(code), lock=True)
    if one is None:
        return None
    said = _words(ctx, raw, 0, NOTE_CHARS)
    rated(ctx, one, solved=solved, stars=stars, said=said, at=day_begin(ctx))
    return standing(ctx, one)


def categories(ctx: Context) -> Sequence[tuple[str, str]]:
    """Keys and labels to choose from."""
    return [(key, one.label) for key, one in settings(ctx).categories.items()]
