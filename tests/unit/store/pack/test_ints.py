"""Numbers as bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.pprof import wire
from leakdog.store.pack.ints import count, dump, load, varint_sizes, varints

SIGNED = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 200))


@given(SIGNED)
def test_every_number_comes_back(numbers: list[int]) -> None:
    """Any 64-bit numbers, of any sign, in their order."""
    data = dump(np.array(numbers, np.int64))
    assert numbers == load(data).tolist()
    assert len(numbers) == count(data)


@pytest.mark.parametrize(("number", "size"), [(0, 1), (-1, 1), (63, 1), (-64, 1), (64, 2), (-(2**63), 10)])
def test_numbers_near_zero_take_one_byte(number: int, size: int) -> None:
    """Whatever their sign."""
    assert size == len(dump(np.array([number])))


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 300)))
def test_varints_are_those_of_protobuf(numbers: list[int]) -> None:
    """Byte for byte as they are written one by one, and as many bytes as was said."""
    expected = [wire.varint(number) for number in numbers]
    assert varints(np.array(numbers, np.uint64)) == b"".join(expected)
    assert list(map(len, expected)) == varint_sizes(np.array(numbers, np.uint64)).tolist()
