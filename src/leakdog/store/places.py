"""Which parts of a file are in use, where places of many sizes are taken and given back all the time."""

from __future__ import annotations

from array import array
from bisect import bisect

import numpy as np

GRAIN = 512  # bytes; places begin and end at multiples of it, so that what is left between them is of use


class Places:
    """The parts of a file of at most `limit` bytes.

    A place is the first free part that is large enough, so that what is taken again and again moves to the front. What
    is given back joins the free parts beside it, and serves any size. (First fit, and boundaries that merge: Knuth, The
    Art of Computer Programming, volume 1, section 2.5.)

    Attributes:
        end: bytes up to the end of the last place that is in use.

    """

    def __init__(self, limit: int) -> None:
        self.end = 0
        self._limit = limit
        self._starts = array("q")
        self._sizes = array("q")

    def take(self, size: int) -> int | None:
        """Where a place of so many bytes begins; None where there is no room."""
        size = _grains(size)
        if self._sizes:
            fits = np.frombuffer(self._sizes, np.int64) >= size
            first = int(fits.argmax())
            if fits[first]:
                return self._cut(first, size)
        if self.end + size > self._limit:
            return None
        self.end += size
        return self.end - size

    def give_back(self, where: int, size: int) -> None:
        """A place of so many bytes is not used any more."""
        size = _grains(size)
        number = bisect(self._starts, where)
        if number < len(self._starts) and self._starts[number] == where + size:
            size += self._sizes[number]
            self._drop(number)
        if number and self._starts[number - 1] + self._sizes[number - 1] == where:
            number -= 1
            where = self._starts[number]
            size += self._sizes[number]
            self._drop(number)
        if where + size == self.end:
            self.end = where
        else:
            self._starts.insert(number, where)
            self._sizes.insert(number, size)

    def _cut(self, number: int, size: int) -> int:
        """Take the beginning of a free part."""
        where = self._starts[number]
        if self._sizes[number] == size:
            self._drop(number)
        else:
            self._starts[number] += size
            self._sizes[number] -= size
        return where

    def _drop(self, number: int) -> None:
        del self._starts[number], self._sizes[number]


def _grains(size: int) -> int:
    return -(-size // GRAIN) * GRAIN
