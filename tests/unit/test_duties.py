"""Reminders and escalation over days and weeks, on both databases (DOMAIN.md 9)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import select, text, update

from handlers.duty import Duty, DutySource
from handlers.inspections.supervision import DUTIES
from handlers.owed import observe
from handlers.spec import View
from handlers.table import Wish, page_of
from models.calendar import CalendarDay
from models.duty import Escalation, LoadPass, Owed, OwedState, Rung
from models.pause import Away, Emergency
from models.person import Grant, Person, PersonState, Role
from models.project import Project
from models.store.engine import Store
from tests.days import SHANGHAI, Days, sources_of
from tests.world import TUESDAY, Company

SOURCES = sources_of(("silent",))
NOTICED = datetime(2026, 11, 8, 20, tzinfo=UTC)
"""The last report of a project that is then due on Monday 23 November."""


def shanghai(month: int, day: int, hour: int = 8, minute: int = 30) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.fixture
def days(store: Store) -> Days:
    with store.writing() as session:
        Company().write(session)
        session.execute(update(Project).values(starts_on=date(2027, 1, 1)))
    return Days(store, TUESDAY, sources=SOURCES)


@pytest.fixture
def lite(sqlite_url: str) -> Days:
    store = Store(sqlite_url)
    with store.writing() as session:
        Company().write(session)
        session.execute(update(Project).values(starts_on=date(2027, 1, 1)))
    return Days(store, TUESDAY, sources=SOURCES)


def silent(days: Days, *branches: int, since: datetime = NOTICED) -> None:
    """Projects of these branches were last reported at a moment."""
    with days.store.writing() as session:
        session.execute(
            update(Project)
            .where(Project.unit_id.in_([branch + 1 for branch in branches]))
            .values(starts_on=date(2026, 1, 1), reported_at=since, percent=50)
        )


def steps(days: Days) -> list[tuple[Rung, date]]:
    with days.store.reading() as session:
        rows = session.execute(select(Escalation.rung, Escalation.on).order_by(Escalation.id))
        return [(rung, on) for rung, on in rows]


def owed(days: Days) -> Sequence[Owed]:
    with days.store.reading() as session:
        return session.scalars(select(Owed).order_by(Owed.id)).all()


def told_on(days: Days, userid: str, words: str = "今日待办") -> list[date]:
    return [said.at.date() for said in days.said(userid, words)]


def test_an_overdue_duty_climbs_one_rung_at_a_time(days: Days) -> None:
    """Due Monday 23 November: told that day, raised 1, 3 and 7 working days after it."""
    silent(days, 1)
    days.days(date(2026, 11, 18), date(2026, 12, 8))
    assert steps(days) == [
        (Rung.SECRETARY, date(2026, 11, 24)),
        (Rung.PARTY_OFFICE, date(2026, 11, 26)),
        (Rung.SUPERVISED, date(2026, 12, 2)),
    ]
    workdays = [date(2026, 11, 23) + timedelta(days=n) for n in range(16)]
    assert told_on(days, "b1p0") == [day for day in workdays if day.weekday() < 5]
    assert told_on(days, "dangjian", "请督促") == [date(2026, 11, 26), date(2026, 12, 2)]
    assert told_on(days, "shuji", "请督促") == [date(2026, 12, 2)]
    assert "【挂牌督办】城南供电所党支部" in days.said("shuji")[0].text
    assert "逾期 7 个工作日" in days.said("shuji")[0].text
    assert not days.said("b2p0")
    silent(days, 1, since=days.clock.now())
    days.day(date(2026, 12, 9))
    assert [(row.state, row.closed_on) for row in owed(days)] == [
        (OwedState.DONE, date(2026, 12, 9))
    ]


def test_jobs_that_run_twice_or_die_halfway_say_nothing_twice(lite: Days) -> None:
    silent(lite, 1, 2, 3)
    lite.until(shanghai(11, 24, 8, 9))
    for name, at in (("escalation", shanghai(11, 24, 8, 10)), ("duty-digest", shanghai(11, 24))):
        lite.clock.move_to(at)
        for pieces in range(0, 12, 2):
            lite.run(name, at, at_most=pieces)
            lite.clock.move_to(lite.clock.now() + timedelta(seconds=31))  # the lease ends
        assert lite.run(name, at) in (True, False)
        assert lite.run(name, at) is False
    for branch in (1, 2, 3):
        assert told_on(lite, f"b{branch}p0") == [date(2026, 11, 23), date(2026, 11, 24)]
    assert len(steps(lite)) == 3


def test_a_sweep_that_died_before_telling_tells_what_it_raised(lite: Days) -> None:
    """Broken off at any piece and gone on with after midnight: raised once, told once."""
    silent(lite, 1, 2)
    lite.until(shanghai(11, 26, 8, 9))
    at = shanghai(11, 26, 8, 10)
    lite.clock.move_to(at)
    pieces = 0
    while (Rung.PARTY_OFFICE, date(2026, 11, 26)) not in steps(lite):
        assert lite.said("dangjian", "请督促") == []
        pieces += 1
        lite.run("escalation", at, at_most=pieces)
    lite.clock.move_to(shanghai(11, 27, 0, 30))
    lite.run("escalation", at)
    lite.day(date(2026, 11, 27))
    raised = [step for step in steps(lite) if step[0] is Rung.PARTY_OFFICE]
    assert raised == [(Rung.PARTY_OFFICE, date(2026, 11, 26))] * 2
    (told,) = lite.said("dangjian", "请督促")
    assert "城南" in told.text
    assert "城北" in told.text


def test_a_digest_made_up_too_late_is_left_to_the_next_one(lite: Days) -> None:
    silent(lite, 1)
    lite.clock.move_to(shanghai(11, 23, 21, 0))
    lite.run("duty-digest", shanghai(11, 23))
    assert lite.said("b1p0") == []
    lite.day(date(2026, 11, 24))
    assert told_on(lite, "b1p0") == [date(2026, 11, 24)]
    lite.clock.move_to(shanghai(11, 25, 15, 0))
    lite.run("duty-digest", shanghai(11, 25))
    assert [said.at for said in lite.said("b1p0", "今日待办")][-1] == shanghai(11, 25, 15, 0)


def test_run_by_hand_for_a_past_day_it_is_told_at_once(lite: Days) -> None:
    silent(lite, 1)
    lite.clock.move_to(shanghai(11, 29, 23, 0))
    lite.run("duty-digest", shanghai(11, 27), by_hand=True)
    assert [said.at for said in lite.said("b1p0", "今日待办")] == [shanghai(11, 27)]


def test_who_is_away_is_left_alone_and_not_overtaken(lite: Days) -> None:
    silent(lite, 1)
    lite.day(date(2026, 11, 23))
    with lite.store.writing() as session:
        secretary = session.scalars(select(Person.id).where(Person.userid == "b1p0")).one()
        session.add(
            Away(
                person_id=secretary,
                first_on=date(2026, 11, 24),
                last_on=date(2026, 11, 27),
                at=lite.clock.now(),
            )
        )
    lite.days(date(2026, 11, 24), date(2026, 11, 27))
    assert told_on(lite, "b1p0") == [date(2026, 11, 23)]
    assert steps(lite) == []
    lite.days(date(2026, 11, 28), date(2026, 12, 2))
    assert steps(lite) == [
        (Rung.SECRETARY, date(2026, 11, 30)),
        (Rung.PARTY_OFFICE, date(2026, 12, 1)),
        (Rung.SUPERVISED, date(2026, 12, 2)),
    ]


def test_a_duty_moves_when_its_secretary_leaves(lite: Days) -> None:
    silent(lite, 1)
    lite.day(date(2026, 11, 23))
    with lite.store.writing() as session:
        old = session.scalars(select(Person).where(Person.userid == "b1p0")).one()
        new = session.scalars(select(Person).where(Person.userid == "b1p1")).one()
        old.state, old.left_at = PersonState.LEFT, lite.clock.now()
        session.add(Grant(person_id=new.id, role=Role.SECRETARY, unit_id=2))
    lite.day(date(2026, 11, 24))
    assert told_on(lite, "b1p1") == [date(2026, 11, 24)]
    assert told_on(lite, "b1p0") == [date(2026, 11, 23)]


def test_an_emergency_silences_the_ladder_and_moves_the_deadline(lite: Days) -> None:
    """A typhoon from 19 to 25 November: five working days, so the 23rd becomes the 30th."""
    silent(lite, 1, 2)
    with lite.store.writing() as session:
        session.add(
            Emergency(
                unit_id=2,
                first_on=date(2026, 11, 19),
                last_on=date(2026, 11, 25),
                reason="台风",
                declared_by_id=1,
                at=lite.clock.now(),
            )
        )
    lite.days(date(2026, 11, 18), date(2026, 12, 1))
    rows = {row.number: row for row in owed(lite)}
    assert rows["XM-2026-0001"].planned_on == date(2026, 11, 23)
    assert rows["XM-2026-0001"].due == date(2026, 11, 30)
    assert rows["XM-2026-0002"].due == date(2026, 11, 23)
    assert told_on(lite, "b1p0")[0] == date(2026, 11, 26)
    assert told_on(lite, "b2p0")[0] == date(2026, 11, 23)


def test_a_shifted_working_day_counts_and_a_holiday_does_not(lite: Days) -> None:
    """An administrator makes Saturday 28 November a working day and the 25th a rest day."""
    silent(lite, 1)
    with lite.store.writing() as session:
        session.add(CalendarDay(day=date(2026, 11, 25), working=False))
        session.add(CalendarDay(day=date(2026, 11, 28), working=True))
    lite.days(date(2026, 11, 18), date(2026, 12, 2))
    assert steps(lite) == [
        (Rung.SECRETARY, date(2026, 11, 24)),
        (Rung.PARTY_OFFICE, date(2026, 11, 27)),
        (Rung.SUPERVISED, date(2026, 12, 2)),
    ]
    assert date(2026, 11, 28) in told_on(lite, "b1p0")
    assert date(2026, 11, 25) not in told_on(lite, "b1p0")


def test_branches_are_not_asked_too_often(lite: Days) -> None:
    """With a limit of one call a week the second one waits, unless somebody lets it pass."""
    lite.change_rules(duties=replace(lite.rules.duties, warn_asks=1, hold_asks=1))
    silent(lite, 1)
    lite.day(date(2026, 11, 23))
    assert "减负提醒：城南供电所党支部" in lite.said("dangjian")[0].text
    silent(lite, 1, since=NOTICED + timedelta(days=1))  # another duty of the same branch
    lite.days(date(2026, 11, 24), date(2026, 11, 27))
    assert told_on(lite, "b1p0") == [date(2026, 11, 23)]
    assert steps(lite) == []
    lite.day(date(2026, 11, 30))
    assert told_on(lite, "b1p0") == [date(2026, 11, 23), date(2026, 11, 30)]
    silent(lite, 1, since=NOTICED + timedelta(days=2))
    with lite.store.writing() as session:
        session.add(
            LoadPass(
                branch_id=2,
                week=date(2026, 11, 30),
                reason="迎检",
                person_id=1,
                at=lite.clock.now(),
            )
        )
    lite.day(date(2026, 12, 1))
    assert told_on(lite, "b1p0")[-1] == date(2026, 12, 1)


def only(days: Days, *found: Duty) -> list[tuple[str, Rung]]:
    """One hourly source of these duties in place of all; returns what it is told of."""
    raised: list[tuple[str, Rung]] = []
    source = DutySource(
        key="test",
        find=lambda _, __: found,
        hourly=True,
        raised=lambda _, duty, rung: raised.append((duty.key, rung)),
    )
    days.sources = (source,)
    return raised


def test_a_clock_in_hours_reminds_and_climbs_by_working_hours(lite: Days) -> None:
    """Due Wednesday 11:00; noon and night do not count."""
    due_at = shanghai(11, 18, 11, 0)
    duty = Duty(
        key="quick",
        title="首次响应",
        detail="停电投诉",
        due=due_at.date(),
        due_at=due_at,
        unit_path="/1/2/",
        urgent=True,
    )
    raised = only(lite, duty)
    lite.clock.move_to(shanghai(11, 17, 23, 0))
    lite.until(shanghai(11, 19, 20, 0), often=True)
    urgent = [said.at for said in lite.said("b1p0", "急件")]
    assert urgent == [shanghai(11, 18, 8, 0), shanghai(11, 18, 10, 0), shanghai(11, 18, 11, 5)]
    climbed = [said.at for said in lite.said("dangjian", "请督促")]
    assert climbed == [shanghai(11, 18, 16, 30), shanghai(11, 19, 11, 0)]
    assert raised == [("quick", rung) for rung in Rung]
    assert told_on(lite, "b1p0") == [date(2026, 11, 18), date(2026, 11, 19)]


def test_those_above_never_read_what_is_private(lite: Days) -> None:
    duty = Duty(
        key="talk",
        title="谈心谈话",
        detail="与王五谈",
        due=date(2026, 11, 17),
        unit_path="/1/2/",
        number="TH-2026-0001",
        private=True,
    )
    only(lite, duty)
    lite.days(date(2026, 11, 18), date(2026, 12, 4))
    assert "与王五谈" in lite.said("b1p0", "今日待办")[0].text
    above = lite.said("dangjian", "请督促")
    assert above
    assert not [said for said in above if "王五" in said.text or "TH-" in said.text]
    with lite.acting("dangjian") as ctx:
        rows = page_of(DUTIES, View(ctx, ctx.member, {}), Wish()).rows
    assert [row[0] for row in rows] == ["谈心谈话"]
    assert not [cell for row in rows for cell in row if cell in ("与王五谈", "TH-2026-0001")]


def test_what_does_not_escalate_stays_with_its_owner(lite: Days) -> None:
    duty = Duty(
        key="calm",
        title="看一看",
        detail="",
        due=date(2026, 11, 2),
        unit_path="/1/2/",
        owners=(3,),
        escalates=False,
    )
    only(lite, duty)
    lite.days(date(2026, 11, 18), date(2026, 11, 20))
    assert len(told_on(lite, "b1p2")) == 3
    assert steps(lite) == []
    with lite.store.writing() as session:
        session.execute(update(Person).where(Person.id == 3).values(state=PersonState.LEFT))
    lite.day(date(2026, 11, 23))
    assert told_on(lite, "b1p0") == [date(2026, 11, 23)], "it falls to the secretary"


def test_the_month_is_published_as_one_line(lite: Days) -> None:
    """Two calls on seven branches in the thirty days of November: 2 * 7 / (7 * 30) a week."""
    silent(lite, 1, 2)
    lite.days(date(2026, 11, 23), date(2026, 12, 1))
    published = lite.said(words="减负公示")
    assert {said.to for said in published} == {f"wr{n}" for n in range(1, 8)}
    assert {said.at for said in published} == {shanghai(12, 1, 9, 0)}
    assert "平均每个支部每周被布置 0.1 次（上限 5 次）" in published[0].text
    assert "全月 1 次，平均每周 0.2 次" in lite.said("wr1", "减负公示")[0].text


@pytest.mark.postgres
def test_two_jobs_of_two_processes_write_a_duty_down_once(postgres_url: str) -> None:
    """One had written and not yet committed what the other found too: its digest failed."""
    store = Store(postgres_url)
    with store.writing() as session:
        Company().write(session)
    days = Days(store, TUESDAY, sources=())
    found = [
        Duty(key=f"once:{n}", title="事", detail="", due=date(2026, 11, 17), unit_path="/1/2/")
        for n in range(3)
    ]

    def look(order: int) -> int:
        source = DutySource(key="test", find=lambda _, __: found[::order])
        own = Days(store, TUESDAY, sources=())
        with own.acting() as ctx:
            standings = observe(ctx, source)
            seen.wait(timeout=20)
            return len({standing.row.id for standing in standings})

    seen = Event()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(look, order) for order in (1, -1)]
        while not waiting_for_locks(store) and not any(one.done() for one in both):
            pass
        seen.set()
        assert [one.result(timeout=20) for one in both] == [3, 3]
    assert len(owed(days)) == 3
    store.close()


def waiting_for_locks(store: Store) -> bool:
    """Whether a statement of this database waits for another transaction."""
    found = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with store.reading() as session:
        return session.execute(text(found)).first() is not None
