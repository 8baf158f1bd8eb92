"""Many records, block by block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import ProfileTooLarge
from leakdog.pprof.blocks import BLOCK_BYTES, blocks, joined, offsets
from leakdog.pprof.limits import DEFAULT_LIMITS


@given(st.lists(st.integers(0, DEFAULT_LIMITS.message_bytes), max_size=30))
def test_every_record_is_in_one_block(sizes: list[int]) -> None:
    """Blocks follow each other without a gap, and none is larger than its share and one record."""
    found = list(blocks(np.array(sizes, np.int64), DEFAULT_LIMITS))
    assert [i for block in found for i in range(block.start, block.stop)] == list(range(len(sizes)))
    assert all(sum(sizes[block][1:]) < BLOCK_BYTES for block in found)


def test_no_records_are_one_block() -> None:
    """So that columns have parts to be made of."""
    assert list(blocks(np.zeros(0, np.int64), DEFAULT_LIMITS)) == [slice(0, 0)]


def test_a_record_that_is_too_long_is_refused() -> None:
    """Before anything is made of it."""
    with pytest.raises(ProfileTooLarge, match="limit message_bytes"):
        blocks(np.array([1, DEFAULT_LIMITS.message_bytes + 1]), DEFAULT_LIMITS)


def test_parts_are_joined_along_the_records() -> None:
    """Columns stay columns; a single part is not copied."""
    part = np.array([[1, 2], [3, 4]])
    assert joined([part, part]).tolist() == [[1, 2, 1, 2], [3, 4, 3, 4]]
    assert joined([part]) is part


def test_offsets_are_borders() -> None:
    """One more than there are counts."""
    assert offsets(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
    assert offsets(np.zeros(0, np.int64)).tolist() == [0]
