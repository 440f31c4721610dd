"""The product's doors and the desk, written apart, understand each other without one violation."""

import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from aiohttp import web

from bot.channel import (
    Abilities,
    Answer,
    CardParcel,
    Channel,
    FileParcel,
    Incoming,
    Parcel,
    PictureParcel,
    Target,
    TextParcel,
)
from bot.clock import SystemClock
from bot.doors import Doors, Means, open_doors
from bot.rates import Rates
from bot.sim.desk import Desk
from bot.sim.messages import Kind, Message, Upload
from bot.sim.server import serve
from bot.sim.setup import Mode, Timings, invent
from config.settings import read_settings
from handlers.content import Button, Card, Choice, Link, Select, Ticks, Tone
from tests.unit.wecom.socketaid import Pass

GROUP = "wr-south"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
TEXT = "# 第47周排名\n> 统计到周日\n**第一** [台账](http://127.0.0.1:1/x)"
CHOICES = (Choice("1", "甲"), Choice("2", "乙"))


def cards(mark: str) -> list[Card]:
    """One card of every kind."""
    rows = (("项目", "XM-2026-0001"),)
    submit = (Button("提交", "send"),)
    return [
        Card("已记录", lines=rows, links=(Link("看", "http://127.0.0.1:1/"),), task=f"{mark}-0"),
        Card(
            "确认？",
            body="完成3个台区改造",
            lines=rows,
            buttons=(Button("确认", "ok:1", Tone.PRIMARY), Button("撤回", "undo", Tone.DANGER)),
            task=f"{mark}-1",
        ),
        Card(
            "补充",
            selects=(Select("a", "方向", CHOICES, "2"), Select("b", "等级", CHOICES)),
            buttons=submit,
            task=f"{mark}-2",
        ),
        Card("勾选", ticks=Ticks("t", CHOICES, many=True), buttons=submit, task=f"{mark}-3"),
    ]


@dataclass
class Product:
    """The doors with the simplest business behind them."""

    doors: Doors | None = None
    heard: list[Incoming] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def handle(self, incoming: Incoming, abilities: Abilities) -> Answer | None:
        """Answer so that every kind of answer is used."""
        del abilities
        assert self.doors is not None
        self.heard.append(incoming)
        self.files += [await self.doors.fetch(file) for file in incoming.files]
        if incoming.click:
            return Answer(update=Card("好了", desc="已处理", task=incoming.click.task))
        if incoming.entered:
            return Answer(text="您好，我是**支部通**")
        if "卡" in incoming.text:
            card = cards(f"answer-{len(self.heard)}")[int(incoming.text[-1])]
            return Answer(text="" if "只" in incoming.text else "见卡片", card=card)
        return Answer(text=TEXT)

    async def follow(self, incoming: Incoming, answer: Answer) -> None:
        """Nothing is left to an outbox here."""
        raise AssertionError(incoming, answer)


@asynccontextmanager
async def meeting(mode: Mode) -> AsyncIterator[tuple[Desk, Product]]:
    """A desk and a product that know each other's addresses."""
    chance = random.Random(5)
    timings = Timings(pause=0, refresh=0.02)
    desk = Desk(invent(chance, bot_mode=mode, timings=timings), clock=SystemClock(), chance=chance)
    desk.add_person("Lisi", "李四")
    desk.add_group(GROUP, "城南党支部", ["Lisi"], webhook="hook")
    server = await serve(desk)
    product = Product()

    clock = SystemClock()
    environment = {**server.environment(), "ZBT_SECRET_KEY": "desk" * 10}
    product.doors = open_doors(
        Means(
            settings=read_settings(environment),
            clock=clock,
            handle=product.handle,
            rates=Rates(clock.now),
            token=lambda: secrets.token_hex(8),
            said=product.said.append,
            follow=product.follow,
            permit=Pass(),
            chance=chance,
        )
    )
    app = web.Application()
    app.add_routes(product.doors.routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    desk.listen(bot_url=f"{base}/wecom/aibot", app_url=f"{base}/wecom/app", pages=[base])
    product.doors.start()
    try:
        yield desk, product
    finally:
        await product.doors.stop_listening(0)
        await product.doors.close()
        await runner.cleanup()
        await server.stop()


@pytest.fixture(params=list(Mode))
async def met(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Desk, Product]]:
    """Once by long connection, once by callback URL; the app is there both times."""
    async with meeting(request.param) as (desk, product):
        if request.param is Mode.LINK:
            await desk.connected()
        else:
            assert await desk.robots.bot_callback.verify()
        assert await desk.robots.app_callback.verify()
        yield desk, product
        assert desk.violations == []


def first_card(answers: list[Message]) -> Message | None:
    """The card among the answers, if it is there."""
    return next((message for message in answers if message.card), None)


def is_done(message: Message) -> bool:
    """Whether the clicked card has changed."""
    return "已处理" in str(message.card_for("lisi"))


@pytest.mark.parametrize("place", [GROUP, None])
async def test_words_cards_and_clicks(met: tuple[Desk, Product], place: str | None) -> None:
    desk, product = met
    answer = await desk.ask("lisi", place, "@支部通 /进展 60%")
    assert "第47周排名" in answer.text
    for ask in ("卡", "只要卡"):
        for kind in range(4):
            said = await desk.say("lisi", place, f"@支部通 {ask}{kind}")
            answers = desk.platform.answers[said.number]
            shown = await desk.until(partial(first_card, answers))
            assert (len(answers) == 2) is (ask == "卡")
            if kind == 0:
                continue
            choices = {1: {}, 2: {"a": ["1"], "b": ["2"]}, 3: {"t": ["1", "2"]}}[kind]
            await desk.click("lisi", shown, "ok:1" if kind == 1 else "", choices)
            await desk.until(partial(is_done, shown))
            click = product.heard[-1].click
            assert click is not None
            assert click.picked == {key: tuple(ids) for key, ids in choices.items()}


async def test_greeting_and_files(met: tuple[Desk, Product]) -> None:
    desk, product = met
    await desk.enter("lisi")
    await desk.until(lambda: desk.heard("lisi"))
    image, sheet = Upload("现场.png", PNG), Upload("名单.xlsx", b"PK" * 33)
    await desk.answer(await desk.say("lisi", None, "", images=[image]))
    await desk.answer(await desk.send_file("lisi", sheet))
    await desk.answer(await desk.say("lisi", GROUP, "@支部通 照片", images=[image]))
    await desk.answer(await desk.say("lisi", None, "", door="app", images=[image]))
    assert product.files == [PNG, sheet.data, PNG, PNG]
    answer = await desk.ask("lisi", None, "/帮助", door="app")
    assert "http://127.0.0.1:1/x" in answer.text


async def test_pushes_through_every_door(met: tuple[Desk, Product]) -> None:
    desk, product = met
    assert product.doors is not None
    await desk.ask("lisi", GROUP, "@支部通 您好")
    await desk.ask("lisi", None, "您好")
    for channel in product.doors.channels:
        for group in (True, False):
            hook = desk.webhook_url(GROUP) if group else ""
            heard = frozenset({channel.name})
            target = Target(GROUP if group else "Lisi", group, webhook=hook, heard=heard)
            if channel.reaches(target):
                await push_everything(desk, channel, target)


async def push_everything(desk: Desk, channel: Channel, target: Target) -> None:
    """Text, picture, file and the cards this door can carry."""
    before = len(desk.platform.messages)
    parcels: list[Parcel] = [
        TextParcel(TEXT),
        PictureParcel("排名.png", PNG),
        FileParcel("排名 第47周.xlsx", b"PK" * 50),
    ]
    mark = f"push-{channel.name}-{target.group}"
    count = 4 if len(channel.abilities.cards) > 1 else 1
    parcels += [CardParcel(card) for card in cards(mark)[:count]]
    for parcel in parcels:
        await channel.push(target, parcel)
    shown = desk.platform.messages[before:]
    kinds = [Kind.MARKDOWN, Kind.IMAGE, Kind.FILE, *[Kind.CARD] * count]
    assert [message.kind for message in shown] == kinds
    assert desk.platform.media[shown[2].media[0]].name == "排名 第47周.xlsx"
    assert not any(message.recalled for message in shown)
