"""What a run of the tests makes once: compiled SQL in each process, the sample in all of them."""

import base64
import fcntl
import os
import pickle
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, event

from bot.sim.sample import SampleFacts, load_sample
from models.store.engine import Store
from models.vault import Vault

HERE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
"""When the sample is looked at: a Saturday, 11:00 in Shanghai."""
KEY = b"s" * 32
VAULT = Vault(lambda: (KEY,))
KEYS = base64.urlsafe_b64encode(KEY).decode()
"""The data keys of the sample as an operator would set them."""

STATEMENTS = 5_000
"""More than all families have."""


def share_compiled_sql() -> None:
    """SQLAlchemy compiles a statement once an engine, and each test has engines of its own."""
    first: dict[str, Engine] = {}

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        engine = connection.engine
        one = first.setdefault(engine.dialect.name, engine)
        one._compiled_cache.capacity = STATEMENTS  # type: ignore[union-attr]
        engine.dialect, engine._compiled_cache = one.dialect, one._compiled_cache
        connection.dialect = one.dialect  # the writer keeps its first one


@dataclass(frozen=True)
class Sample:
    """The sample company at ``NOW`` in a SQLite file that nobody may change."""

    path: Path
    facts: SampleFacts

    def copy_to(self, path: Path) -> str:
        """The address of a copy."""
        shutil.copyfile(self.path, path)
        return f"sqlite:///{path}"


def shared_sample(folder: Path, empty: bytes) -> Sample:
    """The one of this run; the first process that needs it loads it, the others wait."""
    path, facts = folder / "sample.db", folder / "sample.facts"
    with (folder / "sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not facts.exists():
            path.write_bytes(empty)
            store = Store(f"sqlite:///{path}")
            with store.writing() as session:
                made = load_sample(session, now=NOW, zone=HERE, vault=VAULT)
            store.scrub()
            store.close()
            facts.write_bytes(pickle.dumps(made))
    return Sample(path, pickle.loads(facts.read_bytes()))  # noqa: S301  (written by us, just now)


def run_folder(own: Path) -> Path:
    """The folder that all processes of this run share; ``own`` is the base folder of this one."""
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
