"""Fields that hold words, a yes or no, and things that cannot be written down."""

from dataclasses import dataclass
from typing import ClassVar, Final

from config.lexicon import listed, mapped
from config.texts import t
from models.forms.field import Description, Field, Option, Problem, Reading
from models.forms.quantity import quoted
from models.forms.typed import clean, fold, normal

_MARKS: Final = mapped("marks", "separator")
_YES: Final = frozenset(listed("answers", "yes"))
_NO: Final = frozenset(listed("answers", "no"))
_LONGEST_ANSWER: Final = 20  # characters of a text that can still be a bare yes or no
_IDS: Final = 200  # characters of a list of attachment ids


def _words(text: str, low: int, high: int) -> str | Problem:
    """The text if it shows anything and keeps its limits (counted in characters)."""
    if not normal(text).strip():
        return Problem("problem.empty")
    params = {"low": low, "high": high, "length": len(text)}
    if len(text) > high:
        return Problem("problem.text.long", params)
    return text if len(text) >= low else Problem("problem.text.short", params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field[str]):
    """One line as typed, without control characters; line ends become blanks."""

    kind: ClassVar[str] = "text"

    min_chars: int = 1
    max_chars: int = 200

    def parse(self, raw: str, reading: Reading) -> str | Problem:
        """Take ``min_chars`` to ``max_chars`` characters."""
        del reading
        return _words(clean(raw).replace("\n", " "), self.min_chars, self.max_chars)

    def echo(self, value: str) -> str:
        """The text itself."""
        return value

    def describe(self) -> Description:
        """A text box with the greatest length."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            low=self.min_chars,
            high=self.max_chars,
            example=t("kind.text.example"),
        )

    def lead(self, text: str) -> int:
        """The first word, up to a blank."""
        return len(text.split(maxsplit=1)[0]) if text[:1].strip() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LongText(Field[str]):
    """Several lines as typed, without control characters."""

    kind: ClassVar[str] = "long_text"

    min_chars: int = 1
    max_chars: int = 2000

    def parse(self, raw: str, reading: Reading) -> str | Problem:
        """Take ``min_chars`` to ``max_chars`` characters."""
        del reading
        return _words(clean(raw), self.min_chars, self.max_chars)

    def echo(self, value: str) -> str:
        """The text itself."""
        return value

    def describe(self) -> Description:
        """A box of several lines with the greatest length."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            multiline=True,
            low=self.min_chars,
            high=self.max_chars,
            example=t("kind.long_text.example"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNo(Field[bool]):
    """是 or 否, in the words people use for them."""

    kind: ClassVar[str] = "yes_no"

    def parse(self, raw: str, reading: Reading) -> bool | Problem:
        """Read a yes or no; several words must agree (好的，可以)."""
        del reading
        text = normal(raw[: 4 * _LONGEST_ANSWER]).casefold()
        for mark in _MARKS["item"] + _MARKS["end"]:
            text = text.replace(mark, " ")
        said = {self._one(word) for word in text.split()}
        if said in ({True}, {False}) and len(text) <= _LONGEST_ANSWER:
            return said == {True}
        return Problem("problem.yes_no.unread", {"typed": quoted(raw)})

    def _one(self, word: str) -> bool | None:
        if word in (fold(self.echo(value=True)), fold(self.echo(value=False))):
            return word == fold(self.echo(value=True))
        return True if word in _YES else False if word in _NO else None

    def echo(self, value: bool) -> str:  # noqa: FBT001  (the value of this kind is a bool)
        """是 or 否."""
        return t("echo.yes") if value else t("echo.no")

    def describe(self) -> Description:
        """Two options, ``yes`` and ``no``."""
        options = (Option("yes", self.echo(value=True)), Option("no", self.echo(value=False)))
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            options=options,
            example=t("kind.yes_no.example"),
        )

    def lead(self, text: str) -> int:
        """A word of yes or no up to a blank or mark; figures are left to other fields."""
        stops = _MARKS["clause"] + _MARKS["end"] + " \n"
        end = next((at for at, char in enumerate(text) if char in stops), len(text))
        word = text[:end].casefold()
        return end if not word.isdigit() and self._one(word) is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(Field[tuple[int, ...]]):
    """Photos and files that came by another way; the value is their ids, at most ``high``.

    ``accept`` names the ending of the files that are wanted instead of photos.
    """

    kind: ClassVar[str] = "attachment"
    typed: ClassVar[bool] = False

    high: int = 9
    accept: str = ""

    def parse(self, raw: str, reading: Reading) -> tuple[int, ...] | Problem:
        """Read ids as :meth:`echo` writes them; an id given twice counts once."""
        del reading
        words = normal(raw[:_IDS]).replace(",", " ").split()
        ids = [int(word) for word in words if word.isascii() and word.isdigit()]
        if not ids or len(ids) < len(words) or len(raw) > _IDS:
            return Problem("problem.attachment.unread")
        value = tuple(dict.fromkeys(ids))
        if len(value) > self.high:
            return Problem("problem.attachment.many", {"high": self.high, "count": len(value)})
        return value

    def echo(self, value: tuple[int, ...]) -> str:
        """Like ``3,7``."""
        return ",".join(map(str, value))

    def describe(self) -> Description:
        """A place to put photos and files."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            many=True,
            high=self.high,
            example=t("kind.attachment.example"),
            accept=self.accept,
        )
