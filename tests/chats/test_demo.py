"""``make run`` as a newcomer meets it: the desk, its people, and data that is kept."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from tests.process import demo

PATIENCE = 20.0


class Visitor:
    """Somebody at the desk's page, as its script speaks to the server."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base
        self.me: dict[str, Any] = {}

    async def get(self, path: str, **query: str) -> Any:
        async with self._session.get(self._base + path, params=query) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def post(self, path: str, **body: object) -> Any:
        headers = {"X-Desk": "1"}
        async with self._session.post(self._base + path, json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def be(self, role: str) -> None:
        """Become one of the personas."""
        known = (await self.get("/desk/me"))["personas"]
        userid = next(one["userid"] for one in known if one["role"] == role)
        self.me = await self.get("/desk/me", persona=userid)

    @property
    def group(self) -> str:
        """The persona's own group."""
        return str(next(p["key"] for p in self.me["places"] if p["spot"] == "group"))

    async def say(self, text: str) -> str:
        """Say something to the bot privately; what it answers."""
        userid = self.me["person"]["userid"]
        place = f"bot:{userid}"
        count = len(await self.heard(place))
        await self.post("/desk/say", persona=userid, place=place, text=text)
        found = await self.until(place, lambda texts: len(texts) > count + 1)
        return found[-1]

    async def heard(self, place: str) -> list[str]:
        """The texts of a conversation."""
        userid = self.me["person"]["userid"]
        found = await self.get("/desk/messages", persona=userid, place=place)
        return [str(message.get("text", "")) for message in found]

    async def until(self, place: str, right: Callable[[list[str]], bool]) -> list[str]:
        """Wait until a conversation looks so."""
        async with asyncio.timeout(PATIENCE):
            while not right(texts := await self.heard(place)):  # noqa: ASYNC110  (a poll)
                await asyncio.sleep(0.05)
        return texts


async def test_kept_data_goes_on_where_it_was(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with demo(tmp_path) as base:
            visitor = Visitor(session, base)
            await visitor.be("secretary")
            answer = await visitor.say("/进展 98% 第一天")
            assert "98%" in answer
            moved = await visitor.post("/desk/clock", to="monday")
            ranked = await visitor.until(visitor.group, lambda texts: "排名" in "".join(texts))
            assert any("本支部" in text for text in ranked)
        async with demo(tmp_path) as base:
            visitor = Visitor(session, base)
            await visitor.be("secretary")
            now = datetime.fromisoformat(visitor.me["clock"]["now"])
            assert now >= datetime.fromisoformat(moved["now"])
            answer = await visitor.say("/进展 99% 又一天")
            assert "（上次 98%）" in answer
