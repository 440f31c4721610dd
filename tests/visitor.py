"""Somebody with a browser, by HTTP alone: what page scripts act with."""

import re

import aiohttp

from tests.world import World


def figures(html: str) -> dict[str, str]:
    """The figures at the head of a board, by their names."""
    return dict(re.findall(r"<dt>([^<]+)</dt><dd class=\"value\">([^<]+)</dd>", html))


class Visitor:
    """Somebody with a browser."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self.world = world
        self.session = session

    async def get(self, path: str) -> tuple[int, str]:
        base = f"http://127.0.0.1:{self.world.runtime.port}"
        url = path if path.startswith("http") else base + path
        async with self.session.get(url) as answer:
            return answer.status, await answer.text()

    async def fetch(self, path: str) -> tuple[int, str, bytes]:
        """Status, media type and bytes of a file."""
        url = f"http://127.0.0.1:{self.world.runtime.port}{path}"
        async with self.session.get(url) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), await answer.read()

    async def enter(self, userid: str, path: str = "/") -> tuple[int, str]:
        return await self.get(self.world.runtime.links.make(path, userid))

    async def fill(self, command: str, **answers: str) -> tuple[int, str]:
        _, html = await self.get(f"/form/{command}")
        token = re.search(r'name="token" value="([^"]+)"', html)
        assert token
        return await self.post(command, {"token": token[1], **answers})

    async def post(self, command: str, data: dict[str, str]) -> tuple[int, str]:
        return await self.send(command, aiohttp.FormData(data))

    async def send(self, command: str, data: aiohttp.FormData) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.world.runtime.port}/form/{command}"
        async with self.session.post(url, data=data) as answer:
            return answer.status, await answer.text()
