"""Errors of three kinds, slow handlers, redelivery, stale cards: one message at a time."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from bot.channel import Abilities, Answer, Click, Dialect, Incoming
from bot.follow import speak_for
from bot.keeping import VAULT
from config.rules import default_rules
from handlers.content import Card
from handlers.context import Context
from handlers.reply import Reply
from handlers.spec import Command
from models.audit import Audit
from models.draft import Draft
from models.errors import Unavailable
from models.forms.field import Answers
from models.message import Message, Unsaid
from models.progress import Progress
from models.push import Push
from tests.hearing import Hearing
from tests.world import World

FULL = Abilities(
    hears_groups=True, answer_bytes=20480, answer_cards=True, answer_dialect=Dialect.FULL
)


class Talk:
    """Messages straight to the dispatcher, without a channel."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.count = 0

    def message(self, words: str, userid: str = "b1p1", chat: str = "") -> Incoming:
        self.count += 1
        now = self.world.clock.now()
        return Incoming("test", f"t{self.count}", userid, now, chat=chat, text=words)

    async def say(self, words: str, userid: str = "b1p1", chat: str = "") -> Answer:
        answer = await self.world.runtime.handle(self.message(words, userid, chat), FULL)
        assert answer is not None
        return answer

    async def click(self, action: str, userid: str = "b1p1", **how: Any) -> Answer | None:
        self.count += 1
        incoming = Incoming(
            "test",
            f"t{self.count}",
            userid,
            self.world.clock.now(),
            click=Click("task", action, **how),
        )
        return await self.world.runtime.handle(incoming, FULL)


@pytest.fixture
def talk(world: World) -> Talk:
    return Talk(world)


def replace_command(world: World, key: str, run: Any) -> None:
    """Let a command do something else."""
    known = world.runtime.catalogue
    broken = {c.key: replace(c, run=run) if c.key == key else c for c in known.commands}
    words: Mapping[str, Command] = {w: broken[c.key] for w, c in known.words.items()}
    changed = replace(known, commands=tuple(broken.values()), words=words)
    router = world.runtime.dispatcher._handle.__self__  # type: ignore[attr-defined]
    router._catalogue = changed


def count(world: World, what: type[Any]) -> int:
    with world.store.reading() as session:
        return session.scalar(select(func.count()).select_from(what)) or 0


async def test_our_mistake_gets_a_reference_and_leaves_everything_as_it_was(talk: Talk) -> None:
    def broken(ctx: Context, answers: Answers) -> Reply:
        ctx.push_person("x", Card(title="不该发出"), "never")
        ctx.session.execute(text("UPDATE project SET name = 'spoilt'"))
        raise RuntimeError(answers["said"])

    replace_command(talk.world, "progress", broken)
    incoming = talk.message("/进展 50% 别人的心里话")
    with Hearing() as hearing:
        first = await talk.world.runtime.handle(incoming, FULL)
        again = await talk.world.runtime.handle(incoming, FULL)
    assert first is not None
    assert "编号" in first.text
    assert again == first
    reference = first.text.split("编号 ")[1][:8]
    assert reference in hearing.text
    assert "handler_failed" in hearing.text
    assert "RuntimeError" in hearing.text
    assert "心里话" not in hearing.text
    with talk.world.store.reading() as session:
        assert session.scalars(select(Push).where(Push.dedupe == "never")).all() == []
        assert session.scalar(text("SELECT count(*) FROM project WHERE name = 'spoilt'")) == 0
        assert session.scalars(select(Audit.outcome)).all() == ["error.ours"]


async def test_the_worlds_error_is_not_stored_and_may_be_tried_again(talk: Talk) -> None:
    def away(ctx: Context, answers: Answers) -> Reply:
        del ctx, answers
        raise Unavailable

    incoming = talk.message("/进展 50% 好")
    before = talk.world.runtime.catalogue.command("progress").run
    replace_command(talk.world, "progress", away)
    with pytest.raises(Unavailable):
        await talk.world.runtime.handle(incoming, FULL)
    assert count(talk.world, Message) == 0
    replace_command(talk.world, "progress", before)
    answer = await talk.world.runtime.handle(incoming, FULL)
    assert answer is not None
    assert "JZ-2026-0001" in answer.text


async def test_a_slow_handler_is_answered_and_its_result_follows(sqlite_url: str) -> None:
    rules = default_rules()
    quick = replace(rules, intake=replace(rules.intake, slow_seconds=0.05))
    world = World(sqlite_url)
    world.settle()
    await world.open(rules=quick)
    gate = threading.Event()
    before = world.runtime.catalogue.command("progress").run

    def slow(ctx: Context, answers: Answers) -> Reply:
        gate.wait(5)
        return before(ctx, answers)

    replace_command(world, "progress", slow)
    asked = asyncio.create_task(world.say("b1p1", "/进展 50% 好", "wr1"))
    answer = await asked
    assert "处理中" in answer.text
    gate.set()
    result = await world.desk.until(
        lambda: next((m for m in world.desk.heard("wr1") if "JZ-2026-0001" in m.text), None), 5
    )
    assert "JZ-2026-0001" in result.text
    assert count(world, Progress) == 1
    await world.close()


async def test_a_bad_message_does_not_fail_its_neighbours(talk: Talk) -> None:
    words = ["/进展 50% 好", "/进展 500%", "/进展 50% 良", "坏", "/进展 50% 优"] * 8
    answers = await asyncio.gather(*(talk.say(w, chat="wr1") for w in words))
    assert sum("JZ-2026" in answer.text for answer in answers) >= 24
    assert count(talk.world, Message) == len(words)


async def test_the_same_message_twice_at_once_is_one(talk: Talk) -> None:
    incoming = talk.message("/进展 50% 好")
    answers = await asyncio.gather(*(talk.world.runtime.handle(incoming, FULL) for _ in range(9)))
    assert len({answer.text for answer in answers if answer}) == 1
    assert count(talk.world, Progress) == 1


async def test_a_button_of_an_older_question_is_stale(talk: Talk) -> None:
    asked = await talk.say("/进展 八成")
    assert asked.card is not None
    yes = asked.card.buttons[0].action
    assert (await talk.click(yes)) is not None
    assert count(talk.world, Progress) == 1
    late = await talk.click(yes)
    assert late is not None
    assert late.update is not None
    assert late.private
    assert "以最新的消息为准" in late.update.body
    assert count(talk.world, Progress) == 1


async def test_somebody_elses_button_does_nothing(talk: Talk) -> None:
    asked = await talk.say("/进展 八成", chat="wr1")
    assert asked.card is not None
    for userid in ("b1p2", "stranger"):
        answer = await talk.click(asked.card.buttons[0].action, userid)
        assert answer is not None
        assert answer.update is not None
        assert answer.private
    assert count(talk.world, Progress) == 0
    assert count(talk.world, Draft) == 1


@pytest.mark.parametrize(
    "action", ["", "nonsense", "answer:", "answer:x.y/是", "progress.same:XM-0"]
)
async def test_broken_buttons_are_told_so(talk: Talk, action: str) -> None:
    answer = await talk.click(action)
    assert answer is not None
    assert answer.update is not None
    assert answer.update.body


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "/",
        "／／",
        "@",
        "/进展" * 3000,
        "\x00\x01\x02",
        "\ud800",
        "💥" * 500,
        "/进展 \u202e%08",
    ],
)
async def test_strange_words_are_answered_in_chinese(talk: Talk, words: str) -> None:
    answer = await talk.say(words)
    assert any("\u4e00" <= char <= "\u9fff" for char in answer.text)
    assert count(talk.world, Progress) == 0


async def test_what_a_dead_process_had_not_said_is_said_by_another(talk: Talk) -> None:
    """Over the long connection nothing is redelivered."""
    said, unsaid = talk.message("/进展 50% 好", chat="wr1"), talk.message("/进展 八成")
    for incoming in (said, unsaid):
        assert await talk.world.runtime.handle(incoming, FULL) is not None
    talk.world.runtime.dispatcher.said(said.message_id)
    await talk.world.runtime.dispatcher.settle()
    assert count(talk.world, Unsaid) == 1
    me, now = talk.world.runtime.presence.id, talk.world.clock.now()
    with talk.world.store.writing() as session:
        session.info[VAULT] = talk.world.runtime.vault
        speak_for(session, "somebody else", now)
        speak_for(session, me, now)
        pushes = session.scalars(select(Push).where(Push.dedupe.startswith("late:"))).all()
        assert {push.conversation for push in pushes} == {"b1p1"}
        assert len(pushes) == 2, "the words and the card with the buttons"
    assert count(talk.world, Unsaid) == 0


async def test_where_the_platform_asks_again_nothing_is_kept_for_others(talk: Talk) -> None:
    incoming = talk.message("/进展 50% 好", chat="wr1")
    await talk.world.runtime.handle(incoming, replace(FULL, asks_again=True))
    assert count(talk.world, Unsaid) == 0
