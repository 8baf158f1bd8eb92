"""Several readings as one: of each span of time the last value, the lowest, the highest and the mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leakdog.store.series.rows import ABOVE, BELOW, COUNT, FOLDED, LAST, MEAN, Column, Rows, mean_offsets, mean_parts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Of a second. Below that a time is when the answer came in, which takes two bytes to tell; a power of two, as what is
# cut to it stays in its span, and is cut no more.
_TICKS = 8


def fold(rows: Rows, seconds: float) -> Rows:
    """One row for each span of so many seconds (from multiples of it) and life, with the time and slot of its last.

    Rows that were folded before count as what they stand for: to fold twice is to fold once, but for the mean, which
    is rounded each time (see `rows.parts`). The lowest and highest of whole numbers below 2^53 are exact. A time is
    that of the last reading, cut to an eighth of a second.
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
        np.floor(ordered.times[last] * _TICKS) / _TICKS,
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
    folded[COUNT] = np.add.reduceat(figures[COUNT], starts)
    sums = np.add.reduceat((mean_offsets(figures) + off) * figures[COUNT], starts)
    folded[MEAN] = mean_parts(sums / folded[COUNT], folded[BELOW], folded[ABOVE], folded[COUNT])
    return Column(groups[starts], folded)
