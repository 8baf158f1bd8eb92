"""The trend of a signal as an SVG picture: a pure function of its points."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from leakdog.model import Leak, Signal
from leakdog.report.words import human_value

WIDTH, HEIGHT = 880, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 12, 28
# More points than this do not show on the width, but cost the browser.
MAX_POINTS = 800


def trend(times: NDArray[np.float64], values: NDArray[np.float64], signal: Signal, leak: Leak | None) -> str:
    """Points as a line, with the fitted growth of `leak` from its onset as a dashed one."""
    if len(times) < 2 or times[-1] <= times[0]:
        return "<p>Too few points for a picture.</p>"
    shown = np.linspace(0, len(times) - 1, min(len(times), MAX_POINTS)).astype(int)
    x = LEFT + (times - times[0]) / (times[-1] - times[0]) * (WIDTH - LEFT - RIGHT)
    low, high = _range(values)
    y = _height(values, low, high)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[shown], y[shown], strict=True))
    label = f"{signal.value} from {_clock(times[0])} to {_clock(times[-1])} UTC: from {_value(values[0], signal)} to "
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}{_value(values[-1], signal)}">'
        f"{_grid(low, high, signal)}{_times(times)}"
        f'<polyline class="series" points="{points}"/>{_fit(times, values, low, high, leak)}</svg>'
    )


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Axis range with air; it need not start at zero, as growth is what is looked for."""
    low, high = float(values.min()), float(values.max())
    air = (high - low) * 0.08 or max(abs(high) * 0.05, 1.0)
    return max(0.0, low - air), high + air


def _height(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    return HEIGHT - BOTTOM - (values - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _grid(low: float, high: float, signal: Signal) -> str:
    lines = []
    for value in np.linspace(low, high, 5):
        y = float(_height(np.array([value]), low, high)[0])
        lines.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_value(value, signal)}</text>'
        )
    return "".join(lines)


def _times(times: NDArray[np.float64]) -> str:
    return (
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{_clock(times[0])}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{_clock(times[-1])}</text>'
    )


def _fit(times: NDArray[np.float64], values: NDArray[np.float64], low: float, high: float, leak: Leak | None) -> str:
    """The dashed line: from the onset at the level there, with the leak's growth."""
    if leak is None or leak.growth_per_second is None:
        return ""
    start = max(leak.since, float(times[0]))
    inside = times >= start
    if inside.sum() < 2:
        return ""
    middle = float(np.median(values[inside] - leak.growth_per_second * (times[inside] - start)))
    ends = np.array([middle, middle + leak.growth_per_second * (float(times[-1]) - start)])
    y = _height(np.clip(ends, low, high), low, high)
    x1 = LEFT + (start - times[0]) / (times[-1] - times[0]) * (WIDTH - LEFT - RIGHT)
    return f'<line class="fit" x1="{x1:.1f}" y1="{y[0]:.1f}" x2="{WIDTH - RIGHT}" y2="{y[1]:.1f}"/>'


def _value(value: float, signal: Signal) -> str:
    return human_value(float(value), signal.unit)


def _clock(time: float) -> str:
    return datetime.fromtimestamp(float(time), UTC).strftime("%m-%d %H:%M:%S")
