"""Telling dead processes from slow ones, without comparing anybody's clock with another's.

Two ways: by beats that stand still while we ourselves were looking without a gap; and, where all
processes share a disk, by a locked file that the kernel lets go of when its holder dies.
"""

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class Judge(Protocol):
    """Decides which of the processes that are listed have died."""

    def dead(self, beats: Mapping[str, int], at: float) -> set[str]:
        """``beats`` of every other process, seen at a moment of the steady clock."""
        ...

    def buried(self, name: str) -> None:
        """One of the dead is no longer listed."""
        ...


@dataclass(slots=True)
class Beats:
    """Dead is whose beats have not moved for ``lost`` seconds.

    Only seconds count in which we looked at least every ``gap``: after the database was away, or
    we were stopped ourselves, everybody gets the whole time again.
    """

    lost: float
    gap: float
    _since: dict[str, tuple[int, float]] = field(default_factory=dict)
    _looked: float = float("-inf")

    def dead(self, beats: Mapping[str, int], at: float) -> set[str]:
        """Look once."""
        if at - self._looked > self.gap:
            self._since = {}
        self._looked = at
        self._since = {
            name: known
            if (known := self._since.get(name)) is not None and known[0] == count
            else (count, at)
            for name, count in beats.items()
        }
        return {name for name, (_, since) in self._since.items() if at - since >= self.lost}

    def buried(self, name: str) -> None:
        """Forget it."""
        self._since.pop(name, None)


class Signs:
    """Dead is whose file is no longer locked; for processes whose files we cannot see, beats."""

    def __init__(self, folder: Path, beats: Beats) -> None:
        self._folder = folder
        self._beats = beats
        self._mine: int | None = None
        self._path: Path | None = None

    def hold(self, process_id: str) -> None:
        """Lock a file for as long as this process lives."""
        self.drop()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._file(process_id)
        self._mine = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._mine, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def drop(self) -> None:
        """Let go."""
        if self._mine is not None and self._path is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._mine)
            self._mine = self._path = None

    def dead(self, beats: Mapping[str, int], at: float) -> set[str]:
        """Look once."""
        signs = {name: self._is_alive(name) for name in beats}
        unknown = {name: count for name, count in beats.items() if signs[name] is None}
        gone = {name for name, alive in signs.items() if alive is False}
        return gone | self._beats.dead(unknown, at)

    def buried(self, name: str) -> None:
        """Its file is of no use any more."""
        self._beats.buried(name)
        self._file(name).unlink(missing_ok=True)

    def _is_alive(self, process_id: str) -> bool | None:
        """Whether its file is locked; None if it has none."""
        try:
            other = os.open(self._file(process_id), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(other)

    def _file(self, process_id: str) -> Path:
        return self._folder / f".{process_id}.alive"
