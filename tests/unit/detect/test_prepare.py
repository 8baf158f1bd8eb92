"""Gaps, load and rhythm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracle.prepare import (
    GROWTH_RIDGE,
    LOAD_RIDGE,
    bridge,
    lagged,
    load_coefficients,
    load_part,
    mean,
    median,
    rhythm,
)

NAN = np.nan
READINGS = st.floats(-1e9, 1e9) | st.just(NAN)


def test_gaps_are_bridged_by_straight_lines() -> None:
    """Ends by the nearest reading; what is known stays; a row without any reading stays unknown."""
    values = np.array([[NAN, 1.0, NAN, NAN, 4.0, NAN], [NAN] * 6, [1, 2, 3, 4, 5, 6.0]])
    np.testing.assert_allclose(bridge(values), [[1, 1, 2, 3, 4, 4], [NAN] * 6, [1, 2, 3, 4, 5, 6]])


@given(arrays(float, (3, 12), elements=READINGS))
def test_a_bridge_stays_within_what_was_read(values: np.ndarray) -> None:
    """It adds no extremes, and touches no reading."""
    filled = bridge(values)
    for row, made in zip(values, filled, strict=True):
        known = ~np.isnan(row)
        if known.any():
            assert np.array_equal(made[known], row[known])
            assert made.min() >= row[known].min() - 1e-6 * (1 + abs(row[known].min()))
            assert made.max() <= row[known].max() + 1e-6 * (1 + abs(row[known].max()))
        else:
            assert np.isnan(made).all()


def test_load_a_block_ago() -> None:
    """The first one stands for the one before it."""
    assert lagged(np.array([[1.0, 2.0, 3.0]])).tolist() == [[1, 1, 2]]


def test_what_follows_load_is_taken_out() -> None:
    """Memory of 40 per share of load is found as such, and nothing of it is left."""
    load = 1 + 0.5 * np.sin(np.arange(240) / 9)[None]
    values = 1000 + 40 * (load - 1)
    weights = load_coefficients(values, load, np.ones(load.shape, bool), 120)
    assert weights.sum() == pytest.approx(40, rel=0.02)
    left = values - load_part(weights, load, lagged(load))
    assert np.ptp(left) < 0.02 * np.ptp(values)


def test_the_fit_on_load_solves_its_equations(rng: np.random.Generator) -> None:
    """A level, load, load a block ago and growth, by least squares over the columns that are known, with its ridges."""
    values, load = 1e9 * (1 + 0.01 * rng.standard_normal((5, 60))), 1 + 0.3 * rng.standard_normal((5, 60))
    known = rng.random((5, 60)) > 0.2
    growth = np.maximum(np.arange(60) - 35, 0) / 24
    for row, found in enumerate(load_coefficients(values, load, known, 36)):
        now = load[row] - 1
        parts = np.stack([np.ones(60), now, [now[0], *now[:-1]], growth], 1)[known[row]]
        normal = parts.T @ parts + 1e-9 * np.eye(4)
        normal[3, 3] += GROWTH_RIDGE * (normal[3, 3] - 1e-9)
        normal[[1, 2], [1, 2]] += LOAD_RIDGE**2 * known[row].sum()
        target = parts.T @ (values[row] - values[row, -1])[known[row]]
        np.testing.assert_allclose(found, np.linalg.solve(normal, target)[1:3], rtol=1e-9)


def test_growth_that_load_does_not_explain_is_left() -> None:
    """A leak beside load that swings, and one beside load that stands still."""
    grown = np.maximum(np.arange(240) - 120, 0.0)[None]
    for load in (1 + 0.5 * np.sin(np.arange(240) / 9)[None], np.ones((1, 240))):
        values = 1000 + 40 * (load - 1) + grown
        weights = load_coefficients(values, load, np.ones(load.shape, bool), 120)
        left = values - load_part(weights, load, lagged(load))
        assert left[0, -20:].mean() - left[0, :20].mean() == pytest.approx(grown[0, -20:].mean(), rel=0.15)


def test_growth_that_load_may_explain_is_load() -> None:
    """Where both grow at once, nobody can tell them apart: load has it."""
    ramp = np.maximum(np.arange(240) - 120, 0.0)[None] / 120
    load, values = 1 + ramp, 1000 + 100 * ramp
    weights = load_coefficients(values, load, np.ones(load.shape, bool), 120)
    left = values - load_part(weights, load, lagged(load))
    assert left[0, -1] - left[0, 0] < 50


def test_the_rhythm_of_the_day_is_learned_from_whole_days() -> None:
    """Of a drift beside it nothing is taken for rhythm; with less than two days nothing is known."""
    hours = np.arange(5 * 24.0)
    wave = 10 * np.sin(2 * np.pi * hours / 24)
    past = np.stack((wave + 3 * hours, wave + 3 * hours))
    shape, known = rhythm(past, np.array([0, 4 * 24]), 24, 2)
    assert known.tolist() == [True, False]
    np.testing.assert_allclose(shape[0], wave[:24], atol=1.0)
    assert not shape[1].any()


def test_one_odd_day_is_no_rhythm() -> None:
    """The median over days leaves it out."""
    past = np.zeros((1, 5 * 24))
    past[0, 30:34] = 1000
    shape, _ = rhythm(past, np.array([0]), 24, 2)
    assert np.abs(shape).max() < 100


@pytest.mark.parametrize("columns", [1, 2, 5, 42])
def test_a_median_is_that_of_numpy(columns: int, rng: np.random.Generator) -> None:
    """To the last digit, for even and odd numbers of columns."""
    values = rng.standard_normal((50, columns))
    assert np.array_equal(median(values), np.median(values, axis=1))


@pytest.mark.parametrize("columns", [1, 7, 168])
def test_a_mean_is_that_of_numpy(columns: int, rng: np.random.Generator) -> None:
    """To the last digit, of numbers as of yes and no."""
    values = rng.standard_normal((5, columns))
    assert np.array_equal(mean(values), values.mean(axis=1))
    assert np.array_equal(mean(values > 0), (values > 0).mean(axis=1))
