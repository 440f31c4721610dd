"""What is held about a person: declared once by each family (PRODUCT.md E.9).

``/我的数据``, its page and zip, ``/删除``, the matrix of roles and data in the docs, and what the
cleaning removes follow from a :class:`Holding`. Words are plain; the faces escape them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import SQLColumnExpression, select

from config.rules import Rules
from config.texts import t
from handlers.context import Context
from models.base import Base
from models.person import Role

SHOWN: Final = 500
"""At most so many things of a kind are shown; the newest."""


class Access(StrEnum):
    """How much of it somebody sees."""

    NONE = "none"
    COUNT = "count"
    FACTS = "facts"
    TEXT = "text"


class Kin(StrEnum):
    """Readers who hold no role over the person."""

    SELF = "self"
    OTHER_PARTY = "other_party"
    COLLEAGUE = "colleague"


Reader: TypeAlias = Kin | Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One thing held about a person.

    ``title``  what it is; ``text`` what it says, empty where that is shown elsewhere
    ``at``     since when, a day or an aware moment; None: since always
    ``number`` under which ``/查`` shows it
    """

    title: str
    at: datetime | date | None = None
    number: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One kind of data about persons. Texts: ``holding.<key>.name/purpose/stays``.

    ``tables``   the tables it speaks for: each that refers to a person belongs to some holding
    ``find``     what is held about the person of an id, newest first
    ``erase``    deletes what that person may have deleted at once; returns how many things
    ``readers``  who sees how much besides the person; roles hold for the units below them
    ``days``     how long it is kept, None: as long as the record of work it belongs to
    ``purge``    deletes what is older than a moment, a piece at a time; returns how many things
    """

    key: str
    tables: tuple[str, ...]
    find: Callable[[Context, int], Iterable[Held]]
    erase: Callable[[Context, int], int] | None = None
    readers: Mapping[Reader, Access] = field(default_factory=dict)
    days: Callable[[Rules], int | None] = lambda _: None
    purge: Callable[[Context, datetime], int] | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return t(f"holding.{self.key}.name")

    @property
    def purpose(self) -> str:
        """What it is for."""
        return t(f"holding.{self.key}.purpose")

    @property
    def stays(self) -> str:
        """Why what cannot be deleted at once must stay, and until when; empty if nothing must."""
        return t(f"holding.{self.key}.stays")

    def access(self, reader: Reader) -> Access:
        """How much of it a reader sees."""
        return Access.TEXT if reader is Kin.SELF else self.readers.get(reader, Access.NONE)


Label: TypeAlias = Callable[[Any], str]


def rows_of(
    entity: type[Base],
    who: SQLColumnExpression[Any],
    at: SQLColumnExpression[Any],
    *,
    title: str | Label,
    number: Label = lambda _: "",
    text: Label = lambda _: "",
) -> Callable[[Context, int], Sequence[Held]]:
    """The usual ``find``: the rows of an entity that refer to the person, newest first.

    ``title`` is a text key, or a function of the row; so are ``number`` and ``text``.
    """

    def find(ctx: Context, person_id: int) -> Sequence[Held]:
        query = select(entity, at).where(who == person_id).order_by(at.desc()).limit(SHOWN)
        return [
            Held(
                title=t(title) if isinstance(title, str) else title(row),
                at=moment,
                number=number(row),
                text=text(row),
            )
            for row, moment in ctx.session.execute(query)
        ]

    return find
