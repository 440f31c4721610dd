"""A load generator for callback addresses: raw sockets, keep-alive, sealed messages made before.

Runs as a process of its own: ``python -m tests.bench.load PORT[,PORT...] COUNT CONCURRENCY FIRST``,
so many connections to each port; prints one line of JSON: requests per second, latencies in
milliseconds, refusals, its own seconds of the processor meanwhile.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Sequence

from bot.wecom.crypto import Envelope
from tests.process import AES_KEY, TOKEN

BRANCHES = 500
"""Their secretaries report, each in a group of its own: few would only wait for each other."""


def requests(count: int, first: int) -> list[bytes]:
    """Progress reports of many branches, as the smart bot's callback brings them."""
    envelope = Envelope(TOKEN, AES_KEY, "", chance=os.urandom)
    chance = random.Random(first)
    made = []
    for number in range(first, first + count):
        branch = 1 + chance.randrange(BRANCHES)
        body = {
            "msgid": f"bench{number}",
            "aibotid": "aib",
            "chatid": f"wr{branch}",
            "chattype": "group",
            "from": {"userid": f"b{branch}p0"},
            "msgtype": "text",
            "text": {"content": f"@支部通 /进展 99% 完成配变轮换和台区巡视第 {number} 项"},
        }
        stamp, nonce = str(int(time.time())), f"n{number}"
        message = json.dumps(body, ensure_ascii=False).encode()
        sealed, signature = envelope.seal(message, stamp, nonce)
        query = f"msg_signature={signature}&timestamp={stamp}&nonce={nonce}"
        payload = json.dumps({"encrypt": sealed}).encode()
        made.append(
            f"POST /wecom/aibot?{query} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n".encode()
            + payload
        )
    return made


async def fire(ports: Sequence[int], made: list[bytes], concurrency: int) -> dict[str, float]:
    """Send everything over so many connections; each sends its next when it has its answer."""
    waiting = made[::-1]
    latencies: list[float] = []
    refused = 0

    async def one(port: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            request = waiting.pop()
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            latencies.append(time.perf_counter() - begun)
            refused += not (head.startswith(b"HTTP/1.1 200") and len(body) > 50)
        writer.close()

    begun, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(port) for port in ports for _ in range(concurrency)))
    seconds = time.perf_counter() - begun
    latencies.sort()
    return {
        "per_second": len(made) / seconds,
        "p50": latencies[len(latencies) // 2] * 1000,
        "p99": latencies[int(len(latencies) * 0.99)] * 1000,
        "refused": refused,
        "cpu": time.process_time() - used,
    }


if __name__ == "__main__":
    ports = [int(port) for port in sys.argv[1].split(",")]
    count, concurrency, first = map(int, sys.argv[2:5])
    print(json.dumps(asyncio.run(fire(ports, requests(count, first), concurrency))))
