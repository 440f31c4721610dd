"""``python -m tests.fuzz [SECONDS [DOOR ...]]``: each door for so long, in a process of its own.

The fewest inputs that lead through all branches seen are kept in ``tests/corpus``, one archive a
door, and the shortest of the others (what is not Python has no branches here); the next run begins
with them, and ``make test`` reads them to every door again. A find is left beside the archives and
ends the run with 1.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.fuzz.corpus import CORPUS, inputs
from tests.fuzz.doors import DOORS

SECONDS = 60
LONGEST = 600
"""Bytes of an input."""
MOST = 300
"""Inputs of a door that are kept, unless more are needed."""
SLOW = 5
"""Seconds from which one input counts as a find."""


def main(seconds: int, names: list[str]) -> int:
    """How many doors were broken."""
    return sum(_door(name, seconds) for name in names)


def _door(name: str, seconds: int) -> bool:
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-") as place,
        tempfile.TemporaryDirectory(prefix="fuzz-") as fewest,
    ):
        for data in inputs(name):
            Path(place, hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        limits = (f"-max_len={LONGEST}", f"-timeout={SLOW}", f"-artifact_prefix={CORPUS}/{name}-")
        broken = _run(name, f"-max_total_time={seconds}", *limits, place) or _run(
            name, "-set_cover_merge=1", *limits, fewest, place
        )
        if not broken:
            _pack(name, _read(fewest), _read(place))
    return broken


def _run(*arguments: str) -> bool:
    command = [sys.executable, "-m", "tests.fuzz.one", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    sys.stdout.write("\n".join(lines[-60:] if done.returncode else lines[-1:]) + "\n")
    return done.returncode != 0


def _read(place: str) -> set[bytes]:
    return {path.read_bytes() for path in Path(place).iterdir()}


def _pack(name: str, needed: set[bytes], others: set[bytes]) -> None:
    """The same inputs always make the same archive."""
    rest = sorted(others - needed, key=_order)[: max(0, MOST - len(needed))]
    found = sorted({*needed, *rest}, key=_order)
    with zipfile.ZipFile(CORPUS / f"{name}.zip", "w") as archive:
        for data in found:
            entry = zipfile.ZipInfo(hashlib.sha256(data).hexdigest()[:16])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    sys.stdout.write(f"{name}: {len(found)} inputs kept, {len(needed)} of them needed\n")


def _order(data: bytes) -> tuple[int, bytes]:
    return len(data), data


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(int(given[0]) if given else SECONDS, given[1:] or list(DOORS)) != 0)
