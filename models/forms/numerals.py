"""Figures as people write them: 1,200.5, 3.5万, 两万余, 一百二十, 2000余万.

All functions read text without blanks as :func:`models.forms.typed.normal` gives it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from config.lexicon import listed, mapped, patterns

_DIGITS: Final[Mapping[str, int]] = mapped("numerals", "digits")
_SCALES: Final[Mapping[str, int]] = mapped("numerals", "scales")
_POINTS: Final = listed("numerals", "point")
_ALONE: Final = {1: 10, 2: 100}  # 十; 百 as in 百分之百
_POWERS: Final = (8, 4, 3, 2, 1)
_MYRIAD: Final = 4  # 万 and 亿 (10^4, 10^8) multiply a whole number, smaller scales one digit
_LONGEST: Final = 20  # characters of a numeral that anybody writes
_PAIR: Final = 2
_TIGHT: Final = re.compile(r"(?<![0-9])\s+|\s+(?![0-9])")


@dataclass(frozen=True, slots=True)
class Number:
    """A figure; ``about`` if the text says that it is not exact (约, 余, 左右)."""

    value: Decimal
    about: bool = False


def tight(text: str) -> str:
    """The text without blanks, except those between two digits: they may part two figures."""
    return _TIGHT.sub("", text)


def chinese(text: str) -> int | None:
    """A whole number in Chinese numerals (两万, 一百二, 二〇二六); None for anything else."""
    if not 0 < len(text) <= _LONGEST:
        return None
    if all(char in _DIGITS for char in text):
        if len(text) == _PAIR and all(_DIGITS[char] for char in text):
            return None  # 三五 means three to five
        return int("".join(str(_DIGITS[char]) for char in text))
    return _scaled(text)


def _scaled(text: str) -> int | None:
    """Read from the largest scale down: what stands before it times the scale, plus the tail."""
    if len(text) == 1:
        digit = _DIGITS.get(text)
        return _ALONE.get(_SCALES.get(text, 0)) if digit is None else digit
    for power in _POWERS:
        place = next((at for at, char in enumerate(text) if _SCALES.get(char) == power), -1)
        if place < 0:
            continue
        head, tail = _head(text[:place], power), _tail(text[place + 1 :], power)
        return None if not head or tail is None else head * 10**power + tail
    return None


def _head(text: str, power: int) -> int | None:
    if power >= _MYRIAD:
        return _scaled(text)
    if not text:
        return 1 if power == 1 else None  # 十二, but not 百二
    return _DIGITS.get(text)


def _tail(text: str, power: int) -> int | None:
    if not text:
        return 0
    if len(text) == 1 and text in _DIGITS:
        return _DIGITS[text] * int(10 ** (power - 1))  # 三万五 is 35,000
    if not _DIGITS.get(text[0], 1):
        text = text[1:]  # 一百零二
    value = _scaled(text)
    return value if value is not None and value < 10**power else None


def figure(arabic: str | None, hanzi: str | None) -> Decimal | None:
    """The value of one of the two ways of writing, as the patterns of the lexicon cut them out."""
    if arabic:
        return Decimal(arabic.replace(",", ""))
    if not hanzi:
        return None
    for point in _POINTS:
        whole, found, part = hanzi.partition(point)
        if found:
            digits = "".join(str(_DIGITS[char]) for char in part)
            value = chinese(whole)
            return None if value is None else Decimal(f"{value}.{digits}")
    value = chinese(hanzi)
    return None if value is None else Decimal(value)


def read_number(text: str) -> Number | None:
    """The figure that the whole text is; None if it is none.

    ``3.5万`` is 35,000; ``2000余万`` and ``约12`` are marked as not exact. 几 and ranges
    (``两三万``) are no figures.
    """
    found = patterns("numerals")["number"].fullmatch(text)
    if found is None:
        return None
    value = figure(found["arabic"], found["hanzi"])
    if value is None:
        return None
    for scale in found["scale"]:
        value *= 10 ** _SCALES[scale]
    if found["sign"] == "-":
        value = -value
    return Number(value, any(found[name] for name in ("before", "inside", "after")))


def whole(text: str) -> int | None:
    """A whole number without a sign, in digits or Chinese numerals (for dates and numbering)."""
    if len(text) <= _LONGEST and text.isascii() and text.isdigit():
        return int(text)
    return chinese(text)
