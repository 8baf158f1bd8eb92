"""Numbers of the last blocks of some series, in memory that grows as they come."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from leakdog.detect.cells import Cells

Array = npt.NDArray[np.float64]
T = TypeVar("T", bound=np.generic)
LEAST_ROOM = 8  # blocks for which memory is taken at first
MORE_ROOM = 0.25  # of the blocks that are kept, for how many more room is made when it is needed
NEVER = -(1 << 60)  # index of a block before all others


class Blocks(Cells):
    """Numbers of the last blocks, up to `length` of them. Takes memory as it fills: most processes are young.

    The cells are (rows, n), the last block at the end; NaN where missing.

    Attributes:
        end: index after the last block.

    """

    __slots__ = ("end", "length")

    def __init__(self, rows: int, length: int) -> None:
        super().__init__(np.empty((rows, 0), np.float32))
        self.length = length
        self.end = NEVER

    def put(self, index: int) -> npt.NDArray[np.float32]:
        """Add block `index`, and give its numbers to be filled in, (rows,); those left out before it are missing."""
        cells = self._moved(index + 1 - self.end)
        self.end = index + 1
        return cells[:, -1]

    def tail(self, end: int, rows: slice = slice(None)) -> Array:
        """The `length` blocks before block `end`, oldest first: (rows, length), NaN where missing."""
        cells = self.read()[rows]
        out = np.full((len(cells), self.length), np.nan)
        stop = cells.shape[1] + min(0, end - self.end)
        until = self.length - max(0, end - self.end)
        count = min(stop, until)
        if count > 0:
            out[:, until - count : until] = cells[:, stop - count : stop]
        return out

    def between(self, first: int, stop: int) -> npt.NDArray[np.float32]:
        """The blocks from `first` to before `stop`, as far as they are kept; not to be changed."""
        cells = self.read()
        begin, end = (_column(cells, self.end, index) for index in (first, stop))
        return cells[:, begin:end]

    def column(self, index: int) -> int:
        """Where block `index` is in `cells`, or would be: the first one, or after the last one."""
        return _column(self.cells, self.end, index)

    def forget(self) -> None:
        """Empty it, and give the memory back. What was put away is not read for it."""
        self.cells = np.empty((self.shape[0], 0), np.float32)

    def arrange(self, rows: npt.NDArray[np.intp]) -> None:
        """Keep these rows, in this order; a row of -1 is a new one, of which nothing is known."""
        self.cells = arranged(self.cells, rows, math.nan)

    def _most(self, cells: npt.NDArray[np.float32]) -> int:
        return len(cells) * self.length * cells.itemsize

    def _moved(self, blocks: int) -> npt.NDArray[np.float32]:
        """The cells, with room for so many blocks at the end.

        Takes memory while known ones would be lost, up to `length`.
        """
        if blocks >= self.length:
            self.forget()
        cells = self.cells
        while (count := cells.shape[1]) < self.length:
            if count and np.isnan(cells[:, : max(0, blocks)]).all():
                break
            more = max(LEAST_ROOM, int(MORE_ROOM * count))
            grown = np.full((len(cells), min(self.length, count + more)), np.nan, np.float32)
            grown[:, grown.shape[1] - count :] = cells
            self.cells = cells = grown
        if blocks >= cells.shape[1]:
            cells[:] = np.nan
        elif blocks > 0:
            cells[:, :-blocks] = cells[:, blocks:]
            cells[:, -blocks:] = np.nan
        return cells


class Ring(Blocks):
    """The closed blocks of one level, and what of the open block is the same for all series.

    The last row is the load, the others are lows.

    Attributes:
        index: the open block.
        life_first: first block of the current life.
        load, loads: sum and number of the loads in the open block.
        count: readings in the open block, or finer blocks.

    """

    __slots__ = ("block_seconds", "count", "index", "life_first", "load", "loads")

    def __init__(self, rows: int, length: int, block_seconds: float) -> None:
        super().__init__(rows + 1, length)
        self.block_seconds = block_seconds
        self.life_first = NEVER
        self.open(NEVER)

    def open(self, index: int) -> None:
        """Begin a block."""
        self.index, self.load, self.loads, self.count = index, 0.0, 0, 0

    def add(self, load: float) -> None:
        """Count a reading, or a finer block; its load is NaN where not known."""
        self.count += 1
        if load == load:
            self.load += load
            self.loads += 1

    def close(self, low: Array) -> float:
        """Move the open block into the ring, with lows, infinite where there is none. Gives its load."""
        cells = self.put(self.index)
        cells[:-1] = low
        cells[-1] = load = self.load / self.loads if self.loads else math.nan
        cells[np.isinf(cells)] = np.nan
        return load


def _column(cells: npt.NDArray[np.float32], end: int, index: int) -> int:
    count: int = cells.shape[1]
    return min(max(0, count - (end - index)), count)


def arranged(cells: npt.NDArray[T], rows: npt.NDArray[np.intp], new: float, axis: int = 0) -> npt.NDArray[T]:
    """These rows of an array, in this order; a row of -1 is filled with `new`."""
    fresh = np.flatnonzero(rows < 0)
    if not cells.shape[axis]:
        return np.full_like(cells, new, shape=(*cells.shape[:axis], len(rows), *cells.shape[axis:][1:]))
    out = cells.take(rows, axis)  # the last one for -1
    np.moveaxis(out, axis, 0)[fresh] = new
    return out
