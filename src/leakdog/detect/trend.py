"""Growth of one window: slope with an honest standard error, and its shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leakdog.detect.series import Floats

SEGMENTS = 8
# Standard errors on either side of a 90 % interval.
Z90 = 1.645
# Least noise assumed, as a share of the level: a series without any (a counter of threads) has some all the same.
LEAST_NOISE = 1e-4


@dataclass(frozen=True, slots=True)
class Trend:
    """Growth over one window.

    Attributes:
        slope: per second; least squares, with the part that load explains taken out where `load_part` is not None.
        error: its standard error, widened for autocorrelation of the residuals.
        rise: medians of the last and the first segment apart.
        rising: share of the steps between segments that rise.
        largest_step: share of the rise in its largest step.
        first, last: share of the rise in the first and the last two steps.
        load_part: share of the rise that load explains.

    """

    slope: float
    error: float
    rise: float
    rising: float
    largest_step: float
    first: float
    last: float
    load_part: float | None

    @property
    def z(self) -> float:
        """Standard errors above zero."""
        return self.slope / self.error

    @property
    def interval(self) -> tuple[float, float]:
        """90 % interval of the slope."""
        return self.slope - Z90 * self.error, self.slope + Z90 * self.error


def fit(times: Floats, lows: Floats, loads: Floats) -> Trend:
    """The trend of at least `SEGMENTS` points, times rising."""
    x = times - times.mean()
    load = _centred_load(loads)
    columns = [np.ones_like(x), x] if load is None else [np.ones_like(x), x, load]
    design = np.column_stack(columns)
    solution, *_ = np.linalg.lstsq(design, lows, rcond=None)
    rest = lows - design @ solution
    noise = LEAST_NOISE * max(1.0, abs(float(lows.mean())))
    variance = float(rest @ rest) / max(1, len(lows) - len(columns)) + noise**2
    spread = np.linalg.pinv(design.T @ design)[1, 1]
    error = float(np.sqrt(variance * spread * _inflation(rest)))
    clean = lows if load is None else lows - load * solution[2]
    steps = _steps(clean)
    rise = float(steps.sum())
    share = steps / rise if rise > 0 else np.zeros(SEGMENTS - 1)
    return Trend(
        slope=float(solution[1]),
        error=error,
        rise=rise,
        rising=float((share > 0.2 / (SEGMENTS - 1)).mean()),
        largest_step=float(share.max()),
        first=float(share[:2].sum()),
        last=float(share[-2:].sum()),
        load_part=None if load is None else _explained(lows, load * solution[2]),
    )


def _centred_load(loads: Floats) -> Floats | None:
    """Load as a regressor: smoothed, centred; None where it is not known or hardly moves."""
    if np.isnan(loads).any():
        return None
    width = max(1, len(loads) // 16)
    smooth = np.convolve(np.pad(loads, (width - 1, 0), mode="edge"), np.full(width, 1 / width), mode="valid")
    spread = smooth.std()
    if spread < 0.05 * abs(smooth.mean()):
        return None
    return np.asarray((smooth - smooth.mean()) / spread)


def _inflation(rest: Floats) -> float:
    """How much larger the slope's variance is than for independent residuals: (1 + a) / (1 - a) for AR(1)."""
    power = float(rest @ rest)
    if power <= 0:
        return 1.0
    a = float(rest[1:] @ rest[:-1]) / power + 4 / len(rest)  # the estimate is biased towards zero after a fit
    a = min(max(a, 0.0), 0.95)
    return (1 + a) / (1 - a)


def _steps(values: Floats) -> Floats:
    """Rises from the median of one segment to that of the next."""
    return np.diff([np.median(part) for part in np.array_split(values, SEGMENTS)])


def _explained(lows: Floats, part: Floats) -> float:
    """Share of the rise from the first to the last quarter that follows load."""
    quarter = max(1, len(lows) // 4)
    whole = lows[-quarter:].mean() - lows[:quarter].mean()
    return float((part[-quarter:].mean() - part[:quarter].mean()) / whole) if whole > 0 else 0.0
