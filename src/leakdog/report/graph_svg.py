"""A call graph as a picture, callers above callees: who holds more itself is larger, who holds more in all redder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

from leakdog.report.callgraph import CallGraph
from leakdog.report.dot import legend, short
from leakdog.report.frames import Parts
from leakdog.report.graph import Edge, Graph, Node
from leakdog.report.layout import Layout, Link, Point, Size, layout
from leakdog.report.measure import label, percentage

SMALLEST, LARGEST = 10, 20  # pixels, of text
CHARACTER, LINE = 0.61, 1.25  # of a character's width and a line's height, in sizes of its text
PADDING, MARGIN, HEAD = 8, 20, 16  # pixels
LONGEST = 40  # characters of a line
PULL = 20.0  # of a call that holds all, against one that holds nothing
STYLE = (
    "svg { background: #fff; } text { font-family: ui-monospace, monospace; fill: #1b1f24; text-anchor: middle; }"
    " .head { font: 13px sans-serif; text-anchor: start; } .held { font-size: 10px; paint-order: stroke;"
    " stroke: #fff; stroke-width: 3px; } path { fill: none; } rect { stroke-width: 1; }"
    " @media (prefers-color-scheme: dark) { svg { background: #0d1117; } .head, .held { fill: #e6edf3; }"
    " .held { stroke: #0d1117; } }"
)


def render(drawn: CallGraph) -> str:
    """An SVG document without script; each box and arrow has its full names and figures as a title."""
    graph = drawn.graph
    head = legend(drawn, graph.shown_in)
    texts = [_lines(node, parts, graph) for node, parts in zip(graph.nodes, drawn.parts, strict=True)]
    most = max((abs(node.flat) for node in graph.nodes), default=0)
    fonts = [_font(node, most) for node in graph.nodes]
    sizes = [_size(lines, font) for lines, font in zip(texts, fonts, strict=True)]
    number = {node.name: i for i, node in enumerate(graph.nodes)}
    heaviest = max((abs(edge.weight) for edge in graph.edges), default=0) or 1
    pulls = [PULL * abs(edge.weight) / heaviest for edge in graph.edges]
    ends = [(number[edge.caller], number[edge.callee]) for edge in graph.edges]
    placed = layout(sizes, [Link(*pair, pull) for pair, pull in zip(ends, pulls, strict=True)])
    top = MARGIN + len(head) * HEAD + MARGIN
    width = max(placed.size.width, max(map(len, head)) * HEAD * 0.5) + 2 * MARGIN
    boxes = zip(graph.nodes, texts, fonts, sizes, placed.nodes, strict=True)
    lines = (
        f'<text class="head" x="{MARGIN}" y="{MARGIN + i * HEAD}">{escape(line)}</text>' for i, line in enumerate(head)
    )
    parts = [*lines, f'<g transform="translate({MARGIN} {top})">', *_arrows(drawn, placed)]
    parts += [*(_box(drawn, *box) for box in boxes), "</g>"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {top + placed.size.height + MARGIN:.0f}" '
        f'role="img" aria-label="call graph"><style>{STYLE}</style>'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8Z" style="fill: #8c959f"/></marker></defs>'
        f"{''.join(parts)}</svg>\n"
    )


def _lines(node: Node, parts: Parts, graph: Graph) -> list[str]:
    """What stands in a box: the name in parts, then flat, then cum where it is more."""

    def told(value: int) -> str:
        return f"{label(value, graph.unit, graph.shown_in)} ({percentage(value, graph.total).strip()})"

    named = short(parts).split("\n")
    name = [part if len(part) <= LONGEST else part[: LONGEST - 1] + "…" for part in named]
    flat = [told(node.flat)] if node.flat else []
    return [*name, *flat, *([f"of {told(node.cum)}"] if node.cum != node.flat else [])]


def _font(node: Node, most: int) -> float:
    return SMALLEST + (LARGEST - SMALLEST) * math.sqrt(abs(node.flat) / most) if most else SMALLEST


def _size(lines: Sequence[str], font: float) -> Size:
    return Size(max(map(len, lines)) * font * CHARACTER + 2 * PADDING, len(lines) * font * LINE + PADDING)


def _box(drawn: CallGraph, node: Node, lines: Sequence[str], font: float, size: Size, at: Point) -> str:
    graph = drawn.graph
    share = node.cum / graph.total if graph.total else 0.0
    flat, cum = (label(value, graph.unit, graph.shown_in) for value in (node.flat, node.cum))
    rows = [at.y + font + (i - len(lines) / 2) * font * LINE for i in range(len(lines))]
    text = "".join(
        f'<tspan x="{at.x:.1f}" y="{y:.1f}">{escape(line)}</tspan>' for y, line in zip(rows, lines, strict=True)
    )
    return (
        f"<g><title>{escape(f'{node.name}: {flat} flat, {cum} cum')}</title>"
        f'<rect x="{at.x - size.width / 2:.1f}" y="{at.y - size.height / 2:.1f}" width="{size.width:.1f}" '
        f'height="{size.height:.1f}" rx="3" fill="{_colour(share, 92)}" stroke="{_colour(share, 55)}"/>'
        f'<text font-size="{font:.1f}">{text}</text></g>'
    )


def _arrows(drawn: CallGraph, placed: Layout) -> Iterator[str]:
    """Lines first, so that no line is drawn over what another holds."""
    held = []
    for edge, points in zip(drawn.graph.edges, placed.links, strict=True):
        figure = label(edge.weight, drawn.graph.unit, drawn.graph.shown_in)
        yield _arrow(edge, points, figure, edge.weight / drawn.graph.total if drawn.graph.total else 0.0)
        middle = _between(points)
        mark = " (inline)" if edge.inline else ""
        held.append(f'<text class="held" x="{middle.x:.1f}" y="{middle.y:.1f}">{escape(figure)}{mark}</text>')
    yield from held


def _arrow(edge: Edge, points: Sequence[Point], figure: str, share: float) -> str:
    bends = [
        f"C{a.x:.1f} {(a.y + b.y) / 2:.1f} {b.x:.1f} {(a.y + b.y) / 2:.1f} {b.x:.1f} {b.y:.1f}"
        for a, b in pairwise(points)
    ]
    through = " through what is not drawn" if edge.residual else ""
    dashes = ' stroke-dasharray="4 3"' if edge.residual else ""
    return (
        f"<g><title>{escape(f'{edge.caller} calls {edge.callee}{through}: {figure}')}</title>"
        f'<path d="M{points[0].x:.1f} {points[0].y:.1f}{"".join(bends)}" stroke="{_colour(share, 60)}" '
        f'stroke-width="{1 + 5 * min(abs(share), 1):.1f}"{dashes} marker-end="url(#tip)"/></g>'
    )


def _between(points: Sequence[Point]) -> Point:
    """Where the figure of an arrow stands: at a point that it passes, else halfway."""
    if len(points) > 2:
        return points[len(points) // 2]
    return Point((points[0].x + points[-1].x) / 2, (points[0].y + points[-1].y) / 2)


def _colour(share: float, lightness: int) -> str:
    """From grey for nothing to red for all, and to green for what a difference has less."""
    return f"hsl({0 if share >= 0 else 140}, {round(85 * min(abs(share), 1) ** 0.4)}%, {lightness}%)"
