"""Options of a choice from an enum: its words for users, and what else they type for it."""

from enum import StrEnum

from config.texts import label, words
from models.forms.field import Option


def options_of(kind: type[StrEnum], *only: StrEnum) -> tuple[Option, ...]:
    """All members (or some) as options; further words stand under ``option.<Enum>.<value>``."""
    return tuple(
        Option(member.value, label(member), words(f"option.{kind.__name__}.{member.value}"))
        for member in (only or tuple(kind))
    )
