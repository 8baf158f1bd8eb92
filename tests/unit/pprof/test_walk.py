"""Messages of repeated numbers, in step."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.errors import MalformedProfile
from leakdog.pprof.layout import SAMPLE, NotPlain
from leakdog.pprof.varints import Varints, split
from leakdog.pprof.walk import Fields, repeated, walk


def read(*raw: bytes) -> tuple[Varints, Fields]:
    """Samples of a byte per varint, with their fields; four at most."""
    last = np.cumsum([len(each) for each in raw])
    varints = split(np.frombuffer(b"".join(raw), np.uint8))
    return varints, walk(varints, last - [len(each) for each in raw], last, SAMPLE, 4)


def test_fields_are_found_in_step() -> None:
    """Each field has its record, its tag and the varints of its payload."""
    _, found = read(b"\x0a\x02\x05\x06\x10\x07", b"\x08\x01")
    rows = sorted(zip(*(column.tolist() for column in found), strict=True))
    assert rows == [(0, 10, 2, 4), (0, 16, 5, 6), (1, 8, 7, 8)]


def test_fields_of_one_tag_are_grouped_by_record() -> None:
    """Whatever the rounds they were met in."""
    _, found = read(b"\x10\x07\x08\x01\x08\x02", b"\x08\x03")
    assert found.select(8).owner.tolist() == [0, 0, 1]


def test_repeated_numbers_are_joined() -> None:
    """Packed, single, empty or missing: all numbers of a record in order, and how many there are."""
    varints, fields = read(b"\x0a\x02\x05\x06\x08\x07", b"\x10\x01", b"\x0a\x00\x0a\x01\x08", b"")
    counts, numbers = repeated(varints, fields, 1, 4)
    assert counts.tolist() == [3, 0, 1, 0]
    assert numbers.tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize(
    "odd",
    [
        b"\x48\x01",  # an unknown field
        b"\x08",  # a tag without a number
        b"\x0a\x02\x01",  # a length that leads beyond the record
        b"\x08\x01" * 5,  # more fields than the limit
    ],
)
def test_a_record_that_is_not_plain_is_told(odd: bytes) -> None:
    """Its neighbours are not."""
    with pytest.raises(NotPlain) as told:
        read(b"\x08\x01", odd, b"\x0a\x02\x08\x01")
    assert told.value.records.tolist() == [1]


def test_a_mistyped_field_is_malformed() -> None:
    """A label that is a number is none."""
    with pytest.raises(MalformedProfile, match="field 3 of a Sample has wire type 0"):
        read(b"\x08\x01", b"\x18\x01")
