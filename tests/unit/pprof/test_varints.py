"""All varints of a buffer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.pprof import wire
from leakdog.pprof.varints import split

# as likely of one byte as of ten
numbers = st.integers(0, 63).flatmap(lambda bits: st.integers(-(1 << bits), (1 << bits) - 1))


def array(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Bytes as NumPy has them."""
    return np.frombuffer(data, np.uint8)


@given(st.lists(numbers))
def test_varints_are_split(wanted: list[int]) -> None:
    """Any numbers written one after the other come out again, with the place where each ends."""
    written = [wire.varint(n) for n in wanted]
    found = split(array(b"".join(written)))
    ends = np.cumsum([len(each) for each in written], dtype=np.int64)
    assert found.values.tolist() == wanted
    assert (found.ends + 1).tolist() == ends.tolist()
    assert found.rank[ends].tolist() == list(range(1, len(wanted) + 1))
    assert found.sound is None


@pytest.mark.parametrize("padding", range(9))
def test_a_number_may_be_longer_than_it_need_be(padding: int) -> None:
    """Bytes that add nothing are as good, up to ten in all."""
    found = split(array(b"\x01" + b"\x85" + b"\x80" * padding + b"\x00\x02"))
    assert found.values.tolist() == [1, 5, 2]
    assert found.sound is None


def test_a_number_of_more_than_ten_bytes_is_not_sound() -> None:
    """It is told from its neighbours."""
    found = split(array(b"\x01" + b"\xff" * 10 + b"\x01" + b"\xff\xff\x01"))
    assert found.sound is not None
    assert found.sound.tolist() == [True, False, True]


@given(st.lists(st.binary(max_size=300).map(lambda data: bytes(byte & 127 for byte in data))), st.integers(1, 300))
def test_the_end_of_a_field_is_found(fields: list[bytes], wrong: int) -> None:
    """Behind a length, the varint after the payload; 0 where that lies beyond the buffer."""
    found = split(array(b"".join(wire.varint(len(data)) + data for data in fields) + b"\x00"))
    after = np.cumsum([1 + len(data) for data in fields], dtype=np.int64)
    first = after - np.array([len(data) for data in fields], np.int64)
    assert found.after(first).tolist() == after.tolist()
    assert split(array(wire.varint(wrong) + bytes(wrong - 1))).after(np.array([1])).tolist() == [0]


def test_a_field_that_ends_within_a_number_has_no_end() -> None:
    """A length that leads into the middle of a varint, or back, is told by 0."""
    assert split(array(b"\x01\x80\x01")).after(np.array([1])).tolist() == [0]
    assert split(array(b"\x01" + wire.varint(-1) + b"\x01")).after(np.array([2])).tolist() == [0]
