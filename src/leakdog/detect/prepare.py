"""What is taken out of a series before growth is looked for: gaps, load, and the rhythm of the day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def bridge(values: Array) -> Array:
    """Gaps (NaN) filled by straight lines, ends by the nearest reading; rows without any reading stay NaN."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    columns = values.shape[1]
    place = np.arange(columns)
    left = np.maximum.accumulate(np.where(missing, -1, place), axis=1)
    right = np.minimum.accumulate(np.where(missing, columns, place)[:, ::-1], axis=1)[:, ::-1]
    left, right = np.where(left < 0, right, left), np.where(right >= columns, left, right)
    left, right = np.clip(left, 0, columns - 1), np.clip(right, 0, columns - 1)
    low, high = np.take_along_axis(values, left, 1), np.take_along_axis(values, right, 1)
    filled: Array = low + (high - low) * (place - left) / np.maximum(right - left, 1)
    return filled


def mean(values: npt.NDArray[np.generic]) -> Array:
    """Of each row; the same as `values.mean(1)` in half the time for few rows."""
    out: Array = np.add.reduce(values, axis=1, dtype=float) / values.shape[1]
    return out
