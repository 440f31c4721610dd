"""The card face: which of a form's fields a template card can carry, and reading it back.

A card has no field for free text (WeCom page 101032). Whole: all fields are choices and fit.
Part: some do. None: none does. Nothing is ever cut silently.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from config.texts import t
from handlers.content import Button, Card, Choice, Select, Ticks, Tone
from models.forms.field import Field
from models.forms.flow import label_of
from models.forms.form import Form

SELECTS, SELECT_OPTIONS, TICK_OPTIONS = 3, 10, 20
SELECT_LABEL, TICK_LABEL = 10, 11
"""Limits of WeCom page 101032: lists, options and characters."""


class Fit(StrEnum):
    """How much of a form a card carries."""

    WHOLE = "whole"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Plan:
    """The fields a card carries, and those that are asked otherwise."""

    fit: Fit
    carried: tuple[str, ...]
    left: tuple[str, ...]


def plan(form: Form) -> Plan:
    """Decide by the descriptions alone: either one tick list, or up to three drop-down lists."""
    ticks = [field.key for field in form.fields if _ticks(field)]
    selects = [field.key for field in form.fields if _select(field)]
    carried = tuple(selects) if len(selects) >= len(ticks) else tuple(ticks[:1])
    if len(carried) > SELECTS:
        carried = carried[:SELECTS]
    left = tuple(field.key for field in form.fields if field.key not in carried)
    if not carried:
        return Plan(Fit.NONE, (), left)
    return Plan(Fit.PART if left else Fit.WHOLE, carried, left)


def _plain(field: Field[Any]) -> bool:
    return field.when is None and field.typed and bool(field.describe().options)


def _select(field: Field[Any]) -> bool:
    described = field.describe()
    return (
        _plain(field)
        and described.required
        and not described.many
        and len(described.options) <= SELECT_OPTIONS
        and all(len(option.label) <= SELECT_LABEL for option in described.options)
    )


def _ticks(field: Field[Any]) -> bool:
    described = field.describe()
    return (
        _plain(field)
        and described.many
        and len(described.options) <= TICK_OPTIONS
        and all(len(option.label) <= TICK_LABEL for option in described.options)
    )


def draw(form: Form, made: Plan, stamp: str) -> Card:
    """The card of a plan; its one button submits. ``stamp`` names draft and revision."""
    submit = (Button(t("dialogue.button_submit"), f"answer:{stamp}/", Tone.PRIMARY),)
    title = t(f"form.{form.key}.title")
    fields = [form.field(key) for key in made.carried]
    if fields and fields[0].describe().many:
        one = fields[0]
        choices = tuple(Choice(o.id, o.label) for o in one.describe().options)
        ticks = Ticks(one.key, choices, many=True)
        return Card(title=title, desc=label_of(form, one.key), ticks=ticks, buttons=submit)
    selects = tuple(
        Select(
            one.key,
            label_of(form, one.key),
            tuple(Choice(o.id, o.label) for o in one.describe().options),
        )
        for one in fields
    )
    return Card(title=title, selects=selects, buttons=submit)


def answers(form: Form, picked: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What was picked, as raw answers; keys and ids that the form does not know are passed over."""
    raw = {}
    for field in form.fields:
        labels = {option.id: option.label for option in field.describe().options}
        chosen = [labels[one] for one in picked.get(field.key, ()) if one in labels]
        if chosen:
            raw[field.key] = "、".join(chosen)
    return raw
