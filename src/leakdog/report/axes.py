"""Where times and values lie in an SVG picture, and the lines and texts that say so."""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from leakdog.model import Unit
from leakdog.report.ticks import moments, ticks
from leakdog.report.words import human_time

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 880, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 12, 28
MOST = sys.float_info.max / 4  # drawn: a range of this and some air, up and down, is still a number
TEXT_HEIGHT = 12  # of a line
ENDS_WIDTH = 190  # of the text at an end of the time, and half of one beside it
MARK = 5  # how long the mark of a time is


class Frame:
    """Where a time and a value lie in the picture."""

    def __init__(
        self, times: Floats, values: Floats, limit: float | None, unit: Unit, *, from_zero: bool = False
    ) -> None:
        self.begin, self.end, self.unit = float(times[0]), float(times[-1]), unit
        self.low, self.high = _range(values)
        if from_zero:
            self.low = 0.0
        self.limit = limit if limit is not None and self.low < limit < 2 * self.high else None
        if self.limit is not None and self.limit > self.high:
            self.high = self.limit * 1.02

    def x(self, times: Floats) -> Floats:
        """Pixels from the left."""
        return LEFT + (times - self.begin) / (self.end - self.begin) * (WIDTH - LEFT - RIGHT)

    def y(self, values: Floats) -> Floats:
        """Pixels from the top."""
        return HEIGHT - BOTTOM - (values - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def points(self, times: Floats, values: Floats) -> str:
        """Places of a line or a surface."""
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(self.x(times), self.y(values), strict=True))

    def grid(self) -> str:
        """Lines with their values, the limit, both ends of the time, and round times between them."""
        lines = [self._line("grid", value, text) for value, text in self._ticks()]
        if self.limit is not None:
            lines.append(self._line("limit", self.limit, "limit"))
        lines += [self._moment(x, text) for x, text in self._moments()]
        begin, end = human_time(self.begin), human_time(self.end)
        lines.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">{begin}</text>')
        lines.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{end}</text>')
        return "".join(lines)

    def _moments(self) -> list[tuple[float, str]]:
        """Round times with their texts, clear of those at both ends."""
        found = [(float(self.x(np.array([time]))[0]), text) for time, text in moments(self.begin, self.end)]
        return [(x, text) for x, text in found if LEFT + ENDS_WIDTH < x < WIDTH - RIGHT - ENDS_WIDTH]

    def _moment(self, x: float, text: str) -> str:
        y = HEIGHT - BOTTOM
        return (
            f'<g class="when"><line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{y + MARK}"/>'
            f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{text}</text></g>'
        )

    def _ticks(self) -> list[tuple[float, str]]:
        """Round values with their texts; where the limit is written, none."""
        found = ticks(self.low, self.high, self.unit)
        if self.limit is None:
            return found
        limit = self.y(np.array([self.limit]))[0]
        return [(value, text) for value, text in found if abs(self.y(np.array([value]))[0] - limit) > TEXT_HEIGHT]

    def _line(self, kind: str, value: float, text: str) -> str:
        y = float(self.y(np.array([value]))[0])
        return (
            f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Axis range with air; it need not start at zero, as growth is what is looked for.

    It lies below zero only where a value does.
    """
    low, high = np.clip([values.min(), values.max()], -MOST, MOST).tolist()
    air = (high - low) * 0.08 or max(abs(high) * 0.05, 1.0)
    return max(low - air, 0.0) if low >= 0 else low - air, high + air
