"""A ledger as a real .xlsx workbook: typed cells, ready to print, nothing in it can run.

The first sheet holds the table alone (first row: headings), the second says what it is. Rows are
written as they come and never kept, so the memory does not grow with their number.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from math import isfinite
from typing import Any, Final
from unicodedata import east_asian_width

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from bot.papers.printable import printable
from config.texts import label, t
from handlers.spec import Kind
from models.errors import UserError

MOST_ROWS: Final = 1_048_575
"""What a sheet can hold below its heading."""
EXACT: Final = 10**15
"""Excel keeps fifteen digits; longer numbers are written as text."""
FIRST_DATE: Final = "1900-03-01"
"""Excel counts an invented 29 February 1900; earlier dates are written as text."""
UNDATED: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""The date that the entries inside the file bear in any case."""
A4: Final = 9
WIDE: Final = 24
"""From this width on (in characters) a text column wraps."""
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\n\t]")
_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table to be written.

    ``kinds`` and ``widths`` (in characters) go with ``headings``, one for each column
    ``rows``     values, one for each column; read once
    ``about``    pairs for the second sheet: what is counted how, by whom, when, which filter
    ``zone``     the zone in which moments are shown; they must be aware (``ValueError``)
    ``made_at``  goes into the properties of the file; the hour is never asked, so that the same
                 table gives the same file
    """

    title: str
    headings: tuple[str, ...]
    kinds: tuple[Kind, ...]
    widths: tuple[int, ...]
    rows: Iterable[tuple[Any, ...]]
    about: tuple[tuple[str, str], ...]
    zone: tzinfo
    made_at: datetime = UNDATED


def write_workbook(sheet: Sheet) -> bytes:
    """Write a table as the bytes of an .xlsx file.

    ``UserError`` if there are more rows than a sheet can hold: nothing is left out in silence.
    """
    target = BytesIO()
    with Workbook(target, _OPTIONS) as workbook:
        workbook.set_properties({"title": sheet.title, "created": sheet.made_at.astimezone(UTC)})
        _write_table(workbook, sheet)
        _write_about(workbook, sheet)
    return target.getvalue()


def _write_table(workbook: Workbook, sheet: Sheet) -> None:
    page = workbook.add_worksheet(_sheet_name(sheet.title))
    pen = _Pen(workbook, page, sheet.zone)
    last = len(sheet.headings) - 1
    page.freeze_panes(1, 0)
    page.repeat_rows(0)
    page.set_landscape()
    _set_paper(page, sheet)
    for column, (heading, width) in enumerate(zip(sheet.headings, sheet.widths, strict=True)):
        page.set_column(column, column, max(width, _columns(heading) + 3))  # room for the filter
        pen.text(0, column, heading, pen.heading)
    count = 0
    for row in sheet.rows:
        count += 1
        if count > MOST_ROWS:
            raise UserError("papers.excel.too_many_rows", count=MOST_ROWS)
        for column, value in enumerate(row):
            pen.value(count, column, value, sheet.kinds[column], sheet.widths[column])
    page.autofilter(0, 0, count, last)
    # Codes and userids of digits are text on purpose: no green corners.
    page.ignore_errors({"number_stored_as_text": xl_range(1, 0, MOST_ROWS, last)})


def _write_about(workbook: Workbook, sheet: Sheet) -> None:
    page = workbook.add_worksheet(t("papers.excel.about"))
    pen = _Pen(workbook, page, sheet.zone)
    _set_paper(page, sheet)
    page.set_column(0, 0, 16)
    page.set_column(1, 1, 72)
    for row, (name, value) in enumerate(sheet.about):
        pen.text(row, 0, name, pen.heading)
        pen.text(row, 1, value, pen.long)


def _set_paper(page: Worksheet, sheet: Sheet) -> None:
    """A4, one page wide; title, number, time and maker in the foot of each printed page."""
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.8)
    page.center_horizontally()
    # An ampersand begins a code there, and XlsxWriter takes even a doubled one for a picture.
    said = " ".join(f"{name} {value}" for name, value in sheet.about[1:4])
    footing = _cut(printable(f"{sheet.title} {said}"), 180).replace("&", "\N{FULLWIDTH AMPERSAND}")
    page.set_footer(f"&L{footing}&R{t('papers.excel.page')}")


class _Pen:
    """Writes typed cells. Rows must come in order: each is on disk once the next begins."""

    def __init__(self, workbook: Workbook, page: Worksheet, zone: tzinfo) -> None:
        self._page = page
        self._zone = zone
        style = {"font_name": t("papers.excel.font"), "font_size": 11, "valign": "vcenter"}
        style |= {"border": 1, "border_color": "#A6A6A6"}

        def look(**more: object) -> Format:
            return workbook.add_format(style | more)

        self.heading = look(bold=True, bg_color="#F2DCDB", align="center", text_wrap=True)
        self.long = look(text_wrap=True)
        self._short = look()
        self._number = look(align="right")
        # 60 means 60 %: the sign is only shown, the value stays what it is everywhere else.
        self._percent = look(align="right", num_format='0"%"')
        self._fraction = look(align="right", num_format='0.0#"%"')
        self._date = look(align="center", num_format="yyyy-mm-dd")
        self._time = look(align="center", num_format="yyyy-mm-dd hh:mm")

    def value(self, row: int, column: int, value: Any, kind: Kind, width: int) -> None:  # noqa: ANN401  (whatever a column holds)
        """Write a value by its type; the kind of the column says how numbers and days look."""
        if isinstance(value, StrEnum):
            self.text(row, column, label(value), self._short)
        elif isinstance(value, datetime):
            moment = _local(value, self._zone)
            self._day(row, column, moment.date() if kind is Kind.DATE else moment)
        elif isinstance(value, date):
            self._day(row, column, value)
        elif _is_exact(value):
            self._page.write_number(row, column, value, self._numeric(value, kind))
        else:
            words = "" if value is None else str(value)
            self.text(row, column, words, self.long if width >= WIDE else self._short)

    def _day(self, row: int, column: int, value: date) -> None:
        if value.isoformat() < FIRST_DATE:
            self.text(row, column, str(value), self._short)
        else:
            look = self._time if isinstance(value, datetime) else self._date
            self._page.write_datetime(row, column, value, look)

    def text(self, row: int, column: int, text: str, look: Format) -> None:
        """Write text that stays text, whatever it looks like; empty text is an empty cell."""
        text = printable(text)
        if not text:
            self._page.write_blank(row, column, None, look)
        elif text.startswith("<r>") and text.endswith("</r>"):
            # XlsxWriter takes such a string for finished markup and copies it into the sheet as
            # it is, formulas and all. In two runs it is escaped and reads the same.
            self._page.write_rich_string(row, column, text[:1], self._short, text[1:], look)
        else:
            self._page.write_string(row, column, text, look)

    def _numeric(self, value: float | Decimal, kind: Kind) -> Format:
        if kind is not Kind.PERCENT:
            return self._number
        return self._percent if value == int(value) else self._fraction


def _local(moment: datetime, zone: tzinfo) -> datetime:
    """A moment as the clock on the wall showed it, to the second; Excel knows no zones."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _is_exact(value: object) -> bool:
    """Whether a value is a number that Excel can hold as it is."""
    if isinstance(value, int):
        return -EXACT < value < EXACT
    return isinstance(value, float | Decimal) and isfinite(value) and -EXACT < value < EXACT


def _cut(text: str, units: int) -> str:
    """The beginning of a text; Excel counts in UTF-16."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")


def _columns(text: str) -> int:
    """How many columns of half-width characters a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _sheet_name(title: str) -> str:
    """A title as Excel allows it on a tab: 31 characters, some signs not, one name taken."""
    name = _cut(_FORBIDDEN.sub("", printable(title)), 31).strip().strip("'")
    taken = {"", "history", t("papers.excel.about")}
    return t("papers.excel.untitled") if name.casefold() in taken else name
