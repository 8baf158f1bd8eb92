"""What simple detectors share: a full grid, and alerts from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from bench.leakbench.score import Fired
from leakdog.detect.grid import History

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rule = Callable[[Array, float, int], Bools]


def step_of(history: History) -> float:
    """Seconds between readings."""
    return float(np.median(np.diff(history.time)))


def on_grid(history: History) -> Array:
    """Values at even steps, the last one repeated over gaps."""
    place = ((history.time - history.time[0]) / step_of(history)).round().astype(int)
    out = np.full(place[-1] + 1, np.nan)
    out[place] = history.value
    known = np.maximum.accumulate(np.where(np.isnan(out), 0, np.arange(len(out))))
    return np.asarray(out[known])


def alerts(history: History, fires: Bools) -> list[Fired]:
    """Stretches of a grid on which a detector fires."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], fires, [False])).astype(int)))
    first, step = history.time[0], step_of(history)
    return [
        Fired(first + begin * step, None if end >= len(fires) else first + end * step)
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def each(histories: Sequence[History], rule: Rule) -> list[list[Fired]]:
    """Apply a rule of values, limit and readings per hour to every series."""
    return [alerts(one, rule(on_grid(one), one.limit or np.inf, round(3600 / step_of(one)))) for one in histories]


def blocks(values: Array, width: int) -> Array:
    """(n // width, width) whole blocks."""
    return values[: len(values) // width * width].reshape(-1, width)


def spread(found: Bools, width: int, count: int) -> Bools:
    """What was found at the end of each block holds until the end of the next one."""
    fires = np.zeros(count, bool)
    held = np.repeat(found, width)[: max(count - width, 0)]
    fires[width : width + len(held)] = held
    return fires


def held_for(found: Bools, count: int) -> Bools:
    """Found so many times in a row."""
    return np.asarray(np.convolve(found, np.ones(count), "full")[: len(found)] >= count, bool)


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
    across = width * (width**2 - 1) / 12
    slope = common / across
    total = squares - sums**2 / width
    explained = np.divide(common**2, across * total, out=np.zeros_like(total), where=total > 0)
    return slope, sums / width + slope * (width - 1) / 2 + values[0], explained
