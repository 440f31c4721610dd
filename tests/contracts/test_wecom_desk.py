"""The whole transport against the desk, which shares no code with it and judges every byte."""

import asyncio
import os
import random
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.channel import (
    Answer,
    CardParcel,
    Elsewhere,
    FileParcel,
    Incoming,
    Later,
    Parcel,
    PictureParcel,
    PushError,
    Refused,
    Target,
    TextParcel,
)
from bot.clock import ShiftedClock
from bot.sim import callback_app, callback_bot
from bot.sim.desk import Desk
from bot.sim.messages import Upload
from bot.sim.server import Server, serve
from bot.sim.setup import Mode, Timings, invent
from bot.wecom.aibot import BotCallback, BotUrlChannel
from bot.wecom.app import AppCallback
from bot.wecom.apppush import AppChannel
from bot.wecom.callback import Gate
from bot.wecom.crypto import Envelope
from bot.wecom.doctor import check_app
from bot.wecom.link import Account, Link, Pace, State
from bot.wecom.linkhear import LinkEars, Mind
from bot.wecom.linkpush import LinkChannel
from bot.wecom.linksend import Sender
from bot.wecom.media import Downloads
from bot.wecom.rest import AppRest, Rest, new_session
from bot.wecom.webhook import WebhookChannel
from handlers.content import Button, Card, Choice, Select, Ticks, Tone
from handlers.content import Link as Words
from models.errors import Unavailable
from tests.unit.wecom.socketaid import Pass

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
XLSX = b"PK\x03\x04" + bytes(600_000)
QUICK = Timings(pause=0, refresh=0)
LONG = "很长的标题" * 12
NOTICE = Card(
    LONG,
    desc=LONG,
    body=LONG * 3,
    lines=(("名称很长很长", LONG), ("进度", "60%")),
    links=(Words("看全部看全部看全部看全部看全部", "http://127.0.0.1:1/wall"),),
    task="notice_1",
)
BUTTONS = Card(
    "张三发来心愿",
    body="想修一盏路灯",
    lines=(("编号", "XY-2026-0001"),),
    buttons=(
        Button("认领", "claim:XY-2026-0001", Tone.PRIMARY),
        Button("转到别的支部去办理吧", "pass:XY-2026-0001"),
        Button("退回", "return:XY-2026-0001", Tone.DANGER),
    ),
    links=(Words("详情", "http://127.0.0.1:1/wish"),),
    task="buttons_1",
)
SUBMIT = (Button("提交", "form.submit", Tone.PRIMARY),)
SELECTS = Card(
    "填报",
    selects=(
        Select(
            "unit", "单位", (Choice("D01", "城东供电公司变电检修党支部"), Choice("D02", "城西"))
        ),
        Select("kind", "类别", tuple(Choice(f"k{n}", f"第{n}类") for n in range(10)), "k3"),
    ),
    buttons=SUBMIT,
    task="selects_1",
)
TICKS = Card(
    "评议",
    ticks=Ticks("who", tuple(Choice(f"p{n}", f"委员{n}") for n in range(20)), many=True),
    buttons=SUBMIT,
    task="ticks_1",
)
CARDS = [NOTICE, BUTTONS, SELECTS, TICKS]


class Bot:
    """All doors of the transport, put together as the runtime does it."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        setup = server.desk.setup
        self.desk = server.desk
        self.clock = server.desk.platform.clock
        self.heard: list[Incoming] = []
        self.said: list[str] = []
        self.answers: list[Answer | Exception | None] = []
        self.home = "http://127.0.0.1:1/"
        rest = Rest(session, server.url)
        self.app_rest = AppRest(rest, setup.corp_id, setup.app_secret, clock=self.clock)
        self.webhook = WebhookChannel(rest, clock=self.clock, home=self.home)
        self.app = AppChannel(
            self.app_rest, setup.app_agent_id, hears=True, clock=self.clock, home=self.home
        )
        self.url = BotUrlChannel(rest, home=self.home)
        self.downloads = Downloads(
            session,
            hosts=frozenset({server.url}),
            callback_key=setup.bot_aes_key,
            app=self.app_rest,
        )
        account = Account(url=server.ws_url, bot_id=setup.bot_id, secret=setup.bot_secret)
        self.socket = Link(
            session,
            account,
            clock=self.clock,
            permit=Pass(),
            chance=random.Random(3),
            pace=Pace(ack=1, first_retry=0.01),
        )
        sender = Sender(self.socket)
        self.link = LinkChannel(self.socket, sender, clock=self.clock, home=self.home)
        self.ears = LinkEars(
            sender,
            Mind(self.dispatch, self.said.append, self.follow),
            clock=self.clock,
            home=self.home,
            reference=lambda: "REF",
        )

    async def until(self, state: State) -> None:
        """Wait until the link is in a state."""
        async with asyncio.timeout(3):
            while self.socket.state is not state:  # noqa: ASYNC110  (a state, not an event)
                await asyncio.sleep(0.002)

    async def follow(self, incoming: Incoming, answer: Answer) -> None:
        """Nothing is left to an outbox here."""
        raise AssertionError(incoming, answer)

    async def dispatch(self, incoming: Incoming) -> Answer | None:
        """Answer what the test laid out, else an echo."""
        self.heard.append(incoming)
        if not self.answers:
            return Answer(f"收到：{incoming.text}")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def routes(self) -> list[web.RouteDef]:
        """Both callback addresses."""
        setup = self.desk.setup
        doors = []
        for token, key, receiver in (
            (setup.bot_token, setup.bot_aes_key, ""),
            (setup.app_token, setup.app_aes_key, setup.corp_id),
        ):
            envelope = Envelope(token, key, receiver, chance=os.urandom)
            doors.append(Gate(envelope, clock=self.clock, reference=lambda: "REF"))
        bot = BotCallback(doors[0], self.dispatch, clock=self.clock, home=self.home)
        app = AppCallback(
            doors[1], self.dispatch, corp_id=setup.corp_id, clock=self.clock, home=self.home
        )
        return [*bot.routes(), *app.routes()]


async def _run(mode: Mode) -> AsyncIterator[Bot]:
    chance = random.Random(7)
    setup = invent(chance, timings=QUICK, bot_mode=mode)
    desk = Desk(setup, clock=ShiftedClock(), chance=chance)
    desk.add_person("ZhangSan", "张三")
    desk.add_person("lisi", "李四")
    desk.add_group("wr-south", "城南党支部", ["ZhangSan", "lisi"], webhook="hook-south")
    desk.add_group("wr-quiet", "安静的群", ["lisi"], webhook="hook-quiet")
    server = await serve(desk)
    async with new_session(server.url) as session:
        bot = Bot(server, session)
        app = web.Application()
        app.add_routes(bot.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        desk.listen(bot_url=f"{base}/wecom/aibot", app_url=f"{base}/wecom/app")
        if mode is Mode.LINK:
            bot.ears.start()
            await bot.until(State.SUBSCRIBED)
        yield bot
        await desk.settled()
        await bot.ears.stop()
        await runner.cleanup()
        await server.stop()


@pytest.fixture
async def linked() -> AsyncIterator[Bot]:
    """The bot on the long connection."""
    async for bot in _run(Mode.LINK):
        yield bot


@pytest.fixture
async def called() -> AsyncIterator[Bot]:
    """The bot behind its callback address."""
    async for bot in _run(Mode.URL):
        yield bot


def target(bot: Bot, name: str, channel: str = "link") -> Target:
    group = name.startswith("wr-")
    webhook = bot.desk.webhook_url(name) if group else ""
    return Target(name, group=group, webhook=webhook, heard=frozenset({channel}))


@pytest.fixture(params=["linked", "called"])
def either(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def smart(either: str) -> AsyncIterator[Bot]:
    """The smart bot through whichever door."""
    mode = Mode.LINK if either == "linked" else Mode.URL
    async for bot in _run(mode):
        yield bot


async def test_the_console_accepts_both_addresses(called: Bot) -> None:
    for console in (callback_bot.BotCallback, callback_app.AppCallback):
        door = console(called.desk.platform)
        assert await door.verify()
        await door.close()
    assert called.desk.violations == []


async def test_a_group_is_answered_through_either_door(smart: Bot) -> None:
    answer = await smart.desk.ask("ZhangSan", "wr-south", "@支部通 /进展 60%")
    assert answer.text == "收到：@支部通 /进展 60%"
    [heard] = smart.heard
    assert (heard.sender, heard.chat) == ("ZhangSan", "wr-south")
    assert smart.desk.violations == []


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.task)
async def test_every_card_is_taken_as_an_answer(smart: Bot, card: Card) -> None:
    smart.answers = [Answer("请看", card=card)]
    message = await smart.desk.say("lisi", None, "/看看")
    await smart.desk.answer(message)
    await smart.desk.settled()
    shown = await smart.desk.until(
        lambda: next((m.card for m in smart.desk.heard("lisi") if m.card), None)
    )
    assert shown["task_id"] == card.task
    assert smart.desk.violations == []


async def test_a_click_is_answered_with_another_card(smart: Bot) -> None:
    smart.answers = [Answer(card=BUTTONS), Answer(update=Card("已认领", body="张三认领"))]
    message = await smart.desk.ask("lisi", None, "/心愿")
    await smart.desk.click("lisi", message, "claim:XY-2026-0001")
    changed = await smart.desk.until(
        lambda: (card := message.card_for("lisi")) and card["card_type"] == "text_notice" and card
    )
    assert changed["main_title"]["title"] == "已认领"
    click = smart.heard[-1].click
    assert click
    assert (click.task, click.action) == ("buttons_1", "claim:XY-2026-0001")
    assert smart.desk.violations == []


@pytest.mark.parametrize("private", [False, True])
async def test_a_card_may_change_for_the_clicker_alone(smart: Bot, *, private: bool) -> None:
    smart.answers = [Answer(card=BUTTONS), Answer(update=Card("已收到"), private=private)]
    message = await smart.desk.ask("lisi", "wr-south", "@支部通 /心愿")
    await smart.desk.click("lisi", message, "claim:XY-2026-0001")

    def title(userid: str) -> str:
        card = message.card_for(userid)
        return card["main_title"]["title"] if card else ""

    await smart.desk.until(lambda: title("lisi") == "已收到")
    assert title("ZhangSan") == (BUTTONS.title if private else "已收到")
    assert smart.desk.violations == []


async def test_choices_come_back_by_their_keys(smart: Bot) -> None:
    smart.answers = [Answer(card=SELECTS), Answer(update=Card("已提交"))]
    message = await smart.desk.ask("lisi", None, "/填报")
    await smart.desk.click("lisi", message, choices={"unit": ["D02"], "kind": ["k7"]})
    await smart.desk.until(lambda: len(smart.heard) > 1)
    click = smart.heard[-1].click
    assert click
    assert click.picked == {"unit": ("D02",), "kind": ("k7",)}


async def test_somebody_who_enters_is_greeted(smart: Bot) -> None:
    smart.answers = [Answer("**您好**，发 /帮助 看用法")]
    await smart.desk.enter("lisi")
    greeting = await smart.desk.until(lambda: smart.desk.heard("lisi"))
    assert greeting[0].text == "您好，发 /帮助 看用法"
    assert smart.heard[0].entered
    assert smart.desk.violations == []


async def test_pictures_and_files_are_fetched_and_decrypted(smart: Bot) -> None:
    await smart.desk.say("lisi", None, "", images=[Upload("a.png", PNG)])
    await smart.desk.send_file("lisi", Upload("b.xlsx", XLSX))
    await smart.desk.say("ZhangSan", "wr-south", "@支部通 /进展 60%", images=[Upload("c.png", PNG)])
    await smart.desk.until(lambda: len(smart.heard) == 3)
    await smart.desk.settled()
    files = {file.kind: file for heard in smart.heard for file in heard.files}
    assert await smart.downloads.fetch(files["image"]) == PNG
    assert await smart.downloads.fetch(files["file"]) == XLSX
    assert smart.desk.violations == []


@pytest.mark.parametrize(
    "fault", ["double_blank", "image_first", "pic_url", "duplicate", "missing"]
)
async def test_the_platforms_whims_are_tolerated(smart: Bot, fault: str) -> None:
    values = {"duplicate": 1, "missing": frozenset({"response_url", "msgid"})}
    setattr(smart.desk.faults, fault, values.get(fault, True))
    message = await smart.desk.say(
        "ZhangSan", "wr-south", "@支部通 /进展 60%", images=[Upload("c.png", PNG)]
    )
    answer = await smart.desk.answer(message)
    assert "/进展 60%" in answer.text
    await smart.desk.settled()
    assert len({heard.message_id for heard in smart.heard}) == 1
    assert smart.desk.violations == []


async def test_an_event_nobody_knows_is_left_alone(smart: Bot) -> None:
    await smart.desk.send_event("lisi", "enter_check_update", {"a": 1})
    await smart.desk.settled()
    assert smart.heard == []
    assert smart.desk.violations == []


async def test_while_the_store_is_away_the_platform_comes_again(called: Bot) -> None:
    called.answers = [Unavailable("db"), Unavailable("db"), Answer("终于收到")]
    answer = await called.desk.ask("lisi", None, "/待办")
    assert answer.text == "终于收到"
    assert len({heard.message_id for heard in called.heard}) == 1


async def test_an_answer_lost_on_its_way_is_given_again(called: Bot) -> None:
    called.desk.faults.lost_answers = 1
    answer = await called.desk.ask("lisi", None, "/待办")
    assert answer.text == "收到：/待办"
    assert called.desk.violations == []


async def test_the_app_is_answered_in_plain_words(called: Bot) -> None:
    called.answers = [Answer("**已登记** [看](http://a.cn/1)")]
    answer = await called.desk.ask("lisi", None, "/进展 60%", door="app")
    assert answer.text == "已登记 看：http://a.cn/1"
    assert called.heard[0].message_id.startswith("app:lisi:")
    assert called.desk.violations == []


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.task)
async def test_the_apps_cards_are_pushed_clicked_and_changed(called: Bot, card: Card) -> None:
    receipt = await called.app.push(Target("LiSi", group=False), CardParcel(card))
    [message] = called.desk.heard("lisi", "app")
    if card is not NOTICE:
        assert receipt.response_code
        called.answers = [Answer(update=BUTTONS)]
        choices = {"unit": ["D02"], "kind": ["k7"]} if card is SELECTS else {"who": ["p1", "p3"]}
        key = BUTTONS.buttons[1].action if card is BUTTONS else ""
        await called.desk.click("lisi", message, key, {} if card is BUTTONS else choices)
        await called.desk.settled()
        changed = message.card_for("lisi")
        assert changed
        assert changed["card_type"] == "button_interaction"
        click = called.heard[0].click
        assert click
        assert click.picked == (
            {} if card is BUTTONS else {k: tuple(v) for k, v in choices.items()}
        )
        await called.app.update_card("lisi", click.response_code, Card("以后再改"))
        changed = message.card_for("lisi")
        assert changed
        assert changed["main_title"]["title"] == "以后再改"
    assert called.desk.violations == []


PARCELS: list[Parcel] = [
    TextParcel("# 第48周排名\n> **3** 个支部\n[看全部](http://a.cn/1)"),
    PictureParcel("第48周排名.png", PNG),
    FileParcel("第48周排名.xlsx", XLSX),
    CardParcel(NOTICE),
]


@pytest.mark.parametrize("parcel", PARCELS, ids=lambda parcel: type(parcel).__name__)
async def test_every_parcel_arrives_through_every_door_that_can(
    linked: Bot, parcel: Parcel
) -> None:
    linked.desk.activate("wr-south")
    linked.desk.activate("lisi")
    await linked.webhook.push(target(linked, "wr-south"), parcel)
    await linked.link.push(target(linked, "wr-south"), parcel)
    assert len(linked.desk.heard("wr-south")) == 2
    await linked.app.push(target(linked, "lisi"), parcel)
    if not isinstance(parcel, CardParcel):
        await linked.link.push(target(linked, "lisi"), parcel)
    kinds = {message.kind for message in linked.desk.heard("wr-south")}
    assert len(kinds) == 1
    if isinstance(parcel, FileParcel):
        [media_id] = linked.desk.heard("wr-south")[1].media
        assert linked.desk.platform.media[media_id].data == XLSX
        assert linked.desk.platform.media[media_id].name == "第48周排名.xlsx"
    assert linked.desk.violations == []


@pytest.mark.parametrize("card", [BUTTONS, SELECTS, TICKS], ids=lambda card: card.task)
async def test_every_card_is_pushed_over_the_long_connection(linked: Bot, card: Card) -> None:
    linked.desk.activate("wr-south")
    await linked.link.push(target(linked, "wr-south"), CardParcel(card))
    with pytest.raises(Refused) as caught:
        await linked.link.push(target(linked, "wr-south"), CardParcel(card))
    assert caught.value.code == 42014


async def test_a_group_that_never_spoke_is_reached_by_its_webhook(linked: Bot) -> None:
    quiet = target(linked, "wr-quiet")
    with pytest.raises(Elsewhere):
        await linked.link.push(quiet, PARCELS[0])
    await linked.webhook.push(quiet, PARCELS[0])
    assert linked.desk.heard("wr-quiet")[0].text.startswith("# 第48周排名")


async def test_the_response_url_takes_one_push(called: Bot) -> None:
    await called.desk.ask("lisi", "wr-south", "@支部通 /排名")
    asked = Target("wr-south", group=True, reply_url=called.heard[0].reply_url)
    await called.url.push(asked, PARCELS[0])
    assert not called.url.reaches(asked)
    again = Bot.__new__(Bot)  # another process, which does not know that it was used
    again.url = BotUrlChannel(called.url._rest, home=called.home)
    with pytest.raises(Elsewhere):
        await again.url.push(asked, PARCELS[0])


@pytest.mark.parametrize("codes", [[40014], [42001], [42001, 40014]])
async def test_a_token_ended_early_is_renewed(called: Bot, codes: list[int]) -> None:
    await called.app.push(target(called, "lisi"), PARCELS[0])
    called.desk.platform.expire_tokens(codes)
    await asyncio.gather(
        *(called.app.push(target(called, "lisi"), TextParcel(f"第{n}条")) for n in range(8))
    )
    assert len(called.desk.heard("lisi", "app")) == 9


async def test_a_send_that_was_cut_off_is_repeated_without_doubling(called: Bot) -> None:
    person = target(called, "lisi")
    await called.app.push(person, TextParcel("先发一条"))
    called.desk.faults.api_cut = 1
    with pytest.raises(Later):
        await called.app.push(person, PARCELS[0])
    await called.app.push(person, PARCELS[0])
    assert len(called.desk.heard("lisi", "app")) == 2


@pytest.mark.parametrize(("code", "kind"), [(-1, Later), (45009, Later), (60020, Elsewhere)])
async def test_the_platforms_moods_have_their_kinds(
    called: Bot, code: int, kind: type[PushError]
) -> None:
    called.desk.faults.api_codes.append(("message/send", code))
    with pytest.raises(kind):
        await called.app.push(target(called, "lisi"), PARCELS[0])
    with pytest.raises(Refused):
        await called.app.push(Target("nobody", group=False), PARCELS[0])


async def test_the_webhooks_minute_is_kept_by_the_platform(called: Bot) -> None:
    group = target(called, "wr-south")
    for number in range(20):
        await called.webhook.push(group, TextParcel(f"第{number}条"))
    with pytest.raises(Later) as caught:
        await called.webhook.push(group, TextParcel("第二十一条"))
    assert (caught.value.code, caught.value.seconds) == (45009, 60)


async def test_the_long_connection_comes_back_after_every_end(linked: Bot) -> None:
    desk = linked.desk
    for code in (1000, 1001):
        await desk.link.close(code)
        await desk.until(lambda: not desk.link.connected)
        await desk.connected()
    desk.link.abort()
    await desk.until(lambda: not desk.link.connected)
    await desk.connected()
    answer = await desk.ask("lisi", None, "/待办")
    assert answer.text == "收到：/待办"


async def test_a_lost_ack_does_not_double_an_answer(linked: Bot) -> None:
    assert linked.socket.line
    linked.socket.line._ack_seconds = 0.03
    linked.desk.faults.drop_acks = 1
    await linked.desk.ask("lisi", None, "/待办")
    calls = linked.desk.platform.journal.entries
    await linked.desk.until(lambda: [entry.call for entry in calls].count("aibot_respond_msg") == 2)
    assert [message.text for message in linked.desk.heard("lisi")] == ["收到：/待办"]


async def test_being_kicked_it_stays_away(linked: Bot) -> None:
    await linked.desk.link.kick()
    await linked.until(State.KICKED)
    with pytest.raises(Elsewhere):
        await linked.link.push(target(linked, "lisi"), PARCELS[0])


async def test_the_doctor_finds_the_app_well(called: Bot) -> None:
    finding = await check_app(called.app_rest)
    assert (finding.ok, finding.key) == (True, "wecom.doctor.app_ok")
    called.desk.faults.api_codes.append(("user/get", 60020))
    finding = await check_app(called.app_rest)
    assert (finding.ok, finding.key) == (False, "wecom.doctor.app_ip")
