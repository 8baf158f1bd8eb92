"""The picture of a trend, also for odd data."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakdog.model import Leak, LeakClass, LeakState, Signal, TargetKey
from leakdog.web.svg import HEIGHT, LEFT, MAX_POINTS, RIGHT, WIDTH, trend

LEAK = Leak(
    "id",
    TargetKey("a", "b"),
    Signal.RSS,
    LeakClass.HEAP,
    LeakState.FIRING,
    since=10.0,
    updated=99.0,
    growth_per_second=5.0,
)


def picture(times: list[float], values: list[float], leak: Leak | None = None) -> str:
    """The SVG of these points."""
    return trend(np.array(times, float), np.array(values, float), Signal.RSS, leak)


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.floats(0, 1e15), min_size=2, max_size=50))
def test_every_point_lies_inside_the_picture(values: list[float]) -> None:
    """Whatever the values, the line stays inside the frame."""
    drawn = picture([float(i) for i in range(len(values))], values, LEAK)
    for x, y in re.findall(r"([\d.]+),([\d.]+)", re.search(r'points="([^"]*)"', drawn)[1]):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT


def test_a_constant_series_is_a_level_line() -> None:
    """No division by nothing; all points at one height."""
    drawn = picture([0, 1, 2], [7e6, 7e6, 7e6])
    assert len(set(re.findall(r",([\d.]+)", re.search(r'points="([^"]*)"', drawn)[1]))) == 1


@pytest.mark.parametrize(("times", "values"), [([], []), ([1.0], [2.0]), ([1.0, 1.0], [2.0, 3.0])])
def test_too_few_points_are_said_in_words(times: list[float], values: list[float]) -> None:
    """Nothing is drawn where there is nothing to draw."""
    assert picture(times, values) == "<p>Too few points for a picture.</p>"


def test_the_fitted_growth_begins_at_the_onset() -> None:
    """A leak's growth is a dashed line from its onset; without a leak there is none."""
    times = [float(i) for i in range(100)]
    values = [max(0.0, 5 * (t - 10)) for t in times]
    assert 'class="fit"' in picture(times, values, LEAK)
    assert 'class="fit"' not in picture(times, values)


def test_a_long_series_is_thinned() -> None:
    """A browser gets no more points than show, the first and the last among them."""
    for count in (MAX_POINTS + 1, 2 * MAX_POINTS - 1, 50_000):
        drawn = picture([float(i) for i in range(count)], [float(i) for i in range(count)])
        points = re.search(r'points="([^"]*)"', drawn)[1].split()
        assert len(points) == MAX_POINTS
        assert (points[0].split(",")[0], points[-1].split(",")[0]) == (f"{LEFT:.1f}", f"{WIDTH - RIGHT:.1f}")


def test_a_reader_that_does_not_see_is_told() -> None:
    """The picture has a text alternative with the first and the last value."""
    assert re.search(r'aria-label="rss from .* UTC: from 1\.00 MiB to 2\.00 MiB"', picture([0, 60], [1 << 20, 2 << 20]))
