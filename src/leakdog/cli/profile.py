"""What all verbs that show a profile share: how it is asked for, and how it is looked at."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakdog.cli.arguments import regex
from leakdog.cli.client import SERVER_HELP, default_server
from leakdog.cli.origin import LATEST, Read, read
from leakdog.errors import LeakdogError, ProfileError

if TYPE_CHECKING:
    from leakdog.pprof.profile import Profile
    from leakdog.report.graph import View
    from leakdog.report.select import Selection

GRANULARITIES = ("functions", "filefunctions", "files", "packages", "lines", "addresses")
SELECTIONS = {
    "focus": "keep samples with a function, file or binary that matches",
    "ignore": "leave out samples with one that matches",
    "hide": "leave out frames that match",
    "show": "keep only frames that match",
    "show-from": "leave out what is above the outermost frame that matches, and samples without one",
    "tagfocus": "keep samples with a label that matches: REGEX, KEY=REGEX, or a range such as 1kb:4mb",
    "tagignore": "leave out samples with such a label",
}


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add where the profile comes from."""
    parser.add_argument(
        "profile",
        metavar="FILE|URL|TARGET@TIME|-",
        help="a profile; of a URL HOST:PORT is enough; "
        f"TARGET@TIME is one that the daemon stored (JOB/INSTANCE, and RFC 3339 or {LATEST}); "
        "- reads standard input",
    )
    parser.add_argument("--kind", default="heap", help="of a TARGET@TIME, or of a URL without a path (default heap)")
    parser.add_argument("--server", metavar="URL", default=default_server(), help=SERVER_HELP)


def add_view(parser: argparse.ArgumentParser, *, granularity: bool = True) -> None:
    """Add how the profile is looked at."""
    parser.add_argument("--sample-index", default="", metavar="NAME", help="inuse_space, alloc_objects, … or a number")
    if granularity:
        parser.add_argument(
            "--granularity",
            choices=GRANULARITIES,
            default="functions",
            metavar="NAME",
            help=f"what one row is: {', '.join(GRANULARITIES)} (default functions)",
        )
    parser.add_argument(
        "--unit",
        type=_unit,
        default="minimum",
        metavar="UNIT",
        help="of the figures: B, kB, MB, GB, ms, s, …; auto: the best for each; minimum: one for all (default)",
    )
    add_selections(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_selections(parser: argparse.ArgumentParser) -> None:
    """Add which samples and frames are looked at."""
    for name, meaning in SELECTIONS.items():
        kind = _tags if name.startswith("tag") else regex
        parser.add_argument(f"--{name}", default="", metavar="REGEX", type=kind, help=meaning)


def add_graph(parser: argparse.ArgumentParser, *, rows: int) -> argparse._ActionsContainer:
    """Add how many nodes there are, in which order, and what they are compared with; gives the choices of that."""
    add_rows(parser, rows=rows)
    return add_base(parser)


def add_base(parser: argparse.ArgumentParser) -> argparse._ActionsContainer:
    """Add what the profile is compared with; gives the choices, of which one is taken."""
    base = parser.add_mutually_exclusive_group()
    base.add_argument("--base", metavar="FILE|URL|TARGET@TIME", help="show what is more, or less, than in this profile")
    base.add_argument(
        "--diff-base", metavar="FILE|URL|TARGET@TIME", help="the same, with shares of this profile's total"
    )
    add_normalize(parser)
    return base


def add_normalize(parser: argparse.ArgumentParser) -> None:
    """Add that what is compared is first made equal in all."""
    parser.add_argument("--normalize", action="store_true", help="scale the profile to the base's total first")


def add_rows(parser: argparse.ArgumentParser, *, rows: int) -> None:
    """Add how many nodes there are, and in which order."""
    add_cut(parser, rows=rows)
    add_sort(parser)


def add_sort(parser: argparse.ArgumentParser) -> None:
    """Add in which order nodes are."""
    parser.add_argument("--sort", choices=("flat", "cum"), default="flat", help="column to sort by (default flat)")


def add_cut(
    parser: argparse.ArgumentParser, *, rows: int, what: str = "rows", node: float = 0.0, edge: float = 0.0
) -> None:
    """Add how many nodes there are, and the shares below which nodes and calls are left out."""
    parser.add_argument("-n", type=_count, default=rows, metavar="N", help=f"{what}, 0 for all (default {rows})")
    for name, default, left_out in (("node", node, "nodes whose cum is"), ("edge", edge, "calls that hold")):
        parser.add_argument(
            f"--{name}fraction",
            type=_share,
            default=default,
            metavar="SHARE",
            help=f"leave out {left_out} less than this (default {default:g})",
        )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add where it is written."""
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where to write it (default: standard output)"
    )


def write(args: argparse.Namespace, text: str) -> int:
    """Write it there; 0.

    Raises:
        LeakdogError: the file cannot be written.

    """
    if args.output is None:
        print(text, end="")
        return 0
    try:
        args.output.write_text(text)
    except OSError as error:
        raise LeakdogError(f"writing {args.output}: {error.strerror}") from error
    return 0


def load(args: argparse.Namespace) -> Profile:
    """The profile that was asked for.

    Raises:
        ApiError: the daemon gave no stored profile.
        FetchError: the URL gave no profile.
        LeakdogError: the file cannot be read, or holds no profile.

    """
    return load_read(args, args.profile)[0]


def load_read(args: argparse.Namespace, where: str) -> tuple[Profile, Read]:
    """The profile at `where`, and what else was read there; raises as `load` does."""
    from leakdog.pprof import parse

    found = read(where, args.kind, args.server)
    try:
        return parse(found.data), found
    except ProfileError as error:
        raise LeakdogError(f"reading {where}: {error}") from None


def view_of(args: argparse.Namespace) -> View:
    """How to look at it."""
    from leakdog.report.frames import Granularity
    from leakdog.report.graph import View

    selection = selection_of(args)
    granularity = Granularity(getattr(args, "granularity", Granularity.FUNCTIONS))
    view = View(args.sample_index, granularity, selection=selection, unit=args.unit)
    view = replace(view, sort=getattr(args, "sort", view.sort))
    if not hasattr(args, "n"):
        return view
    return replace(view, n=args.n, node_fraction=args.nodefraction, edge_fraction=args.edgefraction)


def selection_of(args: argparse.Namespace) -> Selection:
    """Which samples and frames to look at."""
    from leakdog.report.select import Selection

    return Selection(**{name: getattr(args, name) for name in (each.replace("-", "_") for each in SELECTIONS)})


def tell_unmatched(args: argparse.Namespace, profiles: Sequence[Profile]) -> None:
    """Say on stderr which filters match nothing in any of the profiles."""
    from leakdog.report.unmatched import unmatched
    from leakdog.report.words import inert

    for name, pattern in unmatched(profiles, selection_of(args)):
        print(f"nothing matches --{name.replace('_', '-')} {inert(repr(pattern))}", file=sys.stderr)


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a count")
    return int(text)


def _tags(text: str) -> str:
    from leakdog.report.tag_filter import tag_filter

    try:
        tag_filter(text, "")
    except ProfileError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix(": ")) from None
    return text


def _unit(text: str) -> str:
    from leakdog.report.measure import is_unit

    if not is_unit(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a unit; give one such as kB, MB or ms, or auto or minimum")
    return text


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share; write it like 0.005 for half a percent")
    return value
