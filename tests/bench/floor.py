"""The floor: a minimal aiohttp server that verifies, decrypts, inserts once and answers.

``python -m tests.bench.floor PORT DATABASE``. One raw INSERT with a unique message id, each its
own durable commit: sqlite3 at ``synchronous=FULL``, or psycopg for an address of PostgreSQL;
nothing else of a product.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Callable

import psycopg
from aiohttp import web

from bot.wecom.crypto import Envelope
from tests.process import AES_KEY, TOKEN

Insert = Callable[[tuple[str, str]], object]
SCHEMA = "CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, body TEXT)"


def sqlite(path: str) -> Insert:
    """One connection; each INSERT is its own commit, on disk before it returns."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(SCHEMA)
    return lambda row: connection.execute("INSERT OR IGNORE INTO floor VALUES (?, ?)", row)


def postgres(url: str) -> Insert:
    """The same; psycopg prepares the statement by itself."""
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(SCHEMA)
    statement = "INSERT INTO floor VALUES (%s, %s) ON CONFLICT DO NOTHING"
    return lambda row: connection.execute(statement, row)


def main(port: int, database: str) -> None:
    """Serve until killed."""
    envelope = Envelope(TOKEN, AES_KEY, "", chance=os.urandom)
    insert = postgres(database) if "://" in database else sqlite(database)

    async def receive(request: web.Request) -> web.Response:
        query = request.query
        sealed = json.loads(await request.read())["encrypt"]
        stamp, nonce = query["timestamp"], query["nonce"]
        envelope.verify(query["msg_signature"], stamp, nonce, sealed)
        body = json.loads(envelope.decrypt(sealed))
        insert((body["msgid"], body["text"]["content"]))
        content = f"已记录 {body['msgid']}，照片、文件请私聊发给我，群里的我收不到。"
        stream = {"id": body["msgid"], "finish": True, "content": content}
        reply = json.dumps({"msgtype": "stream", "stream": stream}, ensure_ascii=False)
        out, signature = envelope.seal(reply.encode(), stamp, nonce)
        return web.json_response(
            {
                "encrypt": out,
                "msgsignature": signature,
                "timestamp": int(stamp),
                "nonce": nonce,
            }
        )

    app = web.Application()
    app.router.add_post("/wecom/aibot", receive)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
