"""``python -m tests.fuzz.one DOOR ARGUMENT ...``: libFuzzer on one door, with its own arguments."""

import shlex
import sys

import atheris

with atheris.instrument_imports(include=["bot", "handlers", "models"]):
    from tests.fuzz.doors import DOORS

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    # libFuzzer calls itself by this when it merges, through a shell.
    myself = f"{shlex.quote(sys.executable)} -m tests.fuzz.one {name}"
    atheris.Setup([myself, *arguments], DOORS[name])
    atheris.Fuzz()
