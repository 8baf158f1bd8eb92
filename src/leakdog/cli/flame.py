"""`leakdog flame`: a profile as a flame graph."""

from __future__ import annotations

import argparse
from pathlib import Path

from leakdog.cli.profile import add_base, add_source, add_view, load_compared, view_of
from leakdog.errors import LeakdogError

EXAMPLES = """examples:
  leakdog flame heap.pb.gz -o heap.svg           open it in a browser; hover over a frame for its figures
  leakdog flame after.pb.gz --base before.pb.gz -o grown.svg
  leakdog flame http://127.0.0.1:6060 --kind goroutine > goroutines.svg
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "flame",
        help="a profile as a flame graph (SVG)",
        description="Draw a profile as a flame graph: callers above, callees below, each as wide as what it holds.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source(parser)
    add_view(parser, as_json=False)
    add_base(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where to write it (default: standard output)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the picture.

    Raises:
        LeakdogError: the profile cannot be read, or the file cannot be written.

    """
    from leakdog.report.flame import render

    profile, _ = load_compared(args)
    picture = render(profile, view_of(args))
    if args.output is None:
        print(picture, end="")
        return 0
    try:
        args.output.write_text(picture)
    except OSError as error:
        raise LeakdogError(f"writing {args.output}: {error.strerror}") from error
    return 0
