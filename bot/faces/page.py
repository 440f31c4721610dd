"""The page face: a form's fields as a template draws them, with what was typed and is wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from config.texts import has, t
from models.forms.field import Description, Problem, Unsure
from models.forms.flow import label_of
from models.forms.form import Form

LINE: Final = 120
"""Longer texts are written into a box of several lines."""
CHIPS: Final = 6
"""Up to so many options of a choice are shown side by side; more become a list."""
KEYBOARDS: Final = {"integer": "numeric", "percent": "decimal", "amount": "decimal"}
"""Which keyboard a phone shows. The field itself stays text: 八成 is a percent, too."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One field on a page. ``note`` says what is wrong, ``doubt`` how it was understood.

    ``folded_by`` is the key of a choice that folds it away ``unless`` one of these is chosen.
    ``applies``: whether it is asked for, given the others; ``look`` is how it is drawn: chips,
    ticks, list, photos, file, lines or line.
    """

    key: str
    label: str
    hint: str
    value: str
    note: str
    doubt: str
    description: Description
    applies: bool
    look: str
    keyboard: str
    folded_by: str = ""
    unless: tuple[str, ...] = ()


def draw(
    form: Form,
    raw: Mapping[str, str],
    notes: Mapping[str, Problem | Unsure[Any]],
    applying: Collection[str],
) -> list[Drawn]:
    """All fields. A doubtful answer is replaced by how it was understood."""
    return [_draw(form, field.key, raw, notes, applying) for field in form.fields]


def _draw(
    form: Form,
    key: str,
    raw: Mapping[str, str],
    notes: Mapping[str, Problem | Unsure[Any]],
    applying: Collection[str],
) -> Drawn:
    field = form.field(key)
    note = notes.get(key)
    value, wrong, doubt = raw.get(key, ""), "", ""
    if isinstance(note, Problem):
        wrong = t(note.key, **note.params)
    elif isinstance(note, Unsure):
        value = field.echo(note.value)
        doubt = t("web.understood", value=value)
    hint = f"form.{form.key}.{key}.hint"
    description = field.describe()
    folded_by, unless = field.only_if or ("", ())
    options = form.field(folded_by).describe().options if folded_by else ()
    return Drawn(
        key=key,
        label=label_of(form, key),
        hint=t(hint) if has(hint) else "",
        value=value,
        note=wrong,
        doubt=doubt,
        description=description,
        applies=key in applying or bool(value) or key in notes,
        look=_look(description, value),
        keyboard=KEYBOARDS.get(description.kind, ""),
        folded_by=folded_by,
        unless=tuple(option.label for option in options if option.id in unless),
    )


def _look(description: Description, value: str) -> str:
    if description.kind == "attachment":
        return "file" if description.accept else "photos"
    if description.options:
        if description.many:
            return "ticks"
        # What was typed and is none of the options must stay to be seen.
        known = not value or value in {option.label for option in description.options}
        few = len(description.options) <= CHIPS
        return ("chips" if few and description.required else "list") if known else "line"
    long = description.kind == "text" and (description.high or 0) > LINE
    return "lines" if description.multiline or long else "line"
