"""`leakdog tree`."""

import json
from collections.abc import Callable

import pytest

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_text_and_json(run: Run, capsys: Capture) -> None:
    """Nodes with their callers and callees."""
    assert run("tree") == 0
    assert "| main.main" in capsys.readouterr().out
    assert run("tree", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["nodes"] == [
        {"name": "main.keep", "flat": 300, "cum": 300},
        {"name": "main.main", "flat": 100, "cum": 400},
    ]
    edge = {"caller": "main.main", "callee": "main.keep", "weight": 300, "inline": False, "residual": False}
    assert found["edges"] == [edge]
