"""Several readings as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.series.rollup import fold
from leakdog.store.series.rows import COUNT, LAST, MEAN, Column, Rows

Told = list[tuple[float, float, Mapping[int, float]]]
Maker = Callable[[Told], Rows]
Same = Callable[[Rows, Rows], bool]
Tellings = st.SearchStrategy[Told]


def expected(told: Told, signal: int, seconds: float) -> list[list[float]]:
    """What each span and life that has the signal has of it, from the rows one by one, in order of time."""
    spans: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for time, life, values in sorted(told, key=lambda row: row[0]):
        if signal in values:
            spans.setdefault((math.floor(time / seconds), life), []).append((time, values[signal]))
    return [[value for _, value in each] for each in sorted(spans.values(), key=lambda each: each[-1][0])]


@given(st.data(), st.sampled_from([300.0, 3600.0]))
def test_a_span_is_its_last_lowest_highest_and_mean(
    rows_of: Maker, tellings: Tellings, data: st.DataObject, seconds: float
) -> None:
    """Exactly but for the mean, a life apart from the next, and only where the signal was read."""
    told = data.draw(tellings)
    rows = fold(rows_of(told), seconds)
    for signal in (1, 2, 3):
        spans = expected(told, signal, seconds)
        column = rows.columns.get(signal)
        if column is None:
            assert not spans
            continue
        got = zip(column.figures[LAST], column.lows, column.highs, column.figures[COUNT], strict=True)
        assert sorted(got) == sorted((each[-1], min(each), max(each), len(each)) for each in spans)


@given(st.lists(st.integers(0, 2**45).map(float), min_size=1, max_size=400))
def test_a_mean_is_told_to_a_part_of_its_range(rows_of: Maker, values: list[float]) -> None:
    """Of five minutes with five values to 1/64, of an hour with sixty to 1/128: half of that is the most it is off."""
    rows = rows_of([(number * 3600 / len(values), 0.0, {1: value}) for number, value in enumerate(values)])
    (mean,) = fold(rows, 3600).columns[1].means
    part = (max(values) - min(values)) / (16 * math.sqrt(len(values)))
    assert abs(mean - sum(values) / len(values)) <= part / 2 + 1e-15 * max(values)
    assert min(values) <= mean <= max(values)


@given(st.data(), st.integers(0, 40))
def test_to_fold_twice_is_to_fold_once(
    rows_of: Maker, same: Same, tellings: Tellings, data: st.DataObject, cut: int
) -> None:
    """Five minutes and then an hour, or in two parts that are joined, give what an hour alone gives."""
    rows = rows_of(data.draw(tellings))
    once = fold(rows, 3600)
    parts = [fold(rows.pick(np.arange(len(rows))[:cut]), 300), fold(rows.pick(np.arange(len(rows))[cut:]), 300)]
    for twice in (fold(fold(rows, 300), 3600), fold(Rows.joined(parts), 3600)):
        assert same(without_means(once), without_means(twice))
        for signal, column in once.columns.items():
            off = np.abs(column.means - twice.columns[signal].means)
            assert (off <= (column.highs - column.lows) / 16 + 1e-3).all()


@given(st.data())
def test_what_is_folded_stays_as_it_is(rows_of: Maker, same: Same, tellings: Tellings, data: st.DataObject) -> None:
    """To fold rows into the spans that they have is to change nothing, so means are not rounded again and again."""
    once = fold(rows_of(data.draw(tellings)), 300)
    assert same(once, fold(once, 300))


def without_means(rows: Rows) -> Rows:
    """The same rows, and no means."""
    kept = {signal: Column(each.at, np.delete(each.figures, MEAN, axis=0)) for signal, each in rows.columns.items()}
    return Rows(rows.slots, rows.times, rows.life_starts, kept)


@given(st.data())
def test_a_row_has_the_time_of_its_last_reading(rows_of: Maker, tellings: Tellings, data: st.DataObject) -> None:
    """Of each span and life the latest, in order."""
    told = data.draw(tellings)
    rows = fold(rows_of(told), 300)
    spans = {(time // 300, life): time for time, life, _ in sorted(told, key=lambda row: row[0])}
    assert rows.times.tolist() == sorted(spans.values())


def test_a_time_is_told_to_an_eighth_of_a_second(rows_of: Maker) -> None:
    """Never after the reading, so it stays in its span and is the same when it is folded again."""
    rows = rows_of([(299.99, 0.0, {1: 1.0}), (300.01, 0.0, {1: 2.0})])
    assert fold(rows, 300).times.tolist() == fold(fold(rows, 300), 300).times.tolist() == [299.875, 300.0]
