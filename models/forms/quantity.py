"""Fields that hold a figure: whole numbers, amounts of money, percentages."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final

from config.lexicon import listed, mapped, patterns
from config.texts import t
from models.forms.field import Description, Field, Problem, Reading, Unsure
from models.forms.numerals import Number, figure, read_number, tight
from models.forms.typed import clean, normal

_END: Final = mapped("marks", "separator")["end"]
_LONGEST: Final = 64  # characters of a text that can still be a figure
_TENTH: Final = Decimal("0.1")
_CENT: Final = Decimal("0.01")
_HUNDRED: Final = Decimal(100)
_VAGUE: Final = frozenset(listed("numerals", "vague"))
_WORDS: Final = {
    **dict.fromkeys(listed("numerals", "all_done"), _HUNDRED),
    **dict.fromkeys(listed("numerals", "none_done"), Decimal(0)),
    **dict.fromkeys(listed("numerals", "half"), Decimal(50)),
}


def quoted(raw: str) -> str:
    """What somebody typed, short enough to be said back inside a sentence."""
    text = " ".join(clean(raw).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _bare(raw: str) -> str:
    """The text of a figure: normalised, without blanks and without a mark at the end."""
    if len(raw) > 4 * _LONGEST:
        return ""
    return tight(normal(raw).strip()).casefold().rstrip(_END)


def figure_lead(text: str) -> int:
    """How many leading characters of a text are a figure, with or without its unit."""
    return _length("lead_rated", text)


def _length(pattern: str, text: str) -> int:
    found = patterns("numerals")[pattern].match(text)
    return found.end() if found else 0


def _trimmed(value: Decimal) -> str:
    """The figure without needless zeros behind the point."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(pattern: str, text: str) -> Number | None:
    """The figure inside a text with units (``2万余元``, ``12人左右``)."""
    found = patterns("numerals")[pattern].fullmatch(text) if len(text) <= _LONGEST else None
    number = read_number(found["figure"]) if found else None
    if found is None or number is None:
        return None
    return Number(number.value, number.about or bool(found["after"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Field[int]):
    """A whole number; ``12人`` and ``十二`` are read, ``约12`` is asked back."""

    kind: ClassVar[str] = "integer"

    low: int = 0
    high: int = 1_000_000_000

    def parse(self, raw: str, reading: Reading) -> int | Unsure[int] | Problem:
        """Read a number between ``low`` and ``high``, both included."""
        del reading
        number = _number("counted", _bare(raw))
        params = {"typed": quoted(raw), "low": self.low, "high": self.high}
        if number is None or number.value != int(number.value):
            return Problem("problem.integer.unread", params)
        value = int(number.value)
        if not self.low <= value <= self.high:
            return Problem("problem.integer.range", params)
        if number.about:
            return Unsure(value, "doubt.about", {"typed": quoted(raw), "value": self.echo(value)})
        return value

    def echo(self, value: int) -> str:
        """Digits alone."""
        return str(value)

    def describe(self) -> Description:
        """A number box with limits."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            low=self.low,
            high=self.high,
            example=t("kind.integer.example"),
        )

    def lead(self, text: str) -> int:
        """A number, with or without a measure word, up to a blank or mark."""
        return _length("lead_number", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Field[Decimal]):
    """Money in yuan, exact to the cent (Decimal, two places); ``3.5万`` is 35,000."""

    kind: ClassVar[str] = "amount"

    low: int = 0
    high: int = 1_000_000_000_000

    def parse(self, raw: str, reading: Reading) -> Decimal | Unsure[Decimal] | Problem:
        """Read an amount between ``low`` and ``high`` yuan, both included."""
        del reading
        number = _number("yuan", _bare(raw))
        params = {"typed": quoted(raw), "low": f"{self.low:,}", "high": f"{self.high:,}"}
        if number is None:
            return Problem("problem.amount.unread", params)
        if not self.low <= number.value <= self.high:
            return Problem("problem.amount.range", params)
        value = number.value.quantize(_CENT)
        if value != number.value:
            return Problem("problem.amount.cents", params)
        if number.about:
            return Unsure(value, "doubt.about", {"typed": quoted(raw), "value": self.echo(value)})
        return value

    def echo(self, value: Decimal) -> str:
        """Like ``35,000元`` or ``1,200.50元``."""
        amount = f"{value:,.2f}".removesuffix(".00")
        return t("echo.amount", value=amount)

    def describe(self) -> Description:
        """A number box with limits."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            low=self.low,
            high=self.high,
            example=t("kind.amount.example"),
        )

    def lead(self, text: str) -> int:
        """An amount with its unit, or a number up to a blank or mark."""
        return _length("lead_yuan", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Field[Decimal]):
    """A bare figure, as indicators have it: any sign, at most six decimals (Decimal).

    A unit written behind it (``96.5%``, ``12户``) is passed over: it has a field of its own.
    """

    kind: ClassVar[str] = "figure"

    def parse(self, raw: str, reading: Reading) -> Decimal | Unsure[Decimal] | Problem:
        """Read a figure; ``约96`` is asked back."""
        del reading
        number = _number("rated", _bare(raw))
        if number is None:
            return Problem("problem.figure.unread", {"typed": quoted(raw)})
        value = number.value + 0
        if number.about:
            return Unsure(value, "doubt.about", {"typed": quoted(raw), "value": self.echo(value)})
        return value

    def echo(self, value: Decimal) -> str:
        """Like ``96.5``, without needless zeros and without marks between thousands."""
        return f"{value.normalize():f}"

    def describe(self) -> Description:
        """A text box."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            example=t("kind.figure.example"),
        )

    def lead(self, text: str) -> int:
        """A number with or without its unit, up to a blank or mark."""
        return figure_lead(text)


@dataclass(frozen=True, slots=True)
class _Share:
    """A percentage as it was understood; ``doubt`` names the doubt, if there is one."""

    value: Decimal
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent(Field[Decimal]):
    """A percentage from 0 to 100 with at most one decimal (Decimal, one place).

    ``80%``, ``80`` and 百分之八十 are certain; 八成, 0.85, 8/10 and 85%左右 are asked back; 过半,
    ranges and more decimals are refused (PRODUCT.md D.1).
    """

    kind: ClassVar[str] = "percent"

    def parse(self, raw: str, reading: Reading) -> Decimal | Unsure[Decimal] | Problem:
        """Read a percentage."""
        del reading
        params = {"typed": quoted(raw)}
        text = _bare(raw)
        share = _share(text) if len(text) <= _LONGEST else "unread"
        if isinstance(share, str):
            return Problem(f"problem.percent.{share}", params)
        if not 0 <= share.value <= _HUNDRED:
            return Problem("problem.percent.range", params)
        value = share.value.quantize(_TENTH, ROUND_HALF_UP) + 0
        if share.doubt:
            return Unsure(value, share.doubt, {**params, "value": self.echo(value)})
        if value != share.value:
            return Problem("problem.percent.decimals", params)
        return value

    def echo(self, value: Decimal) -> str:
        """Like ``80%`` or ``85.5%``."""
        return f"{_trimmed(value)}%"

    def describe(self) -> Description:
        """A number box from 0 to 100."""
        return Description(
            kind=self.kind,
            key=self.key,
            required=self.required,
            low=0,
            high=100,
            example=t("kind.percent.example"),
        )

    def lead(self, text: str) -> int:
        """Anything with a percent sign, or a bare figure or share up to a blank or mark."""
        return _length("lead_percent", text) or _length("lead_share", text)


def _share(text: str) -> _Share | str:
    """The percentage that a text says, or the name of the problem."""
    if text in _VAGUE:
        return "vague"
    if text in _WORDS:
        return _Share(_WORDS[text], "doubt.percent.words")
    direct = _written(text)
    if direct is None:
        wrapped = patterns("numerals")["wrapped"].fullmatch(text)
        core = wrapped["core"] if wrapped else ""
        if core in _VAGUE:
            return "vague"
        direct = _written(core) if core != text else None
    if direct is None:
        return "several" if patterns("numerals")["range"].fullmatch(text) else "unread"
    return direct


def _written(text: str) -> _Share | None:
    """A figure with or without a sign, in tenths, or as a fraction; None for anything else."""
    known = patterns("numerals")
    if found := known["percent"].fullmatch(text):
        value = figure(found["arabic"] or found["part"], found["hanzi"])
        if value is None:
            return None
        return _Share(-value if found["sign"] == "-" else value, _about(found))
    if found := known["tenths"].fullmatch(text):
        return _tenths(found)
    if found := known["fraction"].fullmatch(text):
        if not int(found["whole"]):
            return None
        value = Decimal(found["part"]) * 100 / Decimal(found["whole"])
        return _Share(value, "doubt.percent.share")
    number = read_number(text)
    if number is None:
        return None
    if 0 <= number.value <= 1 and "." in text:
        return _Share(number.value * 100, "doubt.percent.share")
    return _Share(number.value, "doubt.about" if number.about else "")


def _about(found: re.Match[str]) -> str:
    return "doubt.about" if found["before"] or found["after"] else ""


def _tenths(found: re.Match[str]) -> _Share | None:
    """八成, 八成五, 九成半, 9成."""
    tens = figure(found["arabic"], found["hanzi"])
    ones = found["hundredths"] or ""
    more = figure(ones if ones.isascii() else None, ones)
    if tens is None:
        return None
    extra = Decimal(5) if found["half"] else more or Decimal(0)
    return _Share(tens * 10 + extra, "doubt.percent.share")
