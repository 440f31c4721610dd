"""What was told in confidence is kept encrypted wherever the runtime keeps what it says."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from bot.channel import Incoming
from bot.dispatch import opaque
from bot.keeping import VAULT, seal_orders, unsealed
from bot.keys import secret_key
from handlers.content import Sealed, Text, dump, load
from models.message import Message
from models.push import Content, Order, Push
from models.store.engine import Store
from models.vault import SHUT, Secret, Vault, shred
from tests.chats.test_talk import PERSON, PRIVATE, SECRETARY, everything, talked
from tests.unit.test_dispatch import FULL
from tests.visitor import Visitor
from tests.world import World

NOW = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
LONG = PRIVATE + "".join(f"，第{number}句话" for number in range(60))
SHORT = replace(FULL, answer_bytes=300)
"""A channel that says little at once: the rest follows by push."""


ASKED = "web:asked"


def asked(world: World, userid: str, words: str) -> Incoming:
    return Incoming("app", ASKED, userid, world.clock.now(), text=words)


def as_kept(world: World) -> str:
    """The id under which what was asked is kept."""
    return opaque(secret_key(world.runtime.settings).encode(), ASKED)


def kept(world: World, kind: str) -> list[str]:
    with world.store.reading() as session:
        return list(session.scalars(select(Secret.subject).where(Secret.kind == kind)))


async def test_a_redelivery_gets_the_same_words_from_the_vault(world: World) -> None:
    await talked(world)
    incoming = asked(world, PERSON, "/查 TH-2026-0001")
    first = await world.runtime.handle(incoming, FULL)
    again = await world.runtime.handle(replace(incoming), FULL)
    assert first is not None
    assert again is not None
    assert PRIVATE in first.text
    assert (again.text, again.card) == (first.text, first.card)
    with world.store.reading() as session:
        stored = session.get_one(Message, as_kept(world)).answer
    assert json.loads(stored or "") == {"sealed": True}
    assert as_kept(world) in kept(world, "answer")


async def test_what_does_not_fit_follows_sealed_and_arrives_whole(world: World) -> None:
    await talked(world, said=LONG)
    answer = await world.runtime.handle(asked(world, PERSON, "/查 TH-2026-0001"), SHORT)
    assert answer is not None
    with world.store.reading() as session:
        bodies = session.scalars(
            select(Content.body)
            .join(Push, Push.digest == Content.digest)
            .where(Push.dedupe.startswith(f"more:{as_kept(world)}"))
        ).all()
    assert bodies
    assert {type(load(body)) for body in bodies} == {Sealed}
    assert PRIVATE not in everything(world)
    await world.delivered()
    said = answer.text + "".join(m.text or "" for m in world.desk.heard(PERSON))
    assert [n for n in range(60) if f"第{n}句话" not in said] == []


async def test_a_slow_answer_follows_sealed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answered "working on it", the result comes by push: encrypted until it leaves."""
    await talked(world)
    dispatcher: Any = world.runtime.dispatcher
    handle = dispatcher._handle

    def slow(session: Any, incoming: Incoming, trace: Any) -> Any:
        work = dispatcher._running[incoming.message_id]
        assert work.give_up_waiting()
        return handle(session, incoming, trace)

    monkeypatch.setattr(dispatcher, "_handle", slow)
    await world.runtime.handle(asked(world, PERSON, "/查 TH-2026-0001"), FULL)
    assert PRIVATE not in everything(world)
    await world.delivered()
    assert any(PRIVATE in (m.text or "") for m in world.desk.heard(PERSON))


async def test_what_was_sealed_for_a_while_is_destroyed_by_night(world: World) -> None:
    await talked(world)
    await world.say(SECRETARY, "/谈话 城南员工2")
    await world.say(PERSON, "/查 TH-2026-0001")
    assert kept(world, "answer")
    assert kept(world, "draft")
    await world.later(days=4)
    assert kept(world, "answer") == []
    assert kept(world, "draft") == []
    assert kept(world, "talk") == ["TH-2026-0001"]


def test_a_push_that_cannot_be_opened_says_why(store: Store) -> None:
    """Destroyed in the meantime, or its key lost: a sentence, never an error nor a wrong text."""
    box = Vault(lambda: (b"k" * 32,))
    order = Order("b1p1", False, dump(Text(PRIVATE)), "one", NOW, sealed=True)
    with store.writing() as session:
        session.info[VAULT] = box
        connection = session.connection()
        (held,) = seal_orders(connection, box, [order], NOW)
        assert PRIVATE not in held.body
        assert unsealed(session, held.body) == Text(PRIVATE)
        session.info[VAULT] = SHUT
        lost = unsealed(session, held.body)
        session.info[VAULT] = box
        shred(connection, "push", "one")
        gone = unsealed(session, held.body)
    assert isinstance(lost, Text)
    assert "密钥" in lost.markdown
    assert isinstance(gone, Text)
    assert "不再保留副本" in gone.markdown


async def typed(visitor: Visitor, command: str, *, aside: bool = False, **answers: str) -> str:
    """What the page says when it keeps a form that is not finished, by itself or by its button."""
    _, html = await visitor.get(f"/form/{command}")
    token = re.search(r'name="token" value="([^"]+)"', html)
    assert token
    base = f"http://127.0.0.1:{visitor.world.runtime.port}/form/{command}"
    data = {"token": token[1], **answers, **({"keep": "1"} if aside else {})}
    async with visitor.session.post(base if aside else f"{base}/draft", data=data) as answer:
        return await answer.text()


async def test_what_is_being_typed_on_a_page_is_sealed_from_the_first_word(
    visitor: Visitor,
) -> None:
    world = visitor.world
    await visitor.enter(SECRETARY)
    assert "draft" in await typed(visitor, "talk", person="城南员工1", points=PRIVATE)
    await typed(visitor, "talk", aside=True, person="没有此人", points=PRIVATE)
    held = everything(world)
    assert "没有此人" not in held, "also what is no answer yet"
    assert PRIVATE not in held
    assert len(kept(world, "draft")) == 2
    _, html = await visitor.get("/form/talk?draft=1")
    assert PRIVATE in html
    await visitor.enter("b1p1")
    _, html = await visitor.get("/form/talk?draft=1")
    assert PRIVATE not in html


@pytest.mark.parametrize("aside", [False, True])
async def test_nothing_classified_is_kept_while_it_is_typed(visitor: Visitor, aside: bool) -> None:  # noqa: FBT001
    await visitor.enter(SECRETARY)
    said = await typed(visitor, "progress", aside=aside, percent="60", said="摘自机密文件：合环")
    said = json.loads(said)["said"] if not aside else said
    assert "密级标志" in said
    assert "合环" not in everything(visitor.world)
    await typed(visitor, "progress", aside=aside, percent="60", said="合环完成")
    assert "合环完成" in everything(visitor.world), "the test sees what drafts hold"
