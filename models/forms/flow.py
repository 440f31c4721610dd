"""The dialogue as a pure function: ``advance(form, filling, event, ...) -> (filling, outcome)``.

A filling holds canonical texts, never values: it is JSON, survives restarts and new versions, and
"tomorrow" has already become a date. What is uncertain waits in ``doubts`` for a yes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from config.texts import has, t, words
from models.forms.field import Answers, Facts, Field, Problem, Reading, Unsure
from models.forms.form import Form


@dataclass(frozen=True, slots=True)
class Filling:
    """A form in the making.

    ``answers`` and ``doubts`` hold canonical text by field key; ``asking`` is the key of the
    present question (empty before the first one and at the final confirmation); ``asked`` tells
    whether questions were put at all.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    asking: str = ""
    asked: bool = False
    confirming: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """The next message of the person: an answer, a yes, a no, or a word like back and skip."""

    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """Several answers at once as typed: a command line, a sheet, a page, a card.

    ``complete`` means the person saw every field: optional ones left out are not asked for. A form
    without any required field is complete with nothing given. ``sure``: handed in from a page,
    which has asked already.
    """

    raw: Mapping[str, str]
    complete: bool = True
    sure: bool = False


Event: TypeAlias = Said | Given


@dataclass(frozen=True, slots=True)
class Ask:
    """Put the question of a field.

    ``problem`` says what was wrong with the last answer, ``doubt`` how it was understood: it
    waits for a yes.
    """

    field: Field[Any]
    problem: Problem | None = None
    doubt: Unsure[Any] | None = None
    number: int = 1
    total: int = 1


@dataclass(frozen=True, slots=True)
class Confirm:
    """Show all answers and ask whether to store them."""

    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Done:
    """All is there and holds: ``values`` by field key, None for what was left out."""

    values: Answers


Outcome: TypeAlias = Ask | Confirm | Done


def values_of(form: Form, answers: Mapping[str, str], reading: Reading) -> dict[str, Any]:
    """The values of canonical answers; what no longer fits (a new version) is left out."""
    values = {}
    for one in form.fields:
        if one.key not in answers:
            continue
        value = reading.read(one, answers[one.key])
        if not isinstance(value, Problem | Unsure):
            values[one.key] = value
    return values


def advance(
    form: Form, filling: Filling, event: Event, reading: Reading, facts: Facts
) -> tuple[Filling, Outcome]:
    """Take one event and say what comes next. Nothing is stored before ``Done``."""
    if isinstance(event, Given):
        return _take(form, filling, event, reading, facts)
    return _hear(form, filling, event.text.strip(), reading, facts)


def look(
    form: Form, filling: Filling, reading: Reading, facts: Facts, *, sure: bool = False
) -> tuple[Filling, Outcome]:
    """Say what comes next without a new answer (``/继续``)."""
    return _next(form, filling, reading, facts, {}, sure=sure)


def _take(
    form: Form, filling: Filling, event: Given, reading: Reading, facts: Facts
) -> tuple[Filling, Outcome]:
    answers, doubts = dict(filling.answers), dict(filling.doubts)
    problems: dict[str, Problem | Unsure[Any]] = {}
    for key, raw in event.raw.items():
        if raw.strip():
            _read(form.field(key), raw.strip(), reading, answers, doubts, problems)
    skipped = set(filling.skipped)
    if event.complete and (event.raw or not any(one.required for one in form.fields)):
        skipped |= {f.key for f in form.fields if not f.required and f.key not in answers}
    filling = replace(
        filling, answers=answers, doubts=doubts, skipped=tuple(sorted(skipped)), confirming=False
    )
    return _next(form, filling, reading, facts, problems, sure=event.sure)


def _read(
    one: Field[Any],
    raw: str,
    reading: Reading,
    answers: dict[str, str],
    doubts: dict[str, str],
    notes: dict[str, Problem | Unsure[Any]],
) -> None:
    """Read one answer into the place it belongs to."""
    value = reading.read(one, raw)
    answers.pop(one.key, None)
    doubts.pop(one.key, None)
    if isinstance(value, Problem):
        notes[one.key] = value
    elif isinstance(value, Unsure):
        doubts[one.key] = one.echo(value.value)
        notes[one.key] = value
    else:
        answers[one.key] = one.echo(value)


def _hear(
    form: Form, filling: Filling, text: str, reading: Reading, facts: Facts
) -> tuple[Filling, Outcome]:
    if filling.confirming:
        return _hear_confirmation(form, filling, text, reading, facts)
    if not filling.asking:
        return _next(form, filling, reading, facts, {})
    one = form.field(filling.asking)
    if text in words("dialogue.back"):
        return _back(form, filling, reading, facts)
    if text in words("dialogue.skip"):
        if one.required:
            problem = Problem("problem.not_skippable")
            return _next(form, filling, reading, facts, {one.key: problem})
        doubts = {key: raw for key, raw in filling.doubts.items() if key != one.key}
        filling = replace(filling, skipped=(*filling.skipped, one.key), doubts=doubts)
        return _next(form, filling, reading, facts, {})
    answers, doubts = dict(filling.answers), dict(filling.doubts)
    notes: dict[str, Problem | Unsure[Any]] = {}
    if one.key in doubts and text in words("dialogue.yes"):
        answers[one.key] = doubts.pop(one.key)
    elif one.key in doubts and text in words("dialogue.no"):
        doubts.pop(one.key)
    elif text:
        _read(one, text, reading, answers, doubts, notes)
    return _next(form, replace(filling, answers=answers, doubts=doubts), reading, facts, notes)


def _hear_confirmation(
    form: Form, filling: Filling, text: str, reading: Reading, facts: Facts
) -> tuple[Filling, Outcome]:
    if text in words("dialogue.yes"):
        # What held when it was asked may hold no longer: a unit that somebody closed since.
        read = {key: reading.read(form.field(key), raw) for key, raw in filling.answers.items()}
        gone = {key: note for key, note in read.items() if isinstance(note, Problem | Unsure)}
        kept = {key: raw for key, raw in filling.answers.items() if key not in gone}
        filling = replace(filling, answers=kept, confirming=False)
        return _next(form, filling, reading, facts, gone, sure=True)
    if text in words("dialogue.back"):
        return _back(form, replace(filling, confirming=False), reading, facts)
    for one in form.fields:
        if text in (label_of(form, one.key), *words(f"form.{form.key}.{one.key}.words")):
            answers = {key: raw for key, raw in filling.answers.items() if key != one.key}
            skipped = tuple(key for key in filling.skipped if key != one.key)
            filling = replace(filling, answers=answers, skipped=skipped, confirming=False)
            return _next(form, filling, reading, facts, {})
    return filling, Confirm(filling.answers)


def _back(form: Form, filling: Filling, reading: Reading, facts: Facts) -> tuple[Filling, Outcome]:
    """Forget the answer before the present question and ask for it again."""
    order = [f.key for f in form.fields]
    here = order.index(filling.asking) if filling.asking else len(order)
    known = {*filling.answers, *filling.skipped, *filling.doubts}
    earlier = next((key for key in reversed(order[:here]) if key in known), "")
    gone = {earlier, filling.asking}
    filling = replace(
        filling,
        answers={key: raw for key, raw in filling.answers.items() if key not in gone},
        doubts={key: raw for key, raw in filling.doubts.items() if key not in gone},
        skipped=tuple(key for key in filling.skipped if key not in gone),
    )
    return _next(form, filling, reading, facts, {})


def _next(
    form: Form,
    filling: Filling,
    reading: Reading,
    facts: Facts,
    notes: Mapping[str, Problem | Unsure[Any]],
    *,
    sure: bool = False,
) -> tuple[Filling, Outcome]:
    """The first field that is open, in doubt or wrong; else the confirmation; else the end.

    What cannot be typed (photos) is never asked for: a page takes it, or the tray offers it.
    """
    values = values_of(form, filling.answers, reading)
    open_keys = [f for f in form.fields if f.applies(values, facts) and f.key not in values]
    pending = [
        one
        for one in open_keys
        if one.key in notes or one.key in filling.doubts or _is_asked(one, filling)
    ]
    if not pending:
        return _close(form, filling, reading, facts, values, sure=sure)
    # What was just said wrongly is asked again first; otherwise the form's own order holds.
    one = next((f for f in pending if f.key in notes), pending[0])
    note = notes.get(one.key)
    doubt = note if isinstance(note, Unsure) else None
    if doubt is None and one.key in filling.doubts:
        value = reading.read(one, filling.doubts[one.key])
        if not isinstance(value, Problem | Unsure):
            doubt = Unsure(value, "doubt.again")
    total = (
        sum(f.typed and not f.aside and f.applies(values, facts) for f in form.fields)
        if _walks(filling, pending)
        else 1
    )
    return replace(filling, asking=one.key, asked=True, confirming=False), Ask(
        one,
        note if isinstance(note, Problem) else None,
        doubt,
        number=total - len(pending) + 1,
        total=total,
    )


def _is_asked(one: Field[Any], filling: Filling) -> bool:
    return one.typed and not one.aside and one.key not in filling.skipped


def _walks(filling: Filling, pending: Sequence[Field[Any]]) -> bool:
    """Whether questions come one after another, so that their count means something."""
    return filling.asked or len(pending) > 1


def _close(
    form: Form,
    filling: Filling,
    reading: Reading,
    facts: Facts,
    values: Mapping[str, Any],
    *,
    sure: bool,
) -> tuple[Filling, Outcome]:
    wrong = dict(form.check(values, facts))
    if wrong:
        answers = {key: raw for key, raw in filling.answers.items() if key not in wrong}
        return _next(form, replace(filling, answers=answers), reading, facts, wrong)
    if form.confirm and not sure:
        filling = replace(filling, asking="", confirming=True)
        return filling, Confirm(filling.answers)
    return replace(filling, asking=""), Done(_complete(form, filling, reading))


def _complete(form: Form, filling: Filling, reading: Reading) -> Answers:
    values = values_of(form, filling.answers, reading)
    return {one.key: values.get(one.key) for one in form.fields}


def problems_of(
    form: Form, raw: Mapping[str, str], reading: Reading, facts: Facts
) -> dict[str, Problem | Unsure[Any]]:
    """Everything that is wrong or uncertain with a page's answers at once, by field key."""
    notes: dict[str, Problem | Unsure[Any]] = {}
    answers: dict[str, str] = {}
    for one in form.fields:
        if text := raw.get(one.key, "").strip():
            _read(one, text, reading, answers, {}, notes)
    values = values_of(form, answers, reading)
    for one in form.fields:
        missing = one.key not in values and one.key not in notes
        if missing and one.required and one.applies(values, facts):
            notes[one.key] = Problem("problem.required")
    return notes or dict(form.check(values, facts))


def label_of(form: Form, key: str) -> str:
    """The name of a field as users see it."""
    return t(f"form.{form.key}.{key}.label")


def question_of(form: Form, key: str) -> str:
    """The question of a field; the label where no question is written."""
    ask = f"form.{form.key}.{key}.ask"
    return t(ask) if has(ask) else t("dialogue.ask", label=label_of(form, key))
