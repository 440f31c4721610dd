"""The product as a real process, and a driver that speaks to its callback address."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

from bot.cli.demo import is_free
from bot.sim.cipher import Sealer

ROOT = Path(__file__).parents[1]
TOKEN = "kat_token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
READY_WITHIN = 90.0
"""Seconds until a start is given up: a busy machine is no fault of the product."""


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Product:
    """``python -m bot run`` on a database, with the smart bot's callback address."""

    database_url: str
    folder: Path
    port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What an operator would set."""
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("ZBT_")},
            "ZBT_DATABASE_URL": self.database_url,
            "ZBT_LISTEN": f"127.0.0.1:{self.port}",
            "ZBT_SECRET_KEY": "a key for tests",
            "ZBT_AIBOT_TOKEN": TOKEN,
            "ZBT_AIBOT_AES_KEY": AES_KEY,
            "PYTHONPATH": str(ROOT),
            **self.extra,
        }

    @property
    def log(self) -> Path:
        """What the process wrote."""
        return self.folder / "product.log"

    def run(self, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """One command of the command line."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *args],
            cwd=self.folder,
            env={**self.environment, **extra},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(  # noqa: ASYNC220  (a child that outlives the call)
                [sys.executable, "-m", "bot", "run"],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=out,
            )
        await self.ready()

    async def ready(self) -> None:
        """Wait for ``/readyz``."""
        until = time.monotonic() + READY_WITHIN
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < until:
                if self.process is not None and self.process.poll() is not None:
                    raise RuntimeError(self.log.read_text("utf-8", "replace")[-3000:])
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.base}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.02)
        raise TimeoutError(self.log.read_text("utf-8", "replace")[-3000:])

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.poll() is None

    def pause(self) -> None:
        """It stands still, with everything it holds."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After :meth:`pause`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """``kill -9``."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def leave(self) -> None:
        """A test that failed leaves nobody behind."""
        if self.is_running:
            self.kill()

    def end(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[str]:
    """``python -m bot demo`` on free ports; yields its address."""
    port = free_port()
    while not is_free(port + 1):
        port = free_port()
    command = ("-m", "bot", "demo", "--port", str(port), "--data", str(folder))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT)
    try:
        await answering(f"http://127.0.0.1:{port + 1}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def answering(address: str) -> None:
    """Wait until an address says that all is well."""
    until = time.monotonic() + READY_WITHIN
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(address) as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.05)
    raise TimeoutError(address)


class Driver:
    """Posts smart-bot callbacks the way the platform does."""

    def __init__(self, base: str, token: str = TOKEN, aes_key: str = AES_KEY) -> None:
        self._address = f"{base}/wecom/aibot"
        self._sealer = Sealer(token, aes_key, "")

    @classmethod
    def of(cls, product: Product) -> Self:
        """A driver with a product's own secrets."""
        known = product.environment
        return cls(product.base, known["ZBT_AIBOT_TOKEN"], known["ZBT_AIBOT_AES_KEY"])

    def body(self, message_id: str, userid: str, text: str, chat: str = "") -> dict[str, Any]:
        """A message as page 100719 gives it."""
        body: dict[str, Any] = {
            "msgid": message_id,
            "aibotid": "aibot",
            "chattype": "group" if chat else "single",
            "from": {"userid": userid},
            "msgtype": "text",
            "text": {"content": f"@支部通 {text}" if chat else text},
        }
        return {**body, "chatid": chat} if chat else body

    async def post(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> str:
        """Deliver one message; the text of the answer. Raises what aiohttp raises."""
        cipher_text = self._sealer.encrypt(json.dumps(body, ensure_ascii=False))
        nonce = secrets.token_hex(8)
        envelope = self._sealer.sign(cipher_text, timestamp=str(int(time.time())), nonce=nonce)
        async with session.post(
            self._address, params=envelope.query, json={"encrypt": cipher_text}
        ) as answer:
            answer.raise_for_status()
            got = await answer.json()
        inner = self._sealer.open(
            got["msgsignature"], str(got["timestamp"]), got["nonce"], got["encrypt"]
        )
        assert got["nonce"] == nonce
        return str(json.loads(inner).get("stream", {}).get("content", ""))
