"""`leakdog gate`: whether a new build leaks where the one before did not."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leakdog.cli.analyze import JSON, MARKDOWN, add_formats, as_json, called, load, written
from leakdog.cli.arguments import add_own_code
from leakdog.cli.help import Help
from leakdog.cli.scan import UNJUDGED

if TYPE_CHECKING:
    from leakdog.report.offline import Finding

NORMAL_90 = 1.6449  # standard errors on each side of a 90 % interval

EPILOG = """examples:
  leakdog scan http://127.0.0.1:6060 --for 5m --gc --record main/     a soak run of the build that is known
  leakdog scan http://127.0.0.1:6060 --for 5m --gc --record change/   and one of the build that is new
  leakdog gate --baseline main/ --candidate change/ --markdown

A leak that the baseline has too, and that grows no faster, is no reason to stop a change: it is told, and passes.

exit codes: 0 no new leak, 1 a new or faster leak, 2 usage, 3 a file cannot be read, or the candidate has too few
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "gate",
        help="whether a new build leaks where the one before did not",
        description="Compare soak runs of two builds: does the candidate leak where the baseline does not?",
        epilog=EPILOG,
        formatter_class=Help,
    )
    for name, what in (("baseline", "the build that is known"), ("candidate", "the build that is to pass")):
        parser.add_argument(
            f"--{name}", metavar="DIR|FILE", nargs="+", type=Path, required=True, help=f"profiles of {what}"
        )
    add_own_code(parser)
    add_formats(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what the candidate's profiles say; 1 if it leaks anew, 3 if nothing can be said of it.

    Raises:
        LeakdogError: a file cannot be read.

    """
    from leakdog.report.offline import analyze, unjudged

    own = tuple(args.own_code)
    before, after = (analyze(load(paths), called(paths), own) for paths in (args.baseline, args.candidate))
    fresh = new_leaks(before, after)
    if args.format == JSON:
        print(json.dumps({"new": fresh, "baseline": as_json(before), "candidate": as_json(after)}, indent=2))
    else:
        if args.format == MARKDOWN:  # a comment is read from its top, a terminal from its end
            print(f"**{_conclusion(fresh, after)}**\n")
        print(written(after, args.format))
        if args.format is None:
            print(f"\n{_conclusion(fresh, after)}")
    if fresh:
        return 1
    return UNJUDGED if unjudged(after) else 0


def new_leaks(before: Sequence[Finding], after: Sequence[Finding]) -> list[str]:
    """Signals that leak in the candidate and not in the baseline, or surely faster: their intervals do not meet.

    What the baseline may leak by chance alone is nothing new where the candidate surely does.
    """
    known = {finding.signal: _interval(finding) for finding in before if finding.leak or finding.chance}
    found = []
    for finding in after:
        old = known.get(finding.signal)
        if finding.leak and (old is None or _interval(finding)[0] > old[1]):
            found.append(finding.signal.value)
    return found


def _interval(finding: Finding) -> tuple[float, float]:
    """The 90 % interval of its growth, with what sampling makes of it; without end where it is not known."""
    low, high = finding.assessment.interval or (-math.inf, math.inf)
    return low - NORMAL_90 * finding.error, high + NORMAL_90 * finding.error


def _conclusion(fresh: Sequence[str], after: Sequence[Finding]) -> str:
    from leakdog.report.offline import unjudged

    if fresh:
        return f"a new leak, or a faster one: {', '.join(fresh)}"
    if unjudged(after):
        return "too early to say: the candidate has too few profiles, so it does not pass"
    known = [finding.signal.value for finding in after if finding.leak]
    return f"no new leak; the baseline leaks alike: {', '.join(known)}" if known else "no leak in the candidate"
