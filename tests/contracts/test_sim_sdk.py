"""The official SDK, as it is published, must be able to talk to the desk.

It passes its own TLS context to every connection, so the desk is served with a certificate made
here, which is added to that context.
"""

import asyncio
import datetime as dt
import importlib
import ipaddress
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.clock import SystemClock
from bot.sim.desk import Desk
from bot.sim.messages import Upload
from bot.sim.server import Server, serve
from bot.sim.setup import invent

GROUP = "wr-south"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file.

    Once a process: of two with the same name only the first would be believed.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    now = dt.datetime.now(dt.UTC)
    local = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([local]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "desk.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(scope="session")
def sdk(certificate: Path) -> Iterator[Any]:
    """The package; its import of websockets.legacy is deprecated and warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = importlib.import_module("aibot")
        importlib.import_module("aibot.ws")._SSL_CONTEXT.load_verify_locations(certificate)
        importlib.import_module("aibot.api")._SSL_CONTEXT.load_verify_locations(certificate)
    return module


@pytest.fixture
async def server(certificate: Path) -> AsyncIterator[Server]:
    chance = Random(3)
    desk = Desk(invent(chance), clock=SystemClock(), chance=chance)
    desk.add_person("lisi", "李四")
    desk.add_group(GROUP, "城南党支部", ["lisi"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    running = await serve(desk, tls=tls)
    yield running
    await running.stop()


class Quiet:
    """The SDK's logger."""

    def debug(self, message: str, *rest: object) -> None:
        """Nothing."""

    info = warn = error = debug


@pytest.fixture
async def client(sdk: Any, server: Server) -> AsyncIterator[Any]:
    """The SDK's client, connected and authenticated."""
    options = sdk.WSClientOptions(
        bot_id=server.desk.setup.bot_id,
        secret=server.desk.setup.bot_secret,
        ws_url=server.ws_url,
        logger=Quiet(),
    )
    client = sdk.WSClient(options)
    ready = asyncio.Event()
    client.on("authenticated", ready.set)
    await client.connect()
    await asyncio.wait_for(ready.wait(), 5)
    yield client
    client.disconnect()
    await server.desk.until(lambda: not server.desk.link.connected)


async def test_it_hears_streams_and_pushes(client: Any, server: Server) -> None:
    async def hear(frame: Any) -> None:
        text = frame["body"]["text"]["content"]
        await client.reply_stream(frame, "sdk-1", "想", finish=False)
        await client.reply_stream(frame, "sdk-1", f"收到：{text}", finish=True)

    client.on("message.text", hear)
    answer = await server.desk.ask("lisi", GROUP, "@支部通 /进展 60%")
    assert answer.text == "收到：@支部通 /进展 60%"
    body = {"msgtype": "markdown", "markdown": {"content": "**排名**"}}
    ack = await client.send_message(GROUP, body)
    assert ack["errcode"] == 0
    assert server.desk.heard(GROUP)[-1].text == "**排名**"
    assert server.desk.violations == []


async def test_it_deals_cards_and_greets(client: Any, server: Server) -> None:
    desk = server.desk
    buttons = {
        "card_type": "button_interaction",
        "main_title": {"title": "签到"},
        "button_list": [{"text": "到了", "key": "here"}],
        "task_id": "sdk-task",
    }
    done = {
        "card_type": "text_notice",
        "main_title": {"title": "已签到"},
        "card_action": {"type": 1, "url": "http://127.0.0.1:1/"},
        "task_id": "sdk-task",
    }

    async def hear(frame: Any) -> None:
        await client.reply_template_card(frame, buttons)

    async def click(frame: Any) -> None:
        await client.update_template_card(frame, done)

    async def enter(frame: Any) -> None:
        await client.reply_welcome(frame, {"msgtype": "text", "text": {"content": "您好"}})

    client.on("message.text", hear)
    client.on("event.template_card_event", click)
    client.on("event.enter_chat", enter)
    shown = await desk.ask("lisi", GROUP, "@支部通 签到")
    await desk.click("lisi", shown, "here")
    assert await desk.until(lambda: shown.card == done)
    await desk.enter("lisi")
    greeting = await desk.until(lambda: desk.heard("lisi"))
    assert greeting[0].text == "您好"
    assert desk.violations == []


async def test_it_decrypts_what_people_send(client: Any, server: Server) -> None:
    got: asyncio.Future[tuple[bytes, str]] = asyncio.get_running_loop().create_future()

    async def hear(frame: Any) -> None:
        file = frame["body"]["file"]
        got.set_result(await client.download_file(file["url"], file["aeskey"]))

    client.on("message.file", hear)
    for size in (1, 31, 32, 100):
        got = asyncio.get_running_loop().create_future()
        await server.desk.send_file("lisi", Upload("名单.xlsx", b"x" * size))
        assert await asyncio.wait_for(got, 5) == (b"x" * size, "名单.xlsx")


async def test_a_wrong_secret_is_an_error(sdk: Any, server: Server) -> None:
    options = sdk.WSClientOptions(bot_id="x", secret="x", ws_url=server.ws_url, logger=Quiet())
    client = sdk.WSClient(options)
    refused: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    client.on("error", refused.set_result)
    await client.connect()
    assert "853000" in str(await asyncio.wait_for(refused, 5))
    client.disconnect()
    await asyncio.sleep(0.02)
