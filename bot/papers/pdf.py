"""Papers as PDF, set by typst in the one open typeface that comes along (bot/papers/fonts.py).

Same grid and order as the Word document; the typefaces of the standard may not be shipped.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, assert_never

import typst

from bot.papers.fonts import font_file, missing_glyphs
from bot.papers.printable import printable
from bot.papers.setting import document_number, signature, title_lines
from bot.papers.word import LOOKS
from bot.papers.wordxml import TWIPS
from config.texts import t
from handlers.paper import Block, Grid, Heading, Layout, PageBreak, Paper, Para

TEMPLATE: Final = Path(__file__).with_name("paper.typ")
REMEMBERED: Final = 10
"""Runs whose work typst keeps."""


@cache
def _fonts() -> typst.Fonts:
    """The typeface alone: the system's would make each machine print something else."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(font_file().parent)],
    )


def write_pdf(paper: Paper, made_at: datetime) -> bytes:
    """Write a paper as the bytes of a PDF file with tags and bookmarks; ``made_at`` is aware."""
    made = _compile(paper, made_at, "pdf")
    return made if isinstance(made, bytes) else b"".join(made)


def pages(paper: Paper, made_at: datetime) -> list[bytes]:
    """Each page as a PNG, as it is printed: for pictures of a paper."""
    found = _compile(paper, made_at, "png")
    return found if isinstance(found, list) else [found]


def _compile(paper: Paper, made_at: datetime, form: Literal["pdf", "png"]) -> bytes | list[bytes]:
    plan = json.dumps(_plan(paper), ensure_ascii=False)
    try:
        return typst.compile(
            TEMPLATE.read_bytes(),
            format=form,
            font_paths=_fonts(),
            sys_inputs={"plan": plan},
            timestamp=int(made_at.timestamp()),
        )
    finally:
        _forget()


def _forget() -> None:
    """Let typst drop what it keeps of a paper: no other one is like it.

    It remembers the work of its last ten runs, a gigabyte after ten ledgers of 305 branches; ten
    empty runs take its place.
    """
    for _ in range(REMEMBERED):
        typst.compile(b"", format="svg", font_paths=_fonts())


def _plan(paper: Paper) -> Mapping[str, Any]:
    look = LOOKS[paper.layout]
    most = int(look.room / TWIPS / look.title)
    signed = signature(paper)
    colon = t("papers.colon")
    official = paper.layout is Layout.OFFICIAL
    plan = {
        "layout": paper.layout.value,
        "look": asdict(look),
        "title": paper.title,
        "author": paper.issuer,
        "lines": title_lines(paper.title, most),
        "subtitle": paper.subtitle,
        "number": document_number(paper.number),
        "addressee": f"{paper.addressee}{colon}" if paper.addressee else "",
        "body": [_block(block) for block in paper.body],
        "signature": list(asdict(signed).values()) if signed else None,
        "copies": t("papers.copies", names=paper.copies) if paper.copies else "",
        "mark": paper.mark,
        "contents": t("papers.contents") if paper.contents else "",
        "foot": [f"{label}{colon}{value}" for label, value in paper.foot],
        "gap": t("papers.foot_gap"),
        "page": t("papers.page_dash" if official else "papers.page"),
    }
    return {key: _drawn(value) for key, value in plan.items()}


def _block(block: Block) -> Mapping[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "level": min(max(block.level, 1), 3), "text": block.text}
    if isinstance(block, Para):
        return {"kind": "para", "text": block.text, "bold": block.bold}
    if isinstance(block, Grid):
        count = max(1, len(block.headings), *(len(row) for row in block.rows))
        rows = [[*row, *[""] * count][:count] for row in block.rows]
        head = [*block.headings, *[""] * count][:count] if block.headings else []
        widths = [*block.widths, *[1 / count] * count][:count]
        return {"kind": "grid", "headings": head, "rows": rows, "widths": widths}
    if isinstance(block, PageBreak):
        return {"kind": "break"}
    assert_never(block)


def _drawn(plan: Any) -> Any:  # noqa: ANN401  (JSON)
    """The plan with every text printable, and a geta mark where the typeface has no glyph."""
    if isinstance(plan, str):
        text = printable(plan)
        missing = missing_glyphs(text)
        return text.translate({ord(c): "\N{GETA MARK}" for c in missing}) if missing else text
    if isinstance(plan, Mapping):
        return {key: _drawn(value) for key, value in plan.items()}
    if isinstance(plan, Sequence):
        return [_drawn(value) for value in plan]
    return plan
