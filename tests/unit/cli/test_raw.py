"""`leakdog raw`."""

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
