"""Frames as rows of one table. That their sums are pprof's is tested by `integration/test_pprof_views.py`."""

import numpy as np
import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.frames import Granularity, calls_of, exact, frames_of, names_of, sums

SPACE = ValueType("inuse_space", "bytes")
SMALL, BIG, ROOT = Frame("small", "./a.go", 3), Frame("big", "a.go", 5), Frame("root", "b.go", 7)


@pytest.fixture
def profile() -> Profile:
    """`small` is inlined into `big`, which `root` calls twice in one stack."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    inner, outer = builder.location(16, (SMALL, BIG)), builder.location(32, (ROOT,))
    builder.sample([30], [inner, outer, outer])
    builder.sample([4], [outer])
    return builder.build(SPACE, 1)


@pytest.mark.parametrize(
    ("granularity", "wanted"),
    [
        (Granularity.FUNCTIONS, ["small", "big", "root"]),
        (Granularity.FILEFUNCTIONS, ["small a.go", "big a.go", "root b.go"]),
        (Granularity.FILES, ["a.go", "a.go", "b.go"]),
        (Granularity.LINES, ["small a.go:3", "big a.go:5", "root b.go:7"]),
    ],
)
def test_a_granularity_says_what_frames_are_one(profile: Profile, granularity: Granularity, wanted: list[str]) -> None:
    """Names of the frames of both locations, innermost first; only the first is inlined into the next."""
    calls = [call for location in names_of(profile.symbols, granularity) for call in location]
    assert calls == list(zip(wanted, [True, False, False], strict=True))


@pytest.mark.parametrize(
    ("function", "package"),
    [
        ("net/http.(*Server).Serve", "net/http"),
        ("main.main", "main"),
        ("github.com/a/b.F[go.shape.int]", "github.com/a/b"),
        ("tokio::runtime::task::poll", "tokio"),
        ("malloc", "malloc"),
    ],
)
def test_a_package_is_what_a_function_is_in(function: str, package: str) -> None:
    """Of Go its path, else the outermost namespace; a function in none is one of its own."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    builder.sample([1], [builder.location(1, (Frame(function, "", 0),))])
    assert names_of(builder.build(SPACE, 1).symbols, Granularity.PACKAGES) == [[(package, False)]]


def test_a_name_counts_once_in_a_sample(profile: Profile) -> None:
    """What a leaf holds is flat, and cum of each name above it, however often it is there."""
    names, calls = calls_of(profile.symbols, Granularity.FUNCTIONS)
    flat, cum = sums(frames_of(profile, np.arange(2), calls), profile.values[:, 0], len(names))
    assert dict(zip(names, zip(flat.tolist(), cum.tolist(), strict=True), strict=True)) == {
        "small": (30, 30),
        "big": (0, 30),
        "root": (4, 34),
    }


def test_sums_beyond_64_bits_are_right() -> None:
    """Two values that together do not fit 64 bits are added all the same."""
    assert exact(np.array([2**62, 2**62])).sum() == 2**63
