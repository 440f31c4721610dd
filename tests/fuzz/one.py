"""``python -m tests.fuzz.one DOOR ARGUMENT ...``: libFuzzer on one door, with its own arguments."""

import sys

import atheris

with atheris.instrument_imports(include=["bot", "handlers", "models"]):
    from tests.fuzz.doors import DOORS

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    atheris.Setup([name, *arguments], DOORS[name])
    atheris.Fuzz()
