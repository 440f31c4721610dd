"""Excel in: what the columns of somebody's workbook mean for the form of a command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from config.texts import has, t, words
from handlers.imports.cells import as_text
from handlers.imports.table import Broken, Table
from handlers.spec import Command, Ledger
from models.errors import UserError
from models.forms.flow import label_of
from models.forms.typed import fold

MOST: Final = 500
"""Rows of one workbook: they are done in one transaction, while everybody else waits."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A workbook's table as text: headings, and rows with the numbers that Excel shows."""

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_sheet(tables: Mapping[str, Table]) -> Sheet:
    """The first sheet that has rows; ``UserError`` if there is none, or it has too many."""
    for table in tables.values():
        headings = tuple(heading for heading in table.columns if heading)
        rows = [
            (number, tuple(_text(cells.get(heading)) for heading in headings))
            for number, cells in table.rows
        ]
        if len(rows) > MOST:
            raise UserError("intake.too_many", count=len(rows), most=MOST)
        if rows and headings:
            return Sheet(headings, tuple(rows))
    raise UserError("intake.empty")


def _text(cell: object) -> str:
    """A cell as somebody would have typed it; one without a value is shown as what it is."""
    if isinstance(cell, Broken):
        return cell.word
    return as_text(cell)  # type: ignore[arg-type]  # whatever a table holds


def fields_of(command: Command) -> dict[str, str]:
    """The fields that can stand in a workbook: key -> label. Photos cannot."""
    return {
        field.key: label_of(command.form, field.key) for field in command.form.fields if field.typed
    }


def guess(
    command: Command, ledger: Ledger, headings: Sequence[str], known: Mapping[str, str]
) -> dict[str, str]:
    """What each heading means: heading -> field key, empty where nobody knows.

    First what the person said before (``known``), then labels and their other words, then the
    ledger's own headings; a field is taken once.
    """
    names: dict[str, str] = {}
    for key, label in fields_of(command).items():
        form = command.form.key
        more = words(f"form.{form}.{key}.words") if has(f"form.{form}.{key}.words") else ()
        own = [ledger.heading(column) for column in ledger.columns if column.key == key]
        for name in (label, *more, *own):
            names.setdefault(fold(name), key)
    fields = fields_of(command)
    taken: set[str] = set()
    found: dict[str, str] = {}
    for heading in headings:
        key = known.get(heading, names.get(fold(heading), ""))
        key = key if key in fields and key not in taken else ""
        found[heading] = key
        taken.add(key)
    return found


def missing(command: Command, ledger: Ledger, meaning: Mapping[str, str]) -> list[str]:
    """Labels of needed fields that no column fills; those that apply only at times are free."""
    given = set(meaning.values())
    return [
        label_of(command.form, field.key)
        for field in command.form.fields
        if field.typed
        and ((field.required and field.when is None) or field.key in ledger.needs)
        and field.key not in given
    ]


def alike(rows: Iterable[tuple[int, Mapping[str, str]]]) -> dict[int, int]:
    """Rows that say the same as one above them: number of the row -> number of the first."""
    first: dict[tuple[tuple[str, str], ...], int] = {}
    found = {}
    for number, raw in rows:
        key = tuple(sorted((name, fold(words)) for name, words in raw.items()))
        if first.setdefault(key, number) != number:
            found[number] = first[key]
    return found


def raw_rows(sheet: Sheet, meaning: Mapping[str, str]) -> list[tuple[int, dict[str, str]]]:
    """The rows as raw answers by field key."""
    columns = [(at, meaning.get(heading, "")) for at, heading in enumerate(sheet.headings)]
    return [
        (number, {key: cells[at].strip() for at, key in columns if key and cells[at].strip()})
        for number, cells in sheet.rows
    ]


def twice(command: Command, meaning: Mapping[str, str]) -> None:
    """``UserError`` if two columns are to fill the same field."""
    fields = fields_of(command)
    seen: set[str] = set()
    for key in meaning.values():
        if key and key in seen:
            raise UserError("intake.twice", name=fields.get(key, t("intake.nothing")))
        seen.add(key)
