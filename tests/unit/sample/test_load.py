"""The sample company as it is loaded: the published sizes, plausible reports, always the same."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.sim.sample import SampleFacts, furnish
from bot.sim.sample.company import build_company
from bot.sim.sample.load import SEED
from bot.sim.sample.projects import build_projects
from bot.sim.sample.reports import build_reports
from handlers.progress import on_behalf_of
from models.calendar import WorkCalendar, read_calendar
from models.directory import Directory
from models.group import Group, Heard
from models.number import Counter as Numbers
from models.person import Grant, Person, Role, member_by_userid
from models.progress import Progress, ReportKind
from models.project import Grade, Project, Stage, planned_percent
from models.ranking import Ranking, RankingLine
from models.store.engine import Store
from models.unit import BranchType, Unit, UnitKind, UnitState, aliases_of
from tests.shared import NOW
from tests.unit.imports.aid import HERE, assert_whole, snapshot
from tests.unit.sample.conftest import load

IN_USE = (Unit.kind == UnitKind.BRANCH, Unit.state == UnitState.ACTIVE)
PROJECTS = select(Project).join(Unit, Unit.id == Project.unit_id).where(*IN_USE)


def reports_of(session: Session) -> dict[int, list[Progress]]:
    found: dict[int, list[Progress]] = {}
    for report in session.scalars(select(Progress).order_by(Progress.at)):
        found.setdefault(report.project_id, []).append(report)
    return found


def test_the_published_sizes(session: Session, facts: SampleFacts) -> None:
    """305 branches of three types, a project each, 213 of them key projects (DOMAIN.md 2)."""
    branches = session.scalars(select(Unit).where(*IN_USE)).all()
    assert Counter(branch.branch_type for branch in branches) == {
        BranchType.MANAGEMENT: 70,
        BranchType.SERVICE: 170,
        BranchType.BUSINESS: 65,
    }
    projects = session.scalars(PROJECTS).all()
    assert {project.unit_id for project in projects} == {branch.id for branch in branches}
    assert len(projects) == 305
    assert sum(project.is_key for project in projects) == 213
    assert {project.grade for project in projects} == set(Grade)
    stages = Counter(project.stage for project in projects)
    assert set(stages) == {Stage.ONGOING, Stage.REVIEW, Stage.JURY, Stage.CONCLUDED}
    assert stages[Stage.ONGOING] > 250
    assert all(p.actual and p.result for p in projects if p.stage is not Stage.ONGOING)
    assert len({project.name for project in projects}) == 305
    assert 2_800 < (session.scalar(select(func.count(Person.id))) or 0) < 3_200
    assert 6_500 < facts.counts["reports"] < 8_000
    assert (facts.counts["branches"], facts.counts["keys"]) == (305, 213)
    assert_whole(session)


def test_everybody_who_is_needed_is_there(session: Session) -> None:
    roles = dict(session.execute(select(Grant.role, func.count()).group_by(Grant.role)).all())
    assert roles[Role.SECRETARY] == 305
    assert set(roles) == set(Role)
    per_branch = select(Unit.branch_id, func.count()).join(Person, Person.unit_id == Unit.id)
    sizes = dict(session.execute(per_branch.group_by(Unit.branch_id)).all())
    assert len(sizes) == 305
    assert min(sizes.values()) >= 6
    assert max(sizes.values()) <= 13


def test_every_branch_has_a_group_to_which_the_bot_may_push(session: Session) -> None:
    groups = session.scalars(select(Group)).all()
    branches = set(session.scalars(select(Unit.id).where(*IN_USE)))
    assert {g.unit_id for g in groups} >= branches
    assert len(groups) > 305
    assert all(g.chatid.startswith("wr") and len(g.chatid) == 32 for g in groups)
    heard = session.execute(select(Heard.conversation, Heard.channel)).all()
    assert sorted(heard) == sorted((g.chatid, "link") for g in groups)


def test_branches_are_found_by_what_people_call_them(session: Session) -> None:
    book = Directory().units(session)
    assert [hit.label for hit in book.find("青石所")] == ["青石供电所党支部"]
    assert [hit.label for hit in book.find("临澜变电运维中心支部")] == ["临澜变电运维中心党支部"]
    branches = session.scalars(select(Unit).where(*IN_USE)).all()
    assert all(aliases_of(session)[branch.id] for branch in branches)
    for branch in branches:
        assert [hit.key for hit in book.find(branch.name)] == [branch.code]


def test_reports_are_made_at_work_and_follow_each_other(session: Session) -> None:
    calendar = read_calendar(session)
    for reports in reports_of(session).values():
        before: Decimal | None = None
        for report in reports:
            local = report.at.astimezone(HERE)
            assert 8 <= local.hour < 18
            assert calendar.is_working(local.date())
            assert report.at < NOW
            assert report.before == before
            assert 0 <= report.percent <= 100
            assert report.reason or before is None or report.percent >= before
            assert 2 < len(report.said) < 200
            assert "{" not in report.said + report.reason
            assert report.on_behalf == on_behalf_of(report.said)
            if report.kind is ReportKind.NO_CHANGE:
                assert (report.percent, report.said) == (before, "无变化")
            before = report.percent


def test_projects_follow_their_last_report(session: Session) -> None:
    reports = reports_of(session)
    for project in session.scalars(select(Project)):
        last = reports.get(project.id, [None])[-1]
        assert project.percent == (last.percent if last else None)
        assert project.reported_at == (last.at if last else None)


def test_numbers_rise_with_time(session: Session) -> None:
    rows = session.execute(select(Progress.number, Progress.at).order_by(Progress.id)).all()
    assert [number for number, _ in rows] == [f"JZ-2026-{n:04d}" for n in range(1, len(rows) + 1)]
    assert [at for _, at in rows] == sorted(at for _, at in rows)
    last = session.scalar(select(Numbers.last).where(Numbers.prefix == "JZ"))
    assert last == len(rows)


def test_there_is_something_of_everything(session: Session) -> None:
    """What rankings, lights and reminders are for happens in the data."""
    today = NOW.astimezone(HERE).date()
    projects = session.scalars(PROJECTS).all()
    reported = [p for p in projects if p.reported_at is not None]
    assert len(projects) - len(reported) == 2
    silent = [NOW - p.reported_at for p in reported if p.reported_at]
    assert sum(gap > timedelta(days=30) for gap in silent) >= 5
    assert sum(gap > timedelta(days=14) for gap in silent) >= 14
    ahead = [
        p.percent - planned_percent(p.starts_on, p.ends_on, today)
        for p in reported
        if p.percent is not None
    ]
    assert sum(-30 <= points < -10 for points in ahead) > 20
    assert 3 <= sum(points < -30 for points in ahead) <= 25
    assert sum(points > 0 for points in ahead) > 100
    rows: Sequence[Any] = session.execute(select(Progress.kind, Progress.reason)).all()
    assert sum(kind is ReportKind.NO_CHANGE for kind, _ in rows) > 300
    assert 8 <= sum(bool(reason) for _, reason in rows) <= 16


def test_two_weeks_of_rankings_are_there_and_places_moved(session: Session) -> None:
    """The newest is Monday's before NOW, a Saturday; the next Monday has one to compare with."""
    rankings = session.scalars(select(Ranking).order_by(Ranking.cutoff, Ranking.id)).all()
    assert [ranking.period for ranking in rankings] == ["2026-W45"] * 3 + ["2026-W46"] * 3
    assert {ranking.cutoff.astimezone(HERE).isoformat()[:16] for ranking in rankings} == {
        "2026-11-09T09:00",
        "2026-11-16T09:00",
    }
    changes = session.scalars(
        select(RankingLine.change).where(RankingLine.ranking_id.in_([r.id for r in rankings[3:]]))
    ).all()
    assert len(changes) == 305
    moved = [change for change in changes if change]
    assert len(moved) > 150
    assert min(moved) < 0 < max(moved)


def test_reports_do_not_look_copied(session: Session) -> None:
    said = Counter(session.scalars(select(Progress.said).where(Progress.kind == ReportKind.REPORT)))
    assert len(said) > 0.9 * said.total()
    assert max(said.values()) < 12


def test_the_desk_is_told_who_is_who(session: Session, facts: SampleFacts) -> None:
    known = {person.userid.lower(): person.name for person in facts.people}
    rows = session.execute(select(Person.userid_key, Person.name)).all()
    assert dict(rows) == known
    numbers = {department.id for department in facts.departments} | {1}
    assert {department.parent for department in facts.departments} <= numbers
    assert {number for person in facts.people for number in person.departments} <= numbers
    for group in facts.groups:
        assert {member.lower() for member in group.members} <= set(known)
    stored = session.execute(select(Group.chatid, Group.name)).all()
    assert sorted(stored) == sorted((g.chatid, g.name) for g in facts.groups)
    assert facts.name == "江源省电力公司"


def test_the_personas_may_do_what_they_are_there_for(session: Session, facts: SampleFacts) -> None:
    roles = {
        "member": frozenset[Role](),
        "secretary": {Role.SECRETARY},
        "party_office": {Role.PARTY_OFFICE},
        "specialist": {Role.SPECIALIST},
        "committee_secretary": {Role.COMMITTEE_SECRETARY},
        "admin": {Role.ADMIN},
    }
    assert [one.role for one in facts.personas] == list(roles)
    by_group = {group.chatid: group for group in facts.groups}
    for one in facts.personas:
        speaker = member_by_userid(session, one.userid)
        assert speaker is not None
        assert speaker.name == one.name
        assert {power.role for power in speaker.powers} >= roles[one.role]
        assert one.chats
        assert all(one.userid in by_group[chat].members for chat in one.chats)
    member, secretary = facts.personas[:2]
    assert set(member.chats) < set(secretary.chats)  # both are in their branch's group


def test_the_desk_meets_the_same_people_again(facts: SampleFacts) -> None:
    assert furnish() == replace(facts, counts={})


def test_the_same_moment_gives_the_same_rows_and_kept_data_goes_on(
    light: Store, loaded: tuple[Store, SampleFacts]
) -> None:
    """Of what is sealed the cipher text differs each time."""
    first, before = load(light), snapshot(light)
    assert first == loaded[1]
    whole = snapshot(loaded[0])
    sealed = "secret"
    assert {**before, sealed: len(before[sealed])} == {**whole, sealed: len(whole[sealed])}
    assert load(light, NOW + timedelta(days=90)) == first
    assert snapshot(light) == before


def test_another_seed_gives_another_company(facts: SampleFacts) -> None:
    other = furnish(2)
    assert {g.chatid for g in other.groups}.isdisjoint(g.chatid for g in facts.groups)
    assert len(other.people) != len(facts.people)


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 1, 5, 1, 0, tzinfo=UTC),  # the year has hardly begun
        datetime(2026, 12, 31, 15, 59, tzinfo=UTC),  # 23:59 in Shanghai
        datetime(2028, 2, 29, 0, 10, tzinfo=UTC),  # beyond the calendar's package
    ],
)
def test_there_is_half_a_year_of_it_on_any_day(now: datetime) -> None:
    company, today = build_company(SEED), now.astimezone(HERE).date()
    plans = build_projects(company, today, SEED)
    reports = build_reports(company, plans, now=now, zone=HERE, seed=SEED, calendar=WorkCalendar())
    assert {plan.ends_on.year for plan in plans} == {today.year}
    assert len(reports) > 6_000
    assert now - reports[0].at > timedelta(days=170)
    assert timedelta() < now - reports[-1].at < timedelta(days=7)


@pytest.mark.long
@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_postgresql_takes_it_too(store: Store) -> None:
    facts = load(store)
    with store.reading() as session:
        assert session.scalar(select(func.count(Progress.id))) == facts.counts["reports"]
        assert_whole(session)
