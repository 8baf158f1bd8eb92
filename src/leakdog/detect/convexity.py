"""Warm-up against growth: over a life, a warm-up rises like the logarithm of age or slower, a leak like age."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from leakdog.detect.settings import Settings

Array = npt.NDArray[np.float64]
POINTS = 48  # a life is averaged to about this many points
MOST_ALPHA = 0.95


def beats_logarithm(values: Array, age: float, settings: Settings) -> bool:
    """Fit one life by the logarithm of age and by age: whether age is needed, and with a plus sign.

    Args:
        values: blocks of the life, up to now, without gaps.
        age: of the process at the last of them, in blocks.

    """
    merge = max(1, len(values) // POINTS)
    count = len(values) // merge
    points = values[len(values) - count * merge :].reshape(count, merge).mean(1)
    if count < 8:
        return False
    at = np.maximum(age - (count - np.arange(count) - 0.5) * merge + 1, 0.5)
    columns = [np.ones(count), np.log(at), at / at[-1]]
    if settings.rhythm_blocks:
        for number in (1, 2):
            angle = 2 * np.pi * number * at / settings.rhythm_blocks
            columns += [np.cos(angle), np.sin(angle)]
    model = np.column_stack(columns)
    points = points - points[0]
    inverse = np.linalg.pinv(model)
    weights = inverse @ points
    left = points - model @ weights
    scale = np.abs(values).max() + 1e-12
    squares = float(left @ left) / (count - model.shape[1]) + (1e-5 * scale) ** 2
    alpha = float(left[1:] @ left[:-1]) / (float(left @ left) + 1e-30) + (1 + model.shape[1]) / count
    alpha = min(max(alpha, 0.0), MOST_ALPHA)
    error = np.sqrt(squares * float(inverse[2] @ inverse[2]) * (1 + alpha) / (1 - alpha))
    return bool(weights[2] / error >= settings.convex_z)


def keeps_growing(
    values: Array, age: Array, first: npt.NDArray[np.int64], noise: Array, settings: Settings
) -> npt.NDArray[np.bool_]:
    """Compare the rise from half the age to now with the rise from an eighth to a half.

    A logarithm of age gives half as much, a straight line a third more. (N,) rows of (N, T) blocks, up to now.
    """
    span = settings.smooth_blocks
    total = np.concatenate((np.zeros((len(values), 1)), np.cumsum(values - values[:, -1:], 1)), 1)
    columns = values.shape[1]

    def level(back: Array) -> Array:
        """Mean of `span` blocks around `back` blocks ago, as far as they have been seen."""
        middle = columns - back
        begin = np.clip(np.maximum(middle - span / 2, first), 0, columns - 1).astype(int)
        end = np.clip(np.maximum(middle + span / 2, begin + 1), begin + 1, columns).astype(int)
        sums = np.take_along_axis(total, end[:, None], 1) - np.take_along_axis(total, begin[:, None], 1)
        mean: Array = sums[:, 0] / (end - begin)
        return mean

    last = age - span / 2
    now, half, eighth = level(age - last), level(age - last / 2), level(age - last / 8)
    margin = 0.25 * noise
    grown: npt.NDArray[np.bool_] = (now - half) - settings.convex_ratio * np.maximum(half - eighth, 0) > margin
    return grown
