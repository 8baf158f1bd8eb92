"""A profile as a flame graph: callers above, callees below, each as wide as what it holds.

(Gregg, The Flame Graph, Communications of the ACM 59, 2016; the form that hangs from its root.)
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from leakdog.pprof.profile import Profile
from leakdog.report.graph import View, total_of
from leakdog.report.heading import heading
from leakdog.report.measure import label, percentage
from leakdog.report.traces import traces_of

WIDTH, ROW, CHARACTER = 1200, 18, 6.6  # pixels: of the picture, of a row, of a character
DEEPEST = 256  # frames within frames in JSON: readers that recurse, such as Python's, end at 1000 levels, two a frame
LEAST = 0.4  # what is narrower is left out: nobody sees it
STYLE = (
    "svg { background: #fff; } text { font: 11px ui-monospace, monospace; fill: #1b1f24; } rect { stroke: #fff; }"
    " .head { font: 13px sans-serif; }"
    " @media (prefers-color-scheme: dark) { svg { background: #0d1117; } .head { fill: #e6edf3; }"
    " rect { stroke: #0d1117; } }"
)


@dataclass(slots=True)
class _Node:
    value: int = 0
    below: dict[str, _Node] = field(default_factory=dict)


def render(profile: Profile, view: View) -> str:
    """An SVG document without script; each frame has its name and figures as a title.

    Of a difference only what has grown is drawn: what holds less than nothing has no width.

    Raises:
        ProfileError: there is no such sample type, or what is selected is no regular expression.

    """
    kind = profile.sample_types[profile.sample_index(view.sample_index)]
    root = _tree(profile, view)
    frames = list(_frames(root, lambda value: label(value, kind.unit, view.unit)))
    deepest = max((depth for depth, _ in frames), default=0)
    told = heading(profile, kind, total_of(profile, view), view.unit)
    head = " · ".join([*told, f"{label(root.value, kind.unit, view.unit)} in all"])
    height = (deepest + 3) * ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="flame graph"><style>{STYLE}</style><text class="head" x="4" y="15">{escape(head)}</text>'
        f"{''.join(text for _, text in frames)}</svg>\n"
    )


def as_json(profile: Profile, view: View) -> dict[str, Any]:
    """The frames as a tree with raw numbers: what each holds with its callees (`value`) and without (`self`).

    All frames are there, also those too narrow to be drawn; the largest callee is first. What is called deeper than
    `DEEPEST` counts as the own of the frame there. As in the picture, what holds less than nothing is left out.

    Raises:
        ProfileError: there is no such sample type, or what is selected is no regular expression.

    """
    kind = profile.sample_types[profile.sample_index(view.sample_index)]
    about = {"sample_type": kind.type, "unit": kind.unit, "total": total_of(profile, view)}
    return {**about, "root": _nested(_tree(profile, view, DEEPEST))}


def _nested(root: _Node) -> dict[str, Any]:
    top = _plain("", root)
    waiting = [(root, top)]
    while waiting:
        node, told = waiting.pop()
        for name, below in _largest_first(node):
            told["children"].append(_plain(name, below))
            waiting.append((below, told["children"][-1]))
    return top


def _plain(name: str, node: _Node) -> dict[str, Any]:
    own = node.value - sum(below.value for below in node.below.values())
    return {"name": name, "value": node.value, "self": own, "children": []}


def _largest_first(node: _Node) -> list[tuple[str, _Node]]:
    return sorted(node.below.items(), key=lambda item: (-item[1].value, item[0]))


def _tree(profile: Profile, view: View, deepest: int | None = None) -> _Node:
    """Frames within frames; none deeper than that."""
    root = _Node()
    for trace in traces_of(profile, view):
        if trace.value <= 0:
            continue
        root.value += trace.value
        node = root
        for name, _ in trace.stack[::-1][:deepest]:
            node = node.below.setdefault(name, _Node())
            node.value += trace.value
    return root


def _frames(root: _Node, figure: Callable[[int], str]) -> Iterator[tuple[int, str]]:
    """Depth and picture of each frame that can be seen, callers before callees, the widest first."""
    waiting = [(1, 0.0, root)]
    while waiting:
        depth, x, node = waiting.pop()
        for name, below in _largest_first(node):
            width = below.value / root.value * WIDTH
            if width < LEAST:
                break
            figures = f"{figure(below.value)}, {percentage(below.value, root.value).strip()}"
            yield depth, _frame(name, figures, depth, x, width)
            waiting.append((depth + 1, x, below))
            x += width


def _frame(name: str, figures: str, depth: int, x: float, width: float) -> str:
    y = depth * ROW + 4
    shown = _fitting(name, int((width - 4) / CHARACTER))
    text = f'<text x="{x + 3:.1f}" y="{y + 13}">{escape(shown)}</text>' if shown else ""
    return (
        f"<g><title>{escape(f'{name}: {figures}')}</title>"
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW}" fill="{_colour(name)}"/>{text}</g>'
    )


def _fitting(name: str, room: int) -> str:
    """As much of a name as there is room for, its end rather than its path."""
    if len(name) > room:
        name = name.rpartition("/")[2]
    if len(name) <= room:
        return name
    return name[: room - 1] + "…" if room > 3 else ""


def _colour(name: str) -> str:
    """Functions of one package have one colour, from yellow to red."""
    package = name.rpartition("/")[2].partition(".")[0]
    shade = zlib.crc32(package.encode("utf-8", "replace")) % 40
    return f"hsl({15 + shade}, 85%, {66 + shade % 12}%)"
