"""How far long work has come."""

from __future__ import annotations

import pytest

from leakdog.cli.progress import progress


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
