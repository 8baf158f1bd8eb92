"""Rows as one block of bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakdog.errors import StoreCorrupted
from leakdog.store.series.block import dump, load, read
from leakdog.store.series.rollup import fold
from leakdog.store.series.rows import LAST, Rows

WHOLE = st.integers(0, 2**45).map(float)
TIME = st.integers(0, 4000).map(lambda steps: steps * 7.25)
# Time, life start and values by signal of each row.
ROWS = st.lists(
    st.tuples(TIME, st.sampled_from([0.0, 50.5]), st.dictionaries(st.integers(1, 3), WHOLE, max_size=3)),
    max_size=40,
)
Told = list[tuple[float, float, Mapping[int, float]]]
Maker = Callable[[Told], Rows]
Same = Callable[[Rows, Rows], bool]


@settings(deadline=None)
@given(ROWS.filter(bool))
def test_rows_come_back(rows_of: Maker, same: Same, told: Told) -> None:
    """Bit for bit, with rows that lack signals, as they were read and folded."""
    for rows in (rows_of(told), fold(rows_of(told), 300)):
        assert same(rows, load(dump(rows)))


@settings(deadline=None)
@given(ROWS.filter(bool))
def test_one_signal_is_read_alone(rows_of: Maker, told: Told) -> None:
    """With the times and lives of the rows that have it, and nothing where none has."""
    data = dump(rows_of(told))
    ordered = sorted(told, key=lambda row: row[0])
    for signal in (1, 2, 3, 200):
        found = read(data, signal)
        values = found.columns[signal].figures[LAST].tolist() if len(found) else []
        wanted = [(time, life, each[signal]) for time, life, each in ordered if signal in each]
        assert wanted == list(zip(found.times.tolist(), found.life_starts.tolist(), values, strict=True))


def test_any_damage_is_told_or_harmless(rows_of: Maker) -> None:
    """A block that is cut off, or of which a byte is wrong, raises `StoreCorrupted` or gives as many rows."""
    values = np.random.default_rng(1).integers(0, 10**6, 80).tolist()
    rows = rows_of([(60.0 * row, 0.0, {1: float(value), 2: 7.0}) for row, value in enumerate(values)])
    data = dump(rows)
    for cut in range(len(data)):
        with pytest.raises(StoreCorrupted, match="a block of numbers is damaged"):
            load(data[:cut])
    refused = 0
    for place in range(len(data)):
        try:
            assert len(load(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])) == len(rows)
        except StoreCorrupted:
            refused += 1
    assert refused > 5
