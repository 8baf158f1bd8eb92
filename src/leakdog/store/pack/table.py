"""Rows that are kept once, in the order in which they were first seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Table:
    """Rows by number. Two equal rows of one profile are two rows here too: the second is known as the second."""

    __slots__ = ("_known", "rows")

    def __init__(self, rows: Sequence[bytes] = ()) -> None:
        self.rows: list[bytes] = list(rows)
        self._known: dict[bytes | tuple[bytes, int], int] | None = None

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def numbers(self, rows: list[bytes]) -> Ints:
        """The numbers of a profile's rows; those that are new are added in their order."""
        if self._known is None:
            self._known = dict(zip(_keys(self.rows), range(len(self.rows)), strict=True))
        known, keys = self._known, _keys(rows)
        for key, row in zip(keys, rows, strict=True):
            if key not in known:
                known[key] = len(self.rows)
                self.rows.append(row)
        return np.fromiter(map(known.__getitem__, keys), np.int64, len(keys))

    def pick(self, numbers: Ints) -> list[bytes]:
        """Rows by number."""
        return list(map(self.rows.__getitem__, numbers.tolist()))

    def extend(self, rows: Sequence[bytes]) -> None:
        """Add rows that another table's `numbers` has added."""
        self.rows += rows
        self._known = None


def _keys(rows: Sequence[bytes]) -> Sequence[bytes | tuple[bytes, int]]:
    """Rows by which they are known: the same as they are, but with a count where one is there again."""
    if len(set(rows)) == len(rows):
        return rows
    seen: dict[bytes, int] = {}
    keys: list[bytes | tuple[bytes, int]] = []
    for row in rows:
        count = seen[row] = seen.get(row, -1) + 1
        keys.append((row, count) if count else row)
    return keys
