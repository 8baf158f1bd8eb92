"""Several readings as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakdog.store.series.rollup import fold
from leakdog.store.series.rows import COUNT, EXCESS, LAST, Rows

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


def expected(told: Told, signal: int, seconds: float) -> list[tuple[float, ...]]:
    """Last, lowest, highest, sum and count of each span and life that has the signal, from the rows one by one."""
    spans: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for time, life, values in sorted(told, key=lambda row: row[0]):
        if signal in values:
            spans.setdefault((math.floor(time / seconds), life), []).append((time, values[signal]))
    found = [[value for _, value in each] for _, each in sorted(spans.items())]
    return [(each[-1], min(each), max(each), sum(each), len(each)) for each in found]


@settings(deadline=None)
@given(ROWS, st.sampled_from([300.0, 3600.0]))
def test_a_span_is_its_last_lowest_highest_and_mean(rows_of: Maker, told: Told, seconds: float) -> None:
    """For whole numbers exactly, a life apart from the next, and only where the signal was read."""
    rows = fold(rows_of(told), seconds)
    for signal in (1, 2, 3):
        column = rows.columns.get(signal)
        got = []
        if column is not None:
            last, count = column.figures[LAST], column.figures[COUNT]
            sums = column.figures[EXCESS] + count * last
            got = list(zip(last, column.lows, column.highs, sums, count, strict=True))
            assert column.means == pytest.approx(sums / count)
        assert sorted(got) == sorted(expected(told, signal, seconds))


@settings(deadline=None)
@given(ROWS, st.integers(0, 40))
def test_to_fold_twice_is_to_fold_once(rows_of: Maker, same: Same, told: Told, cut: int) -> None:
    """Five minutes and then an hour, or in two parts that are joined, give what an hour alone gives."""
    rows = rows_of(told)
    once = fold(rows, 3600)
    assert same(once, fold(fold(rows, 300), 3600))
    parts = [fold(rows.pick(np.arange(len(rows))[:cut]), 300), fold(rows.pick(np.arange(len(rows))[cut:]), 300)]
    assert same(once, fold(Rows.joined(parts), 3600))


@given(ROWS)
def test_a_row_has_the_time_of_its_last_reading(rows_of: Maker, told: Told) -> None:
    """Of each span and life the latest, in order."""
    rows = fold(rows_of(told), 300)
    spans = {(time // 300, life): time for time, life, _ in sorted(told, key=lambda row: row[0])}
    assert rows.times.tolist() == sorted(spans.values())
