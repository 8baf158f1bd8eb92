"""What the slope test knows beforehand. It holds from white noise to a random walk; `csrc/trend.c` applies it.

The slope is fitted by least squares. Its standard error comes from the residuals' autocorrelation, as if they were a
first-order autoregressive process: the lag-one coefficient is corrected for the bias that fitting a line to few points
gives it, and taken at its upper confidence bound, because a test that trusts the estimate is wrong exactly where
residuals look whiter than they are. (Bias correction in the manner of Andrews, Econometrica 61, 1993, by a table of
the expected coefficient for each design; the variance for a given coefficient is exact.)
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
ALPHAS = np.concatenate((np.linspace(0, 0.9, 19), (0.925, 0.95, 0.97, 0.985, 0.995, 0.9999)))


@lru_cache
def design(points: int, merge: int, harmonics: int, rhythm_blocks: int) -> tuple[Array, int]:
    """What depends on the number of points only, as `csrc/kernel.h` says in `Design`, and how many parameters it has.

    For each of `ALPHAS`, the autocorrelation of a process, it has the slope's variance over the residuals' sum of
    squares, and their expected autocorrelation.

    Args:
        merge: blocks in a point.
        harmonics: of a rhythm of `rhythm_blocks`, fitted beside the line.

    """
    place = (np.arange(points) + 0.5) * merge
    columns = [np.ones(points), place - place.mean()]
    for number in range(1, harmonics + 1):
        angle = 2 * np.pi * number * place / rhythm_blocks
        columns.append(np.cos(angle))
        if rhythm_blocks != 2 * number * merge:  # at the shortest rhythm that points can show, sine is all zeros
            columns.append(np.sin(angle))
    model = np.column_stack(columns)
    inverse = np.linalg.pinv(model)
    residual = np.eye(points) - model @ inverse
    lags = np.abs(np.subtract.outer(np.arange(points), np.arange(points)))
    near = (np.eye(points, k=1) + np.eye(points, k=-1)) / 2
    variance, lag_one = [], []
    for alpha in ALPHAS:
        spread = alpha**lags
        total = np.trace(residual @ spread)
        variance.append(inverse[1] @ spread @ inverse[1] / total)
        lag_one.append(np.trace(residual @ near @ residual @ spread) / total)
    rising = np.maximum.accumulate(np.array(lag_one))
    return np.concatenate((inverse.ravel(), model.ravel(), variance, rising)), model.shape[1]
