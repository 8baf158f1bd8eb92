"""`leakdog peek`."""

import json
from collections.abc import Callable

import pytest

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_text_and_json(run: Run, capsys: Capture) -> None:
    """Only what matches, with what is around it."""
    assert run("peek", first="keep$") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("| ")[2] for line in lines if "| " in line] == ["  main.main", "main.keep"]
    assert run("peek", "--json", first="keep$") == 0
    found = json.loads(capsys.readouterr().out)
    assert [node["name"] for node in found["nodes"]] == ["main.keep"]
    assert [edge["caller"] for edge in found["edges"]] == ["main.main"]
