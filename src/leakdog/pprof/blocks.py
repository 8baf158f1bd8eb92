"""Many records, block by block: arrays for all of them at once would take thirty times their bytes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.check import check_count
from leakdog.pprof.limits import Limits

Ints = NDArray[np.int64]
N = TypeVar("N", bound=np.generic)

BLOCK_BYTES = 128 << 10  # the arrays for it should stay in the cache of the processor
# The C library gives the pages of each large array back at once, and the next one has to fetch them anew, which takes
# longer than what is done with them. Having freed an array of this size, it keeps twice that for the next ones.
np.empty(4 << 20, np.uint8)


def blocks(sizes: Ints, limits: Limits) -> Iterator[slice]:
    """Records of these sizes to decode at once; at least one block, so that columns have parts to be made of.

    Raises:
        ProfileTooLarge: a record is longer than `message_bytes`.

    """
    check_count("message_bytes", int(sizes.max(initial=0)), limits.message_bytes)
    numbers = np.cumsum(sizes) // BLOCK_BYTES
    cuts = ((numbers[1:] != numbers[:-1]).nonzero()[0] + 1).tolist()
    return itertools.starmap(slice, pairwise([0, *cuts, len(sizes)]))


def joined(parts: Sequence[NDArray[N]]) -> NDArray[N]:
    """The parts of one or more columns, put together."""
    return np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


class Column(Generic[N]):
    """A column that is filled block by block. At its end it is not there twice, as parts and joined."""

    def __init__(self, kind: type[N]) -> None:
        self._kind = kind
        self._bytes = bytearray()

    def extend(self, part: NDArray[np.generic]) -> None:
        """Append numbers, converted to the kind of this column."""
        self._bytes += np.ascontiguousarray(part, self._kind).data

    def array(self) -> NDArray[N]:
        """All numbers so far; no more are to be appended."""
        return np.frombuffer(self._bytes, self._kind)


def offsets(counts: Ints) -> Ints:
    """Where each of many slices begins, and where the last one ends."""
    found = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=found[1:])
    return found
