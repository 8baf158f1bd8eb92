"""What verbs share that show what grows over many profiles: where those come from, and their JSON."""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakdog.cli.analyze import load as load_files
from leakdog.cli.client import Client
from leakdog.cli.origin import is_stored, stored_until, url_of
from leakdog.cli.profile import tell_unmatched
from leakdog.errors import LeakdogError, ProfileError

if TYPE_CHECKING:
    from leakdog.report.graph import View
    from leakdog.report.grow import Fold, Grown, Key, OverTime, Rate
    from leakdog.report.offline import Taken

GROWTH_HELP = "show what grows over many profiles: files, folders, or all that the daemon stored until TARGET@TIME"
MOST_STORED = 1000  # snapshots of a target that are listed
FETCHED = 40  # of them, evenly spread; more add nothing to a trend


def add_growth(parser: argparse.ArgumentParser, group: argparse._ActionsContainer | None = None) -> None:
    """Add the choice of growth; `group` has what cannot be chosen together with it."""
    parser.add_argument("more", metavar="FILE|DIR", nargs="*", default=[], help="further profiles, with --growth")
    (group or parser).add_argument("--growth", action="store_true", help=GROWTH_HELP)
    parser.set_defaults(usage_error=parser.error)


def wanted(args: argparse.Namespace) -> bool:
    """Whether growth is asked for; several profiles without it are wrong usage."""
    if args.more and not args.growth:
        args.usage_error("one profile is shown at a time; add --growth to see what grows over several")
    return bool(args.growth)


def grown(args: argparse.Namespace, view: View, fold: Fold[Key]) -> OverTime[Key]:
    """What grows over the profiles that were given.

    Raises:
        ApiError: the daemon gave no stored profile.
        LeakdogError: a file cannot be read or is no profile, or there are too few to tell.

    """
    from leakdog.report.grow import over_time
    from leakdog.report.prune import pruned

    taken = [each._replace(profile=pruned(each.profile)) for each in _load(args)]
    tell_unmatched(args, [each.profile for each in taken])
    return over_time(taken, view, fold)


def width() -> int:
    """How many columns the text may take: those of the terminal, or 0 for any number where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def about(found: OverTime[Key]) -> dict[str, Any]:
    """What JSON says of all rows together."""
    from leakdog.web.views import rfc3339

    return {
        "sample_type": found.view.sample_index,
        "unit": found.unit,
        "profiles": len(found.taken),
        "from": rfc3339(found.taken[0].time),
        "to": rfc3339(found.taken[-1].time),
        "total": found.total,
        "growth_per_second": found.rate.per_second,
        "interval": [found.rate.low, found.rate.high],
    }


def row(grown: Grown) -> dict[str, Any]:
    """What JSON says of a row."""
    cum = {f"cum_{name}": value for name, value in _rate(grown.cum_rate).items()}
    return {"flat": grown.flat, "cum": grown.cum, **_rate(grown.flat_rate), **cum}


def _rate(rate: Rate) -> dict[str, Any]:
    return {"growth_per_second": rate.per_second, "interval": [rate.low, rate.high], "share": rate.share}


def _load(args: argparse.Namespace) -> list[Taken]:
    given = [args.profile, *args.more]
    if is_stored(args.profile) and not args.more:
        return _stored(args)
    urls = [each for each in given if url_of(each) or each == "-"]
    if urls:
        raise LeakdogError(f"{urls[0]} gives one profile; growth needs files, folders or TARGET@TIME")
    return load_files([Path(each) for each in given])


def _stored(args: argparse.Namespace) -> list[Taken]:
    """Profiles of a target that the daemon stored, evenly spread over its last life."""
    from leakdog.pprof import Decoder, parse
    from leakdog.report.offline import Taken

    client = Client(args.server)
    found = stored_until(client, args.profile, args.kind, MOST_STORED)[::-1]
    # Only the store knows of every restart: of those that heap profiles do not tell, goroutines tell nothing at all.
    found = [each for each in found if each.get("life_start") == found[-1].get("life_start")]
    count = min(len(found), FETCHED)
    taken = []
    decoder = Decoder()
    for each in (found[i * (len(found) - 1) // max(count - 1, 1)] for i in range(count)):
        try:
            profile = parse(client.body(f"/api/v1/snapshots/{each['id']}/profile.pb.gz"), decoder=decoder)
        except ProfileError as error:
            raise LeakdogError(f"reading {args.profile}, the one of {each['time']}: {error}") from None
        stored = datetime.fromisoformat(each["time"]).timestamp()
        taken.append(Taken(each["time"], profile.time or stored, profile))
    return taken
