"""Numbers of the last blocks of a series, in memory that grows as they come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEAST_ROOM = 8  # blocks for which a ring takes memory at first
NEVER = -(1 << 60)  # index of a block before all others

# Of rings without blocks, by rows: most levels of a young series have none, and an array of nothing takes 130 bytes.
_EMPTY = {rows: np.empty((rows, 0), np.float32) for rows in (1, 2)}


class Blocks:
    """Numbers of the last blocks, up to `length` of them. Takes memory as it fills: most processes are young.

    Attributes:
        cells: (rows, capacity), block `b` at `b % capacity`; NaN where missing.
        end: index after the last block.

    """

    __slots__ = ("cells", "end", "length")

    def __init__(self, rows: int, length: int) -> None:
        self.length = length
        self.cells = _EMPTY[rows]
        self.end = NEVER

    def put(self, index: int, *numbers: float) -> None:
        """Add block `index`; those that were left out before it are missing."""
        self._make_room(index)
        capacity = self.cells.shape[1]
        missed = index - self.end
        if missed >= capacity:
            self.cells[:] = np.nan
        elif missed > 0:
            self.cells[:, np.arange(self.end, index) % capacity] = np.nan
        self.cells[:, index % capacity] = numbers
        self.end = index + 1

    def tail(self, end: int) -> npt.NDArray[np.float32]:
        """The `length` blocks before block `end`, oldest first: (rows, length), NaN where missing."""
        out = np.full((len(self.cells), self.length), np.nan, np.float32)
        behind, capacity = end - self.end, self.cells.shape[1]
        if behind < 0 or behind >= self.length or not capacity:
            return out
        stop = self.length - behind
        start = max(0, stop - capacity)
        cut = (self.end - (stop - start)) % capacity
        first = self.cells[:, cut:][:, : stop - start]
        middle = start + first.shape[1]
        out[:, start:middle] = first
        out[:, middle:stop] = self.cells[:, : stop - middle]
        return out

    def at(self, first: int, stop: int) -> npt.NDArray[np.intp]:
        """Places in `cells` of the blocks from `first` to before `stop`, as far as they are kept."""
        capacity = self.cells.shape[1]
        blocks = np.arange(max(first, self.end - capacity), min(stop, self.end))
        return blocks % max(1, capacity)

    def forget(self) -> None:
        """Empty it, and give the memory back."""
        self.cells = _EMPTY[len(self.cells)]

    def _make_room(self, index: int) -> None:
        """Grow until no known block is lost by adding this one, or `length` is reached."""
        while (capacity := self.cells.shape[1]) < self.length:
            lost = self.at(NEVER, index + 1 - capacity)
            if capacity and np.isnan(self.cells[:1, lost]).all():
                return
            grown = np.full((len(self.cells), min(self.length, max(LEAST_ROOM, 2 * capacity))), np.nan, np.float32)
            blocks = np.arange(self.end - capacity, self.end)
            grown[:, blocks % grown.shape[1]] = self.cells[:, blocks % max(1, capacity)]
            self.cells = grown
