"""`leakdog flame`: a profile as a flame graph."""

from __future__ import annotations

import argparse

from leakdog.cli.profile import add_base, add_output, add_source, add_view, load_compared, view_of, write

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
    add_output(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the picture.

    Raises:
        LeakdogError: the profile cannot be read, or the file cannot be written.

    """
    from leakdog.report.flame import render

    return write(args, render(load_compared(args), view_of(args)))
