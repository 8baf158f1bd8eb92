"""Messages of numbers, all at once."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.errors import MalformedProfile
from leakdog.pprof.layout import FUNCTION, LOCATION, TABLES, NotPlain
from leakdog.pprof.pairs import Records, pairs
from leakdog.pprof.varints import split


def read(which: int, *raw: bytes) -> Records:
    """Records of one kind, of a byte per varint."""
    last = np.cumsum([len(each) for each in raw])
    varints = split(np.frombuffer(b"".join(raw), np.uint8))
    return pairs(varints, last - [len(each) for each in raw], last, np.full(len(raw), which), TABLES, 4)


def test_every_second_number_is_a_tag() -> None:
    """Numbers go to the column of their tag, in any order; the last one counts."""
    found = read(FUNCTION, b"\x10\x05\x08\x01", b"\x08\x02\x10\x06\x10\x07")
    assert found.numbers[1].tolist() == [1, 2]
    assert found.numbers[2].tolist() == [5, 7]
    assert found.inner_counts.tolist() == [0, 0]


def test_messages_inside_are_pairs_too() -> None:
    """A line's pairs go to the line, those before and behind it to the location."""
    found = read(LOCATION, b"\x08\x01\x22\x04\x08\x05\x10\x06\x28\x01\x22\x00", b"\x22\x02\x08\x07\x08\x02")
    assert found.numbers[1].tolist() == [1, 2]
    assert found.numbers[5].tolist() == [1, 0]
    assert found.inner_counts.tolist() == [2, 1]
    assert found.inner[1].tolist() == [5, 0, 7]
    assert found.inner[2].tolist() == [6, 0, 0]


@pytest.mark.parametrize(
    "odd",
    [
        b"\x48\x01",  # an unknown field
        b"\x08",  # a tag without a number
        b"\x22\x03\x08\x01\x08",  # a line that ends behind a tag
        b"\x22\x09\x08\x01",  # a line that goes on behind its location
        b"\x22\x02\x22\x00",  # a line in a line
        b"\x08\x01" * 5,  # more fields than the limit
    ],
)
def test_a_record_that_is_not_plain_is_told(odd: bytes) -> None:
    """Its neighbours are not."""
    with pytest.raises(NotPlain) as told:
        read(LOCATION, b"\x08\x01", odd, b"\x22\x02\x08\x01")
    assert told.value.records.tolist() == [1]


@pytest.mark.parametrize(("raw", "message"), [(b"\x12\x01", "Location"), (b"\x22\x02\x0a\x01", "Line")])
def test_a_mistyped_field_is_named_with_its_message(raw: bytes, message: str) -> None:
    """A known field with a wire type that it cannot have is malformed, whatever follows."""
    with pytest.raises(MalformedProfile, match=f"of a {message} has wire type 2"):
        read(LOCATION, b"\x08\x01", raw + b"\x08\x01")


def test_behind_an_unknown_field_nothing_is_mistyped() -> None:
    """What looks like a mistyped field may lie within the unknown one: that is for the protobuf library to say."""
    with pytest.raises(NotPlain):
        read(LOCATION, b"\x4a\x02\x12\x01")
