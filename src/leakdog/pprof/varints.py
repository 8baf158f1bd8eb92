"""All varints of a buffer at once, with NumPy.

Most numbers of a profile take one or two bytes. So the first two bytes of all of them are put together for all
alike, and only the few that are longer are gone through byte by byte.

Format: https://protobuf.dev/programming-guides/encoding/#varints
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
LONGEST = 10  # bytes of a number of 64 bits


@dataclass(frozen=True, slots=True)
class Varints:
    """A buffer as varints, in order.

    Attributes:
        values: as signed numbers.
        ends: the last byte of each.
        rank: `rank[p]` is the number of varints that end before byte `p`.
        sound: which are no longer than the 10 bytes that 64 bits take; None where all are.

    """

    values: Ints
    ends: Ints
    rank: NDArray[np.int32]
    sound: Bools | None

    def after(self, first: Ints) -> Ints:
        """The varint behind each delimited field whose length is the varint `first - 1`; 0 where it does not end
        between two varints.
        """
        byte = self.ends.take(first - 1, mode="clip") + self.values.take(first - 1, mode="clip")
        after = self.rank.take(byte + 1, mode="clip").astype(np.int64)
        after[(self.ends[after - 1] != byte) | (after < first)] = 0
        return after


def split(data: Bytes) -> Varints:
    """All varints of a buffer that ends with one; bits beyond 64 are dropped, as every decoder does."""
    end = data < 0x80
    ends = end.nonzero()[0]
    rank = np.zeros(len(data) + 1, np.int32)
    np.cumsum(end, out=rank[1:])
    values = _of_two(data).take(ends).astype(np.int64)
    on = ~end
    long = (on[:-2] & on[1:-1] & end[2:]).nonzero()[0] + 2  # where those of three bytes or more end
    if not len(long):
        return Varints(values, ends, rank, None)
    at = rank[long]
    values[at], sound = _of_many(data, long)
    if sound.all():
        return Varints(values, ends, rank, None)
    all_sound = np.ones(len(values), np.bool_)
    all_sound[at] = sound
    return Varints(values, ends, rank, all_sound)


def _of_two(data: Bytes) -> NDArray[np.uint16]:
    """For each byte, the number of one or two bytes that would end there."""
    found = data.astype(np.uint16)
    before, bits = found[:-1] & 0x7F, found[:-1] >> 7  # 1 where the number goes on
    found[1:] <<= bits * 7
    found[1:] |= before * bits
    return found


def _of_many(data: Bytes, at: Ints) -> tuple[Ints, Bools]:
    """The numbers of any size that end at these bytes, and whether each is sound.

    They are put together from the end. No byte is before the first one: there stands the last of the buffer, which
    ends a number.
    """
    found = data[at].astype(np.int64)
    going = np.arange(len(at))
    for _ in range(1, LONGEST):
        at = at - 1
        byte = data[at]
        more = (byte >= 0x80).nonzero()[0]
        if len(more) < len(going):
            going, at, byte = going[more], at[more], byte[more]
            if not len(going):
                break
        found[going] = found[going] << 7 | byte & 0x7F
    sound = np.ones(len(found), np.bool_)
    sound[going] = data[at - 1] < 0x80
    return found, sound
