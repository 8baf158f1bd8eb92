"""Numbers as bytes and back: zigzag base-128 varints, so that what is near zero takes one byte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof import kernel

Ints = NDArray[np.int64]

_ONE, _SEVEN = np.uint64(1), np.uint64(7)
_MORE = bytes(range(0x80, 0x100))  # bytes that are not the last of their number


def dump(numbers: Ints) -> bytes:
    """64-bit numbers of any sign as bytes."""
    return varints(folded(numbers))[0].tobytes()


def load(data: bytes) -> Ints:
    """The numbers that `dump` wrote."""
    return unfolded(load_unsigned(data))


def folded(numbers: Ints) -> NDArray[np.uint64]:
    """0, -1, 1, -2, … as 0, 1, 2, 3, …: what is near zero is small."""
    return ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)


def unfolded(codes: NDArray[np.uint64]) -> Ints:
    """The numbers that `folded` folded."""
    return (codes >> _ONE).view(np.int64) ^ -(codes & _ONE).view(np.int64)


def load_unsigned(data: bytes) -> NDArray[np.uint64]:
    """Numbers written by `varints`."""
    return kernel.varints(data, count(data)).view(np.uint64)


def count(data: bytes) -> int:
    """How many numbers `dump` wrote there."""
    return len(data.translate(None, _MORE))


def varints(numbers: NDArray[np.uint64]) -> tuple[NDArray[np.uint8], Ints]:
    """Base-128 varints one after the other, and how many bytes each takes."""
    sizes = varint_sizes(numbers)
    ends = np.cumsum(sizes)
    out = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    out[ends - sizes] = numbers & np.uint64(0x7F)
    at, rest, left = ends - sizes, numbers, sizes
    while len(at := at[long := left > 1]):  # the numbers that go on, with their next seven bits
        out[at] |= 0x80
        at, rest, left = at + 1, rest[long] >> _SEVEN, left[long] - 1
        out[at] = rest & np.uint64(0x7F)
    return out, sizes


def varint_sizes(numbers: NDArray[np.uint64]) -> Ints:
    """How many bytes each number takes as a varint."""
    sizes = np.ones(len(numbers), np.int64)
    largest = int(numbers.max(initial=0))
    for bits in range(7, largest.bit_length(), 7):
        sizes += numbers >= np.uint64(1 << bits)
    return sizes
