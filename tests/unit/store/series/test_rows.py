"""Rows picked and joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.series.rows import Rows

Told = list[tuple[float, float, Mapping[int, float]]]
Maker = Callable[[Told], Rows]
Same = Callable[[Rows, Rows], bool]
Tellings = st.SearchStrategy[Told]


@given(st.data())
def test_parts_joined_are_the_whole(rows_of: Maker, same: Same, tellings: Tellings, data: st.DataObject) -> None:
    """However rows are parted, joined again they are the same, in order."""
    told = data.draw(tellings)
    rows = rows_of(told)
    mine = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), np.bool_)
    parts = [rows.pick(np.flatnonzero(mine)), rows.pick(np.flatnonzero(~mine))]
    assert same(rows, Rows.joined(parts[::-1]))
    assert rows.points == sum(part.points for part in parts) == sum(len(values) for _, _, values in told)


def test_a_value_read_once_is_its_own_range(rows_of: Maker) -> None:
    """Lowest, mean and highest of one value are that value."""
    column = rows_of([(1.0, 0.0, {1: 5.0}), (2.0, 0.0, {1: 7.0})]).columns[1]
    assert column.lows.tolist() == column.means.tolist() == column.highs.tolist() == [5.0, 7.0]
