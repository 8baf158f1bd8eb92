"""Parts that add up, over time, as an SVG picture: a pure function of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from leakdog.model import Unit
from leakdog.report.axes import HEIGHT, WIDTH, Frame
from leakdog.report.spans import missing
from leakdog.report.svg import restart_marks
from leakdog.report.words import human_time, human_value

Floats = NDArray[np.float64]


def stacked(
    times: Floats, parts: Mapping[str, Floats], words: Mapping[str, str], unit: Unit, lives: Floats | None = None
) -> str:
    """One area for each part, the first at the bottom. It breaks at points that are missing and at new lives.

    Args:
        times: (n,) unix seconds, rising.
        parts: (n,) of each part by its name, none negative; the page's style gives a part's class its colour.
        words: what each part is, shown where somebody points at its area.
        lives: (n,) start of the process that each point is of, unix seconds; None where it is not known.

    Returns:
        An element for a page. What it tells has to be told in a table too: areas cannot be read out.

    """
    if len(times) < 2 or times[-1] <= times[0] or not parts:
        return "<p>Too few points for a picture.</p>"
    total = np.sum(list(parts.values()), axis=0)
    frame = Frame(times, total, None, unit, from_zero=True)
    restarts = np.flatnonzero(np.diff(lives)) + 1 if lives is not None else np.empty(0, int)
    cuts = np.union1d(np.flatnonzero(np.isin(times, missing(times))) + 1, restarts)
    below = np.zeros(len(times))
    areas = []
    for name, sizes in parts.items():
        for piece in np.split(np.arange(len(times)), cuts):
            low, high, last = below[piece], (below + sizes)[piece], human_value(float(sizes[piece[-1]]), unit)
            areas.append(_area(frame, times[piece], low, high, name, f"{words[name]}, {last}"))
        below = below + sizes
    when = f"from {human_time(times[0])} to {human_time(times[-1])}"
    label = f"what {human_value(float(total[-1]), unit)} are made of, {when}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(label)}>'
        f"{''.join(areas)}{frame.grid()}{restart_marks(frame, times[restarts])}</svg>"
    )


def _area(frame: Frame, times: Floats, low: Floats, high: Floats, name: str, words: str) -> str:
    """Between two lines: along the upper one, and back along the lower; of one point alone a bar of a pixel."""
    along = frame.x(times)
    if len(times) == 1:
        low, high, along = np.repeat(low, 2), np.repeat(high, 2), along + np.array([-0.5, 0.5])
    x = np.concatenate([along, along[::-1]])
    y = frame.y(np.concatenate([high, low[::-1]]))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polygon class="part {name}" points="{points}"><title>{escape(words)}</title></polygon>'
