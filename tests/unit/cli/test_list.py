"""`leakdog list`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.cli import main

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]


def test_source_lines_with_what_they_hold(run: Run, capsys: Capture, tmp_path: Path) -> None:
    """Text from a folder that is named, and JSON."""
    (tmp_path / "a.go").write_text("".join(f"line {number}\n" for number in range(1, 20)))
    assert run("list", "--source-path", str(tmp_path), first="keep") == 0
    assert "      300B       300B      9:line 9\n" in capsys.readouterr().out
    assert run("list", "--source-path", str(tmp_path), "--json", first="keep") == 0
    (routine,) = json.loads(capsys.readouterr().out)["routines"]
    assert (routine["function"], routine["file"], routine["flat"], routine["cum"]) == ("main.keep", "a.go", 300, 300)
    assert {"line": 9, "flat": 300, "cum": 300, "source": "line 9"} in routine["lines"]


def test_links_instead_of_source(run: Run, capsys: Capture) -> None:
    """A line for each that holds something; a template without a file is usage."""
    assert run("list", "--link", "https://host/{file}#L{line}", first="main") == 0
    assert "      100B       400B      9:https://host/a.go#L9\n" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        run("list", "--link", "https://host/", first="main")
    assert caught.value.code == 2
    assert "has no {file}" in capsys.readouterr().err


def test_a_pattern_that_finds_nothing(run: Run, capsys: Capture) -> None:
    """Ends with 3, and a sentence."""
    assert run("list", first="nothing") == 3
    assert capsys.readouterr().err == "leakdog list: no function of this profile matches 'nothing'\n"


@pytest.mark.parametrize(
    ("verb", "made", "said"),
    [
        ("list", "heap profile: 0: 0 [0: 0] @ heap/1048576\n", "nothing is there to look at: the profile is empty, or"),
        ("peek", "heap profile: 0: 0 [0: 0] @ heap/1048576\n", "nothing is there to look at: the profile is empty, or"),
        (
            "list",
            "heap profile: 1: 8 [1: 8] @ heap/1048576\n1: 8 [1: 8] @ 0x40 0x80\n",
            "no place of this profile has a",
        ),
    ],
)
def test_where_nothing_can_be_found_the_pattern_is_not_to_blame(
    verb: str, made: str, said: str, tmp_path: Path, capsys: Capture
) -> None:
    """Of an empty profile, and of one that has addresses alone."""
    file = tmp_path / "heap.txt"
    file.write_text(made)
    assert main([verb, ".", str(file)]) == 3
    assert capsys.readouterr().err.startswith(f"leakdog {verb}: {said}")
