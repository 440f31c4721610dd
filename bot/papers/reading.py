"""An .xlsx workbook as tables: typed cells by heading, with the row numbers that Excel shows.

The values come from calamine (quick, and it runs nothing). It shows cells with an error and
formulas without a value as blank ones, so these are looked for in the file's own XML.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Final
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    XmlError,
    ZipError,
)

from handlers.imports.cells import is_blank
from handlers.imports.table import Broken, Cell, Row, Table
from models.errors import UserError
from models.forms.typed import clean

MEGABYTE: Final = 1024 * 1024
MOST: Final = 50 * MEGABYTE
MOST_INSIDE: Final = 1024 * MEGABYTE
"""Unpacked; a million people take a quarter of it."""
OLD: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How .xls begins, and also .xlsx once it is encrypted."""
PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_DAMAGE: Final = (
    CalamineError,
    XmlError,
    ET.ParseError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    ValueError,
    zlib.error,
)
"""What the libraries raise over a file that is not as it should be."""
Faults = Mapping[tuple[int, int], Broken]
"""Cells without a value by row and column, both counted from 1."""


def read_workbook(source: str | PathLike[str] | bytes) -> dict[str, Table]:
    """The sheets of a workbook by name, in their order; ``UserError`` if it is none.

    The first row that is not blank holds the headings. Rows are read as they are gone through.
    """
    data = source if isinstance(source, bytes) else _load(Path(source))
    if len(data) > MOST:
        raise UserError("workbook.too_large", limit=MOST // MEGABYTE)
    if data.startswith(OLD):
        raise UserError("workbook.encrypted" if PACKAGE in data else "workbook.old")
    try:
        faults = _faults(data)
        book = CalamineWorkbook.from_object(BytesIO(data))
        names = [m.name for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
        pages = {name: book.get_sheet_by_name(name) for name in names}
    except (BadZipFile, ZipError) as error:
        raise UserError("workbook.not_one") from error
    except _DAMAGE as error:
        raise UserError("workbook.damaged") from error
    if not pages:
        raise UserError("workbook.empty")
    return {name: _table(page, faults.get(name, {})) for name, page in pages.items()}


def _load(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST:
            raise UserError("workbook.too_large", limit=MOST // MEGABYTE)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UserError("workbook.missing", name=path) from error
    except OSError as error:
        raise UserError("workbook.unreadable", name=path) from error


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows below the headings. ``left`` is how many columns stand before the first one."""

    sheet: CalamineSheet
    top: int
    left: int
    headings: tuple[str, ...]
    faults: Faults

    def __iter__(self) -> Iterator[Row]:
        """Rows that are not blank, with their numbers."""
        broken: dict[int, dict[int, Broken]] = {}
        for (row, column), fault in self.faults.items():
            broken.setdefault(row, {})[column - self.left - 1] = fault
        for number, cells in self._numbered(max(broken, default=0)):
            if number <= self.top:
                continue
            cells.extend([None] * (len(self.headings) - len(cells)))
            for column, fault in broken.get(number, {}).items():
                if 0 <= column < len(cells):
                    cells[column] = fault
            if any(cell is not None for cell in cells):
                yield number, self._by_heading(cells)

    def _numbered(self, last: int) -> Iterator[tuple[int, list[Cell]]]:
        """All rows from the first of the sheet on, at least up to a row."""
        number = 0
        for number, values in enumerate(self.sheet.iter_rows(), 1):
            yield number, [_plain(value) for value in values]
        for more in range(number + 1, last + 1):
            yield more, []

    def _by_heading(self, cells: list[Cell]) -> dict[str, Cell]:
        named: dict[str, Cell] = {}
        for heading, cell in zip(self.headings, cells, strict=False):
            if heading:
                named.setdefault(heading, cell)
        return named


def _plain(value: Cell) -> Cell:
    """A cell as the rest of the product knows it: whole numbers are whole, blank ones None."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None if is_blank(value) else value


def _table(sheet: CalamineSheet, faults: Faults) -> Table:
    for number, values in enumerate(sheet.iter_rows(), 1):
        cells = [_plain(value) for value in values]
        if any(cell is not None for cell in cells):
            headings = tuple("" if cell is None else clean(str(cell)) for cell in cells)
            left = sheet.start[1] if sheet.start else 0
            return Table(sheet.name, headings, _Rows(sheet, number, left, headings, faults))
    return Table(sheet.name, (), ())


# Cells that calamine does not show

OVERLAP: Final = 256 * 1024
"""More than a cell can be long, so that none is cut in two."""
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s([^>]*[^>/])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_ERROR: Final = re.compile(rb'\bt="e"')
_TEXT: Final = re.compile(rb'\bt="str"')
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE: Final = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]*)<")


def _faults(data: bytes) -> dict[str, Faults]:
    """Cells with an error or an uncalculated formula, by the name of the sheet."""
    with ZipFile(BytesIO(data)) as archive:
        names = archive.namelist()
        if "xl/workbook.xml" not in names:
            known = "mimetype" in names or "xl/workbook.bin" in names
            raise UserError("workbook.old" if known else "workbook.not_one")
        if sum(info.file_size for info in archive.infolist()) > MOST_INSIDE:
            raise UserError("workbook.too_large", limit=MOST // MEGABYTE)
        parts = _parts(archive)
        return {name: _scan(archive, part) for name, part in parts.items() if part in names}


def _parts(archive: ZipFile) -> dict[str, str]:
    """Which part of the archive holds which sheet."""
    targets = {
        element.get("Id"): element.get("Target", "")
        for element in _xml(archive, "xl/_rels/workbook.xml.rels")
    }
    found = {}
    for element in _xml(archive, "xl/workbook.xml").iter():
        if element.tag.endswith("}sheet"):
            key = next((v for k, v in element.items() if k.endswith("}id")), None)
            path = PurePosixPath("/xl") / targets.get(key, "")
            found[element.get("name", "")] = str(path).lstrip("/")
    return found


def _xml(archive: ZipFile, part: str) -> ET.Element:
    """A small part of the package, parsed; a document type has no place in one (KeyError)."""
    text = archive.read(part)
    if b"<!DOCTYPE" in text:
        raise KeyError(part)
    return ET.fromstring(text)  # noqa: S314  (entities need a document type, refused above)


def _scan(archive: ZipFile, part: str) -> Faults:
    """Read a sheet piece by piece; pieces without a formula or error cost next to nothing."""
    found: dict[tuple[int, int], Broken] = {}
    piece = b""
    with archive.open(part) as stream:
        while more := stream.read(MEGABYTE):
            piece = piece[-OVERLAP:] + more
            if _ERROR.search(piece) or _FORMULA.search(piece):
                found.update(_broken(piece))
    return found


def _broken(piece: bytes) -> Iterator[tuple[tuple[int, int], Broken]]:
    for about, inside in _CELL.findall(piece):
        place = _PLACE.search(about)
        value = _VALUE.search(inside)
        word = value[1].decode("utf-8", "replace") if value else ""
        if place and _ERROR.search(about):
            yield _spot(place), Broken(word or "#")
        elif place and not word and _FORMULA.search(inside) and not _TEXT.search(about):
            yield _spot(place), Broken("")


def _spot(place: re.Match[bytes]) -> tuple[int, int]:
    column = 0
    for letter in place[1]:
        column = column * 26 + letter - 64
    return int(place[2]), column
