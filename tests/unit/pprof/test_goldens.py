"""google/pprof's own text profiles, and what it says that each holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from leakdog.pprof import encode, parse
from leakdog.report import raw

TESTDATA = Path(__file__).parent / "testdata"
GOLDENS = sorted(TESTDATA.glob("*.string"))


def words(text: str) -> list[list[str]]:
    """The lines of a text without white space."""
    return [line.split() for line in text.splitlines()]


def test_there_is_a_golden_of_each_form() -> None:
    """Heap profiles of C++ and Go, growth, contention, threads in three forms, and counts."""
    names = {path.stem for path in GOLDENS}
    cpp = {f"cppbench.{form}" for form in ("heap", "growth", "contention", "thread", "thread.all", "thread.none")}
    assert names == cpp | {"gobench.heap", "go.godoc.thread"}


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_every_number_is_that_of_pprof(golden: Path) -> None:
    """Period, values, labels, addresses and mappings are the golden's, before and after encoding."""
    profile = parse(golden.with_suffix("").read_bytes())
    assert words(raw.render(profile)) == words(golden.read_text())
    assert words(raw.render(parse(encode(profile)))) == words(golden.read_text())
