"""Numbers of one slot as bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.sqlite.numbers import column, columns, pack, repacked, unpack

VALUES = st.dictionaries(st.integers(0, 255), st.floats(allow_nan=False), max_size=30)


def test_record_is_nine_bytes() -> None:
    """A number is its signal's id and a little-endian float64."""
    assert pack({7: 1.0}) == b"\x07\0\0\0\0\0\0\xf0\x3f"


@given(VALUES)
def test_packed_numbers_come_back(values: dict[int, float]) -> None:
    """Unpacking gives what was packed, in nine bytes a number."""
    assert values == unpack(pack(values))
    assert 9 * len(values) == len(pack(values))


@given(st.lists(st.tuples(st.floats(0, 1e10), st.floats(0, 1e10), VALUES), max_size=20), st.integers(0, 255))
def test_column_is_one_signal_of_all_rows(rows: list[tuple[float, float, dict[int, float]]], signal_id: int) -> None:
    """A column holds, row by row, the rows that have the signal."""
    wanted = [(time, values[signal_id], life) for time, life, values in rows if signal_id in values]
    readings = column([(time, life, pack(values)) for time, life, values in rows], signal_id)
    got = zip(readings.times.tolist(), readings.values.tolist(), readings.life_starts.tolist(), strict=True)
    assert wanted == list(got)


@given(st.lists(st.tuples(st.floats(0, 1e10), st.floats(0, 1e10), st.floats(0, 1e10), VALUES), max_size=20))
def test_rows_are_told_signal_by_signal_and_back(rows: list[tuple[float, float, float, dict[int, float]]]) -> None:
    """Rows as columns, and as rows again, are the same; one without numbers too."""
    told = repacked(columns([(*row, pack(values)) for *row, values in rows]))
    assert [(*row, unpack(numbers)) for *row, numbers in told] == rows
