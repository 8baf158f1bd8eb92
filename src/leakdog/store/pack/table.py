"""Rows that are kept once, in the order in which they were first seen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.compiled import call

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

# Of rows by hash: places for each row, at least.
_PLACES = 1.5
# Of what there is, the part that is kept free for more: most profiles have a few rows that those before had not.
_SPARE = 8
# Rows come from untrusted programs, which must not know where they are looked for.
KEY = np.frombuffer(os.urandom(16), np.uint64)

# What the compiled part is told of a table: where its arrays are, how many rows it has, and how much room.
FIELDS = 8
_COUNT, _ROWS_ROOM, _BYTES_ROOM, _SLOTS = range(4, FIELDS)


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """Rows as bytes, one after the other, and where each begins and the last one ends."""

    data: Bytes
    bounds: Ints

    @classmethod
    def of(cls, rows: Sequence[bytes]) -> Raw:
        """These rows."""
        return cls(np.frombuffer(b"".join(rows), np.uint8), np.cumsum([0, *map(len, rows)], dtype=np.int64))

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.bounds) - 1

    def list(self) -> list[bytes]:
        """Each row."""
        data = self.data.tobytes()
        return [data[start:stop] for start, stop in pairwise(self.bounds.tolist())]


_EMPTY = Raw.of([])


class Table:
    """Rows by number; row 0 is empty. Rows are looked up and added by `Tables.numbers`.

    Args:
        told: (FIELDS,) numbers in which the compiled part is told of the table, and which it keeps up to date.

    """

    __slots__ = ("_bounds", "_data", "_nth", "_slots", "_told")

    def __init__(self, told: Ints) -> None:
        self._told = told
        told[_COUNT] = 1
        self._keep(np.zeros(0, np.uint8), np.zeros(2, np.int64))

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self._told[_COUNT])

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return sum(each.nbytes for each in (self._data, self._bounds, self._nth, self._slots))

    @property
    def rows_room(self) -> int:
        """How many rows it has room for; 0 where nothing can be looked up before `make_room`."""
        return int(self._told[_ROWS_ROOM])

    def since(self, first: int) -> Raw:
        """The rows from this number on."""
        if first == len(self):
            return _EMPTY
        bounds = self._bounds[first : len(self) + 1]
        return Raw(self._data[bounds[0] : bounds[-1]].copy(), bounds - bounds[0])

    def pick(self, numbers: Ints) -> Raw:
        """Rows by number.

        Raises:
            IndexError: there is no such row.

        """
        sizes = np.diff(self._bounds[: len(self) + 1])[numbers]
        bounds = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=bounds[1:])
        data = np.empty(bounds[-1], np.uint8)
        if not call("picked", self._told, numbers, len(numbers), data):
            raise IndexError("there is no such row")
        return Raw(data, bounds)

    def extend(self, rows: Raw) -> None:
        """Add rows that another table has added."""
        end = self._bounds[len(self)]
        data = np.concatenate([self._data[:end], rows.data])
        bounds = np.concatenate([self._bounds[: len(self) + 1], rows.bounds[1:] + end])
        self._told[_COUNT] += len(rows)
        self._keep(data, bounds)

    def make_room(self, rows: int = 0, size_bytes: int = 0) -> None:
        """Room for so many rows and bytes more, and for a few besides; rows can be looked up then."""
        count, end = len(self), int(self._bounds[len(self)])
        rows, size_bytes = count + count // _SPARE + rows, end + end // _SPARE + size_bytes
        data, bounds = np.empty(size_bytes, np.uint8), np.empty(rows + 1, np.int64)
        data[:end], bounds[: count + 1] = self._data[:end], self._bounds[: count + 1]
        self._keep(data, bounds, rows)
        call("placed", self._told, KEY, np.zeros(rows, np.int32))

    def _keep(self, data: Bytes, bounds: Ints, rows: int = 0) -> None:
        """Keep these arrays, which have room for so many rows; 0: as many as there are, of which none is looked up."""
        self._data, self._bounds = data, bounds
        self._nth = np.empty(rows, np.int32)
        self._slots = np.zeros(1 << int(_PLACES * rows).bit_length() if rows else 0, np.int32)
        arrays = (data, bounds, self._nth, self._slots)
        self._told[:_COUNT] = [each.ctypes.data for each in arrays]
        self._told[_ROWS_ROOM:] = rows, len(data), len(self._slots)
