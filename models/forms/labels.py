"""The labels of a form's fields inside a text: 进度：80%, 【进度】80%, 进度 80%, in any order."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from config.lexicon import mapped
from config.texts import t, words
from models.forms.field import Field
from models.forms.form import Form
from models.forms.plain import LongText, Text
from models.forms.typed import fold, normal

_HINT: Final = r"(?:\([^()\n]{0,40}\) ?)?"
_LOOK: Final = 80  # characters in which a value shows itself
_MARKS: Final = mapped("marks", "separator")
_GAP: Final = rf"[\s{re.escape(_MARKS['gap'])}]"
_CLOSING: Final = {"[": "]", "<": ">", "{": "}"}
# What a filler may put before a label at the start of a line: a bullet, a number.
_BULLET: Final = re.compile(
    rf"[\s{re.escape(mapped('marks', 'list')['bullet'])}]*"
    rf"(?:\(?[0-9]{{1,2}}[{re.escape(_MARKS['number'])}])? *"
)
_HEADING: Final = re.compile(r" *\[[^\[\]\n]{0,40}\] *")


@dataclass(frozen=True, slots=True)
class Mark:
    """A label in a text.

    ``start``  where it begins, the separators before it included
    ``name``   where its own name (or bracket) begins
    ``end``    where the value begins
    ``close``  the bracket that ends the value, if one was opened before the label: 【进度：80%】
    ``explicit``  whether a colon or brackets make it a label beyond doubt
    """

    field: Field[Any]
    start: int
    name: int
    end: int
    close: str = ""
    explicit: bool = True

    def value_end(self, text: str, end: int) -> int:
        """Where the value ends, if the next label begins at ``end``."""
        at = text.find(self.close, self.end, end) if self.close else -1
        return at if at >= 0 else end


def is_text(field: Field[Any]) -> bool:
    """Whether a field takes words as they come, so that anything may be its value."""
    return isinstance(field, Text | LongText)


@dataclass(frozen=True, slots=True)
class _Labels:
    """The labels of one form. ``inline`` finds them anywhere, ``atline`` where a text begins."""

    fields: Mapping[str, Field[Any]]
    inline: re.Pattern[str]
    atline: re.Pattern[str]


def _spaced(label: str) -> str:
    """A label, also with blanks between its characters: 进　度."""
    return " ?".join(re.escape(char) for char in normal(label).casefold() if not char.isspace())


@lru_cache(maxsize=512)
def _labels(form: Form) -> _Labels | None:
    fields: dict[str, Field[Any]] = {}
    forms: dict[str, str] = {}
    for field in form.fields:
        if not field.typed:
            continue
        key = f"form.{form.key}.{field.key}"
        for label in (t(f"{key}.label"), *words(f"{key}.words")):
            fields.setdefault(fold(label), field)
            forms.setdefault(fold(label), _spaced(label))
    if not fields:
        return None
    names = "|".join(forms[name] for name in sorted(forms, key=len, reverse=True))
    boxed = rf"[\[<{{] ?(?P<boxed>{names}) ?{_HINT}(?::? ?[\]>}}] ?[:=]?|(?P<open>:))"
    plain = rf"(?P<plain>{names})(?P<colon> ?{_HINT}[:=])?"
    # A run of separators is looked at from its beginning only: long ones must cost little.
    gap = rf"(?<!{_GAP}){_GAP}"
    before = rf"(?:\A|{gap}+|(?<=[%\]>}})!?]))"
    return _Labels(
        fields,
        re.compile(rf"(?:{gap}*(?P<box>{boxed})|{before}{plain})", re.IGNORECASE),
        re.compile(rf"(?:(?P<box>{boxed})|{plain})", re.IGNORECASE),
    )


def _mark(labels: _Labels, found: re.Match[str], text: str) -> Mark | None:
    """The label that a pattern hit; a name alone counts only before something the field reads."""
    field = labels.fields[fold(found["boxed"] or found["plain"])]
    name = found.start("box") if found["boxed"] else found.start("plain")
    if not found["boxed"] and not found["colon"]:
        value = text[found.end() : found.end() + _LOOK].lstrip(" ")
        if is_text(field) or not field.lead(value):
            return None
    close = _CLOSING[text[name]] if found["open"] else ""
    explicit = bool(found["boxed"] or found["colon"])
    return Mark(field, found.start(), name, found.end(), close, explicit)


def scan(form: Form, text: str) -> Iterator[Mark]:
    """All labels in a normalised text, in its order."""
    labels = _labels(form)
    if labels is None:
        return
    for found in labels.inline.finditer(text):
        if mark := _mark(labels, found, text):
            yield mark


def at_line_start(form: Form, line: str) -> Mark | None:
    """The label with which a line begins, behind a bullet, a number or a 【heading】 if need be."""
    labels = _labels(form)
    if labels is None:
        return None
    starts = [0]
    if bullet := _BULLET.match(line):
        starts.append(bullet.end())
    if heading := _HEADING.match(line):
        starts.append(heading.end())
    for start in dict.fromkeys(starts):
        found = labels.atline.match(line, start)
        mark = _mark(labels, found, line) if found else None
        if mark:
            return mark
    return None
