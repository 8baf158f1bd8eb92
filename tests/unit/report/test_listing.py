"""Source lines with what each holds. That every figure is pprof's is tested by `integration/test_pprof_views.py`."""

from collections.abc import Iterable

import pytest

from leakdog.errors import LeakdogError, ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.graph import View
from leakdog.report.listing import as_json, render, routines
from leakdog.report.select import Selection

SPACE = ValueType("inuse_space", "bytes")
TEXT = [f"line {number}" for number in range(1, 16)]


class Paper:
    """One source file, `a.go` of 15 lines; files are called by what comes after `/src/`."""

    def name(self, file: str) -> str:
        """Without its folder."""
        return file.removeprefix("/src/")

    def lines(self, file: str, shown: range, held: Iterable[int]) -> dict[int, str | None]:
        """Only of `a.go`."""
        if file != "a.go":
            raise LeakdogError(f"{file} is lost")
        return dict(enumerate(TEXT[shown.start - 1 : shown.stop - 1], shown.start))


@pytest.fixture
def profile() -> Profile:
    """`keep` holds 3 kB in line 9 and 1 kB in line 10, called by line 5 of `main` in a file that is lost."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    main = builder.location(1, (Frame("main", "/src/b.go", 5),))
    for line, size in ((9, 3072), (10, 1024)):
        builder.sample([size], [builder.location(line, (Frame("keep", "/src/./a.go", line),)), main])
    return builder.build(SPACE, 1)


def test_lines_are_shown_with_five_around_them(profile: Profile) -> None:
    """Flat, cum, number and text of each line, a dot for nothing, up to the end of the file."""
    lines = render(routines(profile, View(), "keep", Paper()), profile, View()).splitlines()
    assert lines[:3] == [
        "Total: 4kB",
        "ROUTINE ======================== keep in a.go",
        "       4kB        4kB (flat, cum)   100% of Total",
    ]
    assert lines[3] == "         .          .      4:line 4"
    assert lines[8:10] == ["       3kB        3kB      9:line 9", "       1kB        1kB     10:line 10"]
    assert lines[-1] == "         .          .     15:line 15"


def test_a_file_that_is_lost_is_told(profile: Profile) -> None:
    """The sums are there; in JSON so are the lines that hold something."""
    found = routines(profile, View(), "main", Paper())
    assert render(found, profile, View()).splitlines()[1:] == [
        "ROUTINE ======================== main in b.go",
        "         0        4kB (flat, cum)   100% of Total",
        " Error: b.go is lost",
    ]
    assert as_json(found, profile, View()) == {
        "sample_type": "inuse_space",
        "unit": "bytes",
        "total": 4096,
        "routines": [
            {
                "function": "main",
                "file": "b.go",
                "flat": 0,
                "cum": 4096,
                "lines": ({"line": 5, "flat": 0, "cum": 4096, "source": None},),
                "error": "b.go is lost",
            }
        ],
    }


def test_a_function_without_a_file_is_told() -> None:
    """It has no source information."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    builder.sample([8], [builder.location(1, (Frame("alien", "", 0),))])
    made = builder.build(SPACE, 1)
    assert render(routines(made, View(), "alien", Paper()), made, View()) == (
        "Total: 8B\nNo source information for alien\n"
    )


def test_what_is_not_selected_is_not_there(profile: Profile) -> None:
    """Selections apply as in every view; shares are of the whole profile."""
    view = View(selection=Selection(hide="main"))
    assert [each.function for each in routines(profile, view, ".", Paper())] == ["keep"]


@pytest.mark.parametrize(("pattern", "why"), [("nothing", "no function"), ("(", "not a regular expression")])
def test_a_pattern_that_finds_nothing_is_an_error(profile: Profile, pattern: str, why: str) -> None:
    """With the pattern in it."""
    with pytest.raises(ProfileError, match=why):
        routines(profile, View(), pattern, Paper())
