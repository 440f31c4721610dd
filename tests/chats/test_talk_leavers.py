"""What becomes of talks when whoever led them has left (DOMAIN.md 1, 5; PRODUCT.md E.9)."""

from sqlalchemy import select, update

from models.person import Grant, Person, PersonState, Role
from models.talk import StrikeState, TalkCall, TalkState, TalkStrike, TalkTask
from models.vault import Secret
from tests.chats.test_talk import COLLEAGUE, LATER, PERSON, PRIVATE, SECRETARY, talked, talks
from tests.world import World

HEIR = "b1p3"
"""Who is secretary after the first one has left."""


def leaves(world: World) -> None:
    """The secretary leaves the company, another member of the branch takes over."""
    with world.store.writing() as session:
        session.execute(
            update(Person).where(Person.userid == SECRETARY).values(state=PersonState.LEFT)
        )
        heir = session.scalars(select(Person).where(Person.userid == HEIR)).one()
        session.add(Grant(person_id=heir.id, role=Role.SECRETARY, unit_id=heir.unit_id))


def sealed(world: World) -> set[str]:
    with world.store.reading() as session:
        return set(session.scalars(select(Secret.kind))) & {"talk", "talk.strike"}


async def test_a_wish_to_delete_does_not_wait_for_somebody_who_left(world: World) -> None:
    await talked(world)
    leaves(world)
    assert "没有找到" in (await world.say(HEIR, "/查 TH-2026-0001")).text, "nobody inherits words"
    assert "全部删除" in (await world.say(PERSON, "/删除 TH-2026-0001 都不要留")).text
    assert talks(world)[0].state is TalkState.STRUCK
    assert sealed(world) == set()


async def test_a_wish_that_was_waiting_is_carried_out_by_night(both_worlds: World) -> None:
    world = both_worlds
    await talked(world)
    await world.say(PERSON, "/删除 TH-2026-0001 老人住院的事不要留")
    leaves(world)
    assert "删除申请" not in (await world.say(HEIR, "/待办")).text, "it is not for others to decide"
    await world.later(days=1)
    assert talks(world)[0].state is TalkState.STRUCK
    assert sealed(world) == set()
    with world.store.reading() as session:
        assert session.scalars(select(TalkStrike.state)).one() is StrikeState.ALL
    told = [m.text for m in world.desk.heard(PERSON) if "按你的申请全部删除" in (m.text or "")]
    assert len(told) == 1
    assert "住院" not in (await world.say(PERSON, "/查 TH-2026-0001")).text


async def test_what_is_to_be_done_moves_to_the_next_secretary_without_words(world: World) -> None:
    await talked(world)
    await world.say(
        SECRETARY, "/谈话事项 编号：TH-2026-0001 事项：落实调班 完成日期：2026年11月30日"
    )
    await world.say(COLLEAGUE, f"/约谈 {LATER}")
    leaves(world)
    owed = (await world.say(HEIR, "/待办")).text
    assert "落实调班" in owed
    assert "城南员工2（YT-2026-0001）" in owed
    assert "没有找到" in (await world.say(HEIR, "/查 YT-2026-0001")).text, "why stays with the two"
    card = await world.desk.until(
        lambda: next((m for m in world.desk.heard(HEIR) if "talk.task_done" in str(m.card)), None),
        20,
    )
    await world.desk.click(HEIR, card, "talk.task_done:1")
    await world.desk.until(lambda: _done(world), 20)
    line = "/谈话 城南员工2 日期：2026年11月16日 方式：面谈 类型：日常 要点：好"
    assert "TH-2026-0002" in (await world.say(HEIR, line)).text
    assert "安排谈话" not in (await world.say(HEIR, "/待办")).text
    with world.store.reading() as session:
        assert session.scalars(select(TalkCall.state)).one().value == "held"
    assert PRIVATE not in owed


def _done(world: World) -> bool:
    with world.store.reading() as session:
        return session.get_one(TalkTask, 1).done_at is not None
