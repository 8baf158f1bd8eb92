"""Protobuf's wire format in plain Python."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile
from leakdog.pprof import wire

int64 = st.integers(-(1 << 63), (1 << 63) - 1)


@given(int64)
def test_varints_come_back(n: int) -> None:
    """Any signed 64-bit number survives writing and reading, and takes at most 10 bytes."""
    data = wire.varint(n)
    unsigned, after = wire.read_varint(data, 0)
    assert (n, len(data)) == (wire.signed(unsigned), after)
    assert len(data) <= 10


@pytest.mark.parametrize(
    ("n", "data"), [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (-1, "ff" * 9 + "01")]
)
def test_varints_are_protobufs(n: int, data: str) -> None:
    """The bytes are those that the protobuf documentation gives."""
    assert bytes.fromhex(data) == wire.varint(n)


@given(st.lists(int64))
def test_packed_numbers_come_back(numbers: list[int]) -> None:
    """Packed numbers are one field, or none where there are no numbers."""
    found = list(wire.fields(wire.packed(5, numbers)))
    assert bool(numbers) == bool(found)
    for field in found:
        assert (field.number, field.wire_type) == (5, wire.DELIMITED)
        assert numbers == wire.unpack(wire.packed(5, numbers)[field.start : field.stop])


def test_fields_are_walked_in_order() -> None:
    """Each kind of field is met with its number, its value or the borders of its payload."""
    data = wire.integer(1, -7) + wire.delimited(2, b"abc") + b"\x19" + bytes(8) + b"\x25" + bytes(4)
    assert [(f.number, f.wire_type, f.value) for f in wire.fields(data)] == [
        (1, wire.VARINT, -7),
        (2, wire.DELIMITED, 0),
        (3, wire.FIXED64, 0),
        (4, wire.FIXED32, 0),
    ]
    assert next(data[f.start : f.stop] for f in wire.fields(data) if f.number == 2) == b"abc"


def test_zero_is_not_written() -> None:
    """A number that is zero takes no bytes, as proto3 has it; an empty message does."""
    assert wire.integer(4, 0) == b""
    assert wire.delimited(4, b"") == b"\x22\x00"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x0a\x05abc", "reaches 2 bytes beyond the end"),
        (b"\x08", "cut off"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "more than 10 bytes"),
        (b"\x0b", "wire type 3"),
        (b"\x09abc", "beyond the end"),
    ],
)
def test_broken_fields_are_malformed(data: bytes, what: str) -> None:
    """What is cut off or no protobuf is MalformedProfile, and says what is wrong."""
    with pytest.raises(MalformedProfile, match=what):
        list(wire.fields(data))


@given(st.binary())
def test_walking_random_bytes_ends(data: bytes) -> None:
    """Random bytes are walked to the end or are MalformedProfile; no field reaches beyond them."""
    reached = 0
    with contextlib.suppress(MalformedProfile):
        for field in wire.fields(data):
            assert reached < field.stop <= len(data)
            reached = field.stop
