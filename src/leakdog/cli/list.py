"""`leakdog list`: the source lines of some functions, with what each holds."""

from __future__ import annotations

import argparse
import json

from leakdog.cli import growth
from leakdog.cli.arguments import regex
from leakdog.cli.compare import load_compared
from leakdog.cli.growth import add_growth
from leakdog.cli.help import Help
from leakdog.cli.profile import add_base, add_source, add_view, view_of
from leakdog.cli.sources import add_sources, sources_of

EXAMPLES = """examples:
  leakdog list 'cart\\.Put' heap.pb.gz           which of its lines hold memory
  leakdog list 'cart\\.Put' heap.pb.gz --source-path ~/src/shop --trim-path /build/shop
  leakdog list 'cart' http://127.0.0.1:6060 --link 'https://host/shop/blob/main/{file}#L{line}'
  leakdog list 'cart' after.pb.gz --base before.pb.gz --json
  leakdog list 'cart' profiles/ --growth         which lines grow, how fast and how surely
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "list",
        help="the source lines of some functions, with what each holds",
        description="Show the source lines of some functions with what each holds, as `go tool pprof -list` does.",
        epilog=EXAMPLES,
        formatter_class=Help,
    )
    parser.add_argument("regex", metavar="REGEX", type=regex, help="which functions")
    add_source(parser)
    add_view(parser, granularity=False)
    add_growth(parser, add_base(parser))
    add_sources(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if there is one."""
    from leakdog.report.listing import as_json, render, routines

    if growth.wanted(args):
        return _growth(args)
    profile, view = load_compared(args), view_of(args)
    found = routines(profile, view, args.regex, sources_of(args))
    if args.json:
        print(json.dumps(as_json(found, profile, view), indent=2))
    else:
        print(render(found, profile, view), end="")
    return 0


def _growth(args: argparse.Namespace) -> int:
    from leakdog.report.grow import by_call
    from leakdog.report.grow_text import lines_of, listing, routines

    sources = sources_of(args)
    found = growth.grown(args, view_of(args), by_call(lines_of(sources.name)))
    listed = routines(found, args.regex, sources)
    if args.json:
        told = [
            {
                "function": each.function,
                "file": each.file,
                "error": each.error,
                "lines": [
                    {"line": line.line, "source": line.source, **(growth.row(line.grown) if line.grown else {})}
                    for line in each.lines
                ],
            }
            for each in listed
        ]
        print(json.dumps({**growth.about(found), "routines": told}, indent=2))
    else:
        print(listing(found, listed), end="")
    return 0
