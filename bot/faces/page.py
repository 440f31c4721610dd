"""The page face: a form's fields as a template draws them, with what was typed and is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.texts import has, t
from models.forms.field import Description, Problem, Unsure
from models.forms.flow import label_of
from models.forms.form import Form


@dataclass(frozen=True, slots=True)
class Drawn:
    """One field on a page. ``note`` says what is wrong, ``doubt`` how it was understood.

    ``folded_by`` is the key of a choice that folds it away ``unless`` one of these is chosen.
    """

    key: str
    label: str
    hint: str
    value: str
    note: str
    doubt: str
    description: Description
    folded_by: str = ""
    unless: tuple[str, ...] = ()


def draw(
    form: Form, raw: Mapping[str, str], notes: Mapping[str, Problem | Unsure[Any]]
) -> list[Drawn]:
    """All fields. A doubtful answer is replaced by how it was understood."""
    return [_draw(form, field.key, raw, notes) for field in form.fields]


def _draw(
    form: Form, key: str, raw: Mapping[str, str], notes: Mapping[str, Problem | Unsure[Any]]
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
    folded_by, unless = field.only_if or ("", ())
    options = form.field(folded_by).describe().options if folded_by else ()
    return Drawn(
        key=key,
        label=label_of(form, key),
        hint=t(hint) if has(hint) else "",
        value=value,
        note=wrong,
        doubt=doubt,
        description=field.describe(),
        folded_by=folded_by,
        unless=tuple(option.label for option in options if option.id in unless),
    )
