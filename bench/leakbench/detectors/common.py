"""What simple detectors share: a full grid, and alerts from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from bench.leakbench.kinds import POINTS, STEP
from bench.leakbench.score import Fired
from leakdog.detect.grid import History

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def on_grid(history: History) -> Array:
    """Values every `STEP`, the last one repeated over gaps."""
    place = ((history.time - history.time[0]) / STEP).round().astype(int)
    out = np.full(POINTS, np.nan)
    out[place[place < POINTS]] = history.value[place < POINTS]
    known = np.maximum.accumulate(np.where(np.isnan(out), 0, np.arange(POINTS)))
    return out[known]


def alerts(history: History, fires: Bools) -> list[Fired]:
    """Stretches of a grid on which a detector fires."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], fires, [False])).astype(int)))
    first = history.time[0]
    return [
        Fired(first + begin * STEP, None if end >= POINTS else first + end * STEP)
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def each(histories: Sequence[History], rule: Callable[[Array, float], Bools]) -> list[list[Fired]]:
    """Apply a rule of values and limit to every series."""
    return [alerts(history, rule(on_grid(history), history.limit or np.inf)) for history in histories]


def line(values: Array, width: int) -> tuple[Array, Array, Array]:
    """Least squares over the last `width` points at each point: slope per point, fitted end, share explained."""
    place = np.arange(len(values), dtype=float)
    centred = values - values[0]

    def moving(numbers: Array) -> Array:
        total = np.cumsum(np.concatenate(([0.0], numbers)))
        out = np.full(len(numbers), np.nan)
        out[width - 1 :] = total[width:] - total[:-width]
        return out

    middle = place - (width - 1) / 2
    sums, squares = moving(centred), moving(centred**2)
    common = moving(place * centred) - middle * sums
    spread = width * (width**2 - 1) / 12
    slope = common / spread
    total = squares - sums**2 / width
    explained = np.divide(common**2, spread * total, out=np.zeros_like(total), where=total > 0)
    return slope, sums / width + slope * (width - 1) / 2 + values[0], explained
