"""`leakdog raw`."""

import json
from collections.abc import Callable

import pytest

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_text(run: Run, capsys: Capture) -> None:
    """Samples, locations and mappings."""
    assert run("raw") == 0
    out = capsys.readouterr().out
    assert "         3        300: 1 2 \n" in out
    assert "     1: 0x0 main.keep a.go:9:0 s=0\n" in out


def test_selected_as_json(run: Run, capsys: Capture) -> None:
    """Only what is chosen is told."""
    assert run("raw", "--json", "--focus", "nothing of this name") == 0
    assert json.loads(capsys.readouterr().out)["samples"] == []
