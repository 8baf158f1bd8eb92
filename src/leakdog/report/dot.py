"""A call graph in the language of Graphviz, with the nodes, edges and figures of `go tool pprof -dot`."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Callable, Iterator

from leakdog.report.callgraph import MOST_TAGS, CallGraph
from leakdog.report.frames import Parts
from leakdog.report.graph import Edge, Graph, Node
from leakdog.report.measure import label, percentage
from leakdog.report.node_tags import NodeTags, Tag, collapsed, ranked
from leakdog.report.top import summary

SMALLEST, LARGEST = 8, 24  # of the text in a node
HEAVIEST, WIDEST = 100, 5  # of an edge that holds everything, above that of one that holds nothing
# What is outside of the part of a name that is shown. Method: google/pprof internal/graph.
_OUTER = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?:[\w\-.]+/)+([^.]+\..+)",
        r"(?:[a-z]\w*\.)*([A-Z][\w$]*\.(?:<init>|[a-z][\w$]*(?:\$\d+)?))(?:\(|\Z)",
        r"(?:[_a-zA-Z]\w*::)+(_*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)?)",
    )
)
_ANONYMOUS = re.compile(r"^\(anonymous namespace\)::")
_VERSION = re.compile(r"^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$")
_SPLIT = re.compile(r"::|\.")
Figure = Callable[[int], str]


def render(drawn: CallGraph) -> str:
    """The graph as text; `dot -Tsvg` draws it."""
    graph = drawn.graph
    unit = graph.shown_in

    def figure(value: int) -> str:
        return label(value, graph.unit, unit)

    numbers = {node.name: number for number, node in enumerate(graph.nodes, 1)}
    calling = {edge.caller for edge in graph.edges}
    most = max((abs(node.flat) for node in graph.nodes), default=0)
    lines = ['digraph "leakdog" {', 'node [style=filled fillcolor="#f6f8fa" color="#8c959f" fontname="sans-serif"]']
    lines.append(_legend(drawn, unit))
    labelled = set()
    for (name, number), node, parts, tags in zip(numbers.items(), graph.nodes, drawn.parts, drawn.tags, strict=True):
        lines.append(f"N{number} [{_node(node, short(parts), graph, most, figure)}]")
        beside = list(_tags(number, tags, figure, flat=name in calling))
        labelled |= {name} if beside else set()
        lines += beside
    lines += [
        f"N{numbers[edge.caller]} -> N{numbers[edge.callee]} "
        f"[{_edge(edge, graph, figure)}{' minlen=2' if edge.caller in labelled else ''}]"
        for edge in graph.edges
    ]
    return "\n".join([*lines, "}"]) + "\n"


def legend(drawn: CallGraph, unit: str) -> list[str]:
    """What profile it is, and how much of it is drawn."""
    lines = summary(drawn.graph, unit)
    if drawn.graph.total and drawn.dropped_edges:
        edges = "edge" if drawn.dropped_edges == 1 else "edges"
        told = f"Dropped {drawn.dropped_edges} {edges} (freq <= {label(drawn.edge_cutoff, drawn.graph.unit, unit)})"
        lines.insert(len(lines) - (len(drawn.graph.nodes) < drawn.graph.node_count), told)
    return lines


def short(parts: Parts) -> str:
    """A node's name, as much of it as tells it from others: no folders, and one line for each part."""
    function = parts.function
    if not function.startswith("["):  # a binary has one name
        function = _SPLIT.sub("\n", _shortened(function).replace("[...]", "[…]"))
    return "\n".join(part for part in (parts.address, function, posixpath.basename(parts.place)) if part)


def _shortened(function: str) -> str:
    """A function without folders and versions of Go, packages of Java, and outer namespaces of C++."""
    function = _VERSION.sub(r"\1\2", _ANONYMOUS.sub("", function))
    found = next((match for match in (pattern.match(function) for pattern in _OUTER) if match), None)
    return found[1] if found else function


def _legend(drawn: CallGraph, unit: str) -> str:
    text = "".join(f"{_escaped(line)}\\l" for line in legend(drawn, unit))
    return f'subgraph cluster_legend {{ "legend" [shape=box fontsize=16 label="{text}"] }}'


def _node(node: Node, shown: str, graph: Graph, most: int, figure: Figure) -> str:
    size = SMALLEST + math.ceil((LARGEST - SMALLEST) * math.sqrt(abs(node.flat) / most)) if most else SMALLEST
    cum = figure(node.cum)
    text = f"{figure(node.flat)} ({percentage(node.flat, graph.total).strip()})" if node.flat else "0"
    if node.cum != node.flat:
        text += f"{chr(10) if node.flat else ' '}of {cum} ({percentage(node.cum, graph.total).strip()})"
    share = node.cum / graph.total if graph.total else 0.0
    return (
        f'label="{_escaped(f"{shown}{chr(10)}{text}", centred=True)}" fontsize={size} shape=box '
        f'tooltip="{_escaped(f"{node.name} ({cum})")}" color="{_colour(share, 45)}" fillcolor="{_colour(share, 92)}"'
    )


def _tags(number: int, tags: NodeTags, figure: Figure, *, flat: bool) -> Iterator[str]:
    """Boxes beside a node, one for each label: of its own code where it calls others, else of all."""
    for place, tag in enumerate(ranked(tags.texts, flat=flat)[:MOST_TAGS]):
        held = tag.flat if flat else tag.cum
        if held:
            yield from _box(f"N{number}", f"N{number}_{place}", tag.name, figure(held))
            yield from _numbers(f"N{number}_{place}", tags.numbers.get(tag.name, ()), figure, flat=flat)
    yield from _numbers(f"N{number}", tags.numbers.get("", ()), figure, flat=flat)


def _numbers(source: str, tags: tuple[Tag, ...], figure: Figure, *, flat: bool) -> Iterator[str]:
    for place, tag in enumerate(collapsed(tags, MOST_TAGS, flat=flat)):
        own = flat or tag.flat == tag.cum
        if tag.flat if own else tag.cum:
            style = "" if own else ' style="dotted"'
            yield from _box(source, f"N{source}_{place}", tag.name, figure(tag.flat if own else tag.cum), style)


def _box(source: str, name: str, text: str, held: str, style: str = "") -> Iterator[str]:
    yield f'{name} [label="{_escaped(text, centred=True)}" fontsize=8 shape=box3d tooltip="{_escaped(held)}"]'
    yield f'{source} -> {name} [label=" {_escaped(held)}" weight=100 tooltip="{_escaped(held)}"{style}]'


def _edge(edge: Edge, graph: Graph, figure: Figure) -> str:
    held = _escaped(figure(edge.weight))
    words = [f'label=" {held}{chr(92) + "n (inline)" if edge.inline else ""}"']
    if graph.total:
        weight, width = (1 + min(abs(edge.weight) * full // graph.total, full) for full in (HEAVIEST, WIDEST))
        colour = _colour(edge.weight / graph.total, 45)
        words.append(f'weight={weight} penwidth={width} color="{colour}"')
    arrow = "..." if edge.residual else "->"
    words.append(f'tooltip="{_escaped(edge.caller)} {arrow} {_escaped(edge.callee)} ({held})"')
    return " ".join([*words, *(['style="dotted"'] if edge.residual else [])])


def _colour(share: float, lightness: int) -> str:
    """From grey for nothing to red for all, and to green for what a difference has less."""
    strong = min(abs(share), 1.0) ** 0.3
    full, faint = round(255 * lightness / 100 * (1 + 0.08 * strong)), round(255 * lightness / 100 * (1 - 0.45 * strong))
    red, green = (full, faint) if share >= 0 else (faint, full)
    return f"#{min(red, 255):02x}{min(green, 255):02x}{faint:02x}"


def _escaped(text: str, *, centred: bool = False) -> str:
    """As it is written between quotes; lines are centred, or begin at the left."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n" if centred else "\\l")
