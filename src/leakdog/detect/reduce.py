"""Readings of many series to blocks: the lowest and the highest value of each block, and its mean load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of one level of some series, one series after the other, in order of time: (n,) each.

    Attributes:
        row: the series.
        index: of the block, its start over its width.
        load: NaN where not known.
        life_start: of its first reading.
        count: readings in it, or finer blocks.

    """

    row: Ints
    index: Ints
    low: Array
    high: Array
    load: Array
    life_start: Array
    count: Ints


def block_of(time: Array, seconds: float) -> Ints:
    """`time // seconds`, several times as fast."""
    index = np.floor(time / seconds)
    index -= index * seconds > time
    return index.astype(np.int64)


def reduce(blocks: Blocks, start: Array, seconds: float) -> Blocks:
    """Readings or finer blocks to blocks of a width: lowest and highest value, mean load.

    Args:
        start: (n,) times of the readings, or when the finer blocks begin.

    """
    row, index = blocks.row, block_of(start, seconds)
    first = np.ones(len(row), bool)
    np.not_equal(index[1:], index[:-1], out=first[1:])
    first[1:] |= row[1:] != row[:-1]
    begins = np.flatnonzero(first)
    if len(begins) == len(row):  # each in a block of its own
        return replace(blocks, index=index, count=np.ones_like(row))
    lows, highs = np.minimum.reduceat(blocks.low, begins), np.maximum.reduceat(blocks.high, begins)
    load = _mean_load(blocks.load, begins)
    count = np.diff(begins, append=len(row))
    return Blocks(row[begins], index[begins], lows, highs, load, blocks.life_start[begins], count)


def in_turn(blocks: Blocks, rows: range, wanted: Bools) -> Iterator[tuple[int, Array, Array, Array, Array]]:
    """The blocks that are wanted, in order of time: index, and low, high, load and life_start, (rows,).

    `low` is infinite where a series has none.

    Args:
        rows: the series that are in `blocks`.
        wanted: (n,) which blocks.

    """
    chosen = np.flatnonzero(wanted)
    chosen = chosen[np.argsort(blocks.index[chosen], kind="stable")]
    index = blocks.index[chosen]
    begins = np.flatnonzero(np.diff(index, prepend=-1)).tolist()
    for begin, end in pairwise([*begins, len(index)]):
        at, places = int(index[begin]), chosen[begin:end]
        out = np.full((4, len(rows)), np.inf)
        of = blocks.row[places] - rows.start
        out[:, of] = [each[places] for each in (blocks.low, blocks.high, blocks.load, blocks.life_start)]
        yield at, *out


def crowded(blocks: Blocks, many: int, width: int) -> Ints:
    """The series of which more than `many` blocks lie within `width`, more than once each."""
    if len(blocks.index) <= many:
        return blocks.row[:0]
    near = blocks.index[many:] - blocks.index[: len(blocks.index) - many] < width
    near &= blocks.row[many:] == blocks.row[: len(blocks.row) - many]
    found: Ints = blocks.row[many:][near]
    return found


def _mean_load(load: Array, begins: Ints) -> Array:
    """Mean load of each block, of those that are known."""
    mean, known = np.full(len(begins), np.nan), ~np.isnan(load)
    if known.any():
        number = np.add.reduceat(known.astype(float), begins)
        total = np.add.reduceat(np.where(known, load, 0.0), begins)
        np.divide(total, number, out=mean, where=number > 0)
    return mean
