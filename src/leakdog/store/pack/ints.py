"""Numbers as bytes and back: zigzag base-128 varints, so that what is near zero takes one byte."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof import kernel
from leakdog.pprof.compiled import call

Ints = NDArray[np.int64]

_ONE = np.uint64(1)
LONGEST = 10  # bytes of a number as a varint
_MORE = bytes(range(0x80, 0x100))  # bytes that are not the last of their number


def dump(numbers: Ints) -> bytes:
    """64-bit numbers of any sign as bytes."""
    return varints(folded(numbers))


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


def varints(numbers: NDArray[np.uint64]) -> bytes:
    """Base-128 varints one after the other."""
    out, bounds = np.empty(LONGEST * len(numbers), np.uint8), np.empty(2, np.int64)
    call("written", np.ascontiguousarray(numbers), np.array([len(numbers)]), 1, out, bounds)
    return out[: bounds[1]].tobytes()


def varint_sizes(numbers: NDArray[np.uint64]) -> Ints:
    """How many bytes each number takes as a varint."""
    sizes = np.ones(len(numbers), np.int64)
    largest = int(numbers.max(initial=0))
    for bits in range(7, largest.bit_length(), 7):
        sizes += numbers >= np.uint64(1 << bits)
    return sizes
