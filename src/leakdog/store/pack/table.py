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

# Of what there is, the part that is kept free for more: most profiles have a few rows that those before had not.
SPARE = 8
# Rows come from untrusted programs, which must not know where they are looked for. Of arrays that can be written to the
# address is found in a tenth of the time.
KEY = np.frombuffer(bytearray(os.urandom(16)), np.uint64)

# What the compiled part is told of a table: where its arrays are, how many rows it has, and how much room. Where it has
# places there, rows can be looked up.
FIELDS = 8
_DATA, _BOUNDS = range(2)
COUNT, ROWS_ROOM, BYTES_ROOM, PLACES = range(4, FIELDS)


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
_NO_ROWS = np.zeros(2, np.int32)  # where row 0 begins, and ends
_NO_TABLE = np.zeros(FIELDS, np.int64)  # what is told of a table without rows
_NO_TABLE[[_DATA, _BOUNDS, COUNT]] = _NO_ROWS.ctypes.data, _NO_ROWS.ctypes.data, 1
_NO_ROOM = np.zeros(0, np.uint8)


class Table:
    """Rows by number; row 0 is empty. Rows are looked up and added by `Tables.numbers`.

    Args:
        told: (FIELDS,) numbers in which the compiled part is told of the table, and which it keeps up to date.

    Attributes:
        room: the memory that its rows lie in.

    """

    __slots__ = ("_told", "room")

    def __init__(self, told: Ints) -> None:
        told[:] = _NO_TABLE
        self._told = told
        self.room = _NO_ROOM

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self._told[COUNT])

    @property
    def ready(self) -> bool:
        """Whether rows can be looked up."""
        return bool(self._told[PLACES])

    def since(self, first: int) -> Raw:
        """The rows from this number on."""
        return _EMPTY if first == len(self) else self.pick(np.arange(first, len(self)))

    def pick(self, numbers: Ints) -> Raw:
        """Rows by number.

        Raises:
            IndexError: there is no such row.

        """
        bounds = np.empty(len(numbers) + 1, np.int64)
        if not call("bounds", self._told, numbers, len(numbers), bounds):
            raise IndexError("there is no such row")
        data = np.empty(bounds[-1], np.uint8)
        call("picked", self._told, numbers, len(numbers), data)
        return Raw(data, bounds)

    def extend(self, rows: Raw) -> None:
        """Add rows that another table has added. None can be looked up then, until there is room again.

        Raises:
            ValueError: a table cannot hold as much.

        """
        self.make_room(len(rows), rows.data.nbytes, places=False)
        call("extended", self._told, rows.data, rows.bounds, len(rows))

    def make_room(self, rows: int = 0, size_bytes: int = 0, *, places: bool = True) -> None:
        """Room for so many rows and bytes more, and for a few besides; with `places`, rows can be looked up then.

        Raises:
            ValueError: a table cannot hold as much.

        """
        more = rows, size_bytes, SPARE, places
        size = call("room", self._told, *more)
        if size < 0:
            raise ValueError("these are more rows than a table can hold")
        room = np.empty(size, np.uint8)
        call("moved", self._told, *more, room, KEY, np.empty(len(self) + rows, np.int32))
        self.room = room
