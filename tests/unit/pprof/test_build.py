"""Profiles made sample by sample."""

from __future__ import annotations

import pytest

from leakdog.errors import ProfileTooLarge
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Label, Limits, encode, parse
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType

COUNT = ValueType("goroutine", "count")
LEAF, ROOT = Frame("main.leaf", "a.go", 3), Frame("main.root", "a.go", 9)


def test_a_profile_is_built() -> None:
    """Values, stacks, labels and period come out as they were put in, and survive encoding."""
    builder = Builder([COUNT], DEFAULT_LIMITS)
    inlined = builder.location(0x40, (LEAF, ROOT))
    builder.sample([3], [inlined, builder.location(0x50)], [Label("job", "import"), Label("bytes", 7, "count")])
    builder.sample([1], [])
    built = builder.build(COUNT, 1)
    for profile in (built, parse(encode(built))):
        assert profile.sample_types == (COUNT,)
        assert profile.values.tolist() == [[3], [1]]
        assert profile.stacks() == ((LEAF, ROOT, Frame("0x50", "", 0)), ())
        assert profile.labels(0) == (Label("job", "import"), Label("bytes", 7, "count"))
        assert (profile.period_type, profile.period) == (COUNT, 1)


def test_equal_parts_are_kept_once() -> None:
    """A location, a function and a string that come again are the same rows."""
    builder = Builder([COUNT], DEFAULT_LIMITS)
    assert builder.location(0x40, (LEAF,)) == builder.location(0x40, (LEAF,))
    builder.sample([1], [builder.location(0x40, (LEAF,)), builder.location(0x41, (LEAF._replace(line=4),))])
    symbols = builder.build(COUNT, 1).symbols
    assert len(symbols.locations.address) == 2
    assert len(symbols.functions.name) == 1
    assert list(symbols.strings) == ["", "main.leaf", "a.go"]


def test_nothing_is_a_profile_too() -> None:
    """A profile without samples has its types."""
    profile = Builder([COUNT], DEFAULT_LIMITS).build(COUNT, 1)
    assert (profile.values.shape, profile.stacks()) == ((0, 1), ())


def test_deep_stacks_keep_their_leaf() -> None:
    """Callers beyond the depth are cut off."""
    builder = Builder([COUNT], Limits(depth=2))
    builder.sample([1], [builder.location(address) for address in (1, 2, 3)])
    assert [frame.function for frame in builder.build(COUNT, 1).stack(0)] == ["0x1", "0x2"]


@pytest.mark.parametrize("limits", [Limits(samples=1), Limits(locations=1), Limits(strings=2)])
def test_limits_are_kept(limits: Limits) -> None:
    """One sample, location or string too many is refused."""
    builder = Builder([COUNT], limits)
    builder.sample([1], [builder.location(1)])
    with pytest.raises(ProfileTooLarge, match="limit "):
        builder.sample([1], [builder.location(2)], [Label("key", "value")])
