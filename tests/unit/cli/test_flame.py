"""`leakdog flame`."""

import json
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


def test_json_has_frames_within_frames(run: Run, tmp_path: Path, capsys: Capture) -> None:
    """Written where the picture would be."""
    file = tmp_path / "heap.json"
    assert run("flame", "--json", "-o", str(file)) == 0
    assert run("flame", "--json") == 0
    assert file.read_text() == capsys.readouterr().out
    keep = {"name": "main.keep", "value": 300, "self": 300, "children": []}
    main = {"name": "main.main", "value": 400, "self": 100, "children": [keep]}
    root = {"name": "", "value": 400, "self": 0, "children": [main]}
    assert json.loads(file.read_text()) == {"sample_type": "inuse_space", "unit": "bytes", "total": 400, "root": root}
