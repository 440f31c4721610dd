"""The long connection: dialing, and every way it can end."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import aiohttp
import pytest

from bot.clock import FixedClock
from bot.wecom.link import Account, Link, Pace, State
from bot.wecom.rest import new_session
from models.errors import Unavailable
from tests.unit.wecom.aid import NOW, capture_logs, fixture
from tests.unit.wecom.socketaid import (
    Connection,
    Pass,
    Server,
    Time,
    error,
    eventually,
    never,
    serve,
)


class Rig:
    """A link, the server it dials, and the time it lives in."""

    def __init__(self, session: aiohttp.ClientSession, url: str, server: Server) -> None:
        self.server = server
        self.time = Time()
        self.clock = FixedClock(NOW)
        self.permit = Pass()
        self.heard: list[Any] = []
        self.link = Link(
            session,
            Account(url=url, bot_id="BOT1", secret="long secret"),
            clock=self.clock,
            permit=self.permit,
            chance=random.Random(1),
            pace=Pace(dial=0.5),
            sleep=self.time.sleep,
        )

    def has_frames(self, count: int) -> bool:
        """Whether so many frames have come."""
        return self.link.counters["frames"] == count

    async def connect(self) -> Connection:
        """Start and subscribe."""
        self.link.start(self.heard.append)
        return await self.subscribed()

    async def subscribed(self) -> Connection:
        """The next connection, once the link knows that it stands."""
        connection = await self.server.next()
        await eventually(lambda: self.link.state is State.SUBSCRIBED)
        return connection

    async def wait_out(self, seconds: float) -> None:
        """Let a back-off of about so many seconds pass."""
        await eventually(lambda: self.link.line is None)
        await self.time.wake(0.8 * seconds, 1.2 * seconds)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    server = Server()
    async with serve(server) as url, new_session(url) as session:
        rig = Rig(session, url, server)
        yield rig
        await rig.link.stop()


async def test_it_subscribes_with_its_own_secret(rig: Rig) -> None:
    assert rig.link.state is State.OFF
    await rig.connect()
    [frame] = rig.server.credentials
    assert frame["cmd"] == "aibot_subscribe"
    assert frame["headers"]["req_id"].startswith("aibot_subscribe_")
    assert frame["body"] == {"bot_id": "BOT1", "secret": "long secret"}
    assert rig.link.last_frame_at == NOW
    assert rig.link.line


async def test_it_hands_callbacks_over_in_their_order(rig: Rig) -> None:
    connection = await rig.connect()
    for number in range(50):
        await connection.call(fixture("bot_text_single.json"), f"REQ{number}")
    await connection.call(fixture("bot_enter_chat.json"), "EVENT")
    await eventually(lambda: len(rig.heard) == 51)
    requests = [frame["headers"]["req_id"] for frame in rig.heard]
    assert requests == [*(f"REQ{number}" for number in range(50)), "EVENT"]


async def test_it_pings_for_as_long_as_it_is_answered(rig: Rig) -> None:
    connection = await rig.connect()
    for number in range(1, 8):
        await eventually(partial(rig.has_frames, number + 1))
        assert connection.pings == number
        await rig.time.advance(30)
    assert rig.server.dialed == 1


async def close_1000(connection: Connection) -> None:
    await connection.socket.close(code=1000)


async def close_1001(connection: Connection) -> None:
    await connection.socket.close(code=1001)


async def close_4000(connection: Connection) -> None:
    await connection.socket.close(code=4000, message=b"maintenance")


async def abort(connection: Connection) -> None:
    connection.abort()


async def not_subscribed(connection: Connection) -> None:
    await connection.send({"headers": {"req_id": "ping_x"}, "errcode": 846609})


ENDS = [close_1000, close_1001, close_4000, abort, not_subscribed]


@pytest.mark.parametrize("end", ENDS)
async def test_every_end_is_a_reason_to_dial_again(
    rig: Rig, end: Callable[[Connection], Awaitable[None]]
) -> None:
    connection = await rig.connect()
    await end(connection)
    await rig.wait_out(1)
    await rig.subscribed()
    assert rig.server.dialed == 2


async def test_a_silent_server_is_left_after_three_pings(rig: Rig) -> None:
    rig.server.ack = never
    await rig.connect()
    for _ in range(3):
        await rig.time.wake(30)
    await rig.wait_out(1)
    await rig.subscribed()
    assert rig.link.counters["silent"] == 1


async def test_any_frame_is_a_sign_of_life(rig: Rig) -> None:
    rig.server.ack = never
    connection = await rig.connect()
    for number in range(1, 8):
        await connection.send({"cmd": "news"})
        await eventually(partial(rig.has_frames, number + 1))
        await rig.time.advance(30)
    assert rig.link.state is State.SUBSCRIBED


async def test_it_backs_off_further_each_time(rig: Rig) -> None:
    rig.link.start(rig.heard.append)
    for seconds in (1, 2, 4, 8, 16, 30, 30, 30):
        connection = await rig.subscribed()
        connection.abort()
        await rig.wait_out(seconds)


async def test_a_healthy_minute_starts_the_back_off_anew(rig: Rig) -> None:
    connection = await rig.connect()
    for seconds in (1, 2, 4):
        connection.abort()
        await rig.wait_out(seconds)
        connection = await rig.subscribed()
    rig.clock.move_to(NOW + timedelta(seconds=61))
    connection.abort()
    await rig.wait_out(1)


async def test_a_server_that_is_down_is_dialed_again() -> None:
    async with new_session("http://127.0.0.1:1") as session:
        rig = Rig(session, "ws://127.0.0.1:1/", Server())
        rig.link.start(rig.heard.append)
        for seconds in (1, 2, 4):
            await rig.wait_out(seconds)
        assert str(rig.link.state) == "connecting"
        await rig.link.stop()
        assert str(rig.link.state) == "off"


async def test_a_server_that_never_acks_the_subscription_is_left(rig: Rig) -> None:
    rig.server.subscribed = never
    rig.link.start(rig.heard.append)
    await eventually(lambda: rig.server.credentials)
    await rig.time.wake(5)
    await rig.wait_out(1)
    await eventually(lambda: rig.server.dialed == 2)
    assert rig.link.line is None


async def test_being_kicked_means_to_stay_away(rig: Rig) -> None:
    connection = await rig.connect()
    for seconds in (30, 60, 120, 240, 480, 960, 1920, 3600, 3600):
        await connection.kick()
        await eventually(lambda: rig.link.state is State.KICKED)
        await connection.ended.wait()
        await rig.wait_out(seconds)
        connection = await rig.subscribed()
    rig.clock.move_to(NOW + timedelta(hours=1, seconds=1))
    await connection.kick()
    await rig.wait_out(30)


async def test_wrong_credentials_end_the_dialing(rig: Rig) -> None:
    rig.server.subscribed = error(853000)
    with capture_logs() as logs:
        rig.link.start(rig.heard.append)
        await eventually(lambda: rig.link.state is State.REFUSED)
        await rig.time.advance(10_000)
    assert rig.server.dialed == 1
    refused = [line for line in logs if line["event"] == "link_refused"]
    assert [line["log_level"] for line in refused] == ["error"]
    assert "secret" not in str(logs)


async def test_another_refusal_is_tried_again(rig: Rig) -> None:
    rig.server.subscribed = error(45009)
    rig.link.start(rig.heard.append)
    await rig.wait_out(1)
    await eventually(lambda: rig.server.dialed == 2)
    assert rig.link.state is not State.SUBSCRIBED


async def test_only_the_holder_of_the_permit_dials(rig: Rig) -> None:
    rig.permit.given = False
    rig.link.start(rig.heard.append)
    await eventually(lambda: rig.link.state is State.STANDBY)
    rig.permit.give(False)
    await rig.time.advance(10_000)
    assert rig.server.dialed == 0
    rig.permit.give(True)
    await rig.subscribed()


async def test_who_loses_the_permit_hears_on_until_kicked_but_sends_nothing(rig: Rig) -> None:
    connection = await rig.connect()
    rig.permit.give(False)
    assert not rig.link.may_send
    await connection.call(fixture("bot_text_single.json"))
    await eventually(lambda: rig.heard)
    assert rig.link.state is State.SUBSCRIBED
    await connection.kick()
    await eventually(lambda: rig.link.state is State.STANDBY)
    await rig.time.advance(10_000)
    assert rig.server.dialed == 1
    rig.permit.give(True)
    await rig.subscribed()


async def test_who_loses_the_permit_and_is_not_kicked_leaves_by_itself(rig: Rig) -> None:
    connection = await rig.connect()
    rig.permit.give(False)
    await rig.time.wake(3)
    await connection.ended.wait()
    await eventually(lambda: rig.link.state is State.STANDBY)


async def test_a_permit_that_is_not_certain_forbids_sending_and_keeps_hearing(rig: Rig) -> None:
    connection = await rig.connect()
    rig.permit.certain = False
    assert not rig.link.may_send
    await connection.call(fixture("bot_text_single.json"))
    await eventually(lambda: rig.heard)
    await rig.time.advance(200)
    assert rig.link.state is State.SUBSCRIBED
    rig.permit.certain = True
    assert rig.link.may_send


async def test_kicked_by_one_of_us_it_does_not_go_into_exile(rig: Rig) -> None:
    connection = await rig.connect()
    rig.permit.when_asked = lambda: rig.permit.give(False)
    await connection.kick()
    await eventually(lambda: rig.link.state is State.STANDBY)
    rig.permit.give(True)
    await rig.subscribed()


async def test_an_exile_ends_when_the_permit_changes_hands(rig: Rig) -> None:
    connection = await rig.connect()
    await connection.kick()
    await eventually(lambda: rig.link.state is State.KICKED)
    await eventually(lambda: rig.permit.asked)
    rig.permit.give(False)
    await eventually(lambda: rig.link.state is State.STANDBY)
    rig.permit.give(True)
    await rig.subscribed()


async def test_kicked_while_the_permit_cannot_be_asked_it_stays_away(rig: Rig) -> None:
    connection = await rig.connect()

    def away() -> None:
        raise Unavailable

    rig.permit.when_asked = away
    await connection.kick()
    await rig.wait_out(30)
    await rig.subscribed()


@pytest.mark.parametrize(
    "frame",
    ["", "no json", "[]", "{", "null", b"\xff", '{"cmd": 7}', '{"cmd": "news"}', "[" * 9999],
)
async def test_frames_nobody_sends_are_survived(rig: Rig, frame: str | bytes) -> None:
    connection = await rig.connect()
    await connection.send(frame)
    await connection.call(fixture("bot_text_single.json"))
    await eventually(lambda: rig.heard)
    assert rig.link.state is State.SUBSCRIBED


async def test_a_listener_that_fails_does_not_end_the_dialing(rig: Rig) -> None:
    def listener(_frame: Any) -> None:
        raise RuntimeError("ours")

    rig.link.start(listener)
    connection = await rig.subscribed()
    with capture_logs() as logs:
        await connection.call(fixture("bot_text_single.json"))
        await rig.wait_out(1)
        await rig.subscribed()
    assert "link_failed" in [line["event"] for line in logs]


async def test_stopping_closes_the_socket_and_dials_no_more(rig: Rig) -> None:
    connection = await rig.connect()
    await rig.link.stop()
    await connection.ended.wait()
    assert (rig.link.state, rig.link.line) == (State.OFF, None)
    await rig.link.stop()
    assert rig.server.dialed == 1
