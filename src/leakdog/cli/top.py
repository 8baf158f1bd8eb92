"""`leakdog top`: which functions hold the most in one profile."""

from __future__ import annotations

import argparse
import json

from leakdog.cli import growth
from leakdog.cli.compare import Compared, less_base, tidied
from leakdog.cli.growth import add_growth
from leakdog.cli.help import Help
from leakdog.cli.profile import add_graph, add_source, add_view, view_of

EXAMPLES = """examples:
  leakdog top heap.pb.gz
  leakdog top http://127.0.0.1:6060 --sample-index inuse_objects   its /debug/pprof/heap
  curl -s http://127.0.0.1:6060/debug/pprof/goroutine | leakdog top -
  leakdog top heap.pb.gz -n 0 --json
  leakdog top heap.pb.gz --granularity lines --focus 'cart\\.'
  leakdog top after.pb.gz --base before.pb.gz    what has grown, and what has shrunk
  leakdog top shop/10.0.0.7:6060@2026-03-01T10:00:00Z   the last one that the daemon stored until then
  leakdog top shop/10.0.0.7:6060@latest --kind goroutine
  leakdog top profiles/ --growth                 which functions grow, how fast and how surely
  leakdog top shop/10.0.0.7:6060@latest --growth --granularity lines
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "top",
        help="which functions hold the most in a profile",
        description="Show which functions hold the most in a profile, as `go tool pprof -top` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_source(parser)
    add_view(parser)
    add_growth(parser, add_graph(parser, rows=20))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    return _growth(args) if growth.wanted(args) else show(args, less_base(args))


def show(args: argparse.Namespace, found: Compared) -> int:
    """Print the report on a profile, which is a difference or not; 0."""
    from leakdog.report.graph import build
    from leakdog.report.top import as_json, render

    graph = build(tidied(args, found.profile), view_of(args))
    about = {} if found.two_processes is None else {"two_processes": found.two_processes or None}
    print(json.dumps({**as_json(graph), **about}, indent=2) if args.json else render(graph).rstrip("\n"))
    return 0


def _growth(args: argparse.Namespace) -> int:
    from leakdog.report.frames import calls_of
    from leakdog.report.grow import by_call
    from leakdog.report.grow_text import ranked, top

    view = view_of(args)
    found = growth.grown(args, view, by_call(lambda symbols: calls_of(symbols, view.granularity)))
    rows = [{"name": name, **growth.row(grown)} for name, grown in ranked(found)]
    if args.json:
        print(json.dumps({**growth.about(found), "rows": rows}, indent=2))
    else:
        print(top(found, growth.width()), end="")
    return 0
