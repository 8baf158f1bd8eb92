"""`leakdog targets`: every process that the daemon watches, and how it is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from leakdog.cli.client import Client, add_arguments
from leakdog.cli.leaks import too_early
from leakdog.cli.tables import print_table
from leakdog.model import LeakState, Signal, Verdict
from leakdog.report.leak import target_name
from leakdog.report.words import human_value, inert, plural

EPILOG = """examples:
  leakdog targets                                every target and what is said of it
  leakdog targets --json | jq '.targets[] | select(.up == false) | .last_error'
  leakdog targets --server http://10.0.0.5:5325  another daemon
"""
# The worst that is said of any signal, worst first.
_VERDICTS = (
    (Verdict.LEAK, "growing"),
    (Verdict.LOAD, "grows with load"),
    (Verdict.SETTLING, "settling"),
    (Verdict.STEADY, "steady"),
)


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "targets",
        help="every process that is watched",
        description="List the targets of a running daemon, with their latest numbers and what is said of them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the targets.

    Raises:
        ApiError: no daemon answers.

    """
    client = Client(args.server)
    targets = client.listing("/api/v1/targets", "targets")
    if args.json:
        print(json.dumps({"targets": targets}, indent=2))
    elif not targets:
        print("no targets: `scrape_configs` is empty, or nothing was found for it")
    else:
        _print_table(targets, _leaking(client.listing("/api/v1/leaks", "leaks")))
    return 0


def condition(target: Mapping[str, Any], classes: Sequence[str] = ()) -> str:
    """How a target is, in a word or two; `classes` are those of its firing leaks."""
    if target.get("up") is None:
        return "not read yet"
    if target["up"] is False:
        return "down"
    if classes:
        return f"leaks: {', '.join(classes)}"
    if too_early(dict(target)):
        return "too early to say"
    verdicts = {each["verdict"] for each in target["verdicts"].values()}
    return next((words for verdict, words in _VERDICTS if verdict in verdicts), "steady")


def _leaking(leaks: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Classes of firing leaks by target."""
    found: dict[str, list[str]] = {}
    for leak in leaks:
        if leak["state"] == LeakState.FIRING:
            found.setdefault(target_name(leak), []).append(str(leak["class"]))
    return found


def _print_table(targets: Sequence[Mapping[str, Any]], leaking: Mapping[str, Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("TARGET", overflow="fold", ratio=1)
    for name in ("MEMORY", "HEAP", "GOROUTINES"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("STATE", overflow="fold")
    colours = {"leaks": "bold red", "down": "bold red", "growing": "yellow", "steady": "green"}
    for target in targets:
        name = f"{target['job']}/{target['instance']}"
        state = condition(target, leaking.get(name, ()))
        numbers = [_number(target, *signals) for signals in _COLUMNS]
        style = colours.get(state.partition(":")[0], "")
        table.add_row(Text(inert(name)), *map(Text, numbers), Text(inert(state), style=style))
    print_table(table)
    down = [target for target in targets if target.get("up") is False]
    if down:
        print(f"\n{plural(len(down), 'target')} down:")
    for target in down:
        name = f"{target['job']}/{target['instance']}"
        print(inert(f"  {name}: {target.get('last_error') or 'no reason told'}"))


_COLUMNS = (
    (Signal.RSS, Signal.RSS_ANON),
    (Signal.INUSE_SPACE, Signal.HEAP_ALLOC),
    (Signal.GOROUTINES,),
)


def _number(target: Mapping[str, Any], *signals: Signal) -> str:
    """The first of the signals that is known."""
    known = target.get("signals") or {}
    return next((human_value(known[each], each.unit) for each in signals if each in known), "")
