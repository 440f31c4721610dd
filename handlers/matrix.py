"""Who sees how much of what: the matrix of roles and data, written from the declarations.

Everybody can read it as a board, with the ledgers and boards each role opens; the part about
personal data stands in ``docs/roles-and-data.md`` (``handlers/matrix_page.py`` writes it).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from config.rules import Rules, default_rules
from config.texts import label, t
from handlers.board import Board, BoardPage, Cell, TableBlock
from handlers.context import Context
from handlers.personal import Access, Holding, Kin, Reader
from models.person import Role

if TYPE_CHECKING:
    from handlers.catalogue import Catalogue

Table: TypeAlias = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Headings and rows."""
READERS: tuple[Reader, ...] = (*Kin, *Role)


def who_sees(holdings: Sequence[Holding]) -> Table:
    """How much of each kind of data each reader sees."""
    rows = [[one.name, *(_word(one, reader) for reader in READERS)] for one in holdings]
    return [t("matrix.data"), *(label(reader) for reader in READERS)], rows


def _word(one: Holding, reader: Reader) -> str:
    access = one.access(reader)
    return "" if access is Access.NONE else label(access)


def how_long(holdings: Sequence[Holding], rules: Rules) -> Table:
    """What each kind of data is for, how long it is kept, and why it cannot go earlier."""
    rows = []
    for one in holdings:
        days = one.days(rules)
        kept = t("matrix.kept_record") if days is None else t("matrix.kept_days", days=days)
        rows.append([one.name, one.purpose, kept, one.stays or t("matrix.nothing_stays")])
    heads = [t(f"matrix.{key}") for key in ("data", "purpose", "days", "why")]
    return heads, rows


def who_opens(known: "Catalogue") -> Table:
    """Ledgers and boards with the roles that open them; which units they show stands in each."""
    named = [(one.name, one.roles) for one in known.ledgers.values()]
    named += [(one.name, one.roles) for one in known.boards.values() if not one.hidden]
    rows = [
        [name, *(t("matrix.yes") if not roles or role in roles else "" for role in Role)]
        for name, roles in named
    ]
    return [t("matrix.page"), *(label(role) for role in Role)], rows


def roles_board(known: "Callable[[], Catalogue]") -> Board:
    """The page 谁能看什么, for everybody."""

    def show(ctx: Context, params: Mapping[str, str]) -> BoardPage:
        del params
        found = known()
        return BoardPage(
            title=t("board.roles.title"),
            note=t("matrix.note"),
            blocks=(
                _block("matrix.title_data", who_sees(found.holdings)),
                _block("matrix.title_stays", how_long(found.holdings, ctx.rules)),
                _block("matrix.title_pages", who_opens(found)),
            ),
        )

    return Board(key="roles", show=show)


def _block(title: str, table: Table) -> TableBlock:
    heads, rows = table
    return TableBlock(title=t(title), headings=heads, rows=[[Cell(c) for c in row] for row in rows])


def as_markdown(holdings: Sequence[Holding]) -> str:
    """The page for the docs."""
    return "\n\n".join(
        (
            f"# {t('board.roles.title')}",
            t("matrix.generated"),
            t("matrix.note"),
            _markdown(who_sees(holdings)),
            f"## {t('matrix.title_stays')}",
            _markdown(how_long(holdings, default_rules())) + "\n",
        )
    )


def _markdown(table: Table) -> str:
    heads, rows = table
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
