"""The faces of the same table, read as people get them: chat, page, Excel, Word and PDF.

Each comes back as rows of words as they are read, so that one reckoning can be held against all.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from html import unescape
from io import BytesIO
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import aiohttp
import docx
from docx.document import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

from bot.app import Runtime
from bot.clock import FixedClock
from tests.pdf import Pdf, Table, squeezed

ROWS: Final = 50
"""Of a ledger on one page."""
_TABLE: Final = re.compile(r"<table>(.*?)</table>", re.DOTALL)
_ROW: Final = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL: Final = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)
_TAG: Final = re.compile(r"<span class=\"(?:arrow|unseen)\".*?</span>|<[^>]+>", re.DOTALL)


def same(what: str, found: Sequence[Any], expected: Sequence[Any]) -> None:
    """Two lists line by line; what differs first is said."""
    for at, (one, other) in enumerate(zip(found, expected, strict=False)):
        assert one == other, f"{what}, {at}: {one} instead of {other}"
    assert len(found) == len(expected), f"{what}: {len(found)} instead of {len(expected)}"


class Shown(Protocol):
    """A product with its pages open, and a clock that stands still until it is moved."""

    runtime: Runtime
    clock: FixedClock


@dataclass(frozen=True)
class Reader:
    """Somebody at a browser."""

    shown: Shown
    session: aiohttp.ClientSession

    async def enter(self, userid: str) -> None:
        """Log in by a link of one's own."""
        await self._get(self.shown.runtime.links.make("/", userid))

    async def page(self, path: str) -> str:
        """A page that is there."""
        return (await self._get(f"http://127.0.0.1:{self.shown.runtime.port}{path}")).decode()

    async def file(self, path: str) -> bytes:
        """A file; nobody gets more than some of them in a minute."""
        self.shown.clock.move_to(self.shown.clock.now() + timedelta(minutes=1))
        return await self._get(f"http://127.0.0.1:{self.shown.runtime.port}{path}")

    async def _get(self, url: str) -> bytes:
        async with self.session.get(url) as answer:
            data = await answer.read()
            assert answer.status == 200, (url, answer.status, data[:300])
            return data

    async def ledger(self, key: str, of: str = "") -> dict[str, Table]:
        """All rows of a ledger with all columns, by face; the first row is its head."""
        query = urlencode({"of": of} if of else {})
        word = await self.file(f"/paper/ledger.docx?ledger={key}&{query}")
        pdf = await self.file(f"/paper/ledger.pdf?ledger={key}&{query}")
        (printed,) = word_tables(docx.Document(BytesIO(word)))
        (drawn,) = Pdf(pdf).tables
        return {
            "Excel": excel_rows(await self.file(f"/ledger/{key}.xlsx?{query}")),
            "page": await self._paged(key, of),
            "Word": printed,
            "PDF": drawn,
        }

    async def _paged(self, key: str, of: str) -> Table:
        html = await self.page(f"/ledger/{key}?" + urlencode({"of": of}))
        columns = re.findall(r'name="cols" value="(\w+)"', html)
        rows: Table = []
        number = 1
        while True:
            query = urlencode({"of": of, "cols": ",".join(columns), "page": number})
            head, *body = html_tables(await self.page(f"/ledger/{key}?{query}"), foot=False)[0]
            rows += body if rows else [head, *body]
            if len(body) < ROWS:
                return rows
            number += 1


def html_tables(html: str, *, foot: bool = True) -> list[Table]:
    """Every table of a page as rows of words, the head first."""
    found = []
    for table in _TABLE.findall(html):
        kept = table if foot else table.partition("<tfoot>")[0]
        found.append(
            [[words_of(cell) for cell in _CELL.findall(row)] for row in _ROW.findall(kept)]
        )
    return found


def words_of(html: str) -> str:
    """What is read of a piece of a page."""
    return unescape(_TAG.sub("", html)).strip()


def excel_rows(data: bytes) -> Table:
    """The first sheet of a workbook; figures and days have to be typed as such to read right."""
    sheet = load_workbook(BytesIO(data)).worksheets[0]
    return [[_cell_words(cell) for cell in row] for row in sheet.iter_rows()]


def _cell_words(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.is_date:
        return f"{value:%Y-%m-%d %H:%M}" if "h" in cell.number_format else f"{value:%Y-%m-%d}"
    if isinstance(value, int | float):
        sign = "%" if "%" in cell.number_format else ""
        return f"{Decimal(str(value)).normalize():f}{sign}"
    return str(value)


def word_tables(document: Document) -> list[Table]:
    """The tables of a Word file; by its XML, python-docx is slow with long ones."""
    return [
        [
            ["".join(t.text or "" for t in cell.iter(qn("w:t"))) for cell in row.iter(qn("w:tc"))]
            for row in table._tbl.iter(qn("w:tr"))
        ]
        for table in document.tables
    ]


def paragraphs(document: Document) -> list[str]:
    """The words outside its tables, line by line, without empty ones."""
    return [p.text for p in document.paragraphs if p.text.strip()]


def tight(table: Sequence[Sequence[str]]) -> Table:
    """Rows without any blanks, as a PDF gives them."""
    return [[squeezed(cell) for cell in row] for row in table]
