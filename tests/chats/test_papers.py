"""Papers reach people: as files from a page and through the outbox, to those who may have them."""

import asyncio
from io import BytesIO

import docx
import pytest
from sqlalchemy import select

from handlers.content import Document, dump
from models.push import Order, Push, PushState, write_pushes
from tests.visitor import Visitor
from tests.world import World


def words(data: bytes) -> str:
    document = docx.Document(BytesIO(data))
    cells = [cell.text for table in document.tables for cell in table._cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


async def test_a_ledger_is_printed_as_its_reader_may_see_it(visitor: Visitor) -> None:
    for branch in (1, 2):
        await visitor.world.say(f"b{branch}p1", f"/进展 5{branch}% 第{branch}家", f"wr{branch}")
    assert (await visitor.fetch("/paper/ledger.docx?ledger=progress"))[0] == 403
    await visitor.enter("b1p1")
    status, kind, data = await visitor.fetch("/paper/ledger.docx?ledger=progress")
    assert (status, kind.split(".")[-1]) == (200, "document")
    text = words(data)
    assert "第1家" in text
    assert "51%" in text
    assert "第2家" not in text
    assert "制表人：城南员工1" in text
    status, kind, data = await visitor.fetch("/paper/ledger.pdf?ledger=progress&q=none")
    assert (status, kind, data[:5]) == (200, "application/pdf", b"%PDF-")
    status, _, data = await visitor.fetch("/paper/ledger.pdf?ledger=audit")
    assert status == 409
    assert "办不了" in data.decode()
    for path in ("/paper/ledger.exe?ledger=progress", "/paper/none.pdf"):
        assert (await visitor.fetch(path))[0] == 404


async def _push(world: World, content: Document) -> None:
    with world.store.writing() as session:
        order = Order("b1p1", False, dump(content), content.name, world.clock.now())
        write_pushes(session.connection(), [order], world.clock.now())
    world.runtime.outbox.wake()


async def _ended(world: World, name: str) -> PushState:
    for _ in range(500):
        with world.store.reading() as session:
            state = session.scalar(select(Push.state).where(Push.dedupe == name))
            if state not in (None, PushState.WAITING):
                return PushState(state)
        await asyncio.sleep(0.02)
    raise TimeoutError


@pytest.mark.parametrize("form", ["docx", "pdf"])
async def test_a_paper_is_delivered_as_a_file(world: World, form: str) -> None:
    await world.say("b1p1", "/进展 51% 第1家", None)
    paper = Document("ledger", "进展表", form, "b1p1", params={"ledger": "progress"})
    await _push(world, paper)
    assert await _ended(world, "进展表") is PushState.DELIVERED
    sent = [world.desk.platform.media[m] for f in world.desk.heard("b1p1") for m in f.media]
    (media,) = [one for one in sent if one.name == f"进展表.{form}"]
    assert "第1家" in words(media.data) if form == "docx" else media.data.startswith(b"%PDF-")


async def test_a_paper_somebody_may_not_have_is_refused_for_good(world: World) -> None:
    await world.say("b1p1", "/帮助", None)
    await _push(world, Document("ledger", "审计", "docx", "b1p1", params={"ledger": "audit"}))
    assert await _ended(world, "审计") is PushState.FAILED
