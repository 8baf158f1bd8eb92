"""A series as an SVG picture, with the growth that was found in it: a pure function of its points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from leakdog.model import Unit
from leakdog.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TEXT_HEIGHT, TOP, WIDTH, Frame
from leakdog.report.spans import Spans, missing
from leakdog.report.words import human_time, human_value

Floats = NDArray[np.float64]

# More points than pixels do not show, but cost the browser.
MAX_POINTS = WIDTH - LEFT - RIGHT
# Strips that say what is in them when they are pointed at; narrower ones are hard to hit.
STRIPS = 98
TEXT_WIDTH = 170  # of the longest text
STYLE = (
    "svg { background: #fff; } text { fill: #57606a; font: 12px sans-serif; }"
    " .series { fill: none; stroke: #0b5cad; stroke-width: 2; stroke-linecap: round; }"
    " .restart { stroke: #57606a; stroke-dasharray: 2 3; } .grid, .when line { stroke: #d0d7de; }"
    " .band { fill: #0b5cad; opacity: .25; } .strip { fill: transparent; }"
    " .fit { stroke: #b42318; stroke-width: 2; stroke-dasharray: 6 4; } line.told, .limit { stroke: #b42318; }"
    " rect.told { fill: #b42318; opacity: .08; }"
    " @media (prefers-color-scheme: dark) { svg { background: #14171a; } text { fill: #9aa4ae; }"
    " .series { stroke: #6cb2f5; } .restart { stroke: #9aa4ae; } .band { fill: #6cb2f5; }"
    " .grid, .when line { stroke: #333a41; } .fit, line.told, .limit { stroke: #ff8a7a; }"
    " rect.told { fill: #ff8a7a; } }"
)


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth that was found.

    Attributes:
        since: when it began, unix seconds.
        per_second: slope, in the unit of the values; None where it is not known.
        told: when it was announced; None draws no mark.
        until: when it was over; None where it goes on.

    """

    since: float
    per_second: float | None
    told: float | None = None
    until: float | None = None


def trend(
    times: Floats,
    values: Floats,
    name: str,
    unit: Unit,
    growths: Sequence[Growth] = (),
    limit: float | None = None,
    folded: tuple[Floats, Floats, Floats] | None = None,
    lives: Floats | None = None,
) -> str:
    """Points as a line, each growth as a dashed one with a mark where it was announced, and the limit.

    Where a point stands for several values, or a pixel for several points, the line is their mean, in a band from the
    lowest to the highest. The line breaks where points are missing and where another life begins.

    Args:
        times: (n,) unix seconds, rising.
        values: (n,) finite.
        limit: drawn where it lies within twice the range of the values.
        folded: lowest, mean and highest of what each value stands for, (n,) each; None where that is itself.
        lives: start of the process that each value is of, (n,) unix seconds; None where it is not known.

    Returns:
        An element for a page that gives it its style; `standalone` makes a file of it.

    """
    if len(times) < 2 or times[-1] <= times[0]:
        return "<p>Too few points for a picture.</p>"
    lows, means, highs = folded or (values, values, values)
    spans = Spans.of(times, values, lows, means, highs)
    shown = spans.at_most(MAX_POINTS)
    frame = Frame(times, np.concatenate([lows, highs]), limit, unit)
    found = "".join(_told(frame, each) + _fit(frame, times, means, each) for each in growths) + _said(frame, growths)
    restarts = np.flatnonzero(np.diff(lives)) + 1 if lives is not None else np.empty(0, int)
    pieces = shown.pieces(np.concatenate([missing(times), times[restarts - 1]]))
    line = "".join(_series(frame, piece) for piece in pieces)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(_label(name, spans, unit))}>'
        f"{frame.grid()}{line}{found}{_strips(frame, spans)}"
        f"{restart_marks(frame, times[restarts])}</svg>"
    )


def standalone(picture: str) -> str:
    """A picture as a file of its own: with its namespace and its style, light and dark."""
    start, close, rest = picture.partition(">")
    head = start.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f"{head}{close}<style>{STYLE}</style>{rest}"


def _label(name: str, spans: Spans, unit: Unit) -> str:
    """The picture in words, for those who do not see it."""
    told = [float(each) for each in (spans.lasts[0], spans.lasts[-1], spans.lows.min(), spans.highs.max())]
    first, last, low, high = (human_value(each, unit) for each in told)
    when = f"{name} from {human_time(spans.starts[0])} to {human_time(spans.ends[-1])}"
    return f"{when}: from {first} to {last}; lowest {low}, highest {high}"


def _series(frame: Frame, piece: Spans) -> str:
    """A piece without a gap: the mean, in its band; one point alone is a dot, which a line of no length draws."""
    ends, means = (np.repeat(each, 2 if len(piece) == 1 else 1) for each in (piece.ends, piece.means))
    return f'{_band(frame, piece)}<polyline class="series" points="{frame.points(ends, means)}"/>'


def restart_marks(frame: Frame, times: Floats) -> str:
    """A thin line where another life is first seen."""
    ends = f'y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
    marks = (f'<line class="restart" x1="{x:.1f}" x2="{x:.1f}" {ends}>' for x in frame.x(times).tolist())
    return "".join(f"{mark}<title>restart</title></line>" for mark in marks)


def _band(frame: Frame, shown: Spans) -> str:
    """The surface between the lowest and the highest; nothing where they are the same everywhere."""
    if not (shown.highs > shown.lows).any():
        return ""
    there = frame.points(shown.ends, shown.highs)
    back = frame.points(shown.ends[::-1], shown.lows[::-1])
    return f'<polygon class="band" points="{there} {back}"/>'


def _strips(frame: Frame, spans: Spans) -> str:
    """Strips over the picture that tell their values to those who point at them."""
    few = spans.at_most(STRIPS)
    borders = np.concatenate([[frame.begin], (few.ends[:-1] + few.starts[1:]) / 2, [frame.end]])
    left = frame.x(borders)
    return "".join(
        f'<rect class="strip" x="{x:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}">'
        f"<title>{escape(text)}</title></rect>"
        for x, width, text in zip(left[:-1], np.diff(left), in_words(few, frame.unit), strict=True)
    )


def in_words(spans: Spans, unit: Unit) -> Iterator[str]:
    """When each span was, and what it had."""
    figures = (spans.starts, spans.ends, spans.lows, spans.means, spans.highs, spans.lasts)
    for start, end, *values in zip(*(each.tolist() for each in figures), strict=True):
        low, mean, high, last = (human_value(each, unit) for each in values)
        when = human_time(end) if start == end else f"{human_time(start)} to {human_time(end)}"
        told = last if values[0] == values[2] else f"lowest {low}, mean {mean}, highest {high}, last {last}"
        yield f"{when}: {told}"


def _told(frame: Frame, growth: Growth) -> str:
    """A band from the announcement to the end, and a line where it begins."""
    if growth.told is None:
        return ""
    ends = np.array([growth.told, frame.end if growth.until is None else growth.until])
    left, right = frame.x(np.clip(ends, frame.begin, frame.end))
    return (
        f'<rect class="told" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{HEIGHT - TOP - BOTTOM}"/>'
        f'<line class="told" x1="{left:.1f}" x2="{left:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
    )


def _said(frame: Frame, growths: Sequence[Growth]) -> str:
    """When each was announced, beside its line and clear of the limit; none over the one before.

    The year stands at the ends of the axis.
    """
    out, free = [], -np.inf
    y = TOP + TEXT_HEIGHT * (1 if frame.limit is None else 2.2)
    for told in (each.told for each in growths if each.told is not None):
        x = float(frame.x(np.array([told]))[0])
        late = x > WIDTH - TEXT_WIDTH
        left = x - TEXT_WIDTH if late else x
        if left < free:
            continue
        free = left + TEXT_WIDTH
        place = f'x="{x - 4:.1f}" text-anchor="end"' if late else f'x="{x + 4:.1f}"'
        when = datetime.fromtimestamp(told, UTC).strftime("%m-%d %H:%M:%S")
        out.append(f'<text {place} y="{y:.0f}">announced {when}</text>')
    return "".join(out)


def _fit(frame: Frame, times: Floats, values: Floats, growth: Growth) -> str:
    """The dashed line: from the onset at the level there, with the growth, until it is over."""
    start = max(growth.since, frame.begin)
    end = frame.end if growth.until is None else min(growth.until, frame.end)
    inside = (times >= start) & (times <= end)
    if growth.per_second is None or inside.sum() < 2:
        return ""
    middle = float(np.median(values[inside] - growth.per_second * (times[inside] - start)))
    ends = np.array([middle, middle + growth.per_second * (end - start)])
    y = frame.y(np.clip(ends, frame.low, frame.high))
    x = frame.x(np.array([start, end]))
    return f'<line class="fit" x1="{x[0]:.1f}" y1="{y[0]:.1f}" x2="{x[1]:.1f}" y2="{y[1]:.1f}"/>'
