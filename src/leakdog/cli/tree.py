"""`leakdog tree`: each function between its callers and its callees."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from leakdog.cli.compare import load_compared
from leakdog.cli.help import Help
from leakdog.cli.profile import add_graph, add_source, add_view, view_of

if TYPE_CHECKING:
    from leakdog.report.graph import Graph

EXAMPLES = """examples:
  leakdog tree heap.pb.gz
  leakdog tree heap.pb.gz --sort cum --nodefraction 0.01
  leakdog tree http://127.0.0.1:6060 --kind goroutine --json
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "tree",
        help="each function of a profile between its callers and its callees",
        description="Show each function between its callers and its callees, as `go tool pprof -tree` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_source(parser)
    add_view(parser)
    add_graph(parser, rows=80)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.report.graph import build
    from leakdog.report.tree import render

    graph = build(load_compared(args), view_of(args))
    print(json.dumps(as_json(graph), indent=2) if args.json else render(graph).rstrip("\n"))
    return 0


def as_json(graph: Graph) -> dict[str, Any]:
    """Nodes and edges with raw numbers."""
    return {
        "sample_type": graph.sample_type,
        "unit": graph.unit,
        "total": graph.total,
        "nodes": [{"name": node.name, "flat": node.flat, "cum": node.cum} for node in graph.nodes],
        "edges": [edge._asdict() for edge in graph.edges],
    }
