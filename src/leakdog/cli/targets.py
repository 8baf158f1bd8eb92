"""`leakdog targets`: every process that the daemon watches, and how it is."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leakdog.cli.client import Client, add_arguments
from leakdog.cli.help import Help
from leakdog.cli.tables import Row, folded, print_rows, print_table, room_beside
from leakdog.model import LeakState, Signal, Verdict
from leakdog.report.down import TO_DO, down_lines, idle
from leakdog.report.early import too_early
from leakdog.report.leak import class_word, target_name
from leakdog.report.words import human_steady, human_value, inert, plural, wrapped, wrapped_all

if TYPE_CHECKING:
    from rich.text import Text

EPILOG = """examples:
  leakdog targets                                every target and what is said of it
  leakdog targets --json | jq '.targets[] | select(.up == false) | .last_error'
  leakdog targets --server http://10.0.0.5:5325  another daemon
"""
# Conditions that are marked, the most urgent first.
_COLOURS = {"leaks": "bold red", "down": "bold red", "suspected": "yellow", "growing": "yellow", "steady": "green"}
LISTED = 10  # targets that are down
LEAST_NAME = 20  # columns in which the name of a target can be read, folded; where fewer are left it stands below
_NAMES = ("MEMORY", "HEAP", "GOROUTINES", "STATE")
# What is said of signals that grow, worst first.
_GROWS = (
    (Verdict.LEAK, "growing"),
    (Verdict.LOAD, "grows with load"),
    (Verdict.SETTLING, "settling"),
)


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "targets",
        help="every process that is watched",
        description="List the targets of a running daemon, with their latest numbers and what is said of them.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the targets.

    Raises:
        ApiError: no daemon answers.

    """
    client = Client(args.server)
    answer = client.answer("/api/v1/targets", "targets")
    targets, nobody = answer["targets"], answer.get("jobs_without_process", ())  # an older daemon tells none
    if args.json:
        print(json.dumps(answer, indent=2))
        return 0
    if targets:
        _print_table(targets, _by_target(client.listing("/api/v1/leaks", "leaks")), time.time())
    elif not nobody:
        print("no targets: `scrape_configs` is empty, or nothing was found for it")
    if nobody:
        print("\n".join([*([""] if targets else []), *wrapped_all([idle(nobody)])]))
    return 0


def condition(target: Mapping[str, Any], leaks: Sequence[Mapping[str, Any]] = ()) -> str:
    """How a target is, in a few words; `leaks` are its own."""
    if target.get("up") is None:
        return "not read yet"
    if target["up"] is False:
        return "down"
    for state, words in ((LeakState.FIRING, "leaks"), (LeakState.PENDING, "suspected")):
        if classes := [_class(leak) for leak in leaks if leak["state"] == state]:
            return f"{words}: {', '.join(classes)}"
    if too_early(target):
        return "too early to say"
    said = target["verdicts"].values()
    grows = next((words for verdict, words in _GROWS if verdict in {each["verdict"] for each in said}), None)
    return grows or human_steady((each["verdict"], each.get("look_back_seconds")) for each in said)


def _class(leak: Mapping[str, Any]) -> str:
    word = class_word(leak["class"], leak.get("reasons") or ())
    return f"{word}{' (known)' if leak.get('acknowledged') else ''}"


def _by_target(leaks: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for leak in leaks:
        found.setdefault(target_name(leak), []).append(leak)
    return found


def _print_table(
    targets: Sequence[Mapping[str, Any]], leaks: Mapping[str, Sequence[Mapping[str, Any]]], now: float
) -> None:
    """A line for each target: those that leak first, then those that are down or suspected, then all others."""
    from rich.text import Text

    rows = []
    for target in targets:
        name = f"{target['job']}/{target['instance']}"
        rows.append((condition(target, leaks.get(name, ())), name, target))
    rows.sort(key=lambda row: _urgency(row[0]))
    cells = [
        (*(Text(_number(target, *signals)) for signals in _COLUMNS), Text(inert(state), _COLOURS.get(_word(state), "")))
        for state, _, target in rows
    ]
    names, room = [inert(name) for _, name, _ in rows], room_beside(_NAMES, cells)
    if room < LEAST_NAME:
        below = [Row(row[:-1], (name, row[-1].plain)) for name, row in zip(names, cells, strict=True)]
        print_rows(_NAMES[:-1], below, "TARGET, AND STATE", right=_NAMES[:-1])
    else:
        _print_beside(names, cells, room)
    if down := [target for target in targets if target.get("up") is False]:
        print("\n".join(_down(down, now)))


def _print_beside(names: Sequence[str], cells: Sequence[Sequence[Text]], room: int) -> None:
    """The names before the cells, in so many columns."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("TARGET", overflow="fold", ratio=1)
    for heading in _NAMES:
        number = heading != _NAMES[-1]
        table.add_column(heading, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for name, row in zip(names, cells, strict=True):
        table.add_row(Text("\n".join(folded(name, room))), *row)
    print_table(table)


def _down(targets: Sequence[Mapping[str, Any]], now: float) -> Iterator[str]:
    """What is wrong with those that are down, each remedy once: in an outage there may be hundreds."""
    yield f"\n{plural(len(targets), 'target')} down:"
    told: set[str] = set()
    for target in targets[:LISTED]:
        error, *more = down_lines(target, now)
        first, *rest = wrapped(inert(f"{target['job']}/{target['instance']}: {error}"), 2)
        yield from (first, *(f"  {line}" for line in rest))
        yield from (line for each in more if each not in told for line in wrapped(inert(each), 4))
        told.update(each for each in more if each.startswith(TO_DO))
    if len(targets) > LISTED:
        yield f"  and {len(targets) - LISTED:,} more; --json has all"


def _urgency(state: str) -> int:
    """Place of a condition among those that somebody should look at; those to leave alone are all last."""
    urgent = list(_COLOURS)[:-1]
    word = _word(state)
    return urgent.index(word) if word in urgent else len(urgent)


def _word(state: str) -> str:
    """The first word of a condition."""
    return state.partition(" ")[0].rstrip(":")


_COLUMNS = (
    (Signal.RSS, Signal.RSS_ANON),
    (Signal.INUSE_SPACE, Signal.HEAP_ALLOC),
    (Signal.GOROUTINES,),
)


def _number(target: Mapping[str, Any], *signals: Signal) -> str:
    """The first of the signals that is known."""
    known = target.get("signals") or {}
    return next((human_value(known[each], each.unit) for each in signals if each in known), "")
