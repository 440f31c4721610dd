"""What a field kind is: three pure functions over text.

``parse(raw, reading)``  text as people type it -> value, or a doubt, or a problem
``echo(value)``          the one canonical text of a value, shown to people and kept in drafts
``describe()``           what a face needs in order to draw the field

Law for every kind: ``parse(echo(v), reading) == v`` for every valid ``v``, whatever the reading's
day. Sentences are looked up by key: ``form.<form>.<field>.label/ask/hint`` and the problem keys.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, TypeVar

V = TypeVar("V")
Answers = Mapping[str, Any]
Facts = Mapping[str, Any]
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is no value: a key of ``config/texts`` (``problem.*``) and its placeholders."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unsure(Generic[V]):
    """Understood, but not beyond doubt: shown to the person and stored only after a yes.

    ``key`` names the sentence that says how it was understood (``doubt.*``).
    """

    value: V
    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """Something that has a name and a key: a unit (its code) or a person (the userid)."""

    key: str
    label: str


class Book(Protocol):
    """Where names are looked up. Exactly one hit is an answer; several are candidates."""

    def find(self, text: str) -> Sequence[Named]:
        """All entries that ``text`` names exactly (key, name, alias, ignoring width and case)."""
        ...

    def close(self, text: str) -> Sequence[Named]:
        """Entries that ``text`` may mean, best first, at most five; never picked silently."""
        ...


class EmptyBook:
    """A book without entries."""

    def find(self, text: str) -> Sequence[Named]:  # noqa: ARG002
        """Nothing is found."""
        return ()

    def close(self, text: str) -> Sequence[Named]:  # noqa: ARG002
        """Nothing is near."""
        return ()


class DayKind(Protocol):
    """Tells working days from rest days (DOMAIN.md 10, PRODUCT.md D.4)."""

    def is_working(self, day: date) -> bool:
        """Whether work is done on that day in China, shifted days (调休) considered."""
        ...

    def holiday(self, name: str, year: int) -> date | None:
        """First rest day of a statutory holiday (``national``, ``spring``) in a year, if known."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a field may know of the world while it reads a text.

    ``today`` is the day in Asia/Shanghai; books find units and people; nothing else is known.
    ``read`` remembers: while a form is filled in, one answer is looked at again and again.
    """

    today: date
    days: DayKind
    units: Book = field(default_factory=EmptyBook)
    people: Book = field(default_factory=EmptyBook)
    _known: dict[tuple[int, str], Any] = field(default_factory=dict, compare=False, repr=False)

    def read(self, one: "Field[V]", raw: str) -> "V | Problem | Unsure[V]":
        """What a text means to a field; the same text means the same to the end of the message."""
        key = (id(one), raw)
        found = self._known.get(key, self)
        if found is self:
            found = self._known[key] = one.parse(raw, self)
        return found  # type: ignore[no-any-return]  # the key stands for the type


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: ``id`` is stored, ``label`` is shown, ``words`` are understood as well."""

    id: str
    label: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """What a face needs to draw a field. Limits are None where the kind has none.

    ``accept`` is the ending of the files that are wanted; empty: photos.
    ``numbered``: the options may also be chosen by their place in the list.
    """

    kind: str
    key: str
    required: bool
    multiline: bool = False
    options: tuple[Option, ...] = ()
    numbered: bool = True
    many: bool = False
    low: int | None = None
    high: int | None = None
    example: str = ""
    accept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(ABC, Generic[V]):
    """One question of a form. Subclasses set ``kind`` and the three functions.

    ``when(answers, facts)`` says whether the field applies, given the answers before it and the
    facts of the form (what the handler looked up); without it the field always applies.
    ``only_if`` is the plain case of it: the key of an earlier choice, and the options with which
    this field applies; pages fold it away with any other.

    ``aside`` (optional fields only): never asked for one by one; pages, sheets and labels take it.
    """

    kind: ClassVar[str]
    typed: ClassVar[bool] = True  # False for what cannot be written down, like a photo

    key: str
    required: bool = True
    when: Callable[[Answers, Facts], bool] | None = None
    only_if: tuple[str, tuple[str, ...]] | None = None
    aside: bool = False

    @abstractmethod
    def parse(self, raw: str, reading: Reading) -> V | Unsure[V] | Problem:
        """Read a text (already stripped and not empty)."""

    @abstractmethod
    def echo(self, value: V) -> str:
        """Write a value so that ``parse`` reads the same value again on any day."""

    @abstractmethod
    def describe(self) -> Description:
        """Say how the field is drawn."""

    def lead(self, text: str) -> int:
        """How many leading characters of normalised text may be this field's bare value.

        Zero (the default) means: the kind is not recognised without its label, unless it is the
        last one, which takes the rest of the line.
        """
        del text
        return 0

    def applies(self, answers: Answers, facts: Facts) -> bool:
        """Whether the question is asked at all, given what is known."""
        if self.only_if is not None and answers.get(self.only_if[0]) not in self.only_if[1]:
            return False
        return self.when is None or self.when(answers, facts)
