"""One index over the texts of all families: words are found, and what is similar (MEASURED 4).

A text is indexed by its pairs of neighbouring characters (bigrams): they need no dictionary and
find more than words do. SQLite keeps them in FTS5, PostgreSQL in a ``tsvector`` with GIN; both
follow ``search_entry`` by themselves (a trigger, a generated column: revision "search"), so that
whoever writes that table, a restore included, need not think of them. Queries are cut to their
rarest bigrams, which bounds the work; the best candidates are weighed again here, in Python.

The index narrows down what a reader may see; whether one hit may be shown is decided by the
``show`` of its record.
"""

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    false,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, RowId, coded
from models.forms.typed import fold
from models.person import Member
from models.segment import runs
from models.unit import Path

K = TypeVar("K", str, int)
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Rows: TypeAlias = Select[*tuple[Any, ...]]

CANDIDATES: Final = 50
"""Entries that are weighed again in Python."""
NEWEST: Final = 200
"""Entries of a word that is found everywhere: the newest so many are looked at."""
RAREST: Final = 12
"""Bigrams of a query at most, the rarest first ..."""
ENOUGH: Final = 3
"""... and at least, before the bound on the work below counts."""
COMMON: Final = 5_000
"""Further a gram is not counted: it is common."""
WORK: Final = 6_000
"""Entries that may be matched by the bigrams of a query together."""
CHARS: Final = 2_000
"""Characters of a text that are indexed or compared."""
ALIKE: Final = 0.35
"""Score from which another wording is offered where the words themselves are not found."""
PHRASE: Final = 4
"""Characters beyond which what is asked for may be a sentence."""
_PER_DAY: Final = 2**28


class Audience(StrEnum):
    """Who may find an entry; its owner always may."""

    EVERYONE = "everyone"
    UNIT = "unit"  # people of the unit, and whoever holds a role above it
    OFFICE = "office"  # whoever holds a role above it
    OWNER = "owner"


class SearchEntry(Base):
    """One text that can be found. ``number`` names its record, ``kind`` its family.

    ``id`` begins with the day and goes on with a hash of the number: sorted by it the newest come
    first, and nothing finer than the day can be read from it (anonymous suggestions, DOMAIN.md 4).
    Altering this table on SQLite in batch mode drops its triggers: make them anew.
    """

    __tablename__ = "search_entry"
    __table_args__ = (Index("ix_search_entry_kind", "kind", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    unit_path: Mapped[str] = mapped_column(Path)
    audience: Mapped[Audience] = coded(Audience)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    day: Mapped[date]
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    grams: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a family wants to be found. ``day`` is the local day it stands for, for the order."""

    number: str
    kind: str
    unit_path: str
    audience: Audience
    day: date
    title: str
    body: str = ""
    owner_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks: paths of the own branch (empty if there is none) and unit, and of all roles."""

    person_id: int
    branch: str
    unit: str
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that was found; ``score`` from 0 to 1 tells how much of the text it shares."""

    number: str
    kind: str
    title: str
    body: str
    day: date
    score: float


def reader_of(member: Member) -> Reader:
    """A speaker as the index sees them."""
    branch = ""
    if member.branch_id is not None:
        mark = f"/{member.branch_id}/"
        branch = member.path[: member.path.index(mark) + len(mark)]
    above = {power.path: None for power in member.powers}
    return Reader(person_id=member.id, branch=branch, unit=member.path, above=tuple(above))


def grams(words: str) -> list[str]:
    """Bigrams of Chinese runs (and their last character), and other words as they are; each once.

    The last character stands alone, so that every character begins a gram and can be found.
    """
    found: dict[str, None] = {}
    for run, chinese in runs(words[:CHARS]):
        if chinese:
            found.update((run[at : at + 2], None) for at in range(len(run)))
        else:
            found.update((part, None) for part in re.split(r"[.-]", run))
    return list(found)


def index(session: Session, *entries: Entry) -> None:
    """Let entries be found; what is known under the same number is replaced."""
    connection = session.connection()
    numbers = [entry.number for entry in entries]
    known: dict[str, int] = {}
    for part in _parts(numbers):
        rows = connection.execute(
            select(SearchEntry.number, SearchEntry.id).where(SearchEntry.number.in_(part))
        )
        known.update({row.number: row.id for row in rows})
    old = [{"known": known[e.number], **_row(e)} for e in entries if e.number in known]
    new = [entry for entry in entries if entry.number not in known]
    if old:
        connection.execute(_REPLACE, old)
    if new:
        ids = _fresh_ids(session, new)
        connection.execute(
            insert(SearchEntry),
            [{"id": ids[e.number], "number": e.number, **_row(e)} for e in new],
        )


def remove(session: Session, *numbers: str) -> None:
    """Let nothing be found under these numbers."""
    for part in _parts(numbers):
        session.connection().execute(delete(SearchEntry).where(SearchEntry.number.in_(part)))


def follow_unit(session: Session, old: str, new: str) -> None:
    """Let entries of a unit and of all below it follow to its new path."""
    below = literal(new).concat(func.substr(SearchEntry.unit_path, len(old) + 1))
    session.execute(
        update(SearchEntry)
        .where(_below(old))
        .values(unit_path=below)
        .execution_options(synchronize_session=False)
    )


_TABLE = SearchEntry.__table__
_REPLACE = (
    update(_TABLE)  # type: ignore[arg-type]  # a Table, says SQLAlchemy
    .where(_TABLE.c.id == bindparam("known"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "kind",
                "unit_path",
                "audience",
                "owner_id",
                "day",
                "title",
                "body",
                "grams",
            )
        }
    )
)


def _parts(keys: Sequence[K], size: int = 500) -> Iterable[Sequence[K]]:
    return (keys[at : at + size] for at in range(0, len(keys), size))


def _row(entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "unit_path": entry.unit_path,
        "audience": entry.audience,
        "owner_id": entry.owner_id,
        "day": entry.day,
        "title": entry.title[:200],
        "body": entry.body,
        "grams": " ".join(grams(f"{entry.title}\n{entry.body}")),
    }


def _fresh_ids(session: Session, entries: Sequence[Entry]) -> Mapping[str, int]:
    """Ids that are free: the hash of the number says where to begin looking."""
    wanted: dict[int, str] = {}
    waiting = {entry.number: _first_id(entry) for entry in entries}
    while waiting:
        taken: set[int] = set()
        for part in _parts(list(waiting.values())):
            query = select(SearchEntry.id).where(SearchEntry.id.in_(part))
            taken.update(session.connection().scalars(query))
        for number, one in list(waiting.items()):
            if one in taken or one in wanted:
                waiting[number] = one + 1
            else:
                wanted[one] = number
                del waiting[number]
    return {number: one for one, number in wanted.items()}


def _first_id(entry: Entry) -> int:
    digest = hashlib.sha256(entry.number.encode()).digest()
    return entry.day.toordinal() * _PER_DAY + int.from_bytes(digest[:4]) % _PER_DAY


def search(
    session: Session,
    words: str,
    *,
    kinds: Collection[str] = (),
    reader: Reader | None = None,
    limit: int = 20,
) -> list[Hit]:
    """Entries that hold all words (parted by blanks), best first; else those most alike.

    Words in the title count more than in the body, then the newest come first. ``reader`` None
    sees everything; ``kinds`` empty means all.
    """
    terms = [term for term in (fold(word) for word in words.split()) if grams(term)]
    if not terms:
        return []
    wanted = list(dict.fromkeys(gram for term in terms for gram in _prefixes(term)))
    query = _all_of(session, wanted).where(*_limits(kinds, reader)).limit(NEWEST)
    found = [_hit(row, _holding(row, terms)) for row in session.connection().execute(query)]
    found.sort(key=lambda hit: (hit.score, hit.day), reverse=True)
    if not found and len(fold(words)) > PHRASE:
        return similar(session, words, kinds=kinds, reader=reader, limit=limit, at_least=ALIKE)
    return found[:limit]


def similar(
    session: Session,
    words: str,
    *,
    kinds: Collection[str] = (),
    reader: Reader | None = None,
    limit: int = 5,
    at_least: float = 0.0,
    own: str = "",
) -> list[Hit]:
    """Entries that say the same in other words, best first, with at least a score (0 to 1).

    The rarest bigrams of the text find candidates; these are weighed by the cosine of all
    bigrams, the rarer the heavier. ``own`` is the number under which the text itself is known:
    it neither counts nor is it found.
    """
    said = grams(words)
    if not said:
        return []
    counts = _others(session, _counts(session, said), own)
    rare = _rarest(said, counts)
    if not rare:
        return []
    query = _any_of(session, rare).where(*_limits(kinds, reader), SearchEntry.number != own)
    most = max(counts.values(), default=1)
    weights = {gram: math.log(2 + most / max(counts.get(gram, 1), 1)) for gram in said}
    found = [
        _hit(row, alike(weights, row.grams.split(" ")))
        for row in session.connection().execute(query.limit(CANDIDATES))
    ]
    found.sort(key=lambda hit: (hit.score, hit.day), reverse=True)
    return [hit for hit in found if hit.score >= at_least][:limit]


def _others(session: Session, counts: Mapping[str, int], own: str) -> Mapping[str, int]:
    """Counts without what the entry of a number holds itself."""
    if not own:
        return counts
    held = session.connection().scalar(select(SearchEntry.grams).where(SearchEntry.number == own))
    mine = set((held or "").split(" "))
    return {gram: count - (gram in mine) for gram, count in counts.items()}


def alike(weights: Mapping[str, float], other: Collection[str]) -> float:
    """Cosine of a weighted set of bigrams and another set; unknown ones weigh the average."""
    if not weights or not other:
        return 0.0
    shared = sum(weights[gram] ** 2 for gram in other if gram in weights)
    strange = sum(gram not in weights for gram in other)
    squares = sum(weight**2 for weight in weights.values())
    average = squares / len(weights)
    return shared / math.sqrt(squares * (shared + strange * average)) if shared else 0.0


def excerpt(hit: Hit, words: str, chars: int = 40) -> str:
    """The part of an entry's body around the first word that was asked for."""
    body = " ".join(hit.body.split())
    folded = body.casefold()
    places = [folded.find(fold(word)) for word in words.split()]
    first = min((place for place in places if place >= 0), default=0)
    start = max(first - chars // 4, 0) if len(body) > chars else 0
    piece = body[start : start + chars]
    return f"{'…' if start else ''}{piece}{'…' if start + chars < len(body) else ''}"


def _prefixes(term: str) -> list[str]:
    """What a text that holds the term must hold; a single last character begins a bigram."""
    found: list[str] = []
    for run, chinese in runs(term):
        if not chinese:
            found.extend(f"{part}*" for part in re.split(r"[.-]", run))
        elif len(run) == 1:
            found.append(f"{run}*")
        else:
            found.extend(run[at : at + 2] for at in range(len(run) - 1))
    return found


def _holding(row: AnyRow, terms: Sequence[str]) -> float:
    """How well an entry holds all terms: 1 in its title, 0.5 in its body, less if scattered."""
    title, body = fold(row.title), fold(row.body)
    marks = [1.0 if term in title else 0.5 if term in body else 0.1 for term in terms]
    return sum(marks) / len(marks)


def _hit(row: AnyRow, score: float) -> Hit:
    return Hit(row.number, row.kind, row.title, row.body, row.day, round(score, 4))


def _rarest(said: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """The rarest grams of a query: as many as the bound on the work allows."""
    rare: list[str] = []
    work = 0
    known = [gram for gram in said if counts.get(gram) != 0]
    for gram in sorted(known, key=lambda gram: counts.get(gram, 0)):
        work += counts.get(gram, 0)
        if len(rare) == RAREST or (work > WORK and len(rare) >= ENOUGH):
            break
        rare.append(gram)
    return rare


def _limits(kinds: Collection[str], reader: Reader | None) -> list[ColumnElement[bool]]:
    """What is asked for, and what a reader may find at all."""
    limits: list[ColumnElement[bool]] = [SearchEntry.kind.in_(sorted(kinds))] if kinds else []
    if reader is None:
        return limits
    above = or_(false(), *(_below(path) for path in reader.above))
    own = _below(reader.branch) if reader.branch else SearchEntry.unit_path == reader.unit
    limits.append(
        or_(
            SearchEntry.audience == Audience.EVERYONE,
            SearchEntry.owner_id == reader.person_id,
            and_(SearchEntry.audience == Audience.UNIT, or_(own, above)),
            and_(SearchEntry.audience == Audience.OFFICE, above),
        )
    )
    return limits


def _below(path: str) -> ColumnElement[bool]:
    return and_(SearchEntry.unit_path >= path, SearchEntry.unit_path < path[:-1] + "0")


# What the two databases do differently. Grams hold letters, figures and Chinese characters only,
# so that they can be set into a query of either without quoting rules of their own.

_FTS = table("search_index", column("rowid"), column("rank"), column("search_index"))
_VECTOR: ColumnElement[Any] = literal_column("search_entry.search_index", TSVECTOR)


def _is_sqlite(session: Session) -> bool:
    return session.connection().dialect.name == "sqlite"


def _all_of(session: Session, wanted: Sequence[str]) -> Rows:
    """Entries that hold every gram, the newest first; ``食*`` is any gram that begins so."""
    if _is_sqlite(session):
        query = " AND ".join(f'"{gram.rstrip("*")}"{"*" * gram.endswith("*")}' for gram in wanted)
        return _joined(query).order_by(_FTS.c.rowid.desc())
    marked = (f"'{gram.rstrip('*')}'{':*' * gram.endswith('*')}" for gram in wanted)
    holds = _VECTOR.op("@@")(cast(" & ".join(marked), TSQUERY))
    return select(SearchEntry).where(holds).order_by(SearchEntry.id.desc())


def _any_of(session: Session, wanted: Sequence[str]) -> Rows:
    """Entries that hold one of the grams, those with most of them first."""
    if _is_sqlite(session):
        return _joined(" OR ".join(f'"{gram}"' for gram in wanted)).order_by(_FTS.c.rank)
    asked = cast(" | ".join(f"'{gram}'" for gram in wanted), TSQUERY)
    order = func.ts_rank(_VECTOR, asked).desc()
    return select(SearchEntry).where(_VECTOR.op("@@")(asked)).order_by(order)


def _joined(query: str) -> Rows:
    return (
        select(SearchEntry)
        .select_from(_FTS)
        .join(SearchEntry, SearchEntry.id == _FTS.c.rowid)
        .where(_FTS.c.search_index.op("MATCH")(query))
    )


def _counts(session: Session, said: Sequence[str]) -> Mapping[str, int]:
    """In how many entries each gram occurs; on SQLite counted up to ``COMMON``.

    PostgreSQL answers from its planner's statistics: the thousand most common grams, as of the
    last ANALYZE. What is not among them is left out: it is rare.
    """
    connection = session.connection()
    if _is_sqlite(session):
        counted = connection.execute(_COUNTED, {"said": json.dumps(said), "most": COMMON})
        return dict(iter(counted))
    estimated = connection.execute(_ESTIMATED, {"said": list(said)})
    return {gram: round(count) for gram, count in estimated}


_COUNTED = text(
    "SELECT value AS gram, (SELECT count(*) FROM (SELECT 1 FROM search_index"
    """ WHERE search_index MATCH '"' || value || '"' LIMIT :most)) AS count"""
    " FROM json_each(:said)"
)
_ESTIMATED = text(
    "SELECT gram, share * reltuples AS count FROM pg_class, pg_stats,"
    " unnest(most_common_elems::text::text[], most_common_elem_freqs) AS common (gram, share)"
    " WHERE oid = 'search_entry'::regclass AND schemaname = current_schema()"
    " AND tablename = 'search_entry' AND attname = 'search_index' AND gram = ANY(:said)"
)
