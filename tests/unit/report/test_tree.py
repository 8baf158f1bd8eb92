"""The layout of `tree` and `peek`."""

import pytest

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.graph import View, build
from leakdog.report.tree import SEPARATOR, render

SPACE = ValueType("inuse_space", "bytes")


@pytest.fixture
def profile() -> Profile:
    """root calls big, which holds 3 kB, and small, which holds 1 kB."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for name, size in (("big", 3072), ("small", 1024)):
        builder.sample([size], [builder.location(ord(each[0]), (Frame(each, "a.go", 1),)) for each in (name, "root")])
    return builder.build(SPACE, 1)


def test_a_function_stands_between_callers_and_callees(profile: Profile) -> None:
    """Callers above, callees below, the heaviest first, each with its share of the function's cum."""
    blocks = render(build(profile, View(sort="cum"))).split(SEPARATOR + "\n")
    assert blocks[2] == (
        "         0     0%     0%        4kB   100%                | root\n"
        "                                               3kB 75.00% |   big\n"
        "                                               1kB 25.00% |   small\n"
    )
    assert blocks[3].splitlines()[0] == "                                               3kB   100% |   root"
    assert blocks[-1] == ""


def test_peek_shows_what_matches(profile: Profile) -> None:
    """Only the functions that were asked for, with all around them."""
    text = render(build(profile, View()), "^sm")
    assert [line.rpartition("| ")[2] for line in text.splitlines() if "| " in line] == ["  root", "small"]


@pytest.mark.parametrize(("pattern", "why"), [("nothing", "no function"), ("(", "not a regular expression")])
def test_a_pattern_that_finds_nothing_is_an_error(profile: Profile, pattern: str, why: str) -> None:
    """With the pattern in it."""
    with pytest.raises(ProfileError, match=why):
        render(build(profile, View()), pattern)
