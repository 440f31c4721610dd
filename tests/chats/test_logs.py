"""What is logged, with everything switched on and things going wrong: ids, never more."""

import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from handlers import progress
from handlers.content import Text, dump
from models.group import Group
from models.push import Order, write_pushes
from tests.hearing import Hearing
from tests.world import World

WORDS = "台区里有人窃电"
HOOK = "6f1c-webhook-key"


async def test_logs_hold_no_secret_no_name_and_no_word(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(sqlite_url)
    world.settle()
    with Hearing(logging.DEBUG) as hearing:
        await world.open()
        try:
            await events(world, monkeypatch)
        finally:
            await world.close()
    said = {entry["event"] for entry in hearing.entries}
    assert {"message", "handler_failed", "push_failed", "link_subscribed"} <= said
    setup = world.desk.setup
    key = Path(sqlite_url.removeprefix("sqlite:///")).with_name("data.key").read_text().strip()
    secrets = [setup.bot_secret, setup.bot_token, setup.bot_aes_key, setup.app_secret]
    secrets += [setup.app_token, setup.app_aes_key, "a key for tests", key, HOOK]
    for secret in (*secrets, WORDS, "窃电", "城南员工", "城南供电所"):
        assert len(secret) > 1
        assert secret not in hearing.text


async def events(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report, a failure of ours, a push that is refused, a lost link, pages without log-in."""
    answer = await world.say("b1p1", f"/进展 50% {WORDS}", "wr1")
    assert "JZ-2026-0001" in answer.text

    def fail(*args: Any, **how: Any) -> None:
        raise RuntimeError(WORDS, args, how)

    with monkeypatch.context() as patched:
        patched.setattr(progress, "add_report", fail)
        await world.say("b1p1", f"/进展 60% {WORDS}", "wr1")
    hook = f"{world.server.url}/cgi-bin/webhook/send?key={HOOK}"
    with world.store.writing() as session:
        session.add(Group(chatid="wrx", name=f"{WORDS}群", webhook=hook))
        order = Order("wrx", True, dump(Text(WORDS)), "x", world.clock.now())
        session.flush()
        write_pushes(session.connection(), [order], world.clock.now())
    world.runtime.outbox.wake()
    await world.later(minutes=1)
    world.desk.link.abort()
    await world.desk.connected()
    base = f"http://127.0.0.1:{world.runtime.port}"
    async with aiohttp.ClientSession() as browser:
        for path in ("/", f"/record/JZ-2026-0001?t={HOOK}", "/anonymous", "/nowhere"):
            async with browser.get(f"{base}{path}") as page:
                await page.read()
