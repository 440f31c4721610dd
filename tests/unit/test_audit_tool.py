"""The audit of the dependencies fails on a hole and passes, loudly, where nobody can be asked."""

import json
from typing import Any

import pytest

from tests import audit


def said(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


FINE = {"name": "yarl", "version": "1.25.1", "vulns": []}
SKIPPED = {"name": "xlrd", "skip_reason": "Dependency not found on PyPI"}
HOLE = {"name": "pillow", "version": "9.0", "vulns": [{"id": "CVE-1", "fix_versions": ["9.1"]}]}


@pytest.mark.parametrize(
    ("answer", "code", "line"),
    [
        (said(FINE), 0, "no known holes in 1 packages"),
        (said(FINE, SKIPPED), 0, "1 could NOT be asked about"),
        (said(SKIPPED), 0, "NOT DONE"),
        ("", 0, "NOT DONE"),
        ("Traceback …", 0, "NOT DONE"),
        (said(FINE, HOLE, SKIPPED), 1, "pillow 9.0: CVE-1, mended in 9.1"),
    ],
)
def test_its_word(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    line: str,
) -> None:
    monkeypatch.setattr(audit, "ask", lambda _: answer)
    assert audit.main() == code
    assert line in capsys.readouterr().out
