"""What is heard, answered and pushed over the long connection, and what a missing ack means."""

import asyncio
import base64
import hashlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from bot.channel import (
    Answer,
    CardParcel,
    Channel,
    Elsewhere,
    FileParcel,
    Incoming,
    Later,
    Parcel,
    PictureParcel,
    PushError,
    Receipt,
    Refused,
    Target,
    TextParcel,
    Unconfirmed,
)
from bot.clock import FixedClock
from bot.wecom.botreply import stream_id
from bot.wecom.limits import PUSH_ACK
from bot.wecom.link import Account, Link, Pace, State
from bot.wecom.linkhear import LinkEars, Mind
from bot.wecom.linkpush import LinkChannel
from bot.wecom.linksend import Sender
from bot.wecom.rest import new_session
from handlers.content import Button, Card
from models.errors import Unavailable
from tests.unit.wecom.aid import HOME, NOW, Dispatcher, capture_logs, fixture
from tests.unit.wecom.socketaid import (
    Connection,
    Frame,
    Pass,
    Server,
    Time,
    error,
    eventually,
    never,
    okay,
    serve,
)

CARD = Card("心愿", buttons=(Button("认领", "claim:1"),), task="wish_1")
GROUP = Target("wr1", group=True, heard=frozenset({"link"}))
PERSON = Target("lisi", group=False, heard=frozenset({"app", "link"}))
TEXT = TextParcel("# 排名")
ACK = 5


class Rig:
    """The whole door: link, ears and channel."""

    def __init__(self, session: aiohttp.ClientSession, url: str, server: Server) -> None:
        self.server = server
        self.time = Time()
        clock = FixedClock(NOW)
        self.dispatcher = Dispatcher(Answer("收到"))
        self.permit = Pass()
        self.followed: list[Answer] = []
        self.said: list[str] = []
        self.link = Link(
            session,
            Account(url=url, bot_id="BOT1", secret="long secret"),
            clock=clock,
            permit=self.permit,
            chance=random.Random(1),
            pace=Pace(ping=1000, first_retry=0.5),
            sleep=self.time.sleep,
        )
        sender = Sender(self.link)
        self.channel = LinkChannel(self.link, sender, clock=clock, home=HOME)
        self.ears = LinkEars(
            sender,
            Mind(self.hear, self.said.append, self.follow),
            clock=clock,
            home=HOME,
            reference=lambda: "REF1",
            sleep=self.time.sleep,
        )

    async def hear(self, incoming: Incoming) -> Answer | None:
        """Ask whatever dispatcher a test has put there."""
        return await self.dispatcher(incoming)

    async def follow(self, incoming: Incoming, answer: Answer) -> None:
        """Remember what the outbox would get."""
        assert incoming.sender
        self.followed.append(answer)

    async def connect(self) -> Connection:
        """Start and subscribe."""
        self.ears.start()
        return await self.subscribed()

    async def subscribed(self) -> Connection:
        """The next connection, once the link knows that it stands."""
        connection = await self.server.next()
        await eventually(lambda: self.link.state is State.SUBSCRIBED)
        return connection

    async def push_unacknowledged(self, connection: Connection, parcel: Parcel) -> None:
        """Push and let the ack not come in time."""
        task = asyncio.create_task(self.channel.push(GROUP, parcel))
        await connection.next()
        await self.time.wake(PUSH_ACK)
        await task


@pytest.fixture
async def rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr("bot.wecom.linkhear._GRACE", 0.1)  # whoever still sleeps will not wake
    server = Server()
    async with serve(server) as url, new_session(url) as session:
        rig = Rig(session, url, server)
        yield rig
        await rig.ears.stop()


@pytest.fixture
async def connection(rig: Rig) -> Connection:
    return await rig.connect()


def once(answer: Callable[[Frame], Frame | None]) -> Callable[[Frame], Frame | None]:
    """Answer the first frame that is no ping one way, everything else with an ack."""
    left = [answer]

    def ack(frame: Frame) -> Frame | None:
        if frame["cmd"] == "ping" or not left:
            return okay(frame)
        return left.pop()(frame)

    return ack


def but_pings(answer: Callable[[Frame], Frame | None]) -> Callable[[Frame], Frame | None]:
    return lambda frame: okay(frame) if frame["cmd"] == "ping" else answer(frame)


# -- hearing and answering -------------------------------------------------------------------


async def test_a_message_is_answered_on_its_own_request(rig: Rig, connection: Connection) -> None:
    await connection.call(fixture("bot_text_group.json"), "REQ7")
    assert await connection.next() == {
        "cmd": "aibot_respond_msg",
        "headers": {"req_id": "REQ7"},
        "body": {
            "msgtype": "stream",
            "stream": {
                "id": stream_id("bot:CAIQ16HMjQYY"),
                "finish": True,
                "content": "收到",
            },
        },
    }
    [heard] = rig.dispatcher.heard
    assert (heard.channel, heard.message_id, heard.received_at) == (
        "link",
        "bot:CAIQ16HMjQYY",
        NOW,
    )


async def test_messages_reach_the_dispatcher_in_their_order(
    rig: Rig, connection: Connection
) -> None:
    body = fixture("bot_text_single.json")
    for number in range(40):
        await connection.call(body | {"msgid": f"m{number}"}, f"REQ{number}")
    await eventually(lambda: len(rig.dispatcher.heard) == 40)
    assert [heard.message_id for heard in rig.dispatcher.heard] == [
        f"bot:m{number}" for number in range(40)
    ]


async def test_a_slow_handler_holds_up_nobody(
    rig: Rig, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def dispatch(incoming: Any) -> Answer:
        if incoming.message_id == "bot:slow":
            await gate.wait()
        return Answer(incoming.message_id)

    monkeypatch.setattr(rig, "dispatcher", dispatch)
    body = fixture("bot_text_single.json")
    await connection.call(body | {"msgid": "slow"}, "REQ1")
    await connection.call(body | {"msgid": "quick"}, "REQ2")
    assert (await connection.next())["body"]["stream"]["content"] == "bot:quick"
    await rig.channel.push(PERSON, TEXT)
    assert (await connection.next())["cmd"] == "aibot_send_msg"
    gate.set()
    assert (await connection.next())["body"]["stream"]["content"] == "bot:slow"


async def test_text_comes_before_its_card_and_is_acknowledged_first(
    rig: Rig, connection: Connection
) -> None:
    rig.dispatcher.answer = Answer("请选择", card=CARD)
    connection.ack = but_pings(never)
    await connection.call(fixture("bot_text_group.json"), "REQ7")
    text = await connection.next()
    assert text["body"]["msgtype"] == "stream"
    assert connection.frames.empty()
    await connection.answer(text, errcode=0)
    card = await connection.next()
    await connection.answer(card, errcode=0)
    assert (card["cmd"], card["headers"]) == ("aibot_respond_msg", {"req_id": "REQ7"})
    assert card["body"]["msgtype"] == "template_card"
    assert card["body"]["template_card"]["task_id"] == "wish_1"


async def test_a_click_changes_the_card(rig: Rig, connection: Connection) -> None:
    rig.dispatcher.answer = Answer("不在此处说", update=Card("已认领"))
    await connection.call(fixture("bot_card_button.json"), "EV1")
    frame = await connection.next()
    assert (frame["cmd"], frame["headers"]) == ("aibot_respond_update_msg", {"req_id": "EV1"})
    assert frame["body"]["response_type"] == "update_template_card"
    assert frame["body"]["template_card"]["task_id"] == "wish_0001@a"


async def test_somebody_who_enters_is_greeted(rig: Rig, connection: Connection) -> None:
    rig.dispatcher.answer = Answer("**您好**")
    await connection.call(fixture("bot_enter_chat.json"), "EV1")
    assert await connection.next() == {
        "cmd": "aibot_respond_welcome_msg",
        "headers": {"req_id": "EV1"},
        "body": {"msgtype": "text", "text": {"content": "您好"}},
    }


@pytest.mark.parametrize("name", ["bot_card_button.json", "bot_enter_chat.json"])
async def test_what_is_late_for_its_five_seconds_is_given_up(
    rig: Rig, connection: Connection, name: str
) -> None:
    rig.dispatcher.answer = Answer("您好", update=Card("已认领"))
    connection.ack = but_pings(error(846605))
    with capture_logs() as logs:
        await connection.call(fixture(name), "EV1")
        await eventually(lambda: any(line["event"] == "answer_lost" for line in logs))
    await connection.next()
    assert connection.frames.empty()


@pytest.mark.parametrize(
    "name", ["bot_text_group.json", "bot_card_button.json", "bot_enter_chat.json"]
)
@pytest.mark.parametrize("answer", [None, Answer()])
async def test_nothing_to_say_sends_nothing(
    rig: Rig, connection: Connection, name: str, answer: Answer | None
) -> None:
    rig.dispatcher.answer = answer
    await connection.call(fixture(name))
    await eventually(lambda: rig.dispatcher.heard)
    await rig.channel.push(GROUP, TEXT)
    assert (await connection.next())["cmd"] == "aibot_send_msg"


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        {},
        fixture("bot_unknown_event.json"),
        fixture("bot_unknown_type.json"),
        fixture("bot_feedback.json"),
        fixture("bot_text_group.json") | {"from": {}},
        fixture("bot_text_group.json") | {"chatid": ""},
    ],
)
async def test_what_cannot_be_used_reaches_nobody(
    rig: Rig, connection: Connection, body: Any
) -> None:
    await connection.call(body)
    await connection.call(fixture("bot_text_single.json"))
    await connection.next()
    assert [heard.message_id for heard in rig.dispatcher.heard] == ["bot:CAIQ16HMjQYZ"]


async def test_a_duplicate_is_answered_into_the_same_bubble(
    rig: Rig, connection: Connection
) -> None:
    for req_id in ("REQ1", "REQ2", "REQ2"):
        await connection.call(fixture("bot_text_group.json"), req_id)
    streams = [(await connection.next())["body"]["stream"] for _ in range(3)]
    assert streams[0] == streams[1] == streams[2]
    assert {heard.message_id for heard in rig.dispatcher.heard} == {"bot:CAIQ16HMjQYY"}


async def test_while_the_store_is_away_the_message_is_kept(
    rig: Rig, connection: Connection
) -> None:
    rig.dispatcher.error = Unavailable("database")
    await connection.call(fixture("bot_text_group.json"))
    for seconds in (1, 2):
        await rig.time.wake(seconds)
    rig.dispatcher.error = None
    await rig.time.wake(4)
    assert (await connection.next())["body"]["stream"]["content"] == "收到"


async def test_a_store_that_stays_away_loses_it_and_says_so(
    rig: Rig, connection: Connection
) -> None:
    rig.dispatcher.error = Unavailable("database")
    with capture_logs() as logs:
        await connection.call(fixture("bot_text_group.json"))
        for seconds in (1, 2, 4, 8, *[10] * 9):
            await rig.time.wake(seconds)
        await eventually(lambda: any(line["event"] == "message_lost" for line in logs))
    assert len(rig.dispatcher.heard) == 14


async def test_our_own_fault_is_logged_and_no_more(rig: Rig, connection: Connection) -> None:
    rig.dispatcher.error = RuntimeError("ours")
    with capture_logs() as logs:
        await connection.call(fixture("bot_text_group.json"))
        await eventually(lambda: any(line["event"] == "callback_failed" for line in logs))
    [line] = [line for line in logs if line["event"] == "callback_failed"]
    assert line["reference"] == "REF1"
    rig.dispatcher.error = None
    await connection.call(fixture("bot_text_group.json"))
    assert (await connection.next())["body"]["msgtype"] == "stream"


# -- what became of an answer ----------------------------------------------------------------


async def test_an_unacknowledged_stream_is_sent_once_more(rig: Rig, connection: Connection) -> None:
    connection.ack = once(never)
    await connection.call(fixture("bot_text_group.json"))
    first = await connection.next()
    await rig.time.wake(ACK)
    assert await connection.next() == first
    await rig.channel.push(GROUP, TEXT)
    assert (await connection.next())["cmd"] == "aibot_send_msg"


async def test_a_stream_nobody_acknowledges_is_given_up_after_two(
    rig: Rig, connection: Connection
) -> None:
    connection.ack = but_pings(never)
    with capture_logs() as logs:
        await connection.call(fixture("bot_text_group.json"))
        for _ in range(2):
            await connection.next()
            await rig.time.wake(ACK)
        await eventually(lambda: any(line["event"] == "answer_lost" for line in logs))
    assert connection.frames.empty()
    assert rig.link.state is State.SUBSCRIBED


async def test_an_unacknowledged_card_is_not_sent_again(rig: Rig, connection: Connection) -> None:
    rig.dispatcher.answer = Answer(card=CARD)
    connection.ack = but_pings(never)
    with capture_logs() as logs:
        await connection.call(fixture("bot_text_group.json"))
        await connection.next()
        await rig.time.wake(ACK)
        await eventually(lambda: any(line["event"] == "answer_lost" for line in logs))
    assert connection.frames.empty()


@pytest.mark.parametrize("code", [846604, 846605, 846608])
async def test_what_can_no_longer_be_answered_is_pushed(
    rig: Rig, connection: Connection, code: int
) -> None:
    rig.dispatcher.answer = Answer("请选择", card=CARD)
    connection.ack = lambda frame: (
        error(code)(frame) if frame["cmd"] == "aibot_respond_msg" else okay(frame)
    )
    await connection.call(fixture("bot_text_group.json"))
    frames = [await connection.next() for _ in range(4)]
    assert [frame["cmd"] for frame in frames] == ["aibot_respond_msg", "aibot_send_msg"] * 2
    assert frames[1]["body"] == {
        "chatid": "wrkSFfCgAAxxx1",
        "chat_type": 2,
        "msgtype": "markdown",
        "markdown": {"content": "请选择"},
    }
    assert frames[3]["body"]["template_card"]["task_id"] == "wish_1"


async def test_when_that_fails_too_it_is_lost(connection: Connection) -> None:
    connection.ack = but_pings(error(846605))
    with capture_logs() as logs:
        await connection.call(fixture("bot_text_single.json"))
        await eventually(lambda: any(line["event"] == "answer_lost" for line in logs))
    frames = [await connection.next(), await connection.next()]
    assert [frame["cmd"] for frame in frames] == ["aibot_respond_msg", "aibot_send_msg"]
    assert frames[1]["body"]["chatid"] == "lisi"
    assert frames[1]["body"]["chat_type"] == 1


async def test_an_answer_that_cannot_be_said_any_more_is_left_to_the_outbox(
    rig: Rig, connection: Connection
) -> None:
    answer = rig.dispatcher.answer = Answer("请选择", card=CARD)
    rig.permit.given = False
    await connection.call(fixture("bot_text_group.json"))
    await eventually(lambda: rig.followed == [answer])
    assert connection.frames.empty()


async def test_while_it_is_not_certain_who_sends_an_answer_waits(
    rig: Rig, connection: Connection
) -> None:
    rig.permit.certain = False
    await connection.call(fixture("bot_text_group.json"))
    await rig.time.wake(5)
    assert connection.frames.empty()
    rig.permit.certain = True
    await rig.time.wake(5)
    assert (await connection.next())["body"]["stream"]["content"] == "收到"
    assert rig.followed == []


async def test_at_the_end_a_waiting_answer_is_left_to_the_outbox(
    rig: Rig, connection: Connection
) -> None:
    rig.permit.certain = False
    await connection.call(fixture("bot_text_group.json"))
    await eventually(lambda: rig.dispatcher.heard)
    await rig.ears.stop()
    assert rig.followed == [Answer("收到")]


async def test_of_an_answer_half_said_only_the_card_follows(
    rig: Rig, connection: Connection
) -> None:
    rig.dispatcher.answer = Answer("请选择", card=CARD)

    def last(frame: Frame) -> Frame | None:
        rig.permit.given = False
        return okay(frame)

    connection.ack = but_pings(last)
    await connection.call(fixture("bot_text_group.json"))
    await eventually(lambda: rig.followed == [Answer(card=CARD)])


async def test_already_answered_is_answered(rig: Rig, connection: Connection) -> None:
    connection.ack = once(error(846606))
    with capture_logs() as logs:
        await connection.call(fixture("bot_text_group.json"))
        await connection.next()
        await rig.channel.push(GROUP, TEXT)
    assert (await connection.next())["cmd"] == "aibot_send_msg"
    assert "answer_lost" not in [line["event"] for line in logs]


async def test_a_limited_answer_waits_its_turn(rig: Rig, connection: Connection) -> None:
    connection.ack = but_pings(error(846607))
    await connection.call(fixture("bot_text_group.json"))
    for seconds in (3, 6, 12):
        await connection.next()
        await rig.time.wake(seconds)
    await connection.next()
    connection.ack = okay
    await rig.time.wake(24)
    await connection.next()
    assert connection.frames.empty()


async def test_an_answer_survives_a_reconnect(rig: Rig, connection: Connection) -> None:
    def cut(_frame: Frame) -> None:
        connection.abort()

    connection.ack = cut
    await connection.call(fixture("bot_text_group.json"), "REQ7")
    first = await connection.next()
    await rig.time.wake(0.4, 0.6)
    again = await rig.subscribed()
    await rig.time.wake(1)
    assert await again.next() == first


async def test_without_any_connection_an_answer_is_left_to_the_outbox(
    rig: Rig, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def dispatch(_incoming: Any) -> Answer:
        await gate.wait()
        return Answer("收到")

    monkeypatch.setattr(rig, "dispatcher", dispatch)
    await connection.call(fixture("bot_text_group.json"))
    await eventually(lambda: rig.ears._tasks)
    await connection.kick()
    await eventually(lambda: rig.link.state is State.KICKED)
    gate.set()
    for _ in range(6):
        await rig.time.wake(5)
    await eventually(lambda: rig.followed == [Answer("收到")])


# -- pushing ---------------------------------------------------------------------------------


async def test_a_push_bears_the_bare_id_and_its_kind(rig: Rig, connection: Connection) -> None:
    assert await rig.channel.push(GROUP, TEXT) == Receipt()
    assert await rig.channel.push(PERSON, CardParcel(CARD)) == Receipt()
    text, card = await connection.next(), await connection.next()
    assert text["headers"]["req_id"].startswith("aibot_send_msg_")
    assert text["body"] == {
        "chatid": "wr1",
        "chat_type": 2,
        "msgtype": "markdown",
        "markdown": {"content": "# 排名"},
    }
    assert (card["body"]["chatid"], card["body"]["chat_type"]) == ("lisi", 1)
    assert card["body"]["template_card"]["button_list"][0]["key"] == "claim:1"


async def test_only_where_somebody_has_spoken_is_reached(rig: Rig, connection: Connection) -> None:
    assert rig.channel.reaches(GROUP)
    for heard in (frozenset[str](), frozenset({"app", "aibot"})):
        quiet = Target("wr2", group=True, heard=heard)
        assert not rig.channel.reaches(quiet)
        with pytest.raises(Elsewhere):
            await rig.channel.push(quiet, TEXT)
    await connection.kick()
    await eventually(lambda: not rig.channel.reaches(GROUP))


async def test_an_unacknowledged_push_is_unconfirmed_and_not_repeated(
    rig: Rig, connection: Connection
) -> None:
    connection.ack = but_pings(never)
    for parcel in (TEXT, CardParcel(CARD)):
        with pytest.raises(Unconfirmed):
            await rig.push_unacknowledged(connection, parcel)
    assert connection.frames.empty()
    assert connection.pings >= 2


async def test_a_push_into_silence_is_later_and_the_line_is_dropped(
    rig: Rig, connection: Connection
) -> None:
    connection.ack = never
    push = asyncio.create_task(rig.channel.push(GROUP, TEXT))
    await connection.next()
    pings = connection.pings
    await rig.time.wake(PUSH_ACK)
    await eventually(lambda: connection.pings == pings + 1)
    await rig.time.wake(ACK)
    with pytest.raises(Later):
        await push
    await rig.time.wake(0.4, 0.6)
    await rig.subscribed()
    await rig.channel.push(GROUP, TEXT)


async def test_a_push_whose_connection_ends_is_later(rig: Rig, connection: Connection) -> None:
    def cut(_frame: Frame) -> None:
        connection.abort()

    connection.ack = cut
    with pytest.raises(Later):
        await rig.channel.push(GROUP, TEXT)


async def test_a_card_that_did_arrive_is_not_refused_the_second_time(
    rig: Rig, connection: Connection
) -> None:
    connection.ack = but_pings(never)
    with pytest.raises(Unconfirmed):
        await rig.push_unacknowledged(connection, CardParcel(CARD))
    connection.ack = error(42014)
    assert await rig.channel.push(GROUP, CardParcel(CARD)) == Receipt()
    other = Card("别的", buttons=CARD.buttons, task="wish_2")
    with pytest.raises(Refused):
        await rig.channel.push(GROUP, CardParcel(other))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (93006, Elsewhere),
        (93001, Elsewhere),
        (40058, Refused),
        (93017, Refused),
        (45009, Later),
        (6000, Later),
        (-1, Later),
        (424242, Refused),
    ],
)
async def test_the_sockets_numbers(
    rig: Rig, connection: Connection, code: int, kind: type[PushError]
) -> None:
    connection.ack = error(code)
    with pytest.raises(kind) as caught:
        await rig.channel.push(GROUP, TEXT)
    assert caught.value.code == code


async def test_a_limited_conversation_rests_longer_each_time(
    rig: Rig, connection: Connection
) -> None:
    async def strike(target: Target) -> float:
        with pytest.raises(Later) as caught:
            await rig.channel.push(target, TEXT)
        return caught.value.seconds

    connection.ack = error(846607)
    assert [await strike(GROUP) for _ in range(7)] == [3, 6, 12, 24, 48, 60, 60]
    assert await strike(PERSON) == 3
    connection.ack = okay
    await rig.channel.push(GROUP, TEXT)
    connection.ack = error(846607)
    assert await strike(GROUP) == 3


async def test_an_unsubscribed_answer_means_to_dial_again(rig: Rig, connection: Connection) -> None:
    connection.ack = error(846609)
    with pytest.raises(Later):
        await rig.channel.push(GROUP, TEXT)
    await rig.time.wake(0.4, 0.6)
    await rig.subscribed()


def uploading(frame: Frame) -> Frame | None:
    """Answer an upload as the platform does."""
    bodies = {
        "aibot_upload_media_init": {"upload_id": "UP1"},
        "aibot_upload_media_finish": {"type": "file", "media_id": "MEDIA1", "created_at": "1"},
    }
    return {"errcode": 0, "body": bodies.get(frame["cmd"])}


async def test_a_file_goes_up_in_chunks(rig: Rig, connection: Connection) -> None:
    connection.ack = uploading
    data = random.Random(7).randbytes(2 * 512 * 1024 + 17)
    await rig.channel.push(GROUP, FileParcel("第48周排名.xlsx", data))
    frames = [await connection.next() for _ in range(6)]
    assert frames[0]["cmd"] == "aibot_upload_media_init"
    assert frames[0]["body"] == {
        "type": "file",
        "filename": "第48周排名.xlsx",
        "total_size": len(data),
        "total_chunks": 3,
        "md5": hashlib.md5(data).hexdigest(),  # noqa: S324
    }
    chunks = [frame["body"] for frame in frames[1:4]]
    assert [chunk["chunk_index"] for chunk in chunks] == [0, 1, 2]
    assert {chunk["upload_id"] for chunk in chunks} == {"UP1"}
    pieces = [base64.b64decode(chunk["base64_data"]) for chunk in chunks]
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 512 * 1024
    assert frames[4]["body"] == {"upload_id": "UP1"}
    assert frames[5]["body"]["file"] == {"media_id": "MEDIA1"}


async def test_everybody_shares_one_upload(rig: Rig, connection: Connection) -> None:
    connection.ack = uploading
    picture = PictureParcel("排名.png", b"\x89PNG" + b"x" * 100)
    await asyncio.gather(*(rig.channel.push(GROUP, picture) for _ in range(5)))
    await rig.channel.push(PERSON, picture)
    frames = [connection.frames.get_nowait() for _ in range(connection.frames.qsize())]
    assert [frame["cmd"] for frame in frames].count("aibot_upload_media_init") == 1
    sent = [frame for frame in frames if frame["cmd"] == "aibot_send_msg"]
    assert [frame["body"]["image"] for frame in sent] == [{"media_id": "MEDIA1"}] * 6


async def test_a_chunk_without_ack_is_sent_again(rig: Rig, connection: Connection) -> None:
    silent = ["aibot_upload_media_init", "aibot_upload_media_chunk", "aibot_upload_media_finish"]

    def ack(frame: Frame) -> Frame | None:
        if frame["cmd"] in silent:
            silent.remove(frame["cmd"])
            return None
        return uploading(frame)

    connection.ack = ack
    push = asyncio.create_task(rig.channel.push(GROUP, FileParcel("a.xlsx", b"PK\x03\x04xx")))
    for _ in range(3):
        lost = await connection.next()
        await rig.time.wake(ACK)
        assert (await connection.next())["body"] == lost["body"]
    assert await push == Receipt()


async def test_an_upload_nobody_acknowledges_is_later(rig: Rig, connection: Connection) -> None:
    connection.ack = but_pings(never)
    push = asyncio.create_task(rig.channel.push(GROUP, FileParcel("a.xlsx", b"PK\x03\x04xx")))
    for _ in range(2):
        assert (await connection.next())["cmd"] == "aibot_upload_media_init"
        await rig.time.wake(ACK)
    with pytest.raises(Later):
        await push
    assert connection.frames.empty()


async def test_what_is_too_large_is_not_even_begun(rig: Rig, connection: Connection) -> None:
    with pytest.raises(Refused):
        await rig.channel.push(GROUP, PictureParcel("a.png", b"x" * (2 * 1024 * 1024 + 1)))
    with pytest.raises(Refused):
        await rig.channel.push(GROUP, TextParcel("长" * 7000))
    assert connection.frames.empty()


# -- stopping --------------------------------------------------------------------------------


async def test_stopping_lets_an_answer_in_progress_go_out(
    rig: Rig, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def dispatch(_incoming: Any) -> Answer:
        await gate.wait()
        return Answer("最后一句")

    monkeypatch.setattr(rig, "dispatcher", dispatch)
    await connection.call(fixture("bot_text_group.json"))
    await eventually(lambda: rig.ears._tasks)
    stopping = asyncio.create_task(rig.ears.stop())
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert (await connection.next())["body"]["stream"]["content"] == "最后一句"
    await connection.ended.wait()
    assert not rig.ears._tasks


async def test_stopping_does_not_wait_for_ever(
    rig: Rig, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.wecom.linkhear._GRACE", 0.01)

    async def dispatch(_incoming: Any) -> Answer:
        await asyncio.Event().wait()
        return Answer()

    monkeypatch.setattr(rig, "dispatcher", dispatch)
    await connection.call(fixture("bot_text_group.json"))
    await eventually(lambda: rig.ears._tasks)
    tasks = set(rig.ears._tasks)
    await rig.ears.stop()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)


def test_the_link_keeps_the_channels_contract() -> None:
    channel: type[Channel] = LinkChannel
    assert channel.__name__ == "LinkChannel"
