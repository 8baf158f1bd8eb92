"""Values of one signal as few bytes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakdog.store.series.column import dump, load

ANY = st.floats(allow_infinity=False, allow_nan=False)
PAGES = st.integers(0, 2**40).map(lambda pages: pages * 4096.0)
DECIMAL = st.integers(-(10**12), 10**12).map(lambda thousandths: thousandths / 1000)
KINDS = (ANY, PAGES, DECIMAL, ANY | PAGES, st.just(0.0) | ANY, st.just(0.0) | PAGES)
VALUES = st.one_of(*(st.lists(each, max_size=60) for each in KINDS))


@given(VALUES)
def test_every_value_comes_back_bit_for_bit(values: list[float]) -> None:
    """Any floats, whatever their steps and order, none and one too."""
    given_ = np.array(values, np.float64)
    assert load(dump(given_), len(values)).tobytes() == given_.tobytes()


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30))
@example([0x7FF0000000000001])
def test_every_pattern_of_bits_comes_back(patterns: list[int]) -> None:
    """Not-a-number with any payload, infinities and negative zero too."""
    values = np.array(patterns, np.uint64).view(np.float64)
    assert load(dump(values), len(values)).tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (np.full(720, 12.0), 0.05),
        (4096.0 * np.arange(720), 0.05),
        (1.7e9 + 0.0625 + 60 * np.arange(720.0), 0.05),
        (4096.0 * np.cumsum(np.random.default_rng(1).integers(-20, 24, 720)), 0.8),
        (40.0 + np.random.default_rng(1).poisson(6, 720), 0.6),
        (8.0 * np.cumsum(np.random.default_rng(1).integers(0, 2**16, 720)), 2.2),
        (np.random.default_rng(1).integers(0, 2**24, 720).astype(np.float64), 3.1),
        (np.where(np.arange(720) % 4, 0.0, np.random.default_rng(1).integers(0, 2**24, 720)), 0.9),
    ],
    ids=["constant", "line", "slots", "pages that wander", "counts", "counter", "noise of 24 bits", "seldom noise"],
)
def test_a_value_takes_what_cannot_be_foretold_of_it(values: np.ndarray, most: float) -> None:
    """Steps all share cost nothing, nor does what goes on as before; noise costs hardly more than its own bits."""
    assert len(dump(values)) / len(values) <= most


def test_damage_is_an_error() -> None:
    """Another count, and bytes cut off."""
    data = dump(np.random.default_rng(1).normal(size=50))
    for count in (49, 51, 5000):
        with pytest.raises((ValueError, IndexError, zlib.error)):
            load(data, count)
    with pytest.raises((ValueError, IndexError, zlib.error)):
        load(data[:20], 50)
