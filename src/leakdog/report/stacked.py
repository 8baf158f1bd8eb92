"""Parts that add up, over time, as an SVG picture: a pure function of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from leakdog.model import Unit
from leakdog.report.axes import HEIGHT, WIDTH, Frame
from leakdog.report.words import human_time, human_value

Floats = NDArray[np.float64]


def stacked(times: Floats, parts: Mapping[str, Floats], words: Mapping[str, str], unit: Unit) -> str:
    """One area for each part, the first at the bottom.

    Args:
        times: (n,) unix seconds, rising.
        parts: (n,) of each part by its name, none negative; the page's style gives a part's class its colour.
        words: what each part is, shown where somebody points at its area.

    Returns:
        An element for a page. What it tells has to be told in a table too: areas cannot be read out.

    """
    if len(times) < 2 or times[-1] <= times[0] or not parts:
        return "<p>Too few points for a picture.</p>"
    total = np.sum(list(parts.values()), axis=0)
    frame = Frame(times, total, None, unit, from_zero=True)
    below = np.zeros(len(times))
    areas = []
    for name, sizes in parts.items():
        areas.append(_area(frame, times, below, below + sizes, name, f"{words[name]}, {human_value(sizes[-1], unit)}"))
        below = below + sizes
    when = f"from {human_time(times[0])} to {human_time(times[-1])}"
    label = f"what {human_value(float(total[-1]), unit)} are made of, {when}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label={quoteattr(label)}>'
        f"{''.join(areas)}{frame.grid()}</svg>"
    )


def _area(frame: Frame, times: Floats, low: Floats, high: Floats, name: str, words: str) -> str:
    """Between two lines: along the upper one, and back along the lower."""
    x = frame.x(np.concatenate([times, times[::-1]]))
    y = frame.y(np.concatenate([high, low[::-1]]))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polygon class="part {name}" points="{points}"><title>{escape(words)}</title></polygon>'
