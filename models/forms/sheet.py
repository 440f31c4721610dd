"""The fill-in sheet 填空模板: text to copy, fill in and send back.

The multi-line field stands last and takes everything after its label, so a sheet that was written
here is read back exactly, whatever the answers hold.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from config.lexicon import listed, mapped
from config.texts import t
from models.forms.field import NOTHING, Field
from models.forms.form import Form
from models.forms.labels import Mark, at_line_start, is_text, scan
from models.forms.typed import Typed, clean, fold

_POLITE: Final = frozenset(listed("answers", "polite"))
_END: Final = mapped("marks", "separator")["end"]
_BRACKETS: Final = "[]<>{}#*-=: " + _END
_NO_HINT: Final = dict.fromkeys(map(ord, "()\uff08\uff09\n"), " ")  # brackets would end a hint
_FEWEST: Final = 2  # labels from which a text without a heading may be a sheet
_LONGEST_HEADING: Final = 40


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet says: raw answers as typed by field key, and lines that fit no label."""

    answers: Mapping[str, str]
    unknown: tuple[str, ...] = ()


def sheet_heading(form: Form) -> str:
    """The first line of a form's sheet, like 【进展填报】."""
    return t("sheet.heading", title=t(f"form.{form.key}.title"))


def _asked(form: Form, keys: Collection[str] | None) -> list[Field[Any]]:
    return [one for one in form.fields if one.typed and (keys is None or one.key in keys)]


def write_sheet(
    form: Form,
    texts: Mapping[str, str],
    keys: Collection[str] | None = None,
    hints: Mapping[str, str] = NOTHING,
) -> str:
    """Write a sheet: heading, then one ``标签：`` line for each field.

    ``texts`` are answers known so far in their canonical form; ``keys`` the fields that are asked
    (all by default; :func:`read_sheet` must be told the same); ``hints`` stand in brackets behind
    a label.
    """
    lines = [sheet_heading(form)]
    for one in _asked(form, keys):
        value = texts.get(one.key, "")
        multiline = one.describe().multiline
        entry = {
            "label": t(f"form.{form.key}.{one.key}.label"),
            "value": value if multiline else value.replace("\n", " "),
        }
        if hint := _hint(hints.get(one.key, "")):
            lines.append(t("sheet.hinted", hint=hint, **entry))
        else:
            lines.append(t("sheet.line", **entry))
        if multiline and _guarded(value):
            lines.append(t("sheet.end"))
    return "\n".join(lines)


def _hint(text: str) -> str:
    """A hint in one line without brackets, short enough to be taken for one."""
    return text.translate(_NO_HINT).strip()[:_LONGEST_HEADING]


def _guarded(value: str) -> bool:
    """Whether a long text ends in a line that a reader would take for a polite one."""
    last = value.rstrip().rpartition("\n")[2]
    return _is_polite(last) or fold(last) == fold(t("sheet.end"))


def _is_polite(line: str) -> bool:
    word = fold(line)
    return word in _POLITE or word.rstrip(_END) in _POLITE


def _line_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _marks(form: Form, text: str, keys: frozenset[str]) -> list[Mark]:
    """The labels that count: those at line starts, and inside lines those without a line.

    After the multi-line label only fields that had no label yet may begin; everything else there
    belongs to the long text.
    """
    found: dict[str, Mark] = {}
    inside_long = False
    for start, end in _line_spans(text):
        mark = at_line_start(form, text[start:end])
        key = mark.field.key if mark else ""
        if mark is None or key not in keys or key in found:
            continue
        long = mark.field.describe().multiline
        found[key] = replace(mark, start=start, name=start + mark.name, end=start + mark.end)
        inside_long = inside_long or long
    for mark in scan(form, text):
        if mark.field.key in keys and mark.field.key not in found:
            found[mark.field.key] = mark
    return sorted(found.values(), key=lambda mark: mark.start)


def read_sheet(form: Form, typed: Typed, keys: Collection[str] | None = None) -> Sheet:
    """Read a filled-in sheet in any order and bracket style, with lines missing or added.

    ``keys`` are the fields that were asked, all by default. Headings, blank lines and polite lines
    (收到) are passed over; other lines that belong to no label are kept as ``unknown``.
    """
    text = typed.text
    marks = _marks(form, text, frozenset(one.key for one in _asked(form, keys)))
    answers: dict[str, str] = {}
    unknown: list[str] = []
    _pass_over(form, typed.part(0, marks[0].start if marks else None), unknown)
    for at, mark in enumerate(marks):
        end = marks[at + 1].start if at + 1 < len(marks) else len(text)
        stop = mark.value_end(text, end)
        value = typed.part(mark.end, stop).strip()
        if mark.field.describe().multiline:
            raw = _long(value)
        else:
            raw = _first_line(form, mark.field, value, unknown)
        if raw:
            answers[mark.field.key] = raw
        _pass_over(form, typed.part(min(stop + len(mark.close), end), end), unknown)
    return Sheet(answers, tuple(unknown))


def _first_line(form: Form, one: Field[Any], value: Typed, unknown: list[str]) -> str:
    """The value of a single-line field; whatever stands below it has no label."""
    first, _, below = value.text.partition("\n")
    reach = len(first)
    if not is_text(one) and " " in first:
        lead = one.lead(first)
        reach = lead if first[lead : lead + 1] == " " else reach
    _pass_over(form, value.part(reach), unknown)
    del below
    return value.original(0, reach)


def _pass_over(form: Form, piece: Typed, unknown: list[str]) -> None:
    said = (line for line in piece.lines() if line and not _is_polite(line.text))
    unknown.extend(line.original() for line in said if not _is_heading(form, line.text))


def _is_heading(form: Form, line: str) -> bool:
    """The form's title in any dress, a line in brackets, or the mark that ends a sheet."""
    bare = line.strip()
    boxed = bare.startswith("[") and bare.find("]") == len(bare) - 1
    return boxed or _titled(form, line)


def _titled(form: Form, line: str) -> bool:
    return fold(line.strip(_BRACKETS)) == fold(t(f"form.{form.key}.title"))


def _long(value: Typed) -> str:
    """A long text without the polite lines that people put below a sheet."""
    lines = list(_line_spans(value.text))
    end_mark = fold(t("sheet.end"))
    while len(lines) > 1:
        start, end = lines[-1]
        last = value.text[start:end]
        if fold(last) == end_mark:
            return value.original(0, max(start - 1, 0))
        if last.strip() and not _is_polite(last):
            break
        lines.pop()
    return value.original(0, lines[-1][1])


def recognise_sheet(forms: Sequence[Form], typed: Typed) -> Form | None:
    """Whose sheet a message is: by its heading, or else by the most labels; None if unsure."""
    lines = [line.text for line in typed.lines() if line][:3]
    for form in forms:
        if any(len(line) <= _LONGEST_HEADING and _starts_titled(form, line) for line in lines):
            return form
    if ":" not in typed.text and "]" not in typed.text:
        return None
    counts = [(len({mark.field.key for mark in scan(form, typed.text)}), form) for form in forms]
    most = max((count for count, _ in counts), default=0)
    best = [form for count, form in counts if count == most]
    return best[0] if most >= _FEWEST and len(best) == 1 else None


@dataclass(frozen=True, slots=True)
class Midway:
    """A sheet that came where an answer was expected: whose, and whether that is beyond doubt."""

    form: Form
    sure: bool


def sheet_midway(
    own: Form, asking: Field[Any] | None, others: Sequence[Form], typed: Typed
) -> Midway | None:
    """Whose sheet a message is while a question of ``own`` is open; None: it is an answer.

    A heading with a label decides. Without one, two labels at line starts are a sheet of the form
    that is open, or may be one of another; but in an answer to a question of many lines such lines
    are part of the answer, unless the question's own label stands there as well.
    """
    lines = [line.text for line in typed.lines() if line]
    labels = {form: _line_labels(form, lines) for form in (own, *others)}
    short = [line for line in lines[:3] if len(line) <= _LONGEST_HEADING]
    for form, keys in labels.items():
        if keys and any(_starts_titled(form, line) for line in short):
            return Midway(form, sure=True)
    mine = labels.pop(own)
    long = asking is not None and asking.describe().multiline
    if len(mine) >= _FEWEST and (asking is None or not long or asking.key in mine):
        return Midway(own, sure=True)
    most = max(map(len, labels.values()), default=0)
    best = [form for form, keys in labels.items() if len(keys) == most]
    if long or most < _FEWEST or most <= len(mine) or len(best) > 1:
        return None
    return Midway(best[0], sure=False)


def _line_labels(form: Form, lines: Sequence[str]) -> set[str]:
    """The fields whose labels begin a line, beyond doubt."""
    marks = (at_line_start(form, line) for line in lines)
    return {mark.field.key for mark in marks if mark and mark.explicit}


def _starts_titled(form: Form, line: str) -> bool:
    heading = fold(clean(sheet_heading(form)))
    return _titled(form, line) or fold(line).startswith(heading)
