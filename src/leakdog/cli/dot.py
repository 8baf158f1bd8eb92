"""`leakdog dot`: a call graph for Graphviz."""

from __future__ import annotations

import argparse

from leakdog.cli.profile import add_base, add_cut, add_output, add_source, add_view, load_compared, view_of, write

EXAMPLES = """examples:
  leakdog dot heap.pb.gz | dot -Tsvg > heap.svg  needs Graphviz
  leakdog dot http://127.0.0.1:6060 --focus 'cart' -n 30 -o cart.dot
  leakdog dot after.pb.gz --base before.pb.gz --nodefraction 0
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "dot",
        help="a call graph of a profile, for Graphviz",
        description="Write the call graph of a profile for Graphviz, as `go tool pprof -dot` does.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser, nodes=80)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser, *, nodes: int) -> None:
    """Add what call graphs are drawn of, and how."""
    add_source(parser)
    add_view(parser, as_json=False)
    add_cut(parser, rows=nodes, what="nodes and their labels", node=0.005, edge=0.001)
    add_base(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Write the graph.

    Raises:
        LeakdogError: the profile cannot be read, or the file cannot be written.

    """
    from leakdog.report.callgraph import callgraph
    from leakdog.report.dot import render

    return write(args, render(callgraph(load_compared(args), view_of(args))))
