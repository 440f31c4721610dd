"""Every role at every place tries every door of every talk: a full matrix (PRODUCT.md E.2).

Who may read is reckoned here once more from the rule itself: the two, and whoever holds the level
that the notice names over the branch of the talk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from sqlalchemy import select, update

from bot.channel import Incoming
from models.audit import LOOK, Audit
from models.person import Grant, Person, Role
from models.talk import Talk
from models.vault import Secret
from tests.chats.test_talk import PERSON, PRIVATE, SECRETARY, everything, talked
from tests.unit.test_dispatch import FULL
from tests.visitor import Visitor
from tests.world import World

PLACES = {1: "company", 2: "the talk's branch", 3: "another branch"}
LEVELS = (None, *Role)
CALL = "想谈谈孩子上学的事"
MESSAGES = count()


@dataclass(frozen=True)
class Reader:
    """Somebody who holds one role on one unit; ``role`` None: nothing but a colleague."""

    userid: str
    role: Role | None = None
    unit_id: int = 2

    def may_read(self, level: Role | None) -> bool:
        """The rule: the two, and the level named, over the branch of the talk."""
        named = level is not None and level is self.role and self.unit_id in (1, 2)
        return named or self.userid in (SECRETARY, PERSON)


def people() -> Iterator[Reader]:
    yield Reader(SECRETARY, Role.SECRETARY)
    yield Reader(PERSON)
    yield Reader("b1p2")
    for role in Role:
        for unit_id in PLACES:
            yield Reader(f"{role.value}{unit_id}", role, unit_id)


def appoint(world: World) -> None:
    with world.store.writing() as session:
        for one in people():
            if one.role is None or one.userid == SECRETARY:
                continue
            person = Person(
                userid=one.userid, userid_key=one.userid, name=one.userid, unit_id=one.unit_id
            )
            session.add(person)
            session.flush()
            session.add(Grant(person_id=person.id, role=one.role, unit_id=one.unit_id))


async def told(world: World, userid: str, words: str) -> str:
    """What somebody is answered, whichever way it is told."""
    now = world.clock.now()
    incoming = Incoming("app", f"matrix:{next(MESSAGES)}", userid, now, text=words)
    answer = await world.runtime.handle(incoming, FULL)
    return "" if answer is None else f"{answer.text}{answer.card}"


async def recorded(world: World) -> dict[str, Role | None]:
    """One talk for each level that a notice can name, by number."""
    levels = {}
    for index, level in enumerate(LEVELS, 1):
        await talked(world)
        number = f"TH-2026-{index:04d}"
        levels[number] = level
        with world.store.writing() as session:
            session.execute(update(Talk).where(Talk.number == number).values(reader=level))
    return levels


def bodies(world: World) -> dict[tuple[str, str], bytes]:
    """All that lies sealed of talks, by kind and subject."""
    with world.store.reading() as session:
        rows = session.scalars(select(Secret).where(Secret.kind.startswith("talk")))
        return {(row.kind, row.subject): row.body for row in rows}


def looks(world: World) -> set[tuple[str, str]]:
    with world.store.reading() as session:
        rows = session.execute(
            select(Person.userid, Audit.subject)
            .join(Person, Person.id == Audit.person_id)
            .where(Audit.action == LOOK, Audit.subject.startswith("TH-"))
        )
        return {(userid, subject) for userid, subject in rows}


async def test_who_reads_which_talk(visitor: Visitor) -> None:
    """Chat and page agree with the rule for each role, place and level; each look is noted."""
    world = visitor.world
    appoint(world)
    levels = await recorded(world)
    wanted, seen = set(), set()
    for reader in people():
        await visitor.enter(reader.userid)
        for number, level in levels.items():
            said = await told(world, reader.userid, f"/查 {number}")
            if reader.may_read(level):
                wanted.add((reader.userid, number))
            assert (PRIVATE in said) is reader.may_read(level), (reader, level)
            if level is reader.role:
                _, html = await visitor.get(f"/record/{number}")
                assert (PRIVATE in html) is reader.may_read(level), (reader, level)
            if PRIVATE in said:
                seen.add((reader.userid, number))
            else:
                assert "没有找到" in said
    assert seen == wanted
    assert looks(world) == wanted
    assert PRIVATE not in everything(world)


DOORS = (
    "/更正 {number} 这句是外人加的",
    "/删除 {number} 全部",
    "/答复删除 {number} 全部删除",
    "/谈话事项 编号：{number} 事项：外人加的事项 完成日期：2026年11月30日",
    "/调阅 {number} 想看看写了什么",
    "/答复约谈 YT-2026-0001 不谈",
    "/查 YT-2026-0001",
)
LISTS = (
    "/搜索 住院",
    "/搜索 {number}",
    "/我的数据",
    "/我的",
    "/待办",
    "/谁看过我",
    "/台账 谈话覆盖",
    "/台账 审计 {number}",
    "/台账 待办",
)
"""What a role shows of everything below it: tried where it is held highest."""


async def test_nobody_else_gets_in_by_any_other_door(world: World) -> None:
    """Whoever is no party changes nothing, and is shown no word by any command."""
    appoint(world)
    await talked(world)
    await world.say(PERSON, f"/约谈 {CALL}")
    await world.say(PERSON, "/删除 TH-2026-0001 老人住院的事不要留")
    before = bodies(world)
    assert {kind for kind, _ in before} == {"talk", "talk.call", "talk.strike"}
    for reader in people():
        if reader.userid in (SECRETARY, PERSON):
            continue
        lists = LISTS if reader.unit_id == 1 or reader.role is None else ()
        for door in (*DOORS, *lists):
            said = await told(world, reader.userid, door.format(number="TH-2026-0001"))
            assert said, door
            for part in (PRIVATE, "老人", CALL, "孩子"):
                assert part not in said, (reader, door)
    assert bodies(world) == before
    with world.store.reading() as session:
        (talk,) = session.scalars(select(Talk))
        assert (talk.state.value, talk.day) == ("kept", date(2026, 11, 16))
    assert looks(world) == set()
    shown = await told(world, PERSON, "/查 TH-2026-0001")
    assert PRIVATE in shown
    assert "外人" not in shown
