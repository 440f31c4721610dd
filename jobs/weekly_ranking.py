"""``weekly-ranking``: freeze the tables, then tell every bound group (DOMAIN.md 10)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TypeAlias

from sqlalchemy import Integer, String, and_, case, select, type_coerce
from sqlalchemy.orm import Session

from config.texts import label, t
from handlers.content import Content, Export, Picture, Text
from handlers.context import Context
from handlers.places import branch_by_id
from handlers.ranking import Table, group_text, overview_text, table_of, week_title
from handlers.spec import Rows
from jobs.spec import Clockwork, Job
from models.group import Group
from models.person import Grant, Person, PersonState, Role
from models.progress import Progress, ReportState
from models.project import Project, Stage, planned_percent
from models.ranking import (
    Line,
    Ranking,
    RankState,
    newest_ranking,
    places,
    rank,
    ranking_of,
    store_ranking,
    week_of,
)
from models.unit import BranchType, Unit, UnitKind, UnitState

KIND = "progress"
GROUPS_AT_ONCE = 200
FULL_PERIOD = timedelta(days=7)
Tables: TypeAlias = Mapping[BranchType, Table]


def run(work: Clockwork) -> Iterator[None]:
    """One table per type, frozen; then a text, a picture and a file for every group."""
    week = week_before(work.ctx, work.due)
    for of in BranchType:
        freeze(work.ctx, of, week, work.cutoff)
        yield
    tables = read_tables(work.ctx, week)
    last = 0
    while groups := _groups(work.ctx.session, last):
        tell(work.ctx, groups, week, work.due, tables)
        last = groups[-1][0].id
        yield
    if not work.ctx.rules.broadcast.ranking_full:
        tell_secretaries(work.ctx, week, work.due, tables)
        yield


def week_before(ctx: Context, due: datetime) -> str:
    """The week that a ranking of a moment is about: the one that has just ended."""
    return week_of(ctx.local(due).date() - timedelta(days=1))


def freeze(ctx: Context, of: BranchType, week: str, cutoff: datetime) -> Ranking:
    """Make and keep the table of a type, unless it is there (a run that goes on)."""
    done = ranking_of(ctx.session, KIND, week, of)
    if done is not None:
        return done
    before = newest_ranking(ctx.session, KIND, of, before=cutoff)
    lines = rank(lines_of(ctx, of, cutoff), places(ctx.session, before) if before else {})
    return store_ranking(
        ctx.session, kind=KIND, period=week, of=of, cutoff=cutoff, now=ctx.now, lines=lines
    )


def lines_of(ctx: Context, of: BranchType, cutoff: datetime) -> list[Line]:
    """Every active branch of a type with its percent at the cut-off, against plan.

    Figures come as the database keeps them (tenths, bare dates) and become values once for all
    that are equal: for 100,000 branches that is the difference between 0.4 and 1.3 seconds.
    """
    today = ctx.local(cutoff).date()
    week = today - timedelta(days=1)
    newest = week - timedelta(days=week.weekday()) - FULL_PERIOD
    plan = cache(
        lambda starts, ends, curve: planned_percent(_day(starts), _day(ends), today, curve)
    )
    tenths = cache(lambda value: Decimal(value) / 10)
    ahead = cache(lambda value, planned: tenths(value) - planned)
    lines: dict[int, Line] = {}
    for unit_id, name, opened_on, starts, ends, curve, value in ctx.session.execute(
        _facts(of, cutoff, today.year)
    ):
        if opened_on is not None and opened_on > newest:
            lines[unit_id] = Line(unit_id, name, RankState.NEW)
        elif value is None:
            lines[unit_id] = Line(unit_id, name, RankState.MISSING)
        else:
            planned = plan(starts, ends, curve)
            points = ahead(value, planned)
            lines[unit_id] = Line(unit_id, name, RankState.RANKED, tenths(value), planned, points)
    return list(lines.values())


def _day(raw: str | date) -> date:
    """A date as SQLite (text) or PostgreSQL (a date) hands it over."""
    return date.fromisoformat(raw) if isinstance(raw, str) else raw


def _facts(of: BranchType, cutoff: datetime, year: int) -> Rows:
    """Unit, name, opening day, the project's first and last day and curve, percent in tenths."""
    at_cutoff = (
        select(Progress.percent)
        .where(
            Progress.project_id == Project.id,
            Progress.state == ReportState.VALID,
            Progress.at <= cutoff,
        )
        .order_by(Progress.at.desc(), Progress.id.desc())
        .limit(1)
        .correlate(Project)
        .scalar_subquery()
    )
    percent = case((Project.reported_at <= cutoff, Project.percent), else_=at_cutoff)
    return (
        select(
            Unit.id,
            Unit.name,
            Unit.opened_on,
            type_coerce(Project.starts_on, String),
            type_coerce(Project.ends_on, String),
            Project.curve,
            type_coerce(percent, Integer),
        )
        .outerjoin(
            Project,
            and_(Project.unit_id == Unit.id, Project.year == year, Project.stage != Stage.ENDED),
        )
        .where(
            Unit.kind == UnitKind.BRANCH,
            Unit.branch_type == of,
            Unit.state == UnitState.ACTIVE,
        )
        .order_by(Unit.id, Project.id)
    )


def _groups(session: Session, after: int) -> Sequence[tuple[Group, Unit]]:
    """The next bound groups with their units."""
    return [
        (group, unit)
        for group, unit in session.execute(
            select(Group, Unit)
            .join(Unit, Unit.id == Group.unit_id)
            .where(Group.id > after, Unit.state == UnitState.ACTIVE)
            .order_by(Group.id)
            .limit(GROUPS_AT_ONCE)
        )
    ]


def read_tables(ctx: Context, week: str) -> Tables:
    """The published tables of a week; frozen, so read once for all groups."""
    found = {of: ranking_of(ctx.session, KIND, week, of) for of in BranchType}
    return {of: table_of(ctx, ranking) for of, ranking in found.items() if ranking is not None}


def tell(
    ctx: Context,
    groups: Sequence[tuple[Group, Unit]],
    week: str,
    due: datetime,
    tables: Tables,
) -> None:
    """Queue a text, a picture and a file for each group; each at most once per week."""
    for group, unit in groups:
        branch = branch_by_id(ctx, unit.branch_id) if unit.branch_id else None
        table = tables.get(branch.branch_type) if branch and branch.branch_type else None
        if table is not None:
            text = group_text(ctx, table, branch)
            picture = Picture("ranking", {"ranking": table.ranking.id})
            file = _file(week, table)
        else:
            text = overview_text(ctx, list(tables.values()), unit.name)
            ids = [table.ranking.id for table in tables.values()]
            picture = Picture("ranking_overview", {"rankings": ids})
            file = _file(week, None)
        contents: dict[str, Content] = {"text": Text(text), "picture": picture}
        if ctx.rules.broadcast.ranking_full:
            contents["file"] = file
        for name, content in contents.items():
            ctx.push_group(group.chatid, content, f"{JOB.name}:{week}:{group.chatid}:{name}", due)


def tell_secretaries(ctx: Context, week: str, due: datetime, tables: Tables) -> None:
    """Where groups see the best third only, the whole table goes to each secretary privately."""
    files = {of: _file(week, table) for of, table in tables.items()}
    for userid, of in ctx.session.execute(
        select(Person.userid, Unit.branch_type)
        .join(Grant, Grant.person_id == Person.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(
            Grant.role == Role.SECRETARY,
            Person.state == PersonState.ACTIVE,
            Unit.kind == UnitKind.BRANCH,
            Unit.state == UnitState.ACTIVE,
        )
        .order_by(Person.id)
    ):
        if of in files:
            ctx.push_person(userid, files[of], f"{JOB.name}:{week}:{userid}:{of}", due)


def _file(week: str, table: Table | None) -> Export:
    if table is None:
        name = t("ranking.file_all", week=week_title(week))
        return Export("ranking", name, params={"period": week})
    of = table.ranking.branch_type
    name = t("ranking.file", week=week_title(week), type=label(of))
    return Export("ranking", name, params={"period": week, "type": of.value})


JOB = Job("weekly-ranking", run)
