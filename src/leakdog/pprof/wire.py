"""Protobuf's wire format in plain Python, so that it costs nothing to import: write fields, walk fields.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from leakdog.errors import MalformedProfile

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
_U64 = (1 << 64) - 1
_SHORT = tuple(bytes([n]) for n in range(128))


def varint(n: int) -> bytes:
    """A base-128 varint; negative numbers as their 64-bit two's complement, as `int64` wants it."""
    n &= _U64
    if n < 128:
        return _SHORT[n]
    out = bytearray()
    while n > 127:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def integer(number: int, n: int) -> bytes:
    """An integer or bool field; zero is the default and takes no bytes."""
    return varint(number << 3) + varint(n) if n else b""


def delimited(number: int, data: bytes) -> bytes:
    """A string, bytes or message field; written even when empty, as members of repeated fields must be."""
    return varint(number << 3 | DELIMITED) + varint(len(data)) + data


def packed(number: int, values: Iterable[int]) -> bytes:
    """A repeated integer field in packed form; nothing for no numbers."""
    data = b"".join(map(varint, values))
    return delimited(number, data) if data else b""


class Field(NamedTuple):
    """One field as met: a number for varint fields, else the borders of its payload."""

    number: int
    wire_type: int
    value: int
    start: int
    stop: int


def fields(data: bytes) -> Iterator[Field]:
    """Walk the fields of one message, not going into those it holds. Varints come as signed 64-bit numbers.

    Raises:
        MalformedProfile: cut off, or not protobuf.

    """
    at, end = 0, len(data)
    while at < end:
        tag, at = read_varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        start, value = at, 0
        if wire_type == VARINT:
            value, at = read_varint(data, at)
        elif wire_type == DELIMITED:
            size, start = read_varint(data, at)
            at = start + size
        elif wire_type in (FIXED64, FIXED32):
            at += 8 if wire_type == FIXED64 else 4
        else:
            raise MalformedProfile(f"at byte {at} there is wire type {wire_type}, which protobuf does not have")
        if at > end:
            raise MalformedProfile(f"field {number} at byte {start} reaches {at - end} bytes beyond the end")
        yield Field(number, wire_type, signed(value), start, at)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The varint at a position, as an unsigned 64-bit number, and the position after it.

    Raises:
        MalformedProfile: cut off, or longer than 10 bytes.

    """
    n = shift = 0
    for i in range(at, min(at + 10, len(data))):
        byte = data[i]
        n |= (byte & 0x7F) << shift
        if byte < 0x80:
            return n & _U64, i + 1
        shift += 7
    raise MalformedProfile(f"the number at byte {at} is cut off or takes more than 10 bytes")


def unpack(data: bytes) -> list[int]:
    """The numbers of a packed field, signed.

    Raises:
        MalformedProfile: the last one is cut off, or one takes more than 10 bytes.

    """
    numbers, at = [], 0
    while at < len(data):
        n, at = read_varint(data, at)
        numbers.append(signed(n))
    return numbers


def signed(n: int) -> int:
    """An unsigned 64-bit number as the signed one of the same bits."""
    return n - (1 << 64) if n >> 63 else n
