"""With NumPy: warm-up against growth, over a life and over many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
POINTS = 32  # a life is averaged to this many points
LEAST_NOISE = 1e-5
MOST_ALPHA = 0.95
LATE_SPANS = 4  # a young life's levels are means over this part of its age
LEAST_THIRD = 2  # blocks in a third of a life
MOST_AGREED = 20.0
# For a life whose start is out of sight: nothing speaks for a warm-up.
OUT_OF_SIGHT = 10.0


def running(values: Array) -> Array:
    """Sums of each row up to each column, less the last value as often: (N, T) to (N, T + 1)."""
    return np.concatenate((np.zeros((len(values), 1)), np.cumsum(values - values[:, -1:], 1)), 1)


def line_over_logarithm(values: Array, total: Array, age: Array, first: Ints, settings: Settings) -> Array:
    """Fit each life by the logarithm of its age and by its age: standard errors by which age is needed, (N,).

    Args:
        values: (N, T) blocks up to now, without gaps.
        total: their `running` sums.
        age: (N,) of the process, in blocks; all at most T.
        first: (N,) column from which each row is real.

    """
    columns = values.shape[1]
    begin = np.maximum(first, columns - age).astype(int)
    edges = (begin[:, None] + (columns - begin)[:, None] * np.linspace(0, 1, POINTS + 1)).astype(int)
    count = np.maximum(np.diff(edges, axis=1), 1)
    edges = np.minimum(edges[:, :-1], columns - 1)
    ends = np.minimum(edges + count, columns)
    points = (np.take_along_axis(total, ends, 1) - np.take_along_axis(total, edges, 1)) / count
    at = np.maximum(age[:, None] - (columns - (edges + ends) / 2) + 1, 0.5)
    parts = [np.ones_like(at), np.log(at), at / at[:, -1:]]
    if settings.rhythm_blocks:
        for number in (1, 2):
            angle = 2 * np.pi * number * at / settings.rhythm_blocks
            parts += [np.cos(angle), np.sin(angle)]
    model = np.stack(parts, 2)
    points = points - points[:, :1]
    normal = np.matmul(model.transpose(0, 2, 1), model) + 1e-9 * np.eye(len(parts))
    inverse = np.linalg.inv(normal)
    weights = np.matmul(inverse, np.matmul(model.transpose(0, 2, 1), points[:, :, None]))
    left = points - np.matmul(model, weights)[:, :, 0]
    squares = np.einsum("ij,ij->i", left, left)
    scale = np.abs(values[:, -1]) + np.abs(points).max(1) + 1e-12
    spread = squares / (POINTS - len(parts)) + (LEAST_NOISE * scale) ** 2
    alpha = np.einsum("ij,ij->i", left[:, 1:], left[:, :-1]) / (squares + 1e-30) + (1 + len(parts)) / POINTS
    alpha = np.clip(alpha, 0, MOST_ALPHA)
    error = np.sqrt(spread * inverse[:, 2, 2] * (1 + alpha) / (1 - alpha))
    out: Array = weights[:, 2, 0] / error
    return out


def late_growth(values: Array, total: Array, age: Array, first: Ints, settings: Settings) -> Array:
    """Growth since half the age, less what a curve between a line and a logarithm would have grown, (N,), in units.

    That curve goes through the levels at an eighth and at half of the age, or at the earliest that was seen: from
    them a logarithm would rise by half as much again, a line by a third more than it did. Above 0 is no warm-up.
    """
    span = np.minimum(settings.smooth_blocks, np.maximum(age / LATE_SPANS, 1.0))
    columns = values.shape[1]

    def level(back: Array) -> tuple[Array, Array]:
        """Mean of `span` blocks around `back` blocks ago, as far as they were seen, and the age at their middle."""
        middle = columns - back
        begin = np.clip(np.maximum(middle - span / 2, first), 0, columns - 1).astype(int)
        end = np.clip(np.maximum(middle + span / 2, begin + 1), begin + 1, columns).astype(int)
        sums = np.take_along_axis(total, end[:, None], 1) - np.take_along_axis(total, begin[:, None], 1)
        return sums[:, 0] / (end - begin), np.maximum(age - (columns - (begin + end) / 2), 0.5)

    last = age - span / 2
    (now, late), (half, middle), (early, begin) = level(age - last), level(age - last / 2), level(age - last / 8)
    apart = np.maximum(middle - begin, 0.5)
    line = (late - middle) / apart
    logarithm = np.log(late / middle) / np.log((begin + apart) / begin)
    out: Array = (now - half) - np.sqrt(line * logarithm) * np.maximum(half - early, 0)
    return out


def inner_growth(values: Array, total: Array, lives: Array, first: Ints, start: int) -> tuple[Array, Array]:
    """Over the lives that a look-back joins: how much they grow, and the share of it in their later half, (N,) each.

    Half of it is a leak; a warm-up that every life goes through has less. Where all growth is between the lives, their
    levels were joined wrongly. Rows with one life get infinity and a half.

    Args:
        values: (N, T) blocks up to now, without gaps.
        total: their `running` sums.
        lives: (N, L) columns at which the lives begin to be seen, in order, NaN before the first.
        first: (N,) column from which each row is real.
        start: column at which the look-back begins.

    """
    grown, share = np.full(len(values), np.inf), np.full(len(values), 0.5)
    rows = np.flatnonzero((np.fmax(lives, first[:, None]) > start).any(1))
    if len(rows):
        grown[rows], share[rows] = _inner(total[rows], lives[rows], first[rows], start)
    return grown, share


def _inner(total: Array, lives: Array, first: Ints, start: int) -> tuple[Array, Array]:
    """`inner_growth` of rows in which a life begins after `start`."""
    columns = total.shape[1] - 1
    begins, ends = _spans(lives, np.maximum(first, start), columns)
    third = (ends - begins) / 3
    counts = third >= LEAST_THIRD

    def mean(begin: Array, end: Array) -> Array:
        left, right = begin.astype(int), np.maximum(end.astype(int), begin.astype(int) + 1)
        sums = np.take_along_axis(total, np.minimum(right, columns), 1) - np.take_along_axis(total, left, 1)
        out: Array = sums / (right - left)
        return out

    begins = np.minimum(begins, columns - 1)
    parts = [mean(begins + number * third, begins + (number + 1) * third) for number in range(3)]
    early = np.where(counts, parts[1] - parts[0], 0).sum(1)
    late = np.where(counts, parts[2] - parts[1], 0).sum(1)
    grown = early + late
    several = ((begins > start) & counts).any(1)
    share = np.where(several & (grown > 0), late / np.where(grown > 0, grown, 1.0), np.where(several, 0.0, 0.5))
    # means of thirds are two thirds of a life apart
    return np.where(several, 1.5 * grown, np.inf), np.clip(share, -1.0, 2.0)


def repeated_growth(values: Array, total: Array, lives: Array, first: Ints) -> Array:
    """How surely each life grew anew, as a leak that restarts with the process does, (N,).

    The growth per block in the second half of each remembered life, its mean over its standard error: over lives, not
    over readings, so what all lives share counts and what one did does not. Rows with one life get 0.

    Args:
        values, total, lives, first: as in `inner_growth`.

    """
    out = np.zeros(len(values))
    rows = np.flatnonzero((lives > first[:, None]).any(1))
    if len(rows):
        out[rows] = _repeated(values[rows, -1], total[rows], lives[rows], first[rows])
    return out


def _repeated(now: Array, total: Array, lives: Array, first: Ints) -> Array:
    """`repeated_growth` of rows in which a life begins after the first real column."""
    columns = total.shape[1] - 1
    begins, ends = _spans(lives, first, columns)
    quarter = (ends - begins) / 4
    counts = quarter >= 1

    def mean(number: int) -> Array:
        left = np.minimum(begins + number * quarter, columns - 1).astype(int)
        right = np.clip((begins + (number + 1) * quarter).astype(int), left + 1, columns)
        sums = np.take_along_axis(total, right, 1) - np.take_along_axis(total, left, 1)
        out: Array = sums / (right - left)
        return out

    rate = np.where(counts, (mean(3) - mean(2)) / np.maximum(quarter, 1), 0.0)
    number = counts.sum(1)
    middle = rate.sum(1) / np.maximum(number, 1)
    spread = (np.where(counts, rate - middle[:, None], 0.0) ** 2).sum(1) / np.maximum(number - 1, 1)
    least = (LEAST_NOISE * np.abs(now)) ** 2 + 1e-30
    sure = middle / np.sqrt((spread + least) / np.maximum(number, 1))
    out: Array = np.where(number >= 2, np.clip(sure, -MOST_AGREED, MOST_AGREED), 0.0)
    return out


def _spans(lives: Array, first: Ints, columns: int) -> tuple[Array, Array]:
    """Columns at which each life begins and ends, (N, L) each, as far as they are at or after `first`, (N,)."""
    begins = np.where(np.isnan(lives), -np.inf, lives)
    ends = np.concatenate((begins[:, 1:], np.full((len(lives), 1), float(columns))), 1)
    return np.clip(np.maximum(begins, first[:, None]), 0, columns), np.clip(ends, 0, columns)
