"""``/建议``: somebody says something to the secretary, at an honest level (DOMAIN.md 4)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from config.texts import label, t, words
from handlers.content import Button, Card, Tone
from handlers.context import Context
from handlers.reply import Reply, fill, lines
from handlers.spec import Action, Command, Family
from handlers.suggestions.desk import (
    SEALED,
    categorise,
    category_label,
    day_begin,
    desk_of,
    due_text,
    is_sender,
    keeper,
    settings,
    start_clock,
    take,
)
from models.attachment import attach, of_record, release, tray
from models.errors import UnkeptError, UserError
from models.forms.field import Answers, Facts, Option, Problem
from models.forms.form import Form
from models.forms.kinds import Attachment, Choice, LongText
from models.forms.kinds import Unit as UnitField
from models.forms.record import RecordNumber
from models.number import next_number
from models.person import Member
from models.search import Audience, Entry, Hit, index, similar
from models.suggestion import (
    OPEN,
    PREFIX,
    Clock,
    Level,
    Source,
    StepKind,
    Suggestion,
    SuggestionStep,
    add_step,
    by_number,
    last_of,
    second,
    steps_of,
)
from models.unit import Place, unit_by_code

KIND: Final = "suggestion"
"""Under which the text index knows them."""
TITLE: Final = 40
"""Characters of a suggestion that stand for it where it is offered or listed."""
ALIKE: Final = 3
_ID_BITS: Final = 52
_LEVELS: Final = tuple(
    Option(level.value, t(f"enum.Level.{level.value}"), words(f"suggestion.level_{level.value}"))
    for level in Level
)
_SAME: Final = (
    Option("none", t("suggestion.same_none"), words("suggestion.same_none_words")),
    *(Option(str(n), t("suggestion.same", number=n)) for n in range(1, ALIKE + 1)),
)


def _same_given(answers: Answers, facts: Facts) -> Sequence[tuple[str, Problem]]:
    """What is alike has to be looked at before something new is stored."""
    found = facts.get("similar", ())
    same = answers.get("same")
    if not found or same == "none" or (same is not None and int(same) <= len(found)):
        return []
    listing = "\n".join(
        t("suggestion.similar_line", number=number, record=record, said=said)
        for number, (record, said) in enumerate(found, 1)
    )
    return [("same", Problem("problem.suggestion.similar", {"listing": listing}))]


FORM = Form(
    key="suggestion",
    version=1,
    fields=(
        Choice(key="level", required=False, options=_LEVELS),
        UnitField(key="place", required=False),
        Attachment(key="photos", required=False, high=4),
        Choice(key="same", required=False, options=_SAME, when=lambda _, facts: "similar" in facts),
        LongText(key="said", min_chars=10, max_chars=2000),
    ),
    positional=("level", "said"),
    check=_same_given,
)


@cache
def _wish() -> re.Pattern[str]:
    return re.compile("|".join(words("suggestion.anonymous_patterns")))


def facts(ctx: Context, answers: Answers) -> Facts:
    """What is alike; and whoever wants to be anonymous is led away before anything is kept.

    Until a level is chosen nothing is written down of who is about to speak.
    """
    said = answers.get("said") or ""
    level = answers.get("level")
    ctx.discreet = level != Level.NAMED
    if level == Level.CONFIDENTIAL:
        ctx.vault.need()
    if level == Level.ANONYMOUS or (level is None and _wish().search(said)):
        raise UnkeptError("suggestion.anonymous_link", url=f"{ctx.base}/anonymous")
    found = alike(ctx, said) if said else ()
    return {"similar": [(hit.number, excerpt_of(hit)) for hit in found]} if found else {}


def intro(ctx: Context, answers: Answers) -> str:
    """Where to go for the level that neither chat nor this page can keep, and for help."""
    del answers
    return fill(
        "suggestion.intro", url=f"{ctx.base}/anonymous", help_line=ctx.rules.privacy.help_line
    )


def excerpt_of(hit: Hit) -> str:
    """The beginning of a suggestion as others may see it."""
    return f"{hit.title}…" if hit.body else hit.title


def alike(ctx: Context, said: str) -> Sequence[Hit]:
    """Open suggestions that say the same. Confidential ones are never offered."""

    def look() -> Sequence[Hit]:
        hits = similar(ctx.session, said, kinds=[KIND], limit=10, at_least=settings(ctx).similar)
        return [hit for hit in hits if _may_be_offered(ctx, hit.number)][:ALIKE]

    return ctx.once(("alike", said), look)


def _may_be_offered(ctx: Context, number: str) -> bool:
    found = by_number(ctx.session, number)
    return found is not None and found.state in OPEN and found.level is not Level.CONFIDENTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is to be stored. ``category`` empty: it is found."""

    said: str
    level: Level
    place: Place | None = None
    source: Source = Source.OWN
    category: str = ""
    code_hash: str | None = None


def submit(ctx: Context, answers: Answers) -> Reply:
    """``/建议 [实名|保密] 内容``: store it, or second what is alike."""
    said = answers["said"]
    same = answers.get("same")
    if same not in (None, "none"):
        ctx.discreet = False
        return _second(ctx, alike(ctx, said)[int(same) - 1].number)
    level = Level(answers["level"] or Level.NAMED)
    ctx.discreet = level is not Level.NAMED
    unit = unit_by_code(ctx.session, answers["place"].key) if answers["place"] else None
    place = ctx.directory.place(ctx.session, unit.id) if unit else None
    made = store(ctx, Said(said=said, level=level, place=place), ctx.who)
    if answers["photos"]:
        keep_photos(ctx, made, steps_of(ctx.session, made)[0], answers["photos"], ctx.who)
    if level is Level.NAMED:
        ctx.subject = made.number
    return _receipt(ctx, made)


def store(ctx: Context, one: Said, sender: Member | None) -> Suggestion:
    """Write down a suggestion, find its category and its desk, let the first clock run."""
    anonymous = one.level is Level.ANONYMOUS
    guess = categorise(ctx, one.said)
    category = one.category or guess.category
    near = one.place or _home(ctx, one, sender)
    desk = desk_of(ctx, category, near)
    begun = day_begin(ctx) if anonymous else ctx.now
    made = Suggestion(
        id=int(ctx.token(), 16) % 2**_ID_BITS,
        number=_number(ctx, anonymous=anonymous),
        level=one.level,
        source=one.source,
        said=one.said,
        category=category,
        category_why="、".join(guess.words) if category == guess.category else "",
        day=ctx.today,
        received_at=None if anonymous else ctx.now,
        person_id=sender.id if sender and one.level is Level.NAMED else None,
        code_hash=one.code_hash,
        place_id=one.place.id if one.place else None,
        desk_id=desk.id,
        tier=settings(ctx).default_tier,
        steps=0,
        supporters=0,
        reopened=0,
    )
    start_clock(ctx, made, Clock.ACKNOWLEDGE, begun)
    ctx.session.add(made)
    ctx.session.flush()
    if sender and one.level is Level.CONFIDENTIAL:
        ctx.seal(SEALED, made.number, str(sender.id))
    add_step(ctx.session, made, StepKind.RECEIVED, begun, by_sender=True)
    let_be_found(ctx, made, desk)
    return made


def _home(ctx: Context, one: Said, sender: Member | None) -> Place | None:
    """The sender's own branch decides where a named suggestion goes, if nothing else does."""
    if sender is None or one.level is not Level.NAMED:
        return None
    return ctx.directory.place(ctx.session, sender.branch_id or sender.unit_id)


def _number(ctx: Context, *, anonymous: bool) -> str:
    """The next number; an anonymous one gets a random one from 900001 on, which tells no order."""
    if not anonymous:
        return next_number(ctx.session, PREFIX, ctx.today.year)
    while True:
        serial = 900_001 + int(ctx.token(), 16) % 99_999
        number = f"{PREFIX}-{ctx.today.year}-{serial}"
        if by_number(ctx.session, number) is None:
            return number


def let_be_found(ctx: Context, made: Suggestion, desk: Place) -> None:
    """Put it into the text index, for those who handle it and a named sender."""
    index(
        ctx.session,
        Entry(
            number=made.number,
            kind=KIND,
            unit_path=desk.path,
            audience=Audience.OFFICE,
            day=made.day,
            title=made.said[:TITLE],
            body=made.said[TITLE:],
            owner_id=made.person_id,
        ),
    )


def keep_photos(
    ctx: Context, made: Suggestion, step: SuggestionStep, ids: Sequence[int], sender: Member
) -> int:
    """Let the sender's loose photos belong to a step; only a named sender stays known with them."""
    count = attach(ctx.session, ids, sender.id, made.number)
    kept = [photo.id for photo in of_record(ctx.session, made.number) if photo.id in ids]
    known = [part for part in step.photos.split(",") if part]
    step.photos = ",".join([*known, *map(str, kept)])
    if made.level is not Level.NAMED:
        release(ctx.session, kept, day_begin(ctx))
    return count


def _receipt(ctx: Context, made: Suggestion) -> Reply:
    """What was stored, who reads it, until when somebody takes it up."""
    found = keeper(ctx) if made.level is Level.CONFIDENTIAL else None
    category = category_label(ctx, made.category)
    text = lines(
        fill("suggestion.saved", number=made.number),
        fill(f"suggestion.saved_{made.level.value}", keeper=found.name if found else "—"),
        fill("suggestion.saved_why", category=category, why=made.category_why)
        if made.category_why
        else fill("suggestion.saved_category", category=category),
        fill(
            "suggestion.saved_desk",
            desk=ctx.directory.place(ctx.session, made.desk_id).name,
            due=due_text(ctx, made),
        ),
        t("suggestion.saved_more", number=made.number),
        t("suggestion.photos_private") if ctx.room else "",
    )
    sealed = made.level is not Level.NAMED
    return Reply(text, card=_receipt_card(ctx, made), sealed=sealed)


def _receipt_card(ctx: Context, made: Suggestion) -> Card | None:
    """Privately: photos that are waiting, and a wrong category, are one tap away."""
    if ctx.room:
        return None
    waiting = tray(ctx.session, ctx.who.id, ctx.now - ctx.tray_time)
    ids = ",".join(str(one.id) for one in waiting)
    offer = Button(
        t("suggestion.attach", count=len(waiting)),
        f"suggestion.attach:{made.number}/{ids}",
        Tone.PRIMARY,
    )
    wrong = Button(t("suggestion.wrong"), f"begin:suggestion_category/number={made.number}")
    return Card(
        title=category_label(ctx, made.category),
        desc=made.number,
        buttons=(offer, wrong) if waiting else (wrong,),
    )


def attach_photos(ctx: Context, argument: str, picked: Mapping[str, tuple[str, ...]]) -> Reply:
    """Let photos from the sender's tray belong to the suggestion just made."""
    del picked
    number, _, ids = argument.partition("/")
    made = take(ctx, number)
    if not is_sender(ctx, ctx.who, made):
        raise UserError("error.not_allowed")
    ctx.discreet = made.level is not Level.NAMED
    chosen = [int(part) for part in ids.split(",") if part.isdigit()]
    first = steps_of(ctx.session, made)[0]
    count = keep_photos(ctx, made, first, chosen, ctx.who)
    title = t("suggestion.attached", count=count, number=number)
    return Reply(card=Card(title=title, desc=t("suggestion.attached_desc")))


SECOND = Form(
    key="second",
    version=1,
    fields=(RecordNumber(key="number"),),
    positional=("number",),
)


def second_it(ctx: Context, answers: Answers) -> Reply:
    """``/附议 编号``: one more who wants the same."""
    return _second(ctx, answers["number"])


def _second(ctx: Context, number: str) -> Reply:
    found = last_of(ctx.session, take(ctx, number))
    if found.level is Level.CONFIDENTIAL or not _is_open(found):
        raise UserError("suggestion.not_to_second", number=number)
    if is_sender(ctx, ctx.who, found):
        raise UserError("suggestion.own", number=number)
    count = second(ctx.session, found, ctx.who.id)
    return Reply(
        fill(
            "suggestion.seconded",
            number=found.number,
            count=count,
            said=found.said[:TITLE],
            state=label(found.state),
        )
    )


def _is_open(found: Suggestion) -> bool:
    return found.state in OPEN


FAMILY = Family(
    commands=(
        Command(key="suggestion", form=FORM, facts=facts, intro=intro, run=submit, sheet=True),
        Command(key="second", form=SECOND, run=second_it),
    ),
    actions=(Action(key="suggestion.attach", run=attach_photos),),
)
