"""Frames and acks of one socket."""

import asyncio
import itertools
import json
from typing import Any, cast

import aiohttp
import pytest

from bot.wecom.line import Line, Lost, Unacknowledged


class Socket:
    """Remembers what was sent; breaks when told to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.broken = False
        self.closed = False

    async def send_str(self, text: str) -> None:
        """Take one frame."""
        if self.broken:
            raise aiohttp.ClientConnectionResetError("gone")
        self.sent.append(json.loads(text))

    async def close(self) -> None:
        """End."""
        self.closed = True


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
def line(socket: Socket) -> Line:
    numbers = itertools.count(1)
    return Line(
        cast("aiohttp.ClientWebSocketResponse", socket),
        ack_seconds=0.02,
        sleep=asyncio.sleep,
        new_id=lambda cmd: f"{cmd}_{next(numbers)}",
    )


def ack(req_id: str, **fields: Any) -> dict[str, Any]:
    return {"headers": {"req_id": req_id}, "errcode": 0, **fields}


async def test_an_ack_finds_its_frame(line: Line, socket: Socket) -> None:
    first = asyncio.create_task(line.ask("aibot_send_msg", {"n": 1}))
    second = asyncio.create_task(line.ask("aibot_send_msg", {"n": 2}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert socket.sent[0] == {
        "cmd": "aibot_send_msg",
        "headers": {"req_id": "aibot_send_msg_1"},
        "body": {"n": 1},
    }
    line.hear(ack("aibot_send_msg_2", mine=2))
    line.hear(ack("aibot_send_msg_1", mine=1))
    assert ((await first)["mine"], (await second)["mine"]) == (1, 2)


async def test_a_ping_has_no_body(line: Line, socket: Socket) -> None:
    await line.post("ping")
    assert socket.sent == [{"cmd": "ping", "headers": {"req_id": "ping_1"}}]


async def test_the_next_frame_of_a_request_waits_for_the_ack(line: Line, socket: Socket) -> None:
    tasks = [asyncio.create_task(line.ask("respond", n, "REQ")) for n in range(3)]
    for number in range(3):
        await asyncio.sleep(0.001)
        assert [frame["body"] for frame in socket.sent] == list(range(number + 1))
        line.hear(ack("REQ", mine=number))
    assert [(await task)["mine"] for task in tasks] == [0, 1, 2]


async def test_a_missing_ack_is_noticed(line: Line, socket: Socket) -> None:
    with pytest.raises(Unacknowledged):
        await line.ask("aibot_send_msg")
    line.hear(ack("aibot_send_msg_1"))
    assert len(socket.sent) == 1


async def test_a_late_ack_is_not_taken_for_that_of_the_next_frame(line: Line) -> None:
    with pytest.raises(Unacknowledged):
        await line.ask("respond", 1, "REQ")
    task = asyncio.create_task(line.ask("respond", 2, "REQ"))
    await asyncio.sleep(0.001)
    line.hear(ack("REQ", mine=1))
    line.hear(ack("REQ", mine=2, errcode=846606))
    assert (await task)["mine"] == 2


async def test_a_late_ack_between_two_frames_is_forgotten(line: Line) -> None:
    with pytest.raises(Unacknowledged):
        await line.ask("respond", 1, "REQ")
    line.hear(ack("REQ", mine=1))
    task = asyncio.create_task(line.ask("respond", 2, "REQ"))
    await asyncio.sleep(0.001)
    line.hear(ack("REQ", mine=2))
    assert (await task)["mine"] == 2


async def test_if_one_ack_never_comes_the_next_one_is_ours(line: Line) -> None:
    with pytest.raises(Unacknowledged):
        await line.ask("respond", 1, "REQ")
    task = asyncio.create_task(line.ask("respond", 2, "REQ"))
    await asyncio.sleep(0.001)
    line.hear(ack("REQ", mine=2))
    assert (await task)["mine"] == 2


async def test_two_owed_acks_are_both_waited_for(line: Line) -> None:
    for number in (1, 2):
        with pytest.raises(Unacknowledged):
            await line.ask("respond", number, "REQ")
    line.hear(ack("REQ", mine=1))
    task = asyncio.create_task(line.ask("respond", 3, "REQ"))
    await asyncio.sleep(0.001)
    line.hear(ack("REQ", mine=2))
    line.hear(ack("REQ", mine=3))
    line.hear(ack("REQ", mine=4))
    assert (await task)["mine"] == 3


async def test_owed_acks_are_not_remembered_without_bound(line: Line) -> None:
    for number in range(1100):
        line._owe(f"REQ{number}", 1)
    assert len(line._owed) == 1000


async def test_when_the_socket_ends_everybody_is_told(line: Line, socket: Socket) -> None:
    task = asyncio.create_task(line.ask("aibot_send_msg"))
    waiting = asyncio.create_task(line.ask("respond", 1, "REQ"))
    behind = asyncio.create_task(line.ask("respond", 2, "REQ"))
    await asyncio.sleep(0.001)
    line.lose()
    line.lose()
    for each in (task, waiting, behind):
        with pytest.raises(Lost):
            await each
    with pytest.raises(Lost):
        await line.post("ping")
    assert len(socket.sent) == 2


async def test_a_broken_wire_is_lost(line: Line, socket: Socket) -> None:
    socket.broken = True
    with pytest.raises(Lost):
        await line.ask("aibot_send_msg")


@pytest.mark.parametrize("headers", [None, {}, {"req_id": None}, {"req_id": ["x"]}, "x"])
async def test_an_ack_of_any_shape_is_survived(line: Line, headers: Any) -> None:
    line.hear({"headers": headers, "errcode": 0})


async def test_a_cancelled_frame_leaves_nothing_behind(line: Line) -> None:
    task = asyncio.create_task(line.ask("respond", 1, "REQ"))
    await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait({task})
    assert line._waiting == {}
