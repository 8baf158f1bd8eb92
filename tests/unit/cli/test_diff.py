"""`leakdog diff`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.cli import main
from leakdog.pprof import parse

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]
DATA = Path(__file__).parents[1] / "attribute" / "shop"
BEFORE, AFTER = str(DATA / "heap-1.pb.gz"), str(DATA / "heap-6.pb.gz")


def test_what_has_grown_is_shown(capsys: Capture) -> None:
    """The same as `top` with a base, in text and JSON."""
    for form in ([], ["--json"]):
        assert main(["diff", BEFORE, AFTER, *form]) == 0
        diff = capsys.readouterr().out
        assert main(["top", AFTER, "--base", BEFORE, *form]) == 0
        assert diff == capsys.readouterr().out
    assert json.loads(diff)["rows"][0]["flat"] > 0


def test_the_difference_is_a_profile(tmp_path: Path, capsys: Capture) -> None:
    """Written to a file, it has what was shown."""
    file = tmp_path / "grown.pb.gz"
    assert main(["diff", BEFORE, AFTER, "-o", str(file), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    profile = parse(file.read_bytes())
    assert abs(profile.values[:, profile.sample_index("")]).sum() == shown["total"]


def test_two_loads_are_made_one(capsys: Capture) -> None:
    """`--normalize` leaves what has grown more than the rest; it needs something to scale to."""
    assert main(["diff", BEFORE, AFTER, "--normalize", "--json", "-n", "0"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert sum(row["flat"] for row in rows) == pytest.approx(0, abs=len(rows))
    assert main(["top", AFTER, "--normalize"]) == 3
    assert "--normalize scales to the total of a base; name one" in capsys.readouterr().err


def test_a_filter_that_matches_nothing_is_told(capsys: Capture) -> None:
    """Of what is shown, which is the difference."""
    assert main(["diff", BEFORE, AFTER, "--ignore", "nobody", "--hide", "."]) == 0
    assert capsys.readouterr().err == "nothing matches --ignore 'nobody'\n"


def test_what_cannot_be_compared_is_told(capsys: Capture) -> None:
    """Goroutines and bytes."""
    goroutines = str(DATA / "goroutine-1.pb.gz")
    assert main(["diff", goroutines, AFTER]) == 3
    assert "cannot be subtracted" in capsys.readouterr().err
    assert main(["diff", BEFORE, AFTER, "-o", "/nowhere/at/all.pb.gz"]) == 3
    assert "writing /nowhere/at/all.pb.gz: No such file" in capsys.readouterr().err
