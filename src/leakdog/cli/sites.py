"""`leakdog sites`: the code in which a target's memory and goroutines are, each place judged for itself."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

from leakdog.cli.client import Client, add_arguments
from leakdog.cli.help import Help
from leakdog.cli.tables import Row, print_rows
from leakdog.model import Signal, Verdict
from leakdog.report.down import down_lines
from leakdog.report.leak import place, target_name, unix_time
from leakdog.report.words import human_growth, human_moment, human_value, inert, wrapped, wrapped_all

EPILOG = """examples:
  leakdog sites shop/shop-1:6060            where the heap and the goroutines are, and what grows
  leakdog sites shop-1:6060 --json | jq '.sites.inuse_space.followed[].function'
"""
_COLOURS = {Verdict.LEAK: "bold red", Verdict.SETTLING: "yellow", Verdict.LOAD: "yellow", Verdict.STEADY: "green"}


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "sites",
        help="the code in which a target's memory is, and what of it grows",
        description="List the sites of a target that are followed as series of their own, by bytes, objects and "
        "goroutines: the largest, and those that have grown most. All others together are one line, so that the lines "
        "add up.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("target", metavar="TARGET", help="JOB/INSTANCE, or the instance where only one job has it")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the sites.

    Raises:
        ApiError: no daemon answers, or it does not watch this target.

    """
    found = Client(args.server).get("/api/v1/sites", target=args.target)
    if found.get("up") is False and not args.json:
        error, *more = down_lines(found, time.time())
        told = (f"{target_name(found)} is down: {error}", *more)
        print("\n".join(wrapped_all(told)), end="\n\n")
    if args.json:
        print(json.dumps(found, indent=2))
    elif not found["sites"]:
        print("\n".join(wrapped(inert(found.get("unprofiled") or "no profile of this target has been read yet"))))
    else:
        now = time.time()
        for name, sites in found["sites"].items():
            _print_table(Signal(name), sites, now)
    return 0


def _print_table(signal: Signal, sites: Mapping[str, Any], now: float) -> None:
    from rich.text import Text

    rows = []
    for site in sites["followed"]:
        verdict = Verdict(site["verdict"]) if site["verdict"] else Verdict.TOO_EARLY
        cells = (
            Text(human_value(site["value"], signal.unit)),
            Text(human_growth(site.get("growth_per_second"), verdict, signal.unit)),
            Text(verdict.value.replace("_", " "), style=_COLOURS.get(verdict, "dim")),
        )
        caller = site.get("caller")
        rows.append(Row(cells, [place(site), *([f"called by {place(caller)}"] if caller else [])]))
    rest = (Text(human_value(sites["other"], signal.unit)), Text(), Text())
    rows.append(Row(rest, ["all other code"]))
    print(signal.value + _as_of(sites, now))
    print_rows(("VALUE", "GROWTH", "STATE"), rows, "CODE", right=("VALUE", "GROWTH"))
    print()


def _as_of(sites: Mapping[str, Any], now: float) -> str:
    """When the profile that tells them was read; a daemon of before does not say."""
    if not sites.get("time"):
        return ""
    return f", as of {human_moment(unix_time(sites['time']), now)}"
