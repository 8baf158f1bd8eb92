"""How far long work has come."""

from __future__ import annotations

import pytest

from leakdog.cli import progress as room
from leakdog.cli.progress import LINE_SECONDS, progress


@pytest.mark.parametrize("terminal", [False, True])
def test_a_bar_is_drawn_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is being done and how much of it is; never on stdout, which may be read by a program."""
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    with progress() as advance:
        advance("profiles", 0.5)
    told = capsys.readouterr()
    assert told.out == ""
    assert ("profiles" in told.err and "50%" in told.err) == terminal


def test_elsewhere_a_line_tells_now_and_then_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """None for what is soon done, then one for each half minute, however often work tells; on stderr."""
    now = 1000.0
    monkeypatch.setattr(room.time, "monotonic", lambda: now)
    with progress() as advance:
        for second in range(100):
            now = 1000.0 + second
            advance("what is in it", second / 100)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [f"what is in it: {percent}%" for percent in (30, 60, 90)]
    assert LINE_SECONDS == 30
