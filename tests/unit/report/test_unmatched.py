"""Which filters match nothing."""

from __future__ import annotations

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.select import Selection
from leakdog.report.unmatched import unmatched

SPACE = ValueType("inuse_space", "bytes")


def profile(*functions: str) -> Profile:
    """A sample of each function, whose file is called `NAME.go`."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for number, name in enumerate(functions, 1):
        builder.sample([1], [builder.location(number, (Frame(name, f"{name}.go", 1),))])
    return builder.build(SPACE, 1)


@pytest.mark.parametrize("name", ["focus", "ignore", "hide", "show", "show_from"])
def test_a_pattern_may_match_a_name_or_a_file_in_any_profile(name: str) -> None:
    """One that matches in none of them is named; of no samples there is nothing to match."""
    both = [profile("put"), profile("get")]
    assert [*unmatched(both, Selection(**{name: "^get$"}))] == []
    assert [*unmatched(both, Selection(**{name: r"put\.go"}))] == []
    assert [*unmatched(both, Selection(**{name: "pat"}))] == [(name, "pat")]
    assert [*unmatched(both[:1], Selection(**{name: "get"}))] == [(name, "get")]
    assert [*unmatched([profile()], Selection(**{name: "pat"}))] == []


def test_several_are_told_in_their_order() -> None:
    """Labels are looked at, too."""
    wanted = Selection(focus="pat", ignore="put", tagfocus="a=b", tagignore="1kb:")
    told = [("focus", "pat"), ("tagfocus", "a=b"), ("tagignore", "1kb:")]
    assert [*unmatched([profile("put")], wanted)] == told
