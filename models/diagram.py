"""State diagrams for the docs, drawn from the tables of allowed moves: ``make diagrams``."""

from pathlib import Path
from typing import Final

from config.texts import label
from models.adjustment import Adjustment
from models.base import Stateful
from models.bulletin import Bulletin
from models.helpcall import HelpCall
from models.mechanism import Mechanism
from models.pair import Pair
from models.pledge import Pledge
from models.project import Project
from models.promotion import Promotion
from models.publicity import Sheet
from models.score import Confer
from models.wish import Wish

FOLDER: Final = Path(__file__).parents[1] / "docs" / "states"
DRAWN: Final[dict[str, type[Stateful]]] = {
    "adjustment": Adjustment,
    "project": Project,
    "bulletin": Bulletin,
    "publicity": Sheet,
    "promotion": Promotion,
    "confer": Confer,
    "help_call": HelpCall,
    "mechanism": Mechanism,
    "pledge": Pledge,
    "wish": Wish,
    "pair": Pair,
}
"""What is drawn, by the name of its file."""


def diagram(kind: type[Stateful]) -> str:
    """A page with the diagram (Mermaid) and the same as a list, in the order of the states."""
    moves = kind.MOVES
    states = [*type(next(iter(moves))).__members__.values()]
    reached = {to for targets in moves.values() for to in targets}
    lines = [
        f"# {kind.__name__}: states",
        "",
        f"Drawn from `{kind.__module__}.{kind.__name__}.MOVES` by `make diagrams`; do not edit.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f'  state "{label(state)}" as {state.value}' for state in states),
        *(f"  [*] --> {state.value}" for state in states if state not in reached),
    ]
    for state in states:
        targets = [to for to in states if to in moves.get(state, ())]
        lines.extend(f"  {state.value} --> {to.value}" for to in targets)
        if not targets:
            lines.append(f"  {state.value} --> [*]")
    lines += ["```", "", "| from | to |", "|---|---|"]
    for state in states:
        targets = [label(to) for to in states if to in moves.get(state, ())]
        lines.append(f"| {label(state)} | {'、'.join(targets) or '—'} |")
    return "\n".join(lines) + "\n"


def write_all() -> None:
    """Bring all pages up to date."""
    FOLDER.mkdir(exist_ok=True)
    for name, kind in DRAWN.items():
        (FOLDER / f"{name}.md").write_text(diagram(kind), "utf-8")


if __name__ == "__main__":
    write_all()
