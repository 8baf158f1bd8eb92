"""The slope test: scipy is the oracle for the slope, simulations for the rate of false findings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.trend import choose, trend, with_shape_of
from scipy import stats

POINTS = 48


def noise(rows: int, alpha: float, seed: int = 1) -> np.ndarray:
    """Autoregressive noise of one standard deviation."""
    rng = np.random.default_rng(seed)
    out = np.empty((rows, POINTS))
    out[:, 0] = rng.standard_normal(rows)
    for i in range(1, POINTS):
        out[:, i] = alpha * out[:, i - 1] + np.sqrt(1 - alpha**2) * rng.standard_normal(rows)
    return out


def test_the_slope_is_that_of_least_squares() -> None:
    """And the rise is the slope over the whole window."""
    values = 100 + 0.5 * np.arange(POINTS) + noise(5, 0.3)
    found = trend(values, 1, 0, 0, 0.7)
    expected = [stats.linregress(np.arange(POINTS), row).slope for row in values]
    np.testing.assert_allclose(found.per_block, expected, rtol=1e-9)
    np.testing.assert_allclose(found.rise, np.array(expected) * POINTS, rtol=1e-9)


@pytest.mark.parametrize(("alpha", "most"), [(0.0, 0.001), (0.5, 0.001), (0.9, 0.005), (0.97, 0.02)])
def test_noise_seldom_looks_like_growth(alpha: float, most: float) -> None:
    """From white noise to nearly a random walk, six standard errors are passed by next to no window."""
    found = trend(1000 + noise(2000, alpha), 1, 0, 0, 0.7)
    assert (found.z > 6).mean() < most


def test_plain_least_squares_would_be_fooled() -> None:
    """The same noise, tested as if it were white, grows in a sixth of the windows: the correction is needed."""
    values = 1000 + noise(400, 0.97)
    plain = [stats.linregress(np.arange(POINTS), row) for row in values]
    assert np.mean([each.slope / each.stderr > 6 for each in plain]) > 1 / 6


def test_growth_is_seen_through_noise() -> None:
    """Growth of ten standard deviations over the window is found in nearly all of them."""
    values = 1000 + 10 * np.arange(POINTS) / POINTS + noise(500, 0.3)
    assert (trend(values, 1, 0, 0, 0.7).z > 6).mean() > 0.9


def test_the_shape_tells_a_step_from_a_line() -> None:
    """A line rises in all steps, each of a seventh; a step in one, which is all of it."""
    line, step = np.arange(48.0), np.where(np.arange(48) < 30, 0.0, 48.0)
    found = trend(np.stack((line, step)) + 100, 1, 0, 0, 0.7)
    assert found.rising.tolist() == [1.0, pytest.approx(1 / 7, abs=0.15)]
    assert found.max_step[0] == pytest.approx(1 / 7, rel=0.01)
    assert found.max_step[1] > 0.95
    np.testing.assert_allclose([found.first[0], found.last[0]], 2 / 7, rtol=0.01)


def test_two_steps_are_told_from_a_line() -> None:
    """Of a line every step is as large as any; of two steps most are none, and one point is half of the rise."""
    line, steps = np.arange(48.0), 24.0 * ((np.arange(48) > 11) + 1.0 * (np.arange(48) > 35))
    found = trend(np.stack((line, steps)) + 100, 1, 0, 0, 0.7)
    np.testing.assert_allclose([found.middle, found.least], [[1, 0], [1, 0]], atol=1e-9)
    np.testing.assert_allclose(found.leap, [1 / 42, 0.5], rtol=0.01)


def test_a_walk_is_told_from_noise() -> None:
    """What is left beside the line hangs together more, the more of it is a random walk."""
    white, walk = (trend(1000 + noise(300, alpha), 1, 0, 0, 0.7).alpha for alpha in (0.0, 0.97))
    assert np.median(white) < 0.4 < 0.9 < np.median(walk)


def test_a_rhythm_is_fitted_beside_the_line() -> None:
    """With harmonics a swing of a day is no scatter."""
    place = np.arange(96.0)
    values = 1000 + place + 50 * np.sin(2 * np.pi * place / 24)
    plain, fitted = (trend(values[None], 2, harmonics, 24, 0.7) for harmonics in (0, 3))
    assert fitted.noise[0] < 0.1 * plain.noise[0]
    assert fitted.z[0] > 5 * plain.z[0]


def test_lows_are_below_means() -> None:
    """Blocks merged by their lowest: a saw between two collections is flat at its floor."""
    saw = 100 + np.tile([0.0, 5.0, 10.0, 15.0], 24)
    found = trend(saw[None], 4, 0, 0, 0.7, lows=True)
    assert found.noise[0] < 0.01
    assert abs(found.rise[0]) < 1e-6


@given(scale=st.floats(1e-3, 1e9), shift=st.floats(0, 1e12))
def test_the_certainty_does_not_depend_on_the_unit(scale: float, shift: float) -> None:
    """Bytes or mebibytes: the same z and shape. Numbers far from zero have the noise of their level."""
    values = np.arange(POINTS) + 5 * noise(1, 0.2)
    one, other = trend(values, 1, 0, 0, 0.7), trend(values * scale, 1, 0, 0, 0.7)
    assert other.z[0] == pytest.approx(one.z[0], rel=1e-3)
    assert other.rising[0] == one.rising[0]
    assert trend(values * scale + shift, 1, 0, 0, 0.7).z[0] <= one.z[0] * 1.01


def test_trends_are_chosen_row_by_row() -> None:
    """And a shape can be taken from another scale."""
    values = np.stack((np.arange(48.0), np.arange(48.0) ** 2)) + 10
    plain, scaled = trend(values, 1, 0, 0, 0.7), trend(np.log(values), 1, 0, 0, 0.7)
    both = choose(np.array([True, False]), plain, with_shape_of(plain, scaled))
    assert both.scaled.tolist() == [False, True]
    assert (both.z[0], both.z[1]) == (plain.z[0], scaled.z[1])
    assert both.rise.tolist() == plain.rise.tolist()
