"""Pages of single things and of boards: dossiers, their buttons and photos, and boards."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from handlers.board import (
    BoardPage,
    ChartBlock,
    StoriesBlock,
    TableBlock,
    TextBlock,
    TilesBlock,
)
from handlers.context import Context
from handlers.dossier import Act, Dossier
from handlers.figures import minute_text
from handlers.paper import PaperForm, paper_path

BLOCKS = {
    TableBlock: "table",
    TilesBlock: "tiles",
    ChartBlock: "chart",
    StoriesBlock: "stories",
    TextBlock: "text",
}


def act_href(act: Act) -> str:
    """Where a button that opens a form leads; empty for those done in one tap."""
    if act.action:
        return ""
    query = urlencode(act.answers)
    return f"/form/{act.command}" + (f"?{query}" if query else "")


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


def board_values(board_page: BoardPage) -> Mapping[str, Any]:
    """What the template of a board needs: each block with the name of how it is drawn."""
    blocks = [(BLOCKS[type(block)], block) for block in board_page.blocks]
    acts = [(act, act_href(act)) for act in board_page.acts]
    papers = paper_links(board_page.papers)
    return {"board": board_page, "blocks": blocks, "acts": acts, "papers": papers}
