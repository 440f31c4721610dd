"""Papers: what is handed in on paper, as plans that become Word or PDF.

``OFFICIAL`` follows GB/T 9704 (PRODUCT.md D.2), ``BOOK`` is a printed book with contents and page
numbers, ``SHEET`` a landscape table as secretaries keep them. Words are plain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias
from urllib.parse import urlencode

from handlers.context import Context


class PaperForm(StrEnum):
    """What a paper is handed out as; the value is the ending of the file."""

    DOCX = "docx"
    PDF = "pdf"


class Layout(StrEnum):
    """How a paper is set."""

    OFFICIAL = "official"
    BOOK = "book"
    SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is 一、, level 2 is （一） (the words carry their own number)."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph; ``bold`` is its beginning that is set strong."""

    text: str
    bold: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; ``widths`` are shares of the width."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins on a new page."""


Block: TypeAlias = Heading | Para | Grid | PageBreak


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One document.

    ``number``     发文字号, as 泉电党整〔2026〕7号
    ``addressee``  主送, without the colon
    ``issuer``     落款; ``day`` the date below it
    ``mark``       such as 待签发: a draft says so on every page
    ``contents``   a book has a table of contents of its level 1 headings
    ``foot``       编号, 制表人, 时间, 口径: label and value
    ``template``   digest of an office's own Word file (``models.paper_template``), ``values`` what
                   its placeholders say; PDF keeps to the layout
    """

    title: str
    body: Sequence[Block]
    layout: Layout = Layout.OFFICIAL
    subtitle: str = ""
    number: str = ""
    addressee: str = ""
    issuer: str = ""
    day: date | None = None
    copies: str = ""
    mark: str = ""
    contents: bool = False
    foot: Sequence[tuple[str, str]] = ()
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


PaperRecipe: TypeAlias = Callable[[Context, Mapping[str, Any]], Paper]
"""Draws up a paper for the reader of the context; ``UserError`` if that person may not have it."""


def paper_path(key: str, form: PaperForm, params: Mapping[str, str]) -> str:
    """The address of a paper's file, without the base."""
    query = urlencode(params)
    return f"/paper/{key}.{form}" + (f"?{query}" if query else "")
