"""Notices under pressure: numbers without gaps, days that are moved, who may verify what."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from config.checklists import FOLDER, checklists, read_checklist
from handlers.context import Context
from handlers.figures import chinese_number
from handlers.inspections import checks, findings, notices
from handlers.inspections import verdicts as notice_verdicts
from handlers.inspections.findings import Fault, record_finding
from handlers.inspections.flow import answered_on_time, light_of, sight_of
from handlers.inspections.view import owed_about_notices
from handlers.owners import Owners
from handlers.places import branch_by_id
from models.check import Finding, FindingState, Severity, Verdict, same_before, score_of
from models.errors import UserError
from models.forms.field import Named
from models.notice import Notice, NoticeState
from models.number import Counter
from models.person import Grant, Person, PersonState, Role
from models.store.engine import Store
from tests.days import SHANGHAI, Days, sources_of
from tests.world import TUESDAY, Company

ISSUES = 100
SOURCES = sources_of(("notice", "objection"))


@pytest.fixture
def days(store: Store) -> Days:
    return prepared(store)


@pytest.fixture
def lite(sqlite_url: str) -> Days:
    return prepared(Store(sqlite_url))


def prepared(store: Store) -> Days:
    with store.writing() as session:
        Company().write(session)
        person = session.scalars(select(Person).where(Person.userid == "zhuanye")).one()
        session.add(Grant(person_id=person.id, role=Role.INSPECTOR, unit_id=1))
    return Days(store, TUESDAY, sources=SOURCES)


def drafted(ctx: Context, branch: int = 2, **answers: object) -> str:
    """A draft with one finding; returns its number."""
    place = branch_by_id(ctx, branch)
    finding = record_finding(ctx, place, Fault(said="会议记录不全", severity=Severity.MINOR))
    given_answers = {"branch": None, "due": None, "demands": None, **answers}
    notices.draft(ctx, {"number": finding.number, **given_answers})
    return ctx.subject


def numbers(days: Days) -> list[int]:
    with days.store.reading() as session:
        found = session.scalars(select(Notice.serial).where(Notice.serial.is_not(None)))
        return sorted(serial for serial in found if serial is not None)


def test_a_hundred_clerks_sign_at_once_without_gap_or_double(days: Days) -> None:
    """Every fifth signature fails after it was numbered, and some notices are signed by two."""
    with days.acting("zhuanye") as ctx:
        drafts = [drafted(ctx, 2 + n % 7) for n in range(ISSUES)]
    chance = random.Random(7)
    orders = [(number, n % 5 == 0) for n, number in enumerate(drafts)]
    orders += [(number, False) for number in chance.sample(drafts, 20)]
    chance.shuffle(orders)

    def sign(order: tuple[str, bool]) -> str:
        number, fails = order
        own = Days(days.store, TUESDAY, sources=SOURCES)
        try:
            if fails:
                with suppress(ZeroDivisionError), own.acting("dangjian") as ctx:
                    notices.sign(ctx, number, {})
                    1 / 0  # noqa: B018  (the machine fails before the commit)
            with own.acting("dangjian") as ctx:
                notices.sign(ctx, number, {})
        except UserError as refused:
            return refused.key
        return "ok"

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(sign, orders))
    assert numbers(days) == list(range(1, ISSUES + 1))
    assert outcomes.count("ok") == ISSUES
    assert {key for key in outcomes if key != "ok"} <= {"notice.signed_before", "state.raced"}
    with days.store.reading() as session:
        counter = session.get_one(Counter, ("zg:1", 2026))
        papers = session.scalars(select(Notice.paper_number)).all()
    assert counter.last == ISSUES
    assert len(set(papers)) == ISSUES


def test_numbers_begin_anew_each_year_and_drafts_take_none(lite: Days) -> None:
    with lite.acting("zhuanye") as ctx:
        first, dropped, last = (drafted(ctx) for _ in range(3))
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, first, {})
        notices.drop(ctx, dropped, {})
    lite.clock.move_to(datetime(2027, 1, 5, 2, tzinfo=UTC))
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, last, {})
    with lite.store.reading() as session:
        found = session.scalars(select(Notice.paper_number).order_by(Notice.id)).all()
    assert found == ["党建整〔2026〕1号", "", "党建整〔2027〕1号"]


def test_a_due_day_in_a_year_nobody_has_settled_is_marked(lite: Days) -> None:
    """The holiday table of 2027 is missing: weekends and fixed days are taken, and it is said."""
    lite.clock.move_to(datetime(2026, 12, 25, 2, tzinfo=UTC))
    with lite.acting("zhuanye") as ctx:
        reply = notices.draft(
            ctx, {"number": _finding(ctx), "branch": None, "due": None, "demands": None}
        )
    assert "2027年1月11日（周一）·放假安排未核定" in reply.text
    with lite.acting("zhuanye") as ctx:
        moved = notices.draft(
            ctx,
            {"number": _finding(ctx), "branch": None, "due": date(2027, 1, 1), "demands": None},
        )
    assert "原定那天是休息日，期限已顺延到 2027年1月4日（周一）" in moved.text


def _finding(ctx: Context) -> str:
    place = branch_by_id(ctx, 2)
    return record_finding(ctx, place, Fault(said="x", severity=Severity.MINOR)).number


def test_a_draft_that_lay_too_long_is_not_signed_with_a_day_that_has_passed(lite: Days) -> None:
    with lite.acting("zhuanye") as ctx:
        named = drafted(ctx, due=date(2026, 11, 20))
        counted = drafted(ctx)
    lite.clock.move_to(datetime(2026, 11, 24, 2, tzinfo=UTC))
    with pytest.raises(UserError, match="due_past"), lite.acting("dangjian") as ctx:
        notices.sign(ctx, named, {})
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, counted, {})
        notice = sight_of(
            ctx, ctx.session.scalars(select(Notice).where(Notice.number == counted)).one()
        )
    assert notice.due == date(2026, 12, 8)
    assert numbers(lite) == [1]


def test_who_did_the_work_does_not_verify_it(lite: Days) -> None:
    with lite.acting("zhuanye") as ctx:
        number = drafted(ctx)
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, number, {})
    with lite.store.writing() as session:
        for userid in ("b1p0", "b1p1"):
            person = session.scalars(select(Person).where(Person.userid == userid)).one()
            session.add(Grant(person_id=person.id, role=Role.INSPECTOR, unit_id=1))
    answers = {"number": number, "ordinal": None, "photos": None, "measure": "已补"}
    with lite.acting("b1p0") as ctx:
        notices.reply(ctx, {**answers, "responsible": "营销部小吴"})
    for userid in ("b1p0", "b1p1", "zhuanye"):
        with pytest.raises(UserError, match="own_work"), lite.acting(userid) as ctx:
            notice_verdicts.verify(ctx, number, {})
    with lite.acting("dangjian") as ctx:
        notice_verdicts.verify(ctx, number, {})
        row = ctx.session.scalars(select(Notice)).one()
        assert row.state is NoticeState.VERIFIED


def test_colours_follow_the_days(lite: Days) -> None:
    """Signed on 17 November, due on 1 December: unsigned or unanswered yellow, blue, red."""
    with lite.acting("zhuanye") as ctx:
        place = branch_by_id(ctx, 2)
        for said in ("会议记录不全", "公开栏没有更新"):
            record_finding(ctx, place, Fault(said=said, severity=Severity.MINOR))
        wanted = {"number": None, "branch": Named("B1", ""), "due": None, "demands": None}
        notices.draft(ctx, wanted)
        number = ctx.subject
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, number, {})
    unsigned = [light(lite, number, date(2026, 11, day)) for day in (17, 18, 19)]
    with lite.acting("b1p0") as ctx:
        notices.receive(ctx, number, {})
    unanswered = [light(lite, number, date(2026, 11, day)) for day in (20, 24, 25)]
    answers = {"number": number, "photos": None, "measure": "已补", "responsible": None}
    with lite.acting("b1p0") as ctx:
        notices.reply(ctx, {**answers, "ordinal": 1})
    near = [light(lite, number, day) for day in (date(2026, 11, 25), date(2026, 11, 26))]
    late = [light(lite, number, date(2026, 12, day)) for day in (1, 2)]
    with lite.acting("b1p0") as ctx:
        notices.reply(ctx, {**answers, "ordinal": 2})
    assert unsigned == ["green", "green", "yellow"]
    assert unanswered == ["green", "green", "yellow"]
    assert near == ["green", "blue"]
    assert late == ["blue", "red"]
    assert light(lite, number, date(2026, 12, 3)) == "green", "it is for others to verify now"
    with lite.acting("dangjian") as ctx:
        figures = answered_on_time(ctx, date(2026, 11, 1), date(2026, 12, 31))
        assert figures == {2: (0, 1)}, "answered on 2 December, due on the first"
        assert answered_on_time(ctx, date(2026, 12, 2), date(2026, 12, 31)) == {}


def two_problems(ctx: Context) -> tuple[str, list[str]]:
    """A draft with two findings: its number and theirs."""
    place = branch_by_id(ctx, 2)
    found = [
        record_finding(ctx, place, Fault(said=said, severity=Severity.MINOR)).number
        for said in ("会议记录不全", "公开栏没有更新")
    ]
    notices.draft(ctx, {"number": None, "branch": Named("B1", ""), "due": None, "demands": None})
    return ctx.subject, found


def answer(days: Days, number: str, ordinal: int | None, on: date) -> None:
    days.clock.move_to(datetime(on.year, on.month, on.day, 4, tzinfo=UTC))
    said = {"photos": None, "measure": "已补", "responsible": None}
    with days.acting("b1p0") as ctx:
        notices.reply(ctx, {"number": number, "ordinal": ordinal, **said})


def on_time(days: Days, last: date = date(2026, 12, 31)) -> dict[int, tuple[int, int]]:
    with days.acting("dangjian") as ctx:
        return dict(answered_on_time(ctx, date(2026, 11, 1), last))


def test_in_time_is_what_the_branch_did_not_when_others_decided(lite: Days) -> None:
    """Signed 17 November, due 1 December. The ruling on the second problem comes on the 4th."""
    with lite.acting("zhuanye") as ctx:
        number, found = two_problems(ctx)
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, number, {})
    assert on_time(lite) == {}, "there is still time"
    answer(lite, number, 1, date(2026, 11, 20))
    with lite.acting("b1p0") as ctx:
        findings.object_to(ctx, {"number": found[1], "reason": "上周更新过"})
    assert on_time(lite) == {}
    lite.clock.move_to(datetime(2026, 12, 4, 4, tzinfo=UTC))
    assert on_time(lite) == {2: (0, 1)}, "one problem is not answered"
    with lite.acting("dangjian") as ctx:
        findings.accept_tapped(ctx, found[1], {})
    assert on_time(lite) == {2: (1, 1)}, "the other was, in time"
    with lite.acting("dangjian") as ctx:
        back = {"number": number, "ordinal": 1, "reason": "没有签字"}
        notice_verdicts.send_back(ctx, back)
        due = ctx.session.scalars(select(Notice)).one().due_on
    assert on_time(lite) == {}, "a new answer is awaited"
    answer(lite, number, 1, due + timedelta(days=1))
    assert on_time(lite) == {2: (0, 1)}, "what counts is the last answer"


def test_a_draft_of_which_nothing_is_left_is_not_signed(lite: Days) -> None:
    with lite.acting("zhuanye") as ctx:
        number, found = two_problems(ctx)
    for finding in found:
        with lite.acting("b1p0") as ctx:
            findings.object_to(ctx, {"number": finding, "reason": "看错了"})
        with lite.acting("dangjian") as ctx:
            findings.accept_tapped(ctx, finding, {})
    with pytest.raises(UserError, match="no_findings"), lite.acting("dangjian") as ctx:
        notices.sign(ctx, number, {})
    with lite.acting("dangjian") as ctx:
        notices.drop(ctx, number, {})
    assert numbers(lite) == []


def test_an_objection_may_be_right_although_all_is_done(lite: Days) -> None:
    with lite.acting("zhuanye") as ctx:
        number = drafted(ctx)
        found = ctx.session.scalars(select(Finding.number)).one()
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, number, {})
    with lite.acting("b1p0") as ctx:
        findings.object_to(ctx, {"number": found, "reason": "看错了"})
    answer(lite, number, None, date(2026, 11, 18))
    with lite.acting("zhuanye") as ctx:
        notice_verdicts.verify(ctx, number, {})
    with lite.acting("dangjian") as ctx:
        findings.accept_tapped(ctx, found, {})
        assert ctx.session.scalars(select(Finding.state)).one() is FindingState.WITHDRAWN


def test_what_has_relapsed_is_looked_at_once_more(lite: Days) -> None:
    """Each closing has its 回头看, also the one after a relapse."""
    with lite.acting("zhuanye") as ctx:
        number = drafted(ctx)
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, number, {})
    day = date(2026, 11, 18)
    for result in ("relapsed", "held"):
        answer(lite, number, None, day)
        with lite.acting("zhuanye") as ctx:
            notice_verdicts.verify(ctx, number, {})
            look_on = ctx.session.scalars(select(Notice)).one().look_on
        assert look_on is not None
        lite.clock.move_to(datetime(look_on.year, look_on.month, look_on.day, 4, tzinfo=UTC))
        with lite.acting() as ctx:
            owed = [duty.key for duty in owed_about_notices(ctx, None)]
        assert owed == [f"notice-look:{number}"]
        with lite.acting("zhuanye") as ctx:
            look = {"number": number, "result": result, "note": "又没记"}
            notice_verdicts.look_back(ctx, look)
        day = look_on + timedelta(days=1)
    with lite.acting() as ctx:
        assert list(owed_about_notices(ctx, None)) == []


def test_what_a_drafter_who_has_left_would_look_at_falls_to_the_party_office(lite: Days) -> None:
    with lite.acting("zhuanye") as ctx:
        number = drafted(ctx)
        checks.plan_inspection(ctx, {"branch": Named("B2", "城北供电所党支部"), "due": None})
    with lite.acting("dangjian") as ctx:
        notices.sign(ctx, number, {})
    answer(lite, number, None, date(2026, 11, 18))
    sources = (owed_about_notices, checks.checks_to_do)
    wanted = {f"notice-verify:1:{number}", "check:JC-2026-0001"}
    for state, owner in ((PersonState.ACTIVE, "zhuanye"), (PersonState.LEFT, "dangjian")):
        with lite.store.writing() as session:
            session.execute(update(Person).where(Person.userid == "zhuanye").values(state=state))
        with lite.acting("dangjian") as ctx:
            owners = Owners(ctx.session)
            duties = [duty for find in sources for duty in find(ctx, None)]
            assert {duty.key for duty in duties} == wanted
            assert [one.userid for duty in duties for one in owners.of(duty)] == [owner, owner]
            own = {duty.key for find in sources for duty in find(ctx, ctx.who)}
            assert owner == "zhuanye" or own == wanted, "also in the list of that office"


def light(days: Days, number: str, day: date) -> str:
    days.clock.move_to(datetime(day.year, day.month, day.day, 4, tzinfo=UTC))
    with days.acting("dangjian") as ctx:
        notice = ctx.session.scalars(select(Notice).where(Notice.number == number)).one()
        return light_of(ctx, sight_of(ctx, notice))


def test_every_list_adds_up_to_a_hundred_and_says_what_to_look_at() -> None:
    assert set(checklists()) == {"management", "service", "business"}
    for checklist in checklists().values():
        assert sum(item.weight for item in checklist.items) == 100
        assert all(item.clause and item.look for item in checklist.items)


def test_a_list_that_does_not_add_up_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "service.toml").read_text("utf-8")
    for wrong in (
        text.replace("weight = 15", "weight = 14", 1),
        text.replace('"talk"', '"pledge"'),
    ):
        path = tmp_path / "service.toml"
        path.write_text(wrong, "utf-8")
        with pytest.raises(ValueError, match=r"add up|twice"):
            read_checklist(path)


@given(st.lists(st.sampled_from(list(Verdict)), min_size=9, max_size=9))
def test_the_score_is_what_the_weights_say(verdicts: list[Verdict]) -> None:
    items = checklists()["service"].items
    marks = {item.key: verdict for item, verdict in zip(items, verdicts, strict=True)}
    score = score_of(marks, checklists()["service"].weights)
    share = {Verdict.PASSED: 1.0, Verdict.PARTLY: 0.6, Verdict.FAILED: 0.0}
    whole = sum(i.weight for i in items if marks[i.key] in share)
    earned = sum(i.weight * share[marks[i.key]] for i in items if marks[i.key] in share)
    if not whole:
        assert score is None
    else:
        assert score is not None
        assert abs(float(score) - 100 * earned / whole) <= 0.05 + 1e-9


def test_the_same_in_other_words_is_a_repetition() -> None:
    at = datetime(2026, 11, 1, tzinfo=SHANGHAI)
    old = Finding(number="WT-2026-0001", item="", said="三会一课记录本缺少签到", at=at)
    listed = Finding(number="WT-2026-0002", item="safety", said="未系安全带", at=at)
    assert same_before("", "三会一课记录本缺少签到表", [listed, old]) is old
    assert same_before("safety", "梯子没有人扶", [listed, old]) is listed
    assert same_before("", "公开栏没有更新", [listed, old]) is None
    assert same_before("meetings", "三会一课记录本缺少签到", [listed, old]) is None
    assert same_before("", "", [listed, old]) is None


def test_headings_are_numbered_as_papers_number_them() -> None:
    wanted = {1: "一", 9: "九", 10: "十", 12: "十二", 20: "二十", 35: "三十五", 99: "九十九"}
    assert {number: chinese_number(number) for number in wanted} == wanted
    assert len({chinese_number(number) for number in range(1, 100)}) == 99
