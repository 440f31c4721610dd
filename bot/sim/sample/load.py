"""Writing the invented company into a database, and telling the desk who is who."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from bot.sim.sample.changes import write_changes
from bot.sim.sample.checks import build_checks
from bot.sim.sample.company import PROVINCE, Company, Unit, build_company, tables_of
from bot.sim.sample.errands import write_errands
from bot.sim.sample.issues import publish_issues
from bot.sim.sample.kindness import write_kindness
from bot.sim.sample.pledges import Year, write_pledges
from bot.sim.sample.projects import build_projects
from bot.sim.sample.receptions import write_receptions
from bot.sim.sample.reports import Report, build_reports
from bot.sim.sample.suggestions import write_suggestions
from bot.sim.sample.talks import load_talks
from bot.sim.sample.vocabulary import vocabulary
from bot.sim.sample.works import Works, last_reports
from bot.sim.setup import Department
from bot.sim.setup import Person as DeskPerson
from config.rules import default_rules
from config.texts import label, t
from handlers.context import Context
from handlers.imports import Table, import_tables
from jobs import weekly_ranking
from jobs.when import last_due, parse_when, period_of
from models.base import Base
from models.calendar import read_calendar
from models.directory import Directory
from models.group import Group, Heard
from models.job_run import JobRun, RunState
from models.number import next_numbers
from models.person import Person, Role
from models.progress import Progress, ReportState
from models.project import Grade, Project
from models.unit import BranchType, UnitKind, UnitState
from models.unit import Unit as UnitRow
from models.vault import SHUT, Vault

SEED: Final = 305
LINK: Final = "link"
"""The channel through which somebody has spoken in every group."""
SET_UP: Final = timedelta(days=200)
"""How long ago the organisation was imported."""
PUBLISHED: Final = 2
"""Weeks whose ranking has been published."""
_OFFICES: Final = (Role.PARTY_OFFICE, Role.SPECIALIST, Role.COMMITTEE_SECRETARY, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class SampleGroup:
    """A group for the desk: chat id, name, userids of its members."""

    chatid: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SamplePersona:
    """Somebody to be on the desk. ``role`` is a short key, ``label`` what the switch shows.

    ``chats`` are the chat ids of the groups that person is in.
    """

    userid: str
    role: str
    label: str
    name: str
    chats: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """What a desk needs to know.

    ``departments``  have their numbers from 2 on; 1 is the company itself
    ``counts``       what the database holds: units, branches, people, groups, projects, keys
                     (key projects) and reports; empty if none was asked
    """

    name: str
    departments: tuple[Department, ...]
    people: tuple[DeskPerson, ...]
    groups: tuple[SampleGroup, ...]
    personas: tuple[SamplePersona, ...]
    counts: Mapping[str, int]


def furnish(seed: int = SEED) -> SampleFacts:
    """Who is who, without touching a database: for a desk whose data was kept."""
    return _facts(build_company(seed), {})


def load_sample(
    session: Session,
    *,
    now: datetime,
    zone: ZoneInfo,
    seed: int = SEED,
    vault: Vault = SHUT,
) -> SampleFacts:
    """Fill an empty database: organisation and projects by import, half a year of reports.

    What is told in confidence needs a ``vault`` to be sealed in; without keys it is left out.

    ``now`` is aware and in UTC; the projects are those of its year in ``zone``. A database that
    holds the company already keeps what has happened in it.
    """
    company = build_company(seed)
    if session.scalar(select(UnitRow.id).where(UnitRow.code == PROVINCE)) is None:
        _fill(session, company, now, zone, seed, vault)
        if vault.ring():
            load_talks(session, vault, now, zone, seed)
            member = _personas(company)["member"]
            write_errands(session, vault, now=now, zone=zone, seed=seed, member=member)
            write_changes(session, vault, now=now, zone=zone, member=member)
    return _facts(company, _counts(session))


def _fill(
    session: Session, company: Company, now: datetime, zone: ZoneInfo, seed: int, vault: Vault
) -> None:
    today = now.astimezone(zone).date()
    plans = build_projects(company, today, seed)
    rows = {**tables_of(company), "project": [plan.row for plan in plans]}
    began = now - SET_UP
    import_tables(
        session,
        _tables(rows),
        now=began,
        today=began.astimezone(zone).date(),
        api_base="",
        actor="sample",
    )
    reports = build_reports(
        company, plans, now=now, zone=zone, seed=seed, calendar=read_calendar(session)
    )
    reports = last_reports(
        company,
        plans,
        reports,
        now=now,
        zone=zone,
        seed=seed,
        calendar=read_calendar(session),
    )
    _write_reports(session, reports, zone, today.year)
    Works(session, company, plans, now=now, seed=seed).write(zone)
    publish_issues(session, now, zone)
    _publish(session, now, zone)
    year = Year(now, zone)
    write_pledges(session, company, year, seed)
    write_kindness(session, company, year, seed)
    build_checks(session, now=now, zone=zone, seed=seed)
    write_receptions(session, company, now=now, zone=zone, seed=seed)
    write_suggestions(session, company, now=now, zone=zone, seed=seed, vault=vault)
    heard = [{"conversation": group.chatid, "channel": LINK, "at": now} for group in company.groups]
    session.execute(insert(Heard), heard)


def _publish(session: Session, now: datetime, zone: ZoneInfo) -> None:
    """The rankings of the last two weeks as the product makes them, so that places move."""
    rules, calendar = default_rules(), read_calendar(session)
    when = parse_when(rules.schedule[weekly_ranking.JOB.name])
    moments: list[datetime] = []
    while len(moments) < PUBLISHED:
        before = moments[-1] - timedelta(minutes=1) if moments else now
        due = last_due(when, before, calendar, zone)
        if due is None:
            break
        moments.append(due)
    for due in reversed(moments):
        ctx = Context(
            session=session,
            now=due,
            zone=zone,
            rules=rules,
            directory=Directory(),
            token=str,
            link=lambda path, _: path,
        )
        for of in BranchType:
            weekly_ranking.freeze(ctx, of, weekly_ranking.week_before(ctx, due), due)
        session.add(
            JobRun(
                job=weekly_ranking.JOB.name,
                period=period_of(due, zone),
                at=due,
                state=RunState.DONE,
                started_at=due,
                done_at=due,
            )
        )


def _counts(session: Session) -> dict[str, int]:
    def count(table: type[Base], *where: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    return {
        "units": count(UnitRow),
        "branches": count(
            UnitRow, UnitRow.kind == UnitKind.BRANCH, UnitRow.state == UnitState.ACTIVE
        ),
        "people": count(Person),
        "groups": count(Group),
        "projects": count(Project),
        "keys": count(Project, Project.grade == Grade.A),
        "reports": count(Progress),
    }


def _tables(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Table]:
    """The rows as sheets of the workbook, with the headings and words people would see there."""
    tables = {}
    for key, found in rows.items():
        headings = {column: t(f"imports.column.{key}.{column}") for column in found[0]}
        name = t(f"imports.sheet.{key}")
        cells = [
            {
                headings[column]: label(value) if isinstance(value, StrEnum) else value
                for column, value in row.items()
            }
            for row in found
        ]
        tables[name] = Table(name, tuple(headings.values()), list(enumerate(cells, 2)))
    return tables


def _write_reports(session: Session, reports: Sequence[Report], zone: ZoneInfo, year: int) -> None:
    """Insert the reports with their numbers; the projects follow the last ones."""
    projects = dict(
        session.execute(
            select(UnitRow.code, Project.id)
            .join(Project, Project.unit_id == UnitRow.id)
            .where(Project.year == year)
        ).all()
    )
    units = dict(session.execute(select(UnitRow.code, UnitRow.id)).all())
    people = dict(session.execute(select(Person.userid, Person.id)).all())
    numbers = _numbers(session, reports, zone)
    session.execute(
        insert(Progress),
        [
            {
                "number": number,
                "project_id": projects[report.branch],
                "unit_id": units[report.branch],
                "kind": report.kind,
                "state": ReportState.VALID,
                "percent": report.percent,
                "before": report.before,
                "said": report.said,
                "reason": report.reason,
                "person_id": people[report.userid],
                "on_behalf": report.on_behalf,
                "at": report.at,
            }
            for number, report in zip(numbers, reports, strict=True)
        ],
    )
    last = {report.branch: report for report in reports}
    table = Project.__table__
    session.connection().execute(
        update(table)  # type: ignore[arg-type]  # a Table, says SQLAlchemy
        .where(table.c.id == bindparam("project"))
        .values(percent=bindparam("percent"), reported_at=bindparam("at")),
        [
            {"project": projects[code], "percent": report.percent, "at": report.at}
            for code, report in last.items()
        ],
    )


def _numbers(session: Session, reports: Iterable[Report], zone: ZoneInfo) -> list[str]:
    """A number for each report, by the year in which it was made."""
    years = [report.at.astimezone(zone).year for report in reports]
    dealt = {
        year: iter(next_numbers(session, "JZ", year, years.count(year)))
        for year in sorted(set(years))
    }
    return [next(dealt[year]) for year in years]


# The desk


def _facts(company: Company, counts: Mapping[str, int]) -> SampleFacts:
    numbers = {unit.code: number for number, unit in enumerate(company.units, 1)}
    people = [person for crew in company.people.values() for person in crew]
    names = {person.userid: person.name for person in people}
    return SampleFacts(
        name=company.units[0].name,
        departments=tuple(
            Department(numbers[unit.code], unit.name, numbers[unit.parent])
            for unit in company.units[1:]
        ),
        people=tuple(
            DeskPerson(person.userid, person.name, (numbers[person.unit],), person.position)
            for person in people
        ),
        groups=tuple(SampleGroup(g.chatid, g.name, g.members) for g in company.groups),
        personas=tuple(
            SamplePersona(
                userid,
                role,
                vocabulary("company")["persona"][role],
                names[userid],
                tuple(group.chatid for group in company.groups if userid in group.members),
            )
            for role, userid in _personas(company).items()
        ),
        counts=dict(counts),
    )


def _personas(company: Company) -> dict[str, str]:
    """Who one can be on the desk, by role: two of a supply station, the others of the province."""
    station: Unit = next(unit for unit in company.branches if unit.field == "station")
    crew = company.people[station.code]
    offices = {role.value: company.holders(role, PROVINCE)[0] for role in _OFFICES}
    return {"member": crew[-2].userid, Role.SECRETARY.value: crew[0].userid, **offices}
