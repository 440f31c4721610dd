"""Of a conversation, one process at a time handles messages: advisory locks of PostgreSQL.

They are held until the batch is committed. A batch does not wait for conversations that another
process has in hand, but puts their messages aside for its next one (decision 0045).
"""

import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Integer, column, text

from bot.writer import Work
from models.store.quick import Quick

LOCKS = 7_263_002
"""The first number of these locks."""
_LOCK = Quick(
    text("SELECT pg_advisory_xact_lock(:space, key) FROM unnest(CAST(:keys AS int[])) AS key")
)
_TRY = Quick(
    text(
        "SELECT key FROM unnest(CAST(:keys AS int[])) AS key"
        " WHERE NOT pg_try_advisory_xact_lock(:space, key)"
    ).columns(column("key", Integer))
)


def take_turns(connection: Connection, works: Sequence[Work[Any]]) -> None:
    """Have the conversations of a batch in hand; what others have in hand is put aside.

    Waited for is only what stood aside before, or stands alone: nobody stands aside twice. All that
    is waited for comes first and in order, so that nobody waits in a circle.
    """
    waits = {_key(work.key): work.aside or len(works) == 1 for work in reversed(works)}
    wanted = sorted(key for key, is_waiting in waits.items() if is_waiting)
    tried = [key for key, is_waiting in waits.items() if not is_waiting]
    if wanted:
        _LOCK.run(connection, {"space": LOCKS, "keys": wanted})
    missed = _TRY.rows(connection, {"space": LOCKS, "keys": tried}) if tried else ()
    elsewhere = {key for (key,) in missed}
    for work in works:
        work.aside = _key(work.key) in elsewhere


def _key(conversation: str) -> int:
    """A conversation as a 32-bit number; two that share one only wait for each other."""
    return zlib.crc32(conversation.encode()) - 2**31
