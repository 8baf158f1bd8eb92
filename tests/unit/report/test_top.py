"""The layout of `top`."""

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.graph import View, build
from leakdog.report.top import render

SPACE = ValueType("inuse_space", "bytes")


def profile(*samples: tuple[str, int]) -> Profile:
    """Stacks such as `leaf root` with their bytes."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for stack, size in samples:
        builder.sample([size], [builder.location(ord(name[0]), (Frame(name, "a.go", 1),)) for name in stack.split()])
    return builder.build(SPACE, 1)


def test_the_text_is_laid_out_as_pprofs() -> None:
    """Heading, columns and units."""
    assert render(build(profile(("leaf root", 3 << 20), ("root", 1 << 20)), View(n=1))) == (
        "Type: inuse_space\n"
        "Showing nodes accounting for 3MB, 75.00% of 4MB total\n"
        "Showing top 1 nodes out of 2\n"
        "      flat  flat%   sum%        cum   cum%\n"
        "       3MB 75.00% 75.00%        3MB 75.00%  leaf\n"
    )


def test_an_empty_profile_is_told() -> None:
    """Nothing of nothing."""
    assert "Showing nodes accounting for 0, 0% of 0 total\n" in render(build(profile(), View()))


@pytest.mark.parametrize(("small", "told"), [(1, "Dropped 1 node (cum <= 5B)"), (2, "Dropped 2 nodes (cum <= 5B)")])
def test_what_is_dropped_is_told(small: int, told: str) -> None:
    """How many, and below which size."""
    made = profile(("big", 100 - small), *((name, 1) for name in "xy"[:small]))
    assert told in render(build(made, View(node_fraction=0.05)))
