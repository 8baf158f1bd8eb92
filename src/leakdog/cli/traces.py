"""`leakdog traces`: every stack of a profile."""

from __future__ import annotations

import argparse
import json

from leakdog.cli import growth
from leakdog.cli.compare import load_compared
from leakdog.cli.growth import add_growth
from leakdog.cli.help import Help
from leakdog.cli.profile import add_base, add_source, add_view, view_of

EXAMPLES = """examples:
  leakdog traces heap.pb.gz
  leakdog traces http://127.0.0.1:6060 --kind goroutine --granularity lines
  leakdog traces heap.pb.gz --focus 'cart\\.Put' --json
  leakdog traces profiles/ --growth              which stacks grow, the fastest first
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "traces",
        help="every stack of a profile",
        description="Show every stack of a profile with its value and labels, as `go tool pprof -traces` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    add_source(parser)
    add_view(parser)
    add_growth(parser, add_base(parser))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.report.traces import render, traces_of

    if growth.wanted(args):
        return _growth(args)
    profile, view = load_compared(args), view_of(args)
    if args.json:
        kind = profile.sample_types[profile.sample_index(view.sample_index)]
        traces = [
            {
                "value": trace.value,
                "labels": [label._asdict() for label in trace.labels],
                "stack": [name for name, _ in trace.stack],
            }
            for trace in traces_of(profile, view)
        ]
        print(json.dumps({"sample_type": kind.type, "unit": kind.unit, "traces": traces}, indent=2))
    else:
        print(render(profile, view), end="")
    return 0


def _growth(args: argparse.Namespace) -> int:
    from leakdog.report.grow import by_stack
    from leakdog.report.grow_text import ranked, traces

    view = view_of(args)
    found = growth.grown(args, view, by_stack(view))
    if args.json:
        rows = [{"stack": list(stack), **growth.row(grown)} for stack, grown in ranked(found)]
        print(json.dumps({**growth.about(found), "traces": rows}, indent=2))
    else:
        print(traces(found, growth.width()), end="")
    return 0
