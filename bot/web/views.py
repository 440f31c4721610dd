"""Pages of single things and of boards: what their templates need."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeVar
from urllib.parse import urlencode

from markupsafe import Markup

from bot.web import charts
from handlers.board import (
    BoardBlock,
    BoardPage,
    ChartBlock,
    StoriesBlock,
    TableBlock,
    TextBlock,
    TilesBlock,
)
from handlers.content import Card
from handlers.context import Context
from handlers.dossier import Act, Dossier
from handlers.figures import minute_text
from handlers.paper import PaperForm, paper_path

T = TypeVar("T")
ROWS = 200
TILES = 600
"""A table or wall longer than this is shown page by page; a province's wall stays whole."""
SLIDE = 32
"""Tiles on a screen at once: as many as are read from five metres; more are shown in turn."""
KINDS = {
    TableBlock: "table",
    TilesBlock: "tiles",
    ChartBlock: "chart",
    StoriesBlock: "stories",
    TextBlock: "text",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One block with the name of how it is drawn; a chart with its drawing and legend.

    ``acts`` are the block's own buttons, each with the address it leads to, if any.
    """

    kind: str
    block: BoardBlock
    drawing: str = ""
    legend: Sequence[tuple[str, Markup]] = ()
    pager: "Pager | None" = None
    acts: Sequence[tuple[Act, str]] = ()


@dataclass(frozen=True, slots=True)
class Pager:
    """Where one stands in a long table: ``total`` rows; addresses of the pages beside, if any."""

    page: int
    pages: int
    total: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks one below the other; charts stand side by side."""

    charts: bool
    blocks: Sequence[Drawn]


def act_href(act: Act) -> str:
    """Where a button that opens a form leads; empty for those done in one tap."""
    if act.action:
        return ""
    query = urlencode(act.answers)
    return f"/form/{act.command}" + (f"?{query}" if query else "")


def card_acts(card: Card, actions: Container[str]) -> list[tuple[Act, str]]:
    """The buttons of a card that was answered, for the page; those of a dialogue stay in chat."""
    if card.selects or card.ticks:
        return []
    found = []
    for button in card.buttons:
        name, _, argument = button.action.partition(":")
        command, *filled = argument.split("/")
        if name == "begin":
            answers = dict(part.split("=", 1) for part in filled if "=" in part)
            act = Act(button.label, command=command, answers=answers, tone=button.tone)
            found.append((act, act_href(act)))
        elif name in actions:
            found.append((Act(button.label, action=button.action, tone=button.tone), ""))
    return found


def dossier_values(ctx: Context, dossier: Dossier) -> Mapping[str, Any]:
    """What the template of a dossier needs."""
    steps = [(minute_text(ctx.local(step.at)), step) for step in dossier.steps]
    acts = [(act, act_href(act)) for act in dossier.acts]
    papers = paper_links(dossier.papers)
    return {"dossier": dossier, "steps": steps, "acts": acts, "papers": papers}


def paper_links(
    papers: Sequence[tuple[str, str, Mapping[str, str]]],
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Papers with the address of each form there is of them."""
    return [
        (words, [(form.value, paper_path(key, form, params)) for form in PaperForm])
        for words, key, params in papers
    ]


def board_values(board_page: BoardPage, params: Mapping[str, str]) -> Mapping[str, Any]:
    """What the template of a board needs: its blocks in groups, long ones page by page."""
    drawn = [_drawn(block, f"p{at}", params) for at, block in enumerate(board_page.blocks)]
    grouped = groupby(drawn, key=lambda one: one.kind == "chart")
    return {
        "board": board_page,
        "groups": [Group(together, list(blocks)) for together, blocks in grouped],
        "walls": [
            slide
            for one in drawn
            if isinstance(one.block, TilesBlock)
            for slide in slides(one.block)
        ],
        "acts": [(act, act_href(act)) for act in board_page.acts],
        "papers": paper_links(board_page.papers),
        "text_of": charts.text_of,
    }


def slides(block: TilesBlock) -> Iterator[TilesBlock]:
    """The tiles of a block as they follow each other on the screen, evenly shared."""
    count = max(-(-len(block.tiles) // SLIDE), 1)
    size = max(-(-len(block.tiles) // count), 1)
    for at in range(0, max(len(block.tiles), 1), size):
        yield replace(block, tiles=block.tiles[at : at + size])


def _drawn(block: BoardBlock, key: str, params: Mapping[str, str]) -> Drawn:
    if isinstance(block, ChartBlock):
        return Drawn("chart", block, charts.draw(block), charts.legend(block))
    if isinstance(block, TableBlock) and len(block.rows) > ROWS:
        pager, rows = _paged(block.rows, ROWS, key, params)
        return Drawn("table", replace(block, rows=rows), pager=pager)
    if isinstance(block, TilesBlock) and len(block.tiles) > TILES:
        pager, tiles = _paged(block.tiles, TILES, key, params)
        return Drawn("tiles", replace(block, tiles=tiles), pager=pager)
    acts = [(act, act_href(act)) for act in block.acts] if isinstance(block, TextBlock) else []
    return Drawn(KINDS[type(block)], block, acts=acts)


def _paged(
    rows: Sequence[T], most: int, key: str, params: Mapping[str, str]
) -> tuple[Pager, Sequence[T]]:
    """One page of many rows; ``key`` is the parameter of the address that says which."""
    pages = -(-len(rows) // most)
    asked = params.get(key, "")
    page = min(max(int(asked), 1), pages) if asked.isascii() and asked.isdigit() else 1
    at = (page - 1) * most

    def leads(to: int) -> str:
        return "?" + urlencode({**params, key: to}) if 1 <= to <= pages else ""

    return Pager(page, pages, len(rows), leads(page - 1), leads(page + 1)), rows[at : at + most]
