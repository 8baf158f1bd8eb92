"""A long series as few spans."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leakdog.report.spans import Spans, missing

POINTS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e12), st.floats(0, 1e9)), min_size=2, max_size=80)


@given(POINTS, st.integers(2, 20))
def test_few_spans_hold_what_all_points_hold(points: list[tuple[float, float, float]], most: int) -> None:
    """No more than asked for, in order, with the lowest and highest of all, and each mean between the two."""
    told = sorted({time: (value, air) for time, value, air in points}.items())
    times = np.array([time for time, _ in told])
    values, air = np.array([pair for _, pair in told]).T
    spans = Spans.of(times, values, values - air, values, values + air)
    few = spans.at_most(most)
    assert len(few) <= max(most, 1)
    assert (few.starts <= few.ends).all()
    assert (few.ends[:-1] < few.starts[1:]).all()
    assert (few.starts[0], few.ends[-1], few.lasts[-1]) == (times[0], times[-1], values[-1])
    assert (few.lows.min(), few.highs.max()) == ((values - air).min(), (values + air).max())
    assert (few.lows <= few.means * (1 + 1e-9) + 1e-9).all()
    assert (few.means * (1 - 1e-9) - 1e-9 <= few.highs).all()


def test_spans_are_of_equal_length() -> None:
    """Few old points keep their room beside many new ones; a time without a point has none."""
    times = np.concatenate([np.arange(0, 50, 10), np.arange(80, 100, 0.1)])
    spans = Spans.of(times, times, times, times, times).at_most(10)
    assert spans.starts.tolist()[:5] == [0, 10, 20, 30, 40]
    assert len(spans) == 7


def test_points_are_missing_after_several_usual_distances() -> None:
    """Each distance is held against those around it, before and after; two points tell of nothing usual."""
    assert missing(np.array([0.0, 1, 2, 3, 10, 11, 12])).tolist() == [3]
    assert missing(np.array([*np.arange(0.0, 420, 60), 361, 362, 363, 364])).tolist() == []
    assert missing(np.array([0.0, 100.0])).tolist() == []


def test_pieces_are_cut_where_a_span_ends() -> None:
    """Together they are the whole."""
    times = np.arange(6.0)
    pieces = Spans.of(times, times, times, times, times).pieces(np.array([1.0, 1.5, 5.0]))
    assert [piece.ends.tolist() for piece in pieces] == [[0, 1], [2, 3, 4, 5]]
