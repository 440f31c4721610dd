"""The sample company many times over: as many branches as are wanted, each with all it has.

The rows of every table are copied inside the database with their keys moved on, so that a company
of ten thousand branches, with its half year of reports, pledges, talks, checks and duties, stands
in seconds. What there is once for a company (its root, the published tables) stays one.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    select,
    text,
)

from bot.keys import open_vault
from bot.sim.sample import load_sample
from bot.sim.sample.load import SampleFacts
from config.rules import default_rules
from config.settings import Settings
from jobs import JOBS
from jobs.when import last_due, parse_when, period_of
from models.base import Base
from models.calendar import read_calendar
from models.job_run import JobRun, RunState
from models.person import Grant, Person
from models.store.engine import Store
from models.store.schema import migrate
from models.unit import Unit

HERE: Final = ZoneInfo("Asia/Shanghai")
STEP: Final = 100_000
"""By how much the keys of each copy are moved on: more than the sample has of anything."""
LEFT: Final = frozenset({"audit", "audit_end", "counter", "job_run", "secret"})
"""What is not copied: chains of hashes, counters, and texts that are sealed under their number."""
OWN: Final = frozenset(
    {"userid", "userid_key", "chatid", "conversation", "code", "key", "alias", "code_hash"}
)
"""Words that have to differ between copies."""
NAMED: Final = frozenset({"unit", "chat_group"})
SERIAL: Final = {"notice": "serial"}


def grow(url: str, now: datetime, times: int = 1) -> SampleFacts:
    """Fill an empty SQLite database; the jobs of the past are done, so that the pages stand still.

    ``now`` is aware and in UTC; ``times`` 1 is the sample itself (305 branches).
    """
    migrate(url)
    store = Store(url)
    with store.writing() as session:
        vault = open_vault(Settings(database_url=url))
        facts = load_sample(session, now=now, zone=HERE, vault=vault)
        calendar = read_calendar(session)
        for job in JOBS:
            if due := last_due(parse_when(default_rules().schedule[job.name]), now, calendar, HERE):
                done = JobRun(job=job.name, period=period_of(due, HERE), at=due)
                done.state, done.started_at, done.done_at = RunState.DONE, due, due
                session.merge(done)
        session.flush()
        for copy in range(1, times):
            _copy(session.connection(), copy)
        session.execute(text("ANALYZE"))
    store.close()
    return facts


def colleagues(url: str, userid: str, count: int) -> list[str]:
    """Somebody and others of the same branch, who are given the same roles; ``count`` userids."""
    store = Store(url)
    with store.writing() as session:
        first = session.scalars(select(Person).where(Person.userid == userid)).one()
        branch_id = session.get_one(Unit, first.unit_id).branch_id
        others = session.scalars(
            select(Person)
            .join(Unit, Unit.id == Person.unit_id)
            .where(Unit.branch_id == branch_id, Person.id != first.id)
            .order_by(Person.id)
            .limit(count - 1)
        ).all()
        held = session.execute(
            select(Grant.role, Grant.unit_id).where(Grant.person_id == first.id)
        ).all()
        for person in others:
            for role, unit_id in held:
                key = (Grant.person_id == person.id, Grant.role == role, Grant.unit_id == unit_id)
                if session.scalar(select(Grant.id).where(*key)) is None:
                    session.add(Grant(person_id=person.id, role=role, unit_id=unit_id))
        userids = [person.userid for person in (first, *others)]
    store.close()
    return userids


def _copy(connection: Connection, copy: int) -> None:
    root = connection.scalar(text("SELECT min(id) FROM unit WHERE parent_id IS NULL"))
    once = set[str]()
    for table in Base.metadata.sorted_tables:
        if table.name in LEFT:
            continue
        values = {f'"{column.name}"': _value(table, column, once) for column in table.columns}
        if _is_once(table, values):
            once.add(table.name)
            continue
        where = " AND ".join(_first(table)) or "1"
        statement = (
            f"INSERT INTO {table.name} ({', '.join(values)})"
            f" SELECT {', '.join(values.values())} FROM {table.name} WHERE {where}"
        )
        connection.execute(text(statement), {"step": copy * STEP, "copy": copy, "root": root})
    _paths(connection, copy, int(root or 0))


def _first(table: Table) -> Iterator[str]:
    """Which rows are the sample's own."""
    for column in table.primary_key:
        if isinstance(column.type, Integer):
            yield f"{column.name} < {STEP}"
        elif not any(isinstance(other.type, Integer) for other in table.primary_key):
            yield f"{column.name} NOT LIKE '%~%'"


def _is_once(table: Table, values: Mapping[str, str]) -> bool:
    """Whether there is one row for all branches: a copy would say the same."""
    kept = {name.strip('"') for name, value in values.items() if name == value}
    return any(
        kept.issuperset(column.name for column in one.columns)
        for one in table.constraints
        if isinstance(one, UniqueConstraint | PrimaryKeyConstraint)
    )


def _value(table: Table, column: Column[object], once: Collection[str]) -> str:
    """What a copy has in a column; tables that are there ``once`` are shared by all."""
    name = f'"{column.name}"'
    to = next((key.column.table.name for key in column.foreign_keys), "")
    if table.name == "unit" and column.name == "parent_id":
        return f"coalesce({name} + :step, :root)"
    moved = (to and to not in once) or (column.primary_key and column.name == "id")
    if moved or SERIAL.get(table.name) == column.name:
        return f"{name} + :step"
    if column.name == "number" and not isinstance(column.type, Integer):
        return f"substr({name}, 1, 8) || (CAST(substr({name}, 9) AS INTEGER) + :step)"
    if column.name in OWN:
        return f"{name} || '~' || :copy"
    if column.name == "name" and table.name in NAMED:
        return f"{name} || :copy || '区'"
    return name


def _paths(connection: Connection, copy: int, root: int) -> None:
    """Each copy lies below the root, as a company of its own."""
    rows = connection.execute(
        text("SELECT id, path FROM unit WHERE id > :low AND id < :high"),
        {"low": copy * STEP, "high": (copy + 1) * STEP},
    ).all()
    moved = []
    for number, path in rows:
        parts = [root, *(int(part) + copy * STEP for part in path.strip("/").split("/"))]
        new = "/" + "/".join(map(str, parts)) + "/"
        moved.append({"id": number, "new": new, "path": path, "low": copy * STEP})
    connection.execute(text("UPDATE unit SET path = :new WHERE id = :id"), moved)
    connection.execute(
        text("UPDATE search_entry SET unit_path = :new WHERE unit_path = :path AND id > :low"),
        moved,
    )
