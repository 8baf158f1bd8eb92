"""Arrays of arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leakdog.pprof.ragged import ranges


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5))))
def test_ranges_are_slices_joined(slices: list[tuple[int, int]]) -> None:
    """The indices of each slice, one after the other; empty ones leave no trace."""
    first, sizes = np.array(slices, np.int64).reshape(-1, 2).T
    assert ranges(first, sizes).tolist() == [i for start, size in slices for i in range(start, start + size)]
