"""What is read from a workbook before anybody judges it: tables of cells, and what is wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from config.texts import t
from models.errors import UserError


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell without a value: a formula's error such as ``#REF!``, or empty: never calculated."""

    word: str


Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | Broken | None
Row: TypeAlias = tuple[int, Mapping[str, Cell]]
"""The row's number as Excel shows it, and its cells by heading."""


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet. ``rows`` can be gone through several times; blank ones are not in it.

    ``columns``  the headings from left to right, as written; a blank one is an empty text
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to be put right. ``row`` 0 and ``column`` empty: it concerns the whole of it."""

    sheet: str
    row: int
    column: str
    text: str

    def __str__(self) -> str:
        """Sheet, row, column and what to write instead, as one sentence."""
        place = "whole" if not self.row else "row" if not self.column else "cell"
        return t(
            f"imports.at.{place}",
            sheet=self.sheet,
            row=self.row,
            column=self.column,
            text=self.text,
        )


class ImportProblems(UserError):  # noqa: N818  (it carries problems, many of them)
    """A workbook that was not taken over; nothing was written. ``problems`` in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("imports.refused", count=len(problems))
        self.problems = tuple(problems)


class Notes:
    """Collects the problems of a workbook and puts them in the order of the file."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._sheets = {name: at for at, name in enumerate(tables)}
        self._columns: dict[tuple[str, str], int] = {}
        for name, table in tables.items():
            for at, column in enumerate(table.columns):
                self._columns.setdefault((name, column), at)
        self._found: dict[Problem, None] = {}

    def add(self, place: tuple[str, int, str], key: str, /, **params: object) -> None:
        """Note that something at a place (sheet, row, column) is wrong, by the key of its text."""
        self._found[Problem(*place, t(key, **params))] = None

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._found)

    def in_order(self) -> list[Problem]:
        """All problems, each once, by sheet, row and column."""
        return sorted(
            self._found,
            key=lambda p: (
                self._sheets.get(p.sheet, len(self._sheets)),
                p.row,
                self._columns.get((p.sheet, p.column), 0),
            ),
        )
