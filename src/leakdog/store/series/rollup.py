"""Several readings as one: of each span of time the last value, the lowest, the highest and the mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leakdog.store.series.rows import ABOVE, BELOW, COUNT, EXCESS, FOLDED, LAST, Column, Rows

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def fold(rows: Rows, seconds: float) -> Rows:
    """One row for each span of so many seconds (from multiples of it) and life, with the time and slot of its last.

    Rows that were folded before count as what they stand for: to fold twice is to fold once. Whole numbers below 2^53
    are folded exactly.
    """
    if not len(rows):
        return rows
    spans = np.floor(rows.times / seconds)
    order = np.lexsort((rows.slots, rows.times, rows.life_starts, spans))
    ordered = rows.pick(order)
    spans, lives = spans[order], ordered.life_starts
    last = np.append((np.diff(spans) != 0) | (np.diff(lives) != 0), [True])
    group = np.cumsum(last) - last
    folded = Rows(
        ordered.slots[last],
        ordered.times[last],
        lives[last],
        {signal: _folded(column, group) for signal, column in ordered.columns.items()},
    )
    return folded.pick(np.lexsort((folded.slots, folded.times)))


def _folded(column: Column, group: Ints) -> Column:
    groups = group[column.at]
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    ends = np.append(starts[1:], len(groups)) - 1
    figures = column.figures
    if len(figures) < FOLDED:
        nothing = np.zeros_like(figures[LAST])
        figures = np.stack([figures[LAST], nothing, nothing, nothing, nothing + 1])
    last = figures[LAST][ends]
    off = figures[LAST] - np.repeat(last, ends - starts + 1)
    folded = np.empty((FOLDED, len(starts)))
    folded[LAST] = last
    folded[BELOW] = np.maximum.reduceat(figures[BELOW] - off, starts)
    folded[ABOVE] = np.maximum.reduceat(figures[ABOVE] + off, starts)
    folded[EXCESS] = np.add.reduceat(figures[EXCESS] + figures[COUNT] * off, starts)
    folded[COUNT] = np.add.reduceat(figures[COUNT], starts)
    return Column(groups[starts], folded)
