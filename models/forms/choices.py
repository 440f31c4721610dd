"""Fields whose answer is one or several of given options."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, Final

from rapidfuzz import fuzz

from config.lexicon import listed, mapped, patterns
from config.texts import t
from models.forms.field import Description, Field, Option, Problem, Reading, Unsure
from models.forms.numerals import whole
from models.forms.quantity import figure_lead, quoted
from models.forms.typed import clean, fold, normal

_MARKS: Final = mapped("marks", "separator")
_ALL: Final = frozenset(listed("answers", "all"))
_LIKE: Final = 60  # rapidfuzz ratio from which a word may mean an option
_LEAST: Final = 2  # characters from which a part of an option's name says anything
_LONGEST: Final = 100  # characters of a text that can still mean an option
_LONGEST_LIST: Final = 2000


@dataclass(frozen=True, slots=True)
class _Table:
    """Options by everything that names them, folded."""

    options: tuple[Option, ...]
    names: Mapping[str, Option]
    ids: Mapping[str, Option]
    numbered: bool = True

    def exact(self, text: str) -> Option | None:
        """The option of a label, word, id or number."""
        word = fold(text)
        if word not in self.names:
            word = word.rstrip(_MARKS["end"])
        if named := self.names.get(word) or self.ids.get(word):
            return named
        if not self.numbered:
            return None
        numbered = patterns("answers")["numbered"].fullmatch(word)
        number = whole(numbered["number"]) if numbered else None
        if number and number <= len(self.options):
            return self.options[number - 1]
        return None

    def near(self, text: str) -> list[Option]:
        """Options that a text may mean: it is a part of a name, holds one, or looks like one."""
        word = fold(text)
        if len(word) < _LEAST or len(word) > _LONGEST:
            return []
        parts = [o for name, o in self.names.items() if word in name]
        whole_names = [o for name, o in self.names.items() if len(name) >= _LEAST and name in word]
        like = [o for name, o in self.names.items() if fuzz.ratio(word, name) >= _LIKE]
        return _once(parts or whole_names or like)

    def listing(self) -> str:
        """The options, one a line, numbered if they may be chosen so."""
        if not self.numbered:
            return "\n".join(option.label for option in self.options)
        return "\n".join(
            t("sheet.option", number=number, label=option.label)
            for number, option in enumerate(self.options, 1)
        )


def _once(options: Iterable[Option]) -> list[Option]:
    return list({option.id: option for option in options}.values())


@lru_cache(maxsize=256)
def _table(options: tuple[Option, ...], *, numbered: bool = True) -> _Table:
    """Index options; labels win over words, words over ids (``ValueError`` for equal labels)."""
    labels = {fold(option.label): option for option in options}
    if "" in labels or len(labels) < len(options):
        raise ValueError("an option has no label, or that of another one")
    words = {fold(word): option for option in options for word in option.words}
    ids = {fold(option.id): option for option in options}
    return _Table(options, MappingProxyType({**words, **labels}), MappingProxyType(ids), numbered)


def _picked(options: tuple[Option, ...], key: str) -> Option:
    return next(option for option in options if option.id == key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field[str]):
    """One of the options, by label, word or number; the value is the option's id.

    ``numbered`` False: the options are figures themselves, so a figure never means a place in the
    list (打分).
    """

    kind: ClassVar[str] = "choice"

    options: tuple[Option, ...]
    numbered: bool = True

    def __post_init__(self) -> None:
        _table(self.options, numbered=self.numbered)

    def parse(self, raw: str, reading: Reading) -> str | Unsure[str] | Problem:
        """Read the name or number of an option; a name that is nearly right is asked back."""
        del reading
        table = _table(self.options, numbered=self.numbered)
        text = clean(raw)
        if exact := table.exact(text):
            return exact.id
        params = {"typed": quoted(raw), "options": table.listing()}
        near = table.near(text)
        if len(near) == 1:
            return Unsure(near[0].id, "doubt.choice.plain", {**params, "value": near[0].label})
        unread = "problem.choice.unread" if self.numbered else "problem.choice.scale"
        return Problem("problem.choice.several" if near else unread, params)

    def echo(self, value: str) -> str:
        """The option's label."""
        return _picked(self.options, value).label

    def describe(self) -> Description:
        """The options."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            options=self.options,
            numbered=self.numbered,
            example=t("kind.choice.example"),
        )

    def lead(self, text: str) -> int:
        """The first words up to a blank or mark that name an option exactly, as many as do.

        Where the options are figures any figure is an answer, if perhaps a wrong one.
        """
        if not self.numbered and (reach := figure_lead(text)):
            return reach
        return _lead(_table(self.options, numbered=self.numbered), text)


def _lead(table: _Table, text: str) -> int:
    stops = _MARKS["clause"] + _MARKS["end"] + " \n"
    longest = max(map(len, table.names), default=0) * 2
    ends = [at for at, char in enumerate(text[:longest]) if char in stops]
    if len(text) <= longest:
        ends.append(len(text))
    return next((end for end in reversed(ends) if end and table.exact(text[:end])), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices(Field[tuple[str, ...]]):
    """Several of the options; the value is their ids in the order of the options."""

    kind: ClassVar[str] = "choices"

    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        _table(self.options)
        if any(normal(t("echo.list")) in normal(option.label) for option in self.options):
            raise ValueError("a label holds the mark that stands between labels")

    def parse(
        self, raw: str, reading: Reading
    ) -> tuple[str, ...] | Unsure[tuple[str, ...]] | Problem:
        """Read names and numbers parted by 、，, ; or blanks."""
        del reading
        table = _table(self.options)
        params = {"typed": quoted(raw), "options": table.listing()}
        text = normal(clean(raw))
        if len(text) > _LONGEST_LIST or not text:
            return Problem("problem.choices.unread", params)
        if fold(text) in _ALL and not table.exact(text):
            return tuple(option.id for option in self.options)
        picked: set[str] = set()
        sure = True
        for piece in _pieces(table, text):
            exact = table.exact(piece)
            near = [exact] if exact else table.near(piece)
            if len(near) != 1:
                return Problem("problem.choices.unread", {**params, "typed": quoted(piece)})
            sure = sure and exact is not None
            picked.add(near[0].id)
        value = tuple(option.id for option in self.options if option.id in picked)
        if sure:
            return value
        return Unsure(value, "doubt.choice.plain", {**params, "value": self.echo(value)})

    def echo(self, value: tuple[str, ...]) -> str:
        """The labels, parted by 、."""
        return t("echo.list").join(_picked(self.options, key).label for key in value)

    def describe(self) -> Description:
        """The options, several of which may be ticked."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            options=self.options,
            many=True,
            example=t("kind.choices.example"),
        )


def _pieces(table: _Table, text: str) -> list[str]:
    """Cut a list. A label may hold a blank or comma: the surest cut is tried first."""
    by_echo = [piece for piece in text.split(normal(t("echo.list"))) if piece.strip()]
    if by_echo and all(table.exact(piece) for piece in by_echo):
        return by_echo
    marked = text
    for mark in _MARKS["item"]:
        marked = marked.replace(mark, "\n")
    pieces = [piece for piece in marked.split("\n") if piece.strip()]
    cut: list[str] = []
    for piece in pieces:
        cut.extend([piece] if table.exact(piece) else piece.split())
    return cut or [text]
