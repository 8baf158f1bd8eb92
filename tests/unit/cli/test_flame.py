"""`leakdog flame`."""

from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_the_picture_is_written(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """To a file, or to standard output."""
    file = tmp_path / "heap.svg"
    assert run("flame", "-o", str(file)) == 0
    assert run("flame") == 0
    assert file.read_text() == capsys.readouterr().out
    assert "main.keep: 300B, 75.00%" in file.read_text()


def test_a_file_that_cannot_be_written_is_told(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """With the reason."""
    assert run("flame", "-o", str(tmp_path)) == 3
    assert "Is a directory" in capsys.readouterr().err
