"""Sealed texts: what opens them, what does not, and that keys can be changed while in use."""

import base64
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text, update

from bot.cli import main
from bot.keys import KeyFile, open_vault
from config.settings import Settings
from models.base import Base
from models.errors import UserError
from models.store.engine import Store
from models.vault import SHUT, Secret, Vault, key_name, keys_in_use, shred

NOW = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
WORDS = "他说家里老人住院，想调到离家近的班组"


def vault(*keys: bytes) -> Vault:
    return Vault(lambda: keys)


def put(store: Store, box: Vault, subject: str, words: str = WORDS) -> None:
    with store.writing() as session:
        box.seal(session.connection(), "talk", subject, words, NOW)


def get(store: Store, box: Vault, subject: str, kind: str = "talk") -> str | None:
    with store.reading() as session:
        return box.open(session.connection(), kind, subject)


def test_what_is_sealed_opens_again_and_is_nowhere_in_clear(store: Store) -> None:
    put(store, vault(OLD), "TH-2026-0001")
    put(store, vault(OLD), "TH-2026-0001", "改过的话")
    assert get(store, vault(OLD), "TH-2026-0001") == "改过的话"
    assert get(store, vault(OLD), "TH-2026-0002") is None
    with store.reading() as session:
        row = session.scalars(select(Secret)).one()
    held = row.wrapped + row.body
    assert "改过的话".encode() not in held
    assert OLD not in held


def test_a_lost_key_is_said_never_garbage(store: Store) -> None:
    put(store, vault(OLD), "TH-2026-0001")
    with pytest.raises(UserError) as lost:
        get(store, vault(NEW), "TH-2026-0001")
    assert (lost.value.key, lost.value.params) == ("vault.key_lost", {"key": key_name(OLD)})
    with pytest.raises(UserError, match=r"vault\.no_key"):
        put(store, SHUT, "TH-2026-0002")


@pytest.mark.parametrize(
    "harm",
    [
        {"subject": "TH-2026-0009"},  # moved under another number
        {"kind": "draft"},
        {"body": b"\0" * 40},
        {"wrapped": b"\0" * 60},
        {"body": b""},
    ],
)
def test_a_row_somebody_has_touched_does_not_open(store: Store, harm: dict[str, object]) -> None:
    put(store, vault(OLD), "TH-2026-0001")
    with store.writing() as session:
        session.execute(update(Secret).values(**harm))
    subject = str(harm.get("subject", "TH-2026-0001"))
    with pytest.raises(UserError, match=r"vault\.damaged"):
        get(store, vault(OLD), subject, str(harm.get("kind", "talk")))


def test_texts_of_two_rows_cannot_be_exchanged(store: Store) -> None:
    put(store, vault(OLD), "TH-2026-0001", "一")
    put(store, vault(OLD), "TH-2026-0002", "二")
    with store.writing() as session:
        first, second = session.scalars(select(Secret).order_by(Secret.subject))
        first.body, first.wrapped, second.body, second.wrapped = (
            second.body,
            second.wrapped,
            first.body,
            first.wrapped,
        )
    with pytest.raises(UserError, match=r"vault\.damaged"):
        get(store, vault(OLD), "TH-2026-0001")


def test_shredding_needs_no_key_and_leaves_nothing(store: Store) -> None:
    put(store, vault(OLD), "TH-2026-0001")
    with store.writing() as session:
        assert shred(session.connection(), "talk", "TH-2026-0001", "TH-2026-0002") == 1
    assert get(store, vault(OLD), "TH-2026-0001") is None


@pytest.fixture(scope="module")
def memory() -> Store:
    made = Store("sqlite:///:memory:")
    made.writer = made.reader = create_engine("sqlite://")
    Base.metadata.create_all(made.writer)
    return made


@given(words=st.text(), subject=st.text(min_size=1, max_size=60))
def test_any_text_under_any_subject(memory: Store, words: str, subject: str) -> None:
    words, subject = (w.encode("utf-8", "ignore").decode() for w in (words, subject))
    box = vault(OLD)
    with memory.writer.begin() as connection:
        box.seal(connection, "talk", subject, words, NOW)
        assert box.open(connection, "talk", subject) == words


def test_rotation_under_load_loses_nothing(store: Store) -> None:
    """Sealing, reading and shredding go on with both keys while everything is wrapped anew."""
    before, both = vault(OLD), vault(NEW, OLD)
    for number in range(60):
        put(store, before, f"TH-2026-{number:04d}", f"第{number}次谈话")
    stop, failures = threading.Event(), []

    def work() -> None:
        number = 0
        while not stop.is_set():
            subject = f"TH-2026-{number % 60:04d}"
            try:
                assert get(store, both, subject) in {
                    f"第{number % 60}次谈话",
                    f"第{number % 60}次谈话（补充）",
                }
                put(store, both, subject, f"第{number % 60}次谈话（补充）")
            except Exception as error:  # noqa: BLE001  (told to the test below)
                failures.append(error)
            number += 7

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    after = 0
    for _ in range(200):
        with store.writing() as session:
            after = both.rotate(session, after, 5).last_id
        with store.reading() as session:
            if dict(keys_in_use(session)) == {key_name(NEW): 60}:
                break
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    with store.reading() as session:
        assert dict(keys_in_use(session)) == {key_name(NEW): 60}
    for number in range(60):
        assert (get(store, vault(NEW), f"TH-2026-{number:04d}") or "").startswith(f"第{number}次")


def test_rotation_passes_over_what_it_cannot_open(store: Store) -> None:
    put(store, vault(b"x" * 32), "TH-2026-0001")
    put(store, vault(OLD), "TH-2026-0002")
    with store.writing() as session:
        step = vault(NEW, OLD).rotate(session, 0, 10)
    assert (step.done, step.lost, step.last_id) == (1, 1, 0)
    assert get(store, vault(b"x" * 32), "TH-2026-0001") == WORDS


# The installation's keys


def settings(url: str, *keys: bytes) -> Settings:
    return Settings(database_url=url, data_keys=keys)


def test_sqlite_without_a_setting_keeps_its_key_beside_the_database(
    sqlite_url: str, tmp_path: Path
) -> None:
    box = open_vault(settings(sqlite_url))
    path = tmp_path / "data.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert box.ring() == open_vault(settings(sqlite_url)).ring()
    assert len(box.ring()[0]) == 32
    assert open_vault(settings(sqlite_url, OLD)).ring() == (OLD,)
    assert open_vault(settings("postgresql://u@h/d")).ring() == ()


def test_a_key_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "data.key"
    ring = KeyFile(path)
    assert ring() == ()
    path.write_text(base64.urlsafe_b64encode(OLD).decode() + "\n")
    assert ring() == (OLD,)
    keys = [base64.urlsafe_b64encode(key).decode() for key in (NEW, OLD)]
    fresh = tmp_path / "fresh"
    fresh.write_text("\n".join(keys))
    fresh.replace(path)
    assert ring() == (NEW, OLD)


def test_keys_from_the_command_line(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.cli.set_up_logs", lambda **_: None)
    monkeypatch.setenv("ZBT_DATABASE_URL", sqlite_url)
    running = open_vault(settings(sqlite_url))
    store = Store(sqlite_url)
    put(store, running, "TH-2026-0001")
    first = key_name(running.ring()[0])
    assert main(["keys"]) == 0
    assert f"{first}\t1 份内容\t最新" in capsys.readouterr().out
    assert main(["keys", "rotate"]) == 0
    assert "已有 1 份内容改用密钥" in capsys.readouterr().out
    assert key_name(running.ring()[0]) != first  # the running process has read the new key
    assert get(store, running, "TH-2026-0001") == WORDS
    assert main(["keys"]) == 0
    assert f"{first}\t0 份内容\t无内容在用" in capsys.readouterr().out
    monkeypatch.setenv("ZBT_DATA_KEYS", base64.urlsafe_b64encode(NEW).decode())
    assert main(["keys"]) == 1
    assert "不在设置里" in capsys.readouterr().err
    assert main(["keys", "rotate"]) == 1
    assert main(["check"]) == 1
    assert "打不开" in capsys.readouterr().out
    store.close()


def test_a_backup_is_as_sealed_as_the_database(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import zipfile  # noqa: PLC0415  (only here)

    monkeypatch.setattr("bot.cli.set_up_logs", lambda **_: None)
    monkeypatch.setenv("ZBT_DATABASE_URL", sqlite_url)
    store = Store(sqlite_url)
    put(store, open_vault(settings(sqlite_url)), "TH-2026-0001")
    key = open_vault(settings(sqlite_url)).ring()
    store.close()
    kept = tmp_path / "kept.zip"
    assert main(["backup", str(kept)]) == 0
    assert "data.key" in capsys.readouterr().out
    with zipfile.ZipFile(kept) as archive:
        dump = b"".join(archive.read(name) for name in archive.namelist())
    assert WORDS.encode() not in dump
    elsewhere = f"sqlite:///{tmp_path / 'new' / 'other.db'}"
    monkeypatch.setenv("ZBT_DATABASE_URL", elsewhere)
    assert main(["restore", str(kept)]) == 0
    other = Store(elsewhere)
    with pytest.raises(UserError, match=r"vault\.key_lost"):
        get(other, open_vault(settings(elsewhere)), "TH-2026-0001")
    assert get(other, vault(*key), "TH-2026-0001") == WORDS
    with other.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM secret")) == 1
    other.close()
