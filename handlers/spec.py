"""Declarations: what a feature says once, and the runtime turns into everything users touch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import Select, SQLColumnExpression

from config.rules import Rules
from config.texts import t, words
from handlers.board import Board, Filter, TilesBlock
from handlers.context import Context
from handlers.dossier import Record
from handlers.duty import DutySource
from handlers.paper import PaperRecipe
from handlers.personal import Holding
from handlers.reply import Reply
from handlers.seek import Seek
from models.forms.chain import Chain
from models.forms.field import NOTHING, Answers, Facts, Reading
from models.forms.form import Form
from models.person import Member, Role

Rows: TypeAlias = Select[*tuple[Any, ...]]
"""A SELECT of any columns."""


class Where(StrEnum):
    """Where a command is understood."""

    ANYWHERE = "anywhere"
    PRIVATE = "private"
    GROUP = "group"


def _no_facts(ctx: Context, answers: Answers) -> Facts:
    del ctx, answers
    return NOTHING


def _no_words(ctx: Context, answers: Answers) -> str:
    del ctx, answers
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A word the bot answers to. Texts: ``command.<key>.name/aliases/summary/usage``.

    ``roles``    who may: any of these, anywhere; empty means everybody on the list of people.
                 Rights over a certain unit are checked where the unit is known (``ctx.need``)
    ``facts``    what the form has to know of the world, given the answers so far
    ``intro``    what is read before the questions, in our Markdown, given what is answered already
    ``effect``   what it will do, said where it is confirmed; ``UserError`` if it cannot be
    ``prefill``  raw answers by field key with which a page begins where nothing else is known
    ``tailor``   makes the form anew under the rules in force (lists that an operator may change)
    ``open``     also for strangers and in groups that are not bound
    ``sheet``    its form is worth a fill-in sheet
    ``chain``    takes a pasted chain 接龙: one message, many rows
    ``unrecorded``  its use leaves no row in the audit, no draft and no name in the log: a ballot
    ``hidden``   begun by the runtime only; no word of the chat leads to it
    ``linked``   hidden, but its page is reached by a link of a record or board
    ``offline``  its page is filled in where there is no network
    """

    key: str
    form: Form
    run: Callable[[Context, Answers], Reply]
    roles: frozenset[Role] = frozenset()
    where: Where = Where.ANYWHERE
    facts: Callable[[Context, Answers], Facts] = _no_facts
    intro: Callable[[Context, Answers], str] = _no_words
    effect: Callable[[Context, Answers], str] = _no_words
    prefill: Callable[[Context, Answers], Mapping[str, str]] = _no_facts
    tailor: Callable[[Rules], Form] | None = None
    open: bool = False
    sheet: bool = False
    hidden: bool = False
    linked: bool = False
    offline: bool = False
    unrecorded: bool = False
    under: tuple[str, str] | None = None
    chain: Callable[[Context, Chain, Reading], Reply] | None = None

    @property
    def name(self) -> str:
        """The Chinese name, without the slash."""
        return t(f"command.{self.key}.name")

    @property
    def names(self) -> tuple[str, ...]:
        """Name, pinyin initials, English alias and further words."""
        return (self.name, *words(f"command.{self.key}.aliases"))

    def may(self, member: Member | None) -> bool:
        """Whether somebody may use it at all."""
        if member is None:
            return self.open
        return not self.roles or member.has(*self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a button of a card does: ``run(ctx, argument, picked)``.

    Rights are checked when it is pressed, never when it is drawn: anyone in a group can press.
    ``unrecorded`` as of a command.
    """

    key: str
    run: Callable[[Context, str, Mapping[str, tuple[str, ...]]], Reply]
    roles: frozenset[Role] = frozenset()
    unrecorded: bool = False


class Kind(StrEnum):
    """How a column is shown, aligned and written to Excel."""

    TEXT = "text"
    WORD = "word"  # a StrEnum, shown by its word
    NUMBER = "number"
    PERCENT = "percent"
    DATE = "date"
    TIME = "time"


class Total(StrEnum):
    """What stands below a column of a ledger, over all rows."""

    SUM = "sum"
    MEAN = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a ledger. Its heading is the text ``ledger.<ledger>.<key>``.

    ``expr``   what the database gives and what filters and sorting work on
    ``show``   turns that into what is shown; None: as it is
    ``sought`` what the database holds may be searched, although it is shown otherwise
    ``total``  what stands below it; only for figures that mean something together
    ``width``  in characters, for Excel; ``wide`` columns are hidden on phones
    """

    key: str
    expr: SQLColumnExpression[Any]
    kind: Kind = Kind.TEXT
    width: int = 16
    wide: bool = False
    show: Callable[[Any, "View"], Any] | None = None
    sought: bool = False
    total: Total | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Who looks at a ledger, when. ``member`` None: the operator's command line, sees all.

    ``seek`` what was learnt about the words looked for: one view may be put to several ledgers
    """

    ctx: Context
    member: Member | None
    params: Mapping[str, Any]
    seek: Seek = field(default_factory=Seek)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A list 台账 with its chat, page and Excel faces. Texts: ``ledger.<key>.title/note``.

    ``query``  the rows a viewer may see, without columns and order: ``select_from`` and ``where``
    ``order``  default order; the last entry must make it total
    ``takes``  the command whose form one row of a workbook fills in; empty: no Excel in
    ``needs``  fields that may be left out when one speaks, but not in a row of a workbook
    ``takers`` who brings workbooks, where the command itself is open to all
    ``found``  /搜索 asks it too; False for the house's own books and figures about branches
    ``scope``  the years or issues of which one is shown at a time: ``query`` finds the value under
               the choice's key in ``view.params``, or nothing if there are none yet
    """

    key: str
    columns: tuple[Column, ...]
    query: Callable[[View], Rows]
    order: tuple[SQLColumnExpression[Any], ...]
    roles: frozenset[Role] = frozenset()
    takes: str = ""
    needs: frozenset[str] = frozenset()
    takers: frozenset[Role] = frozenset()
    found: bool = True
    scope: Callable[[View], Filter] | None = None

    @property
    def name(self) -> str:
        """The Chinese name, as it is exported."""
        return t(f"ledger.{self.key}.title")

    def heading(self, column: Column) -> str:
        """The heading of a column."""
        return t(f"ledger.{self.key}.{column.key}")

    def may_take(self, member: Member) -> bool:
        """Whether somebody may bring a workbook, as far as the ledger says."""
        return bool(self.takes) and (not self.takers or member.has(*self.takers))

    def may(self, member: Member | None) -> bool:
        """Whether somebody may open it; None is the operator at the machine."""
        return member is None or not self.roles or member.has(*self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterRow:
    """One line of a poster: cells as shown; ``light`` is green, yellow, red or empty."""

    cells: tuple[str, ...]
    bar: float | None = None
    light: str = ""
    change: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A table on a poster. ``widths`` are shares of the width, one per column."""

    title: str = ""
    headings: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    rows: tuple[PosterRow, ...] = ()


@dataclass(frozen=True, slots=True)
class WordCard:
    """A heading and paragraphs of (label, words) that somebody wrote."""

    heading: str
    paragraphs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCards:
    """Words on a poster that are to be read whole: they wrap, and the cards grow with them."""

    cards: tuple[WordCard, ...]
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """A picture for a group, as a plan: what is on it, not how it is drawn."""

    title: str
    subtitle: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    blocks: tuple[Block | TilesBlock | WordCards, ...] = ()
    notes: tuple[str, ...] = ()


Recipe: TypeAlias = Callable[[Context, Mapping[str, Any]], Poster]
"""Draws up a poster from the parameters of a ``Picture``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What one file of handlers declares.

    ``mine``      lines of ``/我的``: what of this family is the speaker's own, already our Markdown
    ``holdings``  what this family holds about persons (``handlers/personal.py``)
    """

    commands: Sequence[Command] = ()
    actions: Sequence[Action] = ()
    ledgers: Sequence[Ledger] = ()
    records: Sequence[Record] = ()
    duties: Sequence[DutySource] = ()
    boards: Sequence[Board] = ()
    pictures: Mapping[str, Recipe] = field(default_factory=dict)
    papers: Mapping[str, PaperRecipe] = field(default_factory=dict)
    mine: Sequence[Callable[[Context], Sequence[str]]] = ()
    holdings: Sequence[Holding] = ()
