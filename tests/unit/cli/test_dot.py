"""`leakdog dot`."""

from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_a_graph_is_written(run: Run, capsys: Capture, tmp_path: Path) -> None:
    """To standard output or to a file, of as many nodes as were asked for."""
    assert run("dot") == 0
    text = capsys.readouterr().out
    assert 'N1 -> N2 [label=" 300B"' in text
    assert run("dot", "-o", str(tmp_path / "a.dot")) == 0
    assert (tmp_path / "a.dot").read_text() == text
    assert run("dot", "-n", "1") == 0
    assert "->" not in capsys.readouterr().out.replace("main.main -> main.keep", "")


def test_a_file_that_cannot_be_written(run: Run, capsys: Capture, tmp_path: Path) -> None:
    """Ends with 3, and says which."""
    assert run("dot", "-o", str(tmp_path)) == 3
    assert f"writing {tmp_path}: Is a directory" in capsys.readouterr().err
