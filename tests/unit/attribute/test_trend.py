"""Trends: a leak must score, what only looks like one must not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from leakdog.attribute.trend import Floats, shared_slopes, trends

TIMES = np.arange(12.0) * 60


def score(values: list[float] | Floats, quantum: float = 0.0) -> float:
    """Score of one series at `TIMES`."""
    return float(trends(TIMES, np.array([values], float), quantum=quantum).score[0])


def test_line() -> None:
    """The growth of a straight line is its slope, all of it counts, and it has no error."""
    trend = trends(TIMES, np.array([100 + 2.5 * TIMES]))
    assert trend.growth == pytest.approx([2.5])
    assert trend.error == pytest.approx([0.0])
    assert trend.score == pytest.approx([2.5])


@given(st.floats(0.1, 1e6), st.floats(0, 1e9), st.integers(2, 40))
def test_every_line_scores(slope: float, start: float, points: int) -> None:
    """Any rising line scores its slope, from however many points."""
    times = np.arange(float(points))
    trend = trends(times, np.array([start + slope * times]))
    assert trend.growth == pytest.approx([slope], rel=1e-3)
    assert trend.score == pytest.approx([slope], rel=1e-2)


@given(st.lists(st.floats(0, 1e9), min_size=3, max_size=20))
def test_bounds(values: list[float]) -> None:
    """No series scores less than nothing or more than its growth."""
    trend = trends(np.arange(float(len(values))), np.array([values]))
    assert 0 <= trend.score[0] <= max(0.0, trend.growth[0]) * (1 + 1e-9)


def test_slope_agrees_with_scipy() -> None:
    """On a noisy line the slope lies in the interval of scipy's Theil-Sen."""
    values = 5 * TIMES + np.random.default_rng(7).normal(0, 200, len(TIMES))
    expected = theilslopes(values, TIMES, alpha=0.95)
    assert expected.low_slope <= trends(TIMES, values[np.newaxis]).growth[0] <= expected.high_slope


def test_outlier() -> None:
    """One spike does not bend the slope."""
    values = 2.0 * TIMES
    values[5] += 1e6
    assert trends(TIMES, values[np.newaxis]).growth == pytest.approx([2.0], rel=0.05)


def test_sawtooth() -> None:
    """What goes up and comes down again scores nothing, however high it goes."""
    assert score([0, 900, 100, 800, 50, 950, 20, 700, 150, 850, 30, 990]) == 0


def test_steady_leak_beats_churn() -> None:
    """A steady leak outranks a site that swings fifty times as wide."""
    churn = np.random.default_rng(3).uniform(0, 50_000, len(TIMES))
    assert score(TIMES) > score(churn)


def test_plateau() -> None:
    """A cache that was filled in the first third of the window scores nothing any more."""
    assert score([0, 250, 500, 750, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]) == 0


def test_single_step() -> None:
    """One large allocation is not a leak."""
    assert score([10, 10, 10, 10, 10, 10, 500, 500, 500, 500, 500, 500]) == 0


def test_staircase() -> None:
    """A sampled site that rises by a few equal steps scores: that is what a slow leak looks like."""
    assert score([0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4]) > 0


def test_fewer_than_two_quanta() -> None:
    """Growth of a sampling period or so may be chance and does not score; the same without sampling does."""
    values = np.linspace(0, 800_000, 12)
    assert score(values) > 0
    assert score(values, quantum=524_288) == 0


def test_two_points() -> None:
    """Two points are enough for a slope; there is nothing to say of steadiness."""
    assert trends(np.array([0.0, 10.0]), np.array([[5.0, 25.0]])).score == pytest.approx([2.0])


def test_irregular_times() -> None:
    """Points need not be evenly spaced."""
    times = np.array([0.0, 1.0, 7.0, 30.0, 31.0, 90.0, 200.0])
    assert trends(times, 3 * times[np.newaxis]).growth == pytest.approx([3.0])


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=40))
def test_shared_slopes_add_up(pairs: list[tuple[float, float]]) -> None:
    """The slope of a sum is the sum of the slopes, whatever the series."""
    one, other = np.array(pairs).T
    slopes = shared_slopes(np.arange(float(len(pairs))) * 60, np.array([one, other, one + other]))
    assert slopes[2] == pytest.approx(slopes[0] + slopes[1], abs=1e-3)


def test_shared_slopes_of_lines() -> None:
    """Those of the lines, wherever they start."""
    assert shared_slopes(TIMES, np.array([100 + 2.5 * TIMES, -3 * TIMES])) == pytest.approx([2.5, -3.0])
