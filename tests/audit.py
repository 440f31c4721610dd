"""``make audit``, part of ``make check``: known holes in the locked dependencies.

Fails on a known hole. Without a network, or with a package index that knows nothing of holes
(a mirror), it says so in one line and passes: such a machine can still check everything else.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 30
"""Seconds after which the service counts as away."""
LOCK = Path(__file__).parents[1] / "requirements.txt"


@dataclass(frozen=True)
class Verdict:
    """``holes`` as shown; how many packages were asked about, of how many."""

    holes: tuple[str, ...]
    asked: int
    of: int

    def __str__(self) -> str:
        """The line that is printed."""
        if self.holes:
            return "\n".join(("audit: known holes", *self.holes))
        if not self.asked:
            return "audit: NOT DONE, no service that knows of holes could be reached"
        missing = self.of - self.asked
        return f"audit: no known holes in {self.asked} packages" + (
            f"; {missing} could NOT be asked about" if missing else ""
        )


def read(said: str) -> Verdict:
    """What ``pip-audit --format json`` says; nothing legible means that it got no answer."""
    try:
        packages = json.loads(said)["dependencies"]
    except (ValueError, KeyError):
        return Verdict((), 0, 0)
    known = [one for one in packages if "skip_reason" not in one]
    holes = tuple(
        f"  {one['name']} {one['version']}: {hole['id']},"
        f" mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in known
        for hole in one.get("vulns", ())
    )
    return Verdict(holes, len(known), len(packages))


def ask(lock: Path) -> str:
    """What the tool says about a lock file."""
    command = ("pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off")
    try:
        return subprocess.run(
            [sys.executable, "-m", *command, "--format", "json", "--timeout", "5", "-r", lock],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired:
        return ""


def main() -> int:
    """1 if there is a hole."""
    verdict = read(ask(LOCK))
    sys.stdout.write(f"{verdict}\n")
    return int(bool(verdict.holes))


if __name__ == "__main__":
    sys.exit(main())
