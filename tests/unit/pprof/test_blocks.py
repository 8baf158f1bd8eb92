"""Many records, block by block."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import ProfileTooLarge
from leakdog.pprof.blocks import BLOCK_BYTES, Column, blocks, joined, offsets
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


@given(
    st.lists(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=5), max_size=5),
    st.sampled_from([np.int64, np.int32]),
)
def test_a_column_grows(parts: list[list[int]], kind: type[np.integer[Any]]) -> None:
    """Part by part, in the kind of the column; every second number of an array is a part too."""
    column = Column(np.int32)
    for part in parts:
        column.extend(np.repeat(np.array(part, kind), 2)[::2])
    assert column.array().dtype == np.int32
    assert column.array().tolist() == [n for part in parts for n in part]


def test_a_column_is_not_there_twice() -> None:
    """Many parts take little more memory than all of them in one array."""
    part = np.zeros(10_000, np.int64)
    tracemalloc.start()
    column = Column(np.int64)
    for _ in range(100):
        column.extend(part)
    assert len(column.array()) == 1_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.3 * 8_000_000
