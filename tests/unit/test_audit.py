"""The audit's chain: what breaks it is found, and many writers do not fork it."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.cli import main
from bot.keys import open_vault
from config.settings import Settings
from models.audit import Audit, AuditEnd, Entry, Verdict, append, chained, forget, verify
from models.store.engine import Store
from models.vault import SHUT, Vault

NOW = datetime(2026, 11, 17, 2, 0, 0, 123456, tzinfo=UTC)
VAULT = Vault(lambda: (b"k" * 32,))


def write(store: Store, count: int, *, size: int = 1, vault: Vault = VAULT) -> None:
    """So many commits of so many rows each."""
    for number in range(count):
        entries = [
            Entry(at=NOW + timedelta(hours=number), action="progress", subject=f"JZ-{number}-{n}")
            for n in range(size)
        ]
        with store.writing() as session:
            append(session.connection(), entries, vault)


def judged(store: Store, vault: Vault = VAULT) -> Verdict:
    with store.reading() as session:
        return verify(session, vault)


def test_a_chain_that_nobody_touched_holds(store: Store) -> None:
    assert judged(store).rows == 0
    write(store, 3, size=4)
    found = judged(store)
    assert found.broken == ()
    assert (found.first, found.last, found.rows, found.marked) == (1, 12, 12, 12)
    with store.reading() as session:
        marks = session.scalars(select(Audit.mark).order_by(Audit.id)).all()
    assert [bool(mark) for mark in marks] == [False, False, False, True] * 3


def change(session: Session) -> None:
    session.execute(update(Audit).where(Audit.id == 5).values(subject="JZ-forged"))


def remove(session: Session) -> None:
    session.execute(delete(Audit).where(Audit.id == 5))


def cut_tail(session: Session) -> None:
    session.execute(delete(Audit).where(Audit.id > 7))


def cut_tail_and_head(session: Session) -> None:
    """With the end moved as well, to a row that no mark vouches for."""
    session.execute(delete(Audit).where(Audit.id > 7))
    last = session.get_one(Audit, 7)
    session.execute(
        update(AuditEnd).where(AuditEnd.side == "last").values(number=7, hash=last.hash)
    )


def cut_front(session: Session) -> None:
    digest = session.get_one(Audit, 2).hash
    session.execute(delete(Audit).where(Audit.id <= 2))
    session.execute(update(AuditEnd).where(AuditEnd.side == "base").values(number=2, hash=digest))


def swap(session: Session) -> None:
    session.execute(update(Audit).where(Audit.id == 3).values(id=99))
    session.execute(update(Audit).where(Audit.id == 4).values(id=3))
    session.execute(update(Audit).where(Audit.id == 99).values(id=4))


def rewrite(session: Session) -> None:
    """Everything from a row on computed anew, by somebody who has the code but not the key."""
    rows = session.scalars(select(Audit).order_by(Audit.id)).all()
    before = rows[3].hash
    for row in rows[4:]:
        row.subject = "JZ-forged" if row.id == 5 else row.subject
        row.hash = before = chained(before, row.id, row)
    session.flush()
    session.execute(update(AuditEnd).where(AuditEnd.side == "last").values(hash=before))


def strip_marks(session: Session) -> None:
    rewrite(session)
    session.execute(update(Audit).values(mark=""))


@pytest.mark.parametrize(
    ("harm", "key", "row"),
    [
        (change, "audit.changed", 5),
        (remove, "audit.gap", 6),
        (cut_tail, "audit.cut", 9),
        (cut_tail_and_head, "audit.unmarked", 7),
        (cut_front, "audit.cut_front", 3),
        (swap, "audit.changed", 3),
        (rewrite, "audit.forged", 6),
        (strip_marks, "audit.unmarked", 9),
    ],
)
def test_what_somebody_touched_is_named(
    store: Store, harm: Callable[[Session], None], key: str, row: int
) -> None:
    write(store, 3, size=3)
    with store.writing() as session:
        harm(session)
    assert (row, key) in judged(store).broken


def test_without_the_key_the_chain_still_is_checked(store: Store) -> None:
    write(store, 2)
    found = judged(store, SHUT)
    assert (found.broken, found.marked, found.unknown) == ((), 0, 2)


def test_an_installation_without_keys_has_a_chain_too(store: Store) -> None:
    write(store, 2, vault=SHUT)
    assert judged(store, SHUT).broken == ()
    write(store, 1)
    assert judged(store).broken == ()


def test_marks_survive_a_change_of_keys(store: Store) -> None:
    write(store, 2)
    changed = Vault(lambda: (b"n" * 32,))
    write(store, 2, vault=changed)
    found = judged(store, changed)
    assert (found.broken, found.marked, found.unknown) == ((), 4, 2)


def test_rows_from_before_the_chain_stay_outside_it(store: Store) -> None:
    with store.writing() as session:
        session.add(Audit(id=7, at=NOW, action="progress"))
    write(store, 2)
    found = judged(store)
    assert (found.broken, found.first, found.last) == ((), 8, 9)


def test_forgetting_cuts_the_front_and_leaves_a_chain(store: Store) -> None:
    write(store, 10)
    with store.writing() as session:
        assert forget(session, VAULT, NOW + timedelta(hours=4)) == 4
        assert forget(session, VAULT, NOW + timedelta(hours=4)) == 0
    found = judged(store)
    assert (found.broken, found.first, found.rows) == ((), 5, 6)
    with store.writing() as session:
        assert forget(session, VAULT, NOW + timedelta(days=1)) == 5  # the last row stays
    write(store, 1)
    assert judged(store).broken == ()


def test_many_writers_do_not_fork_the_chain(store: Store) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            write(store, 25, size=2)
        except Exception as error:  # noqa: BLE001  (told to the test below)
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found = judged(store)
    assert (found.broken, found.rows) == ((), 200)
    with store.reading() as session:
        assert session.scalar(select(func.count(Audit.hash.distinct()))) == 200


def test_verify_from_the_command_line(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.cli.set_up_logs", lambda **_: None)
    monkeypatch.setenv("ZBT_DATABASE_URL", sqlite_url)
    assert main(["audit", "verify"]) == 0
    assert "审计还是空的" in capsys.readouterr().out
    vault = open_vault(Settings(database_url=sqlite_url))
    store = Store(sqlite_url)
    write(store, 3, vault=vault)
    assert main(["audit", "verify"]) == 0
    assert "共 3 行，签名核到第 3 行" in capsys.readouterr().out
    with store.writing() as session:
        session.execute(update(Audit).where(Audit.id == 2).values(outcome="error.ours"))
    store.close()
    assert main(["audit", "verify"]) == 1
    assert "第 2 行" in capsys.readouterr().err
