"""Boards: pages that show many things at a glance, as plans without HTML.

A family declares a ``Board``; the page ``/board/<key>``, its entry on the home page and its rights
follow. Words are plain; the page escapes them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, overload

from config.texts import t
from handlers.context import Context
from handlers.dossier import Act
from models.person import Member, Role

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that matters; ``note`` is its definition 口径."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; ``light`` is green, yellow, red, blue or empty, ``href`` a path of ours."""

    text: str
    light: str = ""
    href: str = ""


class Later(Sequence[R]):
    """Rows of a long table, drawn when they are looked at: a page shows only some of them."""

    def __init__(self, items: Sequence[T], draw: Callable[[T], R]) -> None:
        self._items = items
        self._draw: Callable[[Any], R] = draw

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, at: int) -> R: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[R]: ...
    def __getitem__(self, at: int | slice) -> R | Sequence[R]:
        if isinstance(at, slice):
            return [self._draw(item) for item in self._items[at]]
        return self._draw(self._items[at])


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBlock:
    """A table; ``numeric`` are the columns that are set to the right."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    note: str = ""
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a wall."""

    title: str
    value: str = ""
    light: str = ""
    note: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TilesBlock:
    """Tiles side by side."""

    tiles: Sequence[Tile]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartBlock:
    """Bars or lines over ``labels``; each series is a name and one value (or None) per label."""

    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[float | None]]]
    title: str = ""
    unit: str = ""
    lines: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Something that was changed: how it was, what was done, photos before and after.

    ``before`` and ``after`` are ids of attachments that every reader of the board may see.
    """

    title: str
    text: str
    number: str = ""
    before: Sequence[int] = ()
    after: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoriesBlock:
    """Stories one below the other."""

    stories: Sequence[Story]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """Words, one paragraph a line; ``acts`` are the buttons below them that are about them."""

    text: str
    title: str = ""
    acts: Sequence[Act] = ()


BoardBlock: TypeAlias = TableBlock | TilesBlock | ChartBlock | StoriesBlock | TextBlock


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above a board: the parameter, its label, (value, words) of each option."""

    key: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """What a board shows to one reader.

    ``refresh``  it loads itself anew after so many seconds
    ``papers``   what there is of it on paper: (words, paper recipe key, parameters)
    """

    title: str
    note: str = ""
    figures: Sequence[Figure] = ()
    blocks: Sequence[BoardBlock] = ()
    filters: Sequence[Filter] = ()
    acts: Sequence[Act] = ()
    refresh: int = 0
    papers: Sequence[tuple[str, str, Mapping[str, str]]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A page at ``/board/<key>``. Texts: ``board.<key>.title/about``.

    ``show`` gets the parameters of the address; ``roles`` empty means everybody on the list of
    people. ``hidden`` boards are reached by links only. ``confined``: never as a picture to be
    sent on, nor on the office's screen; what it shows is for whoever opened the page.
    """

    key: str
    show: Callable[[Context, Mapping[str, str]], BoardPage]
    roles: frozenset[Role] = frozenset()
    hidden: bool = False
    confined: bool = False

    @property
    def name(self) -> str:
        """What it is called."""
        return t(f"board.{self.key}.title")

    def may(self, member: Member | None) -> bool:
        """Whether somebody may open it."""
        return member is not None and (not self.roles or member.has(*self.roles))
