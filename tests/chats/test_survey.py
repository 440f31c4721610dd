"""The survey: answered without a name, shown in groups only, joined to nobody (PRODUCT.md E.4)."""

import re
from dataclasses import replace
from datetime import date
from itertools import combinations
from random import Random

import aiohttp
import pytest
from sqlalchemy import func, select

from config.rules import default_rules
from handlers.talks.survey import questions
from models.audit import Audit
from models.survey import Survey, SurveyState, SurveyTable, SurveyWords, Vote, tally
from models.unit import Unit
from models.vault import Secret
from tests.chats.test_talk import everything, raw
from tests.hearing import Hearing
from tests.visitor import Visitor
from tests.world import World

QUESTIONS = len(questions())


async def opened(world: World) -> None:
    """The first working day of the next quarter, a little after nine."""
    await world.later(days=(date(2027, 1, 4) - date(2026, 11, 17)).days)


async def take(visitor: Visitor, userid: str) -> str:
    """The address of a ballot, empty if none was handed out."""
    await visitor.enter(userid)
    _, html = await visitor.get("/survey")
    token = re.search(r'name="token" value="([^"]+)"', html)
    if token is None:
        return ""
    base = f"http://127.0.0.1:{visitor.world.runtime.port}"
    async with visitor.session.post(f"{base}/survey", data={"token": token[1]}) as answer:
        html = await answer.text()
    found = re.search(r'href="(/survey/[^"]+)"', html)
    return found[1] if found else ""


async def fill(world: World, address: str, marks: list[int], words: str = "") -> tuple[int, str]:
    """Answer with a browser that has no cookie."""
    data = {f"q{n}": str(mark) for n, mark in enumerate(marks)} | {"words": words}
    base = f"http://127.0.0.1:{world.runtime.port}"
    async with aiohttp.ClientSession() as session, session.post(base + address, data=data) as got:
        return got.status, await got.text()


def marks(chance: Random) -> list[int]:
    return [chance.randrange(1, 6) for _ in range(QUESTIONS)]


async def test_a_quarter_begins_with_a_line_and_a_page(visitor: Visitor) -> None:
    world = visitor.world
    assert "没有开放的问卷" in (await world.say("b1p1", "/问卷")).text
    await world.open_chats(["wr1"])
    await opened(world)
    told = [m.text for m in world.desk.heard("wr1") if "思想动态" in (m.text or "")]
    assert len(told) == 1
    assert "不会用来决定找谁谈话" in told[0]
    answer = await world.say("b1p1", "/问卷")
    assert "做不到匿名" in answer.text
    assert "私聊" in (await world.say("b1p1", "/问卷", "wr1")).text
    await visitor.enter("b1p1")
    status, html = await visitor.get("/survey")
    assert status == 200
    assert "12356" in html
    await visitor.get("/survey")
    assert (await take(visitor, "b1p1")).startswith("/survey/")
    assert await take(visitor, "b1p1") == ""  # one a person
    _, html = await visitor.get("/survey")
    assert "已经领过" in html


async def test_a_ballot_counts_once_and_only_if_it_is_ours(visitor: Visitor) -> None:
    world = visitor.world
    await opened(world)
    address = await take(visitor, "b1p1")
    status, html = await fill(world, address, [5] * (QUESTIONS - 1), "留着我写的话")
    assert status == 400
    assert "还有没选的" in html
    assert "留着我写的话" in html
    assert (await fill(world, address, [5] * QUESTIONS))[0] == 200
    assert (await fill(world, address, [1] * QUESTIONS))[0] == 409
    forged = address[:-2] + ("AA" if not address.endswith("AA") else "BB")
    assert (await fill(world, forged, [1] * QUESTIONS))[0] == 409
    assert (await fill(world, "/survey/x", [1] * QUESTIONS))[0] == 409


async def test_no_row_log_or_file_joins_an_answer_to_a_person(visitor: Visitor) -> None:
    """Nor do the tokens, whose addresses only the browsers know."""
    world = visitor.world
    await opened(world)
    with Hearing() as hearing:
        addresses = [await take(visitor, f"b1p{n}") for n in range(6)]
        before = _acts(world)
        held: list[set[tuple[str, str]]] = []
        for number, address in enumerate(addresses):
            status, _ = await fill(world, address, [1 + number % 5] * QUESTIONS, f"第{number}句")
            assert status == 200
            held.append(_sealed(world))
    assert _acts(world) == before  # no audit row for a vote
    dump, logged = everything(world), hearing.text
    for number, address in enumerate(addresses):
        token = address.rpartition("/")[2]
        for place in (dump, logged):
            assert token not in place
            assert f"第{number}句" not in place
        assert token.encode() not in raw(world)
    assert "survey" not in logged
    # The same rows with the same moments, however many have answered: nothing to be ordered by.
    assert len({frozenset(rows) for rows in held}) == 1


def _acts(world: World) -> int:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(Audit)) or 0


def _sealed(world: World) -> set[tuple[str, str]]:
    with world.store.reading() as session:
        rows = session.execute(select(Secret.subject, Secret.at).where(Secret.kind == "survey.urn"))
        return {(row.subject, row.at.isoformat()) for row in rows}


def tables(world: World) -> dict[str, SurveyTable]:
    with world.store.reading() as session:
        rows = session.execute(
            select(Unit.name, SurveyTable).join(Unit, Unit.id == SurveyTable.unit_id)
        ).all()
    return dict(rows)


@pytest.fixture
async def small(visitor: Visitor) -> World:
    """A world whose survey shows groups from three answers on, so that six people are enough."""
    world = visitor.world
    rules = default_rules()
    await world.runtime.stop()
    await world.open_product(
        rules=replace(rules, survey=replace(rules.survey, least=3, least_words=4))
    )
    return world


async def test_what_is_shown_is_the_sum_and_nothing_smaller(visitor: Visitor, small: World) -> None:
    """Subtracting what pages show from each other gives no group below the limit."""
    world, chance = small, Random(5)
    await opened(world)
    own: dict[str, list[list[int]]] = {}
    for branch, people in ((1, 6), (2, 5), (3, 2), (4, 4), (5, 0), (6, 3)):
        for person in range(people):
            given = marks(chance)
            address = await take(visitor, f"b{branch}p{person}")
            assert (await fill(world, address, given, f"话{branch}{person}"))[0] == 200
            own.setdefault(f"b{branch}", []).append(given)
    await world.later(days=15)
    shown = tables(world)
    root = shown["青禾供电公司"]
    votes = [given for found in own.values() for given in found]
    assert root.answers == len(votes) == 20
    assert root.counts == tally([Vote(tuple(v)) for v in votes], QUESTIONS)
    assert "变电运维一班党支部" not in shown  # two answers
    branches = [table.answers for name, table in shown.items() if name != "青禾供电公司"]
    assert sum(branches) < root.answers
    for size in range(len(branches) + 1):
        for some in combinations(branches, size):
            rest = root.answers - sum(some)
            assert rest == 0 or rest >= 3
    with world.store.reading() as session:
        survey = session.scalars(select(Survey)).one()
        said = session.scalars(select(SurveyWords.words)).all()
        kinds = set(session.scalars(select(Secret.kind)))
    assert survey.state is SurveyState.CLOSED
    assert len(said) == 20
    assert not kinds & {"survey.urn", "survey.taken", "survey.key"}  # nothing left to count anew
    await visitor.enter("b1p1")
    _, html = await visitor.get("/board/survey")
    assert "青禾供电公司" in html
    assert "城南供电所党支部" in html
    assert "城北供电所党支部" not in html
    assert "话20" not in html
    await visitor.enter("dangjian")
    _, html = await visitor.get("/board/survey")
    assert "城北供电所党支部" in html
    assert "变电运维一班党支部" not in html
    assert "话20" in html


async def test_too_few_answers_show_nothing(visitor: Visitor) -> None:
    world = visitor.world
    await opened(world)
    for person in range(4):
        address = await take(visitor, f"b1p{person}")
        await fill(world, address, [3] * QUESTIONS, "一句")
    await world.later(days=15)
    assert tables(world) == {}
    await visitor.enter("dangjian")
    _, html = await visitor.get("/board/survey")
    assert "不够数，不公布" in html
    assert "一句" not in html


async def test_nothing_about_a_person_follows_from_answers(visitor: Visitor) -> None:
    """Neither a duty nor a talk: the worst answers lead nowhere."""
    world = visitor.world
    await opened(world)
    before = (await world.say("b1p0", "/待办")).text
    for person in range(1, 6):
        await fill(world, await take(visitor, f"b1p{person}"), [1] * QUESTIONS)
    await world.later(days=15)
    after = (await world.say("b1p0", "/待办")).text
    assert "谈" not in after.replace(before, "")
