"""When growth began, when it reaches the limit, and where it settles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.detect.forecast import Spread, growth_interval, onset_column, plateau, time_to_limit

COLUMNS = np.arange(120.0)
EVEN = Spread.of([[24, -1, 1]])


def test_the_onset_is_where_a_level_line_turns_up() -> None:
    """A bend at column 70 is found there, under noise of a tenth of the rise."""
    noise = np.random.default_rng(3).normal(0, 5, len(COLUMNS))
    assert onset_column(1000 + np.maximum(COLUMNS - 70, 0) + noise) == pytest.approx(70, abs=6)


def test_growth_from_the_beginning_has_its_onset_there() -> None:
    """A straight line has no bend: all of it grows."""
    assert onset_column(5 + 2 * COLUMNS) == 0


def test_a_few_blocks_have_no_onset() -> None:
    """With less than four blocks on either side nothing is said."""
    assert onset_column(COLUMNS[:11]) == 0


@given(growth=st.floats(-1e6, 1e6), error=st.floats(0, 1e6))
def test_the_interval_of_growth_is_even_about_it(growth: float, error: float) -> None:
    """Ninety percent of a normal error lies within 1.645 standard errors."""
    low, high = growth_interval(growth, error)
    assert (low + high) / 2 == pytest.approx(growth, abs=1e-6)
    assert high - low == pytest.approx(2 * 1.645 * error, abs=1e-6)


def test_the_limit_is_reached_by_the_highest_readings() -> None:
    """Lows at 600, readings up to 100 above them, 10 a second: 1000 is reached in 30 s."""
    spread = Spread.of([[24, math.log(0.5), math.log(2)]])
    assert time_to_limit(600, 1000, 10, 100, spread, 3600) == (30, (pytest.approx(15), pytest.approx(60)))


def test_the_farther_the_limit_is_off_the_wider_is_what_is_told_of_it() -> None:
    """Between the times for which it was measured it changes evenly on a logarithmic scale, and beyond not at all."""
    spread = Spread.of([[10, math.log(0.5), math.log(2)], [1000, math.log(0.125), math.log(1)]])
    for blocks, early, late in ((1, 0.5, 2), (10, 0.5, 2), (100, 0.25, 2**0.5), (1000, 0.125, 1), (9999, 0.125, 1)):
        for seconds in (10.0, 3600.0):
            straight = blocks * seconds
            assert spread.around(straight, seconds) == pytest.approx((early * straight, late * straight))


def test_a_limit_already_reached_leaves_no_time() -> None:
    """It is never a negative time."""
    assert time_to_limit(990, 1000, 10, 100, EVEN, 3600) == (0, (0, 0))


@pytest.mark.parametrize(("limit", "growth"), [(None, 1.0), (1000.0, 0.0), (1000.0, -1.0)])
def test_without_a_limit_or_growth_there_is_no_forecast(limit: float | None, growth: float) -> None:
    """Nothing is said of what will not come."""
    assert time_to_limit(1, limit, growth, 0, EVEN, 3600) is None


@given(top=st.floats(10, 1e12), scale=st.floats(25, 90))
def test_a_filling_cache_settles_at_its_size(top: float, scale: float) -> None:
    """Exponential filling is told to within 1 % of its size, and to within a twentieth when it will be 95 % full."""
    found = plateau(top * (1 - np.exp(-COLUMNS / scale)))
    assert found is not None
    level, wait = found
    assert level == pytest.approx(top, rel=0.01)
    first = 1 - math.exp(-19.5 / scale)
    left = 1 - (1 - 0.05) * (1 - first) - first  # share of the whole left to fill when it has settled
    assert wait == pytest.approx(max(-scale * math.log(left) - 119.5, 0), rel=0.05, abs=2)


@pytest.mark.parametrize("values", [COLUMNS, COLUMNS**2, -COLUMNS, np.ones(120), COLUMNS[:11]])
def test_what_does_not_slow_down_has_no_plateau(values: np.ndarray) -> None:
    """A straight line, growth that speeds up, a fall, a level, and too few blocks."""
    assert plateau(values) is None
