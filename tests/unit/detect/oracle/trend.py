"""With NumPy: a line through each window, how sure it is, and the shape of the rise."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from oracle.prepare import mean

from leakdog.detect.design import ALPHAS, design

Array = npt.NDArray[np.float64]
SEGMENTS = 8
# A rise in a segment counts from this share of what a straight line would rise in it.
LEAST_STEP = 0.2
# Numbers without any noise (a counter) still have this much, as a share of their level: no division by nothing.
LEAST_NOISE = 1e-5
MOST_Z = 1000.0


@dataclass(frozen=True, slots=True)
class Trend:
    """Arrays over series, (N,). `per_block` is the slope in units per block of the window's level.

    Attributes:
        error: standard error of the slope.
        rise: over the whole window.
        rising: share of the steps between neighbouring segments that go up.
        max_step: largest step as a share of the rise.
        first, last: shares of the rise in the first two and the last two steps.
        noise: standard deviation around the line.
        middle, least: the median and the second smallest step, as shares of those of a straight line.
        leap: largest rise from one point to the next, as a share of the rise.
        alpha: autocorrelation of what is left, at its upper confidence bound.
        scaled: z and shape are those of the logarithm of the values.

    """

    per_block: Array
    error: Array
    z: Array
    rise: Array
    rising: Array
    max_step: Array
    first: Array
    last: Array
    noise: Array
    middle: Array
    least: Array
    leap: Array
    alpha: Array
    scaled: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Design:
    """What depends on the number of points only.

    `slope` and `residual` are linear maps of the points, `season` removes fitted harmonics, `steps` gives the steps
    between the means of neighbouring segments. For each of ALPHAS, `variance` is the slope's variance over the
    residuals' sum of squares, and `lag_one` their expected autocorrelation.
    """

    slope: Array
    residual: Array
    season: Array | None
    variance: Array
    lag_one: Array
    parameters: int
    steps: Array


def trend(
    window: Array, merge: int, harmonics: int, rhythm_blocks: int, confidence: float, *, lows: bool = False
) -> Trend:
    """Fit a line to each row of `window`, (N, blocks) without gaps.

    Args:
        merge: blocks taken together as one point.
        lows: take the lowest of them, not their mean.
        harmonics: of a rhythm of `rhythm_blocks`, fitted beside the line.
        confidence: see `Settings.confidence`.

    """
    blocks = window.shape[1]
    fitted = _design(blocks // merge, merge, harmonics, rhythm_blocks)
    points = _points(window, merge, lows=lows)
    level = points[:, :1]
    points = points - level
    per_block = points @ fitted.slope
    left = points @ fitted.residual
    scale = np.abs(level[:, 0]) + np.abs(points).max(1)
    squares = np.einsum("ij,ij->i", left, left) + len(fitted.slope) * (LEAST_NOISE * scale) ** 2 + 1e-30
    lag_one = np.einsum("ij,ij->i", left[:, 1:], left[:, :-1]) / squares
    alpha = np.interp(lag_one, fitted.lag_one, ALPHAS)
    alpha = np.minimum(alpha + confidence * np.sqrt((1 - alpha**2) / len(fitted.slope)), ALPHAS[-1])
    error = np.sqrt(squares * np.interp(alpha, ALPHAS, fitted.variance))
    noise = np.sqrt(squares / (len(fitted.slope) - fitted.parameters))
    plain = points if fitted.season is None else points - points @ fitted.season
    steps = plain @ fitted.steps
    climb = np.maximum(steps.sum(1), 1e-12 * scale + 1e-30)
    shares = steps / climb[:, None]
    ordered = np.sort(shares, 1) * (SEGMENTS - 1)
    return Trend(
        per_block=per_block,
        error=error,
        z=np.minimum(np.maximum(per_block / error, -MOST_Z), MOST_Z),
        rise=per_block * blocks,
        rising=mean(shares > LEAST_STEP / (SEGMENTS - 1)),
        max_step=shares.max(1),
        first=shares[:, :2].sum(1),
        last=shares[:, -2:].sum(1),
        noise=noise,
        middle=ordered[:, (SEGMENTS - 1) // 2],
        least=ordered[:, 1],
        leap=(plain[:, 1:] - plain[:, :-1]).max(1) / climb,
        alpha=alpha,
        scaled=np.zeros(len(window), bool),
    )


def rise_of(window: Array, merge: int, *, lows: bool) -> Array:
    """The rise alone of a `trend` without harmonics, (N,)."""
    points = _points(window, merge, lows=lows)
    rise: Array = (points - points[:, :1]) @ _design(points.shape[1], merge, 0, 0).slope * window.shape[1]
    return rise


def _points(window: Array, merge: int, *, lows: bool) -> Array:
    """The points of a fit: so many blocks taken together as one."""
    if merge == 1:
        return window
    together = window.reshape(len(window), -1, merge)
    points: Array = together.min(2) if lows else together.mean(2)
    return points


def choose(which: npt.NDArray[np.bool_], one: Trend, other: Trend) -> Trend:
    """Row by row one trend or the other."""
    return Trend(*[np.where(which, getattr(one, each.name), getattr(other, each.name)) for each in fields(Trend)])


def with_shape_of(plain: Trend, scaled: Trend) -> Trend:
    """A trend with z and shape of another, which was fitted on another scale."""
    return replace(
        plain,
        z=scaled.z,
        rising=scaled.rising,
        max_step=scaled.max_step,
        first=scaled.first,
        last=scaled.last,
        middle=scaled.middle,
        least=scaled.least,
        leap=scaled.leap,
        alpha=scaled.alpha,
        scaled=np.ones(len(plain.z), bool),
    )


@lru_cache
def _design(points: int, merge: int, harmonics: int, rhythm_blocks: int) -> _Design:
    flat, parameters = design(points, merge, harmonics, rhythm_blocks)
    sizes = np.cumsum([parameters * points, points * parameters, len(ALPHAS)])
    inverse, model, variance, lag_one = np.split(flat, sizes)
    inverse, model = inverse.reshape(parameters, points), model.reshape(points, parameters)
    means = np.zeros((points, SEGMENTS))
    for number, segment in enumerate(np.array_split(np.arange(points), SEGMENTS)):
        means[segment, number] = 1 / len(segment)
    return _Design(
        slope=inverse[1],
        residual=np.eye(points) - model @ inverse,
        season=(model[:, 2:] @ inverse[2:]).T if harmonics else None,
        variance=variance,
        lag_one=lag_one,
        parameters=parameters,
        steps=np.diff(means, axis=1),
    )
