"""`leakdog dot`: a call graph for Graphviz."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from leakdog.cli.compare import load_compared
from leakdog.cli.help import Help
from leakdog.cli.profile import add_base, add_cut, add_output, add_source, add_view, view_of, write

if TYPE_CHECKING:
    from leakdog.report.callgraph import CallGraph
    from leakdog.report.node_tags import Tag

EXAMPLES = """examples:
  leakdog dot heap.pb.gz | dot -Tsvg > heap.svg  needs Graphviz
  leakdog dot http://127.0.0.1:6060 --focus 'cart' -n 30 -o cart.dot
  leakdog dot after.pb.gz --base before.pb.gz --nodefraction 0
  leakdog dot heap.pb.gz -n 0 --nodefraction 0 --edgefraction 0 --json   all nodes and calls, for a program
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "dot",
        help="a call graph of a profile, for Graphviz",
        description="Write the call graph of a profile for Graphviz, as `go tool pprof -dot` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_arguments(parser, nodes=80)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser, *, nodes: int) -> None:
    """Add what call graphs are drawn of, and how."""
    add_source(parser)
    add_view(parser)
    add_cut(parser, rows=nodes, what="nodes and their labels", node=0.005, edge=0.001)
    add_base(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Write the graph, for Graphviz or as JSON.

    Raises:
        LeakdogError: the profile cannot be read, or the file cannot be written.

    """
    from leakdog.report.dot import render

    return write_graph(args, render)


def write_graph(args: argparse.Namespace, render: Callable[[CallGraph], str]) -> int:
    """Write the graph as it is drawn, or as JSON.

    Raises:
        LeakdogError: the profile cannot be read, or the file cannot be written.

    """
    from leakdog.report.callgraph import callgraph

    drawn = callgraph(load_compared(args), view_of(args))
    return write(args, f"{json.dumps(as_json(drawn), indent=2)}\n" if args.json else render(drawn))


def as_json(drawn: CallGraph) -> dict[str, Any]:
    """Nodes and edges as `leakdog tree` gives them, with the labels of each node, and how many were left out."""
    from leakdog.cli.tree import as_json as tree_json

    graph = drawn.graph
    found = tree_json(graph)
    for node, tags in zip(found["nodes"], drawn.tags, strict=True):
        node["labels"] = [_label(tag) for tag in tags.texts]
        node["sizes"] = [{**_label(tag), "labels": text} for text, group in tags.numbers.items() for tag in group]
    left_out = {"nodes": graph.dropped + graph.node_count - len(graph.nodes), "edges": drawn.dropped_edges}
    return {**found, "left_out": left_out}


def _label(tag: Tag) -> dict[str, Any]:
    return {"name": tag.name, "flat": tag.flat, "cum": tag.cum}
