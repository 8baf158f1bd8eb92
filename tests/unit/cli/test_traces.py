"""`leakdog traces`."""

import json
from collections.abc import Callable

import pytest

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_text_and_json(run: Run, capsys: Capture) -> None:
    """Every stack, leaf first."""
    assert run("traces", "--granularity", "lines") == 0
    assert "      300B   main.keep a.go:9\n             main.main a.go:9\n" in capsys.readouterr().out
    assert run("traces", "--json", "--focus", "keep") == 0
    assert json.loads(capsys.readouterr().out) == {
        "sample_type": "inuse_space",
        "unit": "bytes",
        "traces": [{"value": 300, "labels": [], "stack": ["main.keep", "main.main"]}],
    }
