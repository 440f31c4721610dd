"""Fields that hold something with a name: a unit or a person."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from config.texts import t
from models.forms.field import Book, Description, Field, Named, Problem, Reading
from models.forms.quantity import quoted
from models.forms.typed import clean, fold, normal

_LONGEST: Final = 300  # characters of a text that can still be a name with its code


def write_named(value: Named) -> str:
    """Like 城南营业党支部（B017）; reading it again finds the thing by its code."""
    return t("echo.named", label=value.label, key=value.key)


def _by_code(text: str, book: Book) -> Named | None:
    """Read what :func:`write_named` wrote; a label may hold brackets of its own."""
    text = normal(text).strip()
    if not text.endswith(")"):
        return None
    at = text.rfind("(")
    while at >= 0:
        code = fold(text[at + 1 : -1])
        hits = [hit for hit in book.find(text[at + 1 : -1]) if fold(hit.key) == code]
        if len(hits) == 1:
            return hits[0]
        at = text.rfind("(", 0, at)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedField(Field[Named]):
    """What units and people share: one exact hit is the answer, anything else a question."""

    @abstractmethod
    def book(self, reading: Reading) -> Book:
        """Where the names are looked up."""

    def parse(self, raw: str, reading: Reading) -> Named | Problem:
        """Find exactly one; two with the same name, or only similar ones, are listed."""
        book, text = self.book(reading), clean(raw).lstrip("@\uff20")
        params = {"typed": quoted(raw)}
        if len(text) > _LONGEST or not text:
            return Problem(f"problem.{self.kind}.unknown", params)
        if coded := _by_code(text, book):
            return coded
        hits = book.find(text)
        if len(hits) == 1:
            return hits[0]
        shown = hits or book.close(text)
        case = "several" if hits else "close" if shown else "unknown"
        return Problem(f"problem.{self.kind}.{case}", {**params, "candidates": listing(shown)})

    def echo(self, value: Named) -> str:
        """Like 城南营业党支部（B017）."""
        return write_named(value)

    def describe(self) -> Description:
        """A text box."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            example=t(f"kind.{self.kind}.example"),
        )


def listing(found: Sequence[Named]) -> str:
    """Candidates one a line, each in the form that is understood when it is sent back."""
    return "\n".join(map(write_named, found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(NamedField):
    """A unit, by code, name, short name or alias."""

    kind: ClassVar[str] = "unit"

    def book(self, reading: Reading) -> Book:
        """The units."""
        return reading.units


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(NamedField):
    """A person, by userid or name."""

    kind: ClassVar[str] = "person"

    def book(self, reading: Reading) -> Book:
        """The people."""
        return reading.people
