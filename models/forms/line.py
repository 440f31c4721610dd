"""One typed line into raw answers: ``/进展 60% 完成两项``, ``进度：60% 说明：…`` in any order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from config.lexicon import mapped, patterns
from config.texts import t
from models.forms.field import Field, Problem, Reading
from models.forms.form import Form
from models.forms.labels import Mark, is_text, scan
from models.forms.named import NamedField
from models.forms.names import leading_name
from models.forms.quantity import Percent
from models.forms.typed import Typed

_MARKS: Final = mapped("marks", "separator")
_CLAUSE: Final = _MARKS["clause"] + " \n"
_BEFORE: Final = 12  # characters before a percentage that say what it is about
_SUBJECT: Final = 4  # characters in which a word like 下降 turns a percentage into another matter
_EDGE: Final = _MARKS["clause"] + _MARKS["end"] + " \n()[]<>\"'"


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says: raw answers as typed by field key, and what could not be placed.

    ``problems`` are pairs of a field key (empty: no field) and the problem.
    """

    answers: Mapping[str, str]
    problems: tuple[tuple[str, Problem], ...] = ()


@dataclass(slots=True)
class _Sorting:
    """The work on one line. ``spans`` are places in ``rest`` by field; touching ones are one."""

    form: Form
    reading: Reading
    rest: Typed
    labelled: frozenset[str]
    spans: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    problems: list[tuple[str, Problem]] = field(default_factory=list)
    repeated: list[Mark] = field(default_factory=list)

    def add(self, key: str, start: int, end: int) -> None:
        """Give a stretch of the line to a field."""
        spans = self.spans.setdefault(key, [])
        if spans and spans[-1][1] == start:
            start = spans.pop()[0]
        spans.append((start, end))

    def answers(self) -> dict[str, str]:
        """All answers as typed."""
        parts = {
            key: [said for span in spans if (said := self.rest.original(*span))]
            for key, spans in self.spans.items()
        }
        return {key: "\n".join(said) for key, said in parts.items() if said}


def read_line(form: Form, rest: Typed, reading: Reading) -> Line:
    """Sort what follows a command's name into the form's fields; nothing typed is dropped.

    Labelled values go to their fields. What is left goes to the positional fields: each takes the
    beginning if it recognises it (``Field.lead``), the last one takes the rest. A percentage later
    in the words counts if it is the only one that speaks of progress; it stays in the words too.
    """
    rest = rest.strip()
    marks = list(scan(form, rest.text))
    sorting = _sort(form, reading, rest, marks)
    if sorting.repeated:
        # A name alone that stands there again is one of the words: 60% 完成轮换，完成率95%.
        sorting = _sort(form, reading, rest, [m for m in marks if m not in sorting.repeated])
    answers = sorting.answers()
    _late_percent(sorting, answers)
    return Line(answers, tuple(sorting.problems))


def _sort(form: Form, reading: Reading, rest: Typed, marks: Sequence[Mark]) -> _Sorting:
    sorting = _Sorting(form, reading, rest, frozenset(mark.field.key for mark in marks))
    head = marks[0].start if marks else len(rest.text)
    if not (marks and _is_heading(rest.text[:head].strip())):
        _place(sorting, 0, head)
    for at, mark in enumerate(marks):
        end = marks[at + 1].start if at + 1 < len(marks) else len(rest.text)
        _take_labelled(sorting, mark, end)
    return sorting


def _is_heading(text: str) -> bool:
    """【进展填报】 alone before the labels is the title of a template, not an answer."""
    return text.startswith("[") and text.find("]") == len(text) - 1


def _skip(text: str, start: int, end: int) -> int:
    """The place behind the separators."""
    return end - len(text[start:end].lstrip(_CLAUSE))


def _take_labelled(sorting: _Sorting, mark: Mark, end: int) -> None:
    key, text = mark.field.key, sorting.rest.text
    region, end = end, mark.value_end(text, end)
    start = end - len(text[mark.end : end].lstrip())
    if start == end:
        return
    if is_text(mark.field):
        # A label inside the words of its own field (… 问题：…) is one of these words.
        sorting.add(key, mark.start if key in sorting.spans else start, end)
        _place(sorting, end + len(mark.close), region)
        return
    reach = start + (_reach(mark.field, text[start:end], sorting.reading) or end - start)
    if key not in sorting.spans:
        sorting.add(key, start, reach)
    elif not mark.explicit:
        sorting.repeated.append(mark)
    elif sorting.answers()[key] != (typed := sorting.rest.original(start, reach)):
        label = t(f"form.{sorting.form.key}.{key}.label")
        problem = Problem("problem.line.twice", {"label": label, "typed": typed})
        sorting.problems.append((key, problem))
    _place(sorting, reach, end)
    _place(sorting, end + len(mark.close), region)


def _reach(one: Field[Any], text: str, reading: Reading) -> int:
    """How far the value of a field goes from the beginning of a text; 0: it does not begin here."""
    if isinstance(one, NamedField):
        _, end = leading_name(text, one.book(reading))
        return end or len(text.split(maxsplit=1)[0])
    return one.lead(text)


def _place(sorting: _Sorting, start: int, end: int) -> None:
    """Give a stretch without a label to the positional fields that wait for an answer."""
    text = sorting.rest.text
    start = _skip(text, min(start, end), end)
    for key in sorting.form.positional:
        if start == end:
            return
        if key in sorting.spans:
            continue
        one = sorting.form.field(key)
        reach = _positional(sorting, one, text[start:end])
        # A label elsewhere goes before a bare value, but not before a plain 60% at the beginning.
        plain = isinstance(one, Percent) and text[start + reach - 1] == "%"
        if key in sorting.labelled and not (reach and plain):
            continue
        if reach:
            sorting.add(key, start, start + reach)
            start = _skip(text, start + reach, end)
    if start < end:
        _keep(sorting, start, end)


def _positional(sorting: _Sorting, one: Field[Any], text: str) -> int:
    """How much of a text a positional field takes; the last one takes all it does not know."""
    last = one.key == sorting.form.positional[-1]
    if isinstance(one, NamedField):
        return len(text) if last else leading_name(text, one.book(sorting.reading))[1]
    if last and is_text(one):
        return len(text)
    reach = one.lead(text)
    explicit = reach and text[reach - 1] == "%"
    if isinstance(one, Percent) and not explicit and _progress(Typed.read(text[reach:])):
        return 0  # "3 个项目完成 60%": a figure that speaks of progress goes before a bare one
    return reach or (len(text) if last else 0)


def _keep(sorting: _Sorting, start: int, end: int) -> None:
    """Words that found no place go to the last text field, or are named in a problem."""
    form = sorting.form
    last = form.field(form.positional[-1]) if form.positional else None
    if last is not None and is_text(last):
        sorting.add(last.key, start, end)
        return
    params = {"typed": sorting.rest.original(start, end)}
    typed = [one for one in form.fields if one.typed]
    if not typed:
        sorting.problems.append(("", Problem("problem.line.unneeded", params)))
        return
    free = [one for one in typed if one.key not in sorting.spans]
    label = t(f"form.{form.key}.{(free or typed)[0].key}.label")
    problem = Problem("problem.line.leftover", {**params, "label": label})
    sorting.problems.append(("", problem))


def _late_percent(sorting: _Sorting, answers: dict[str, str]) -> None:
    """Find the progress in words like 今天完成两项 60%, whether or not they have a place."""
    fields = sorting.form.fields
    percents = [one for one in fields if isinstance(one, Percent)]
    if len(percents) != 1 or percents[0].key in answers:
        return
    said = [answers[one.key] for one in fields if is_text(one) and one.key in answers]
    said += [problem.params["typed"] for key, problem in sorting.problems if not key]
    if raw := _progress(Typed.read("\n".join(said))):
        answers[percents[0].key] = raw


def _progress(words: Typed) -> str:
    """The one explicit percentage in somebody's words, if it speaks of progress; else empty."""
    found = list(patterns("numerals")["explicit"].finditer(words.text))
    if len(found) != 1:
        return ""
    start, end = found[0].span()
    before, after = words.text[max(0, start - _BEFORE) : start], words.text[end:]
    clause = before
    for mark in _MARKS["clause"] + "\n":
        clause = clause.rpartition(mark)[2]
    known = patterns("numerals")
    said = known["before_progress"].search(clause)
    subject = clause[: said.start()] if said else clause
    if known["other_matter"].search(subject[-_SUBJECT:].rstrip()):
        return ""
    alone = before[-1:] in _EDGE and after[:1] in _EDGE
    if said or alone or known["after_progress"].match(after):
        return words.original(start, end)
    return ""
