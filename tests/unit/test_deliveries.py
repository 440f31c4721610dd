"""What the outbox's statements read, counted by the server itself."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.deliveries import PER_CONVERSATION, claim, release
from models.push import write_pushes
from models.store.engine import Store
from tests.unit.test_outbox import NOW, order_for

pytestmark = pytest.mark.postgres
READ = text(
    "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'push'"
)
WAITING, CONVERSATIONS = 3000, 3


def has_read(session: Session) -> int:
    return int(session.scalar(READ) or 0)


def test_a_claim_does_not_read_all_that_waits_again_and_again(postgres_url: str) -> None:
    """Joined in one statement it asked for the first twenty anew for each push that waits."""
    store = Store(postgres_url)
    with store.writing() as session:
        orders = [order_for(f"wr{n % CONVERSATIONS}", f"{n}") for n in range(WAITING)]
        write_pushes(session.connection(), orders, NOW)
    with store.writing() as session:
        batches = claim(session, "me", NOW, most=64, linked=True)
        claimed = has_read(session)
        for batch in batches:
            release(session, "me", batch.conversation, NOW)
        released = has_read(session) - claimed
    store.close()
    assert [len(batch.deliveries) for batch in batches] == [PER_CONVERSATION] * CONVERSATIONS
    assert claimed < 2 * WAITING, "more than one look at a small table"
    assert released < 10 * CONVERSATIONS
