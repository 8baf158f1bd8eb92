"""A trend drawn with characters. A braille cell holds two by four dots, so 70 columns show 140 points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from leakdog.model import Unit
from leakdog.report.words import DAY, human_time, human_value

Floats = NDArray[np.float64]

# Bits of a braille cell by column and row of its dots, and where the block starts: ISO/IEC 10646, U+2800.
_BRAILLE = np.array([[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]])
_BRAILLE_START = 0x2800
LEAST_WIDTH, LEAST_HEIGHT = 36, 3


@dataclass(frozen=True, slots=True)
class _Style:
    """Characters of a chart."""

    tick: str
    side: str
    corner: str
    base: str
    mark: str
    braille: bool


# How the ends of the axis are told, the fullest first.
_WITHIN_A_DAY = (("%Y-%m-%d %H:%M:%S", "%H:%M:%S UTC"), ("%H:%M:%S", "%H:%M:%S UTC"))
_OVER_DAYS = (("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M UTC"), ("%m-%d %H:%M", "%m-%d %H:%M UTC"))

_UNICODE = _Style("┤", "│", "└", "─", "▲", braille=True)
_ASCII = _Style("+", "|", "+", "-", "^", braille=False)


def draw(
    times: Sequence[float] | Floats,
    values: Sequence[float] | Floats,
    unit: Unit,
    *,
    width: int = 78,
    height: int = 10,
    onset: float | None = None,
    ascii_only: bool = False,
) -> str:
    """The series as lines of text, each at most `width` characters, `height` of them for the curve.

    Args:
        times: unix seconds, rising.
        values: one per time, in `unit`.
        onset: when growth began; marked on the time axis where it lies within the chart.
        ascii_only: for terminals without Unicode.

    Returns:
        The chart without a newline at its end, or a sentence where there are fewer than two points to draw.

    """
    t, v = np.asarray(times, float), np.asarray(values, float)
    if len(t) < 2 or t[-1] <= t[0]:
        return "too few points to draw"
    style = _ASCII if ascii_only else _UNICODE
    height = max(height, LEAST_HEIGHT)
    low, high = _range(v)
    labels = _labels(low, high, height, unit)
    margin = max(map(len, labels)) + 2
    columns = max(width, LEAST_WIDTH) - margin
    rows = [
        f"{label:>{margin - 2}} {style.tick if label else style.side}{row}"
        for label, row in zip(labels, _curve(t, v, low, high, columns, height, style), strict=True)
    ]
    inside = onset is not None and t[0] <= onset <= t[-1]
    at = int((onset - t[0]) / (t[-1] - t[0]) * (columns - 1)) if inside and onset is not None else None
    rows.append(" " * (margin - 1) + style.corner + _axis(columns, at, style))
    rows.append(" " * margin + _dates(t, columns))
    if at is not None and onset is not None:
        rows.append(" " * margin + f"{style.mark} growth began {human_time(onset)}")
    return "\n".join(row.rstrip() for row in rows)


def _range(values: Floats) -> tuple[float, float]:
    """Lowest and highest value drawn. A flat series gets air, so that noise does not look like a mountain."""
    low, high = float(values.min()), float(values.max())
    air = max(0.02 * abs(high), 1.0) - (high - low)
    if air > 0:
        low, high = max(0.0, low - air / 2) if low >= 0 else low - air / 2, high + air / 2
    return low, high


def _labels(low: float, high: float, height: int, unit: Unit) -> list[str]:
    """Text before each row, top first: values at top, middle and bottom."""
    labels = [""] * height
    for row in (0, (height - 1) // 2, height - 1):
        labels[row] = human_value(high - (high - low) * row / (height - 1), unit)
    return labels


def _curve(
    times: Floats, values: Floats, low: float, high: float, columns: int, height: int, style: _Style
) -> list[str]:
    """The rows of the curve, top first."""
    across, down = (2, 4) if style.braille else (1, 1)
    dots = _dots(times, values, low, high, columns * across, height * down)
    if not style.braille:
        return ["".join("*" if dot else " " for dot in row) for row in dots.T]
    cells = (dots.reshape(columns, 2, height, 4) * _BRAILLE[:, np.newaxis, :]).sum(axis=(1, 3))
    return ["".join(chr(_BRAILLE_START + int(cell)) if cell else " " for cell in row) for row in cells.T]


def _dots(times: Floats, values: Floats, low: float, high: float, columns: int, rows: int) -> NDArray[np.bool_]:
    """Which dots, (columns, rows) from the top, the line through the points touches."""
    edges = np.linspace(times[0], times[-1], columns + 1)
    at_edges = np.interp(edges, times, values)
    least, most = np.minimum(at_edges[:-1], at_edges[1:]), np.maximum(at_edges[:-1], at_edges[1:])
    column = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, columns - 1)
    np.minimum.at(least, column, values)
    np.maximum.at(most, column, values)
    row = np.arange(rows)
    top = np.rint((high - most) / (high - low) * (rows - 1))[:, np.newaxis]
    bottom = np.rint((high - least) / (high - low) * (rows - 1))[:, np.newaxis]
    return np.asarray((row >= top) & (row <= bottom), bool)


def _axis(columns: int, at: int | None, style: _Style) -> str:
    line = style.base * columns
    return line if at is None else f"{line[:at]}{style.mark}{line[at + 1 :]}"


def _dates(times: Floats, columns: int) -> str:
    """First and last time, at the ends of the axis: with the date, as far as there is room for it."""
    ends = float(times[0]), float(times[-1])
    within_a_day = ends[0] // DAY == ends[1] // DAY
    for shapes in _WITHIN_A_DAY if within_a_day else _OVER_DAYS:
        first, last = (
            datetime.fromtimestamp(end, UTC).strftime(shape) for end, shape in zip(ends, shapes, strict=True)
        )
        if len(first) + len(last) < columns:
            break
    return f"{first}{last:>{columns - len(first)}}"
