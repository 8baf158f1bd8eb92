"""`leakdog graph`."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., int]


def test_a_picture_is_written(run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """To standard output or to a file: well-formed SVG."""
    assert run("graph") == 0
    assert ET.fromstring(capsys.readouterr().out).tag == "{http://www.w3.org/2000/svg}svg"
    assert run("graph", "-o", str(tmp_path / "a.svg"), "--focus", "keep") == 0
    assert "main.keep: 300B flat, 300B cum" in (tmp_path / "a.svg").read_text()


def test_json_is_that_of_dot(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The same nodes and calls, however they are drawn."""
    assert run("graph", "--json", "-n", "0") == 0
    found = capsys.readouterr().out
    assert run("dot", "--json", "-n", "0") == 0
    assert found == capsys.readouterr().out
    assert '"callee": "main.keep"' in found
