"""`leakdog leaks`: what leaks now, as the daemon sees it."""

from __future__ import annotations

import argparse
import json
import textwrap
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from leakdog.cli.client import Client, add_arguments
from leakdog.cli.help import Help
from leakdog.cli.tables import Row, print_rows
from leakdog.model import LeakClass, LeakState, Unit
from leakdog.report.down import idle, unseen
from leakdog.report.early import expected, ready_at, too_early
from leakdog.report.leak import (
    ENDED_SECONDS,
    class_word,
    ended_with_process,
    gone_words,
    short_place,
    target_name,
    unix_time,
)
from leakdog.report.replicas import suspected_again
from leakdog.report.words import human_duration, human_rate, inert, plural, wrapped, wrapped_all

EPILOG = """examples:
  leakdog leaks                                  what fires, is suspected, or ended with its process within an hour
  leakdog leaks --all                            resolved ones too, and what grows without being a leak
  leakdog leaks --json | jq '.leaks[].culprits[0].function'
  leakdog leaks --server http://10.0.0.5:5325    another daemon

Equal leaks of one job's instances are one line with the instances below, the fastest first. `leakdog show LEAK` tells
all about one of them.
"""


GROWING = 50  # of those that grow and do not leak, how many are listed; --json has all
LISTED = 10  # instances that are listed of equal leaks; --json has all


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "leaks",
        help="what leaks now",
        description="List the leaks that a running daemon has found.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="list resolved leaks too, and what grows and is no leak: caches that fill, and load",
    )
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the leaks, or say that there are none and how much that means.

    Raises:
        ApiError: no daemon answers.

    """
    client = Client(args.server)
    leaks = client.listing("/api/v1/leaks", "leaks")
    now = time.time()
    listed = [leak for leak in leaks if args.all or _news(leak, now)]
    if args.json and not args.all:
        print(json.dumps({"leaks": listed}, indent=2))
        return 0
    answer = client.answer("/api/v1/targets", "targets")
    targets, nobody = answer["targets"], answer.get("jobs_without_process", ())  # an older daemon tells none
    growing = [(f"{each['job']}/{each['instance']}", found) for each in targets for found in each.get("growth") or ()]
    if args.json:
        growth = [{"target": name, **found} for name, found in growing]
        print(json.dumps({"leaks": listed, "growth": growth}, indent=2))
        return 0
    if blind := [*filter(None, (_unseen(targets, now), idle(nobody)))]:
        print("\n".join((*wrapped_all(blind), "")))
    if listed:
        down = {f"{each['job']}/{each['instance']}" for each in targets if each.get("up") is False}
        _print_table(listed, down, now)
    hidden = _hidden(len(leaks) - len(listed), 0 if args.all else len(growing))
    if hidden or not listed:
        print("\n".join([*wrapped("" if listed else _none(targets, now)), *filter(None, [hidden])]))
    if args.all and growing:
        _print_growing(growing)
    return 0


def _unseen(targets: Sequence[Mapping[str, Any]], now: float) -> str:
    """Of how many targets nothing is known now, as they are down."""
    reads = [each.get("last_success") for each in targets if each.get("up") is False]
    return unseen([read and unix_time(read) for read in reads], len(targets), now)


def _news(leak: dict[str, Any], now: float) -> bool:
    """Whether it leaks now or is suspected to, or did until its process ended a short while ago."""
    if ended_with_process(leak):
        return now - unix_time(leak["process_ended"]) < ENDED_SECONDS
    return bool(leak["state"] != LeakState.RESOLVED)


def _hidden(resolved: int, growing: int) -> str:
    """What is not listed, and how it is."""
    more = [plural(resolved, "resolved leak")] if resolved else []
    more += [f"{growing} that {'grows and is' if growing == 1 else 'grow and are'} no leak"] if growing else []
    return f"({' and '.join(more)}: --all lists them)" if more else ""


def _none(targets: Sequence[dict[str, Any]], now: float) -> str:
    """What it means that there are none: of how many targets that are not down, how many of them too young."""
    seen = [target for target in targets if target.get("up") is not False]
    if targets and not seen:
        return "no leaks known: all targets are down"
    early = list(filter(too_early, seen))
    when = expected(map(ready_at, early), now)
    watched = plural(len(seen), "target")
    if early and len(early) == len(seen):
        of = watched if len(seen) == len(targets) else f"the other {watched}"
        return f"too early to say of {of}{f': {when}' if when else ''}"
    parts = [f"no leaks: {watched} watched" if len(seen) == len(targets) else f"no leaks in the other {watched}"]
    parts += [f"{len(early)} too early to say{f' ({when})' if when else ''}"] if early else []
    said = [each for target in seen for each in (target.get("verdicts") or {}).values()]
    spans = [span for each in said if (span := each.get("look_back_seconds")) is not None]
    parts += [f"over {human_duration(min(spans))} at least"] if spans else []
    return ", ".join(parts)


def _print_growing(growing: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """A line for each growth that is no leak, with the sentence that tells most of it."""
    from rich.text import Text

    rows = []
    for name, found in growing[:GROWING]:
        rate = human_rate(found.get("growth_per_second"), Unit(found.get("unit") or Unit.BYTES))
        # The last reason only says what the class is; the one before tells where it settles, or how load explains it.
        why = found["reasons"][-2:][0]
        rows.append(Row((Text(inert(found["class"])), Text(rate)), (inert(name), inert(f"{found['signal']}: {why}"))))
    print()
    print_rows(("CLASS", "GROWTH"), rows, "TARGET, AND WHY IT IS NO LEAK")
    if len(growing) > GROWING:
        print(f"and {len(growing) - GROWING:,} more")


def _print_table(leaks: Sequence[dict[str, Any]], down: AbstractSet[str], now: float) -> None:
    """A line for each leak; equal leaks of a job's instances are one, with these below it."""
    from rich.text import Text

    from leakdog.report.replicas import grouped

    rows = []
    colours = {LeakState.FIRING: "bold red", LeakState.PENDING: "yellow", LeakState.RESOLVED: "green"}
    for group in grouped(leaks):
        members = group["leaks"]
        rate = human_rate(group["growth_per_second"], Unit(members[0].get("unit") or Unit.BYTES))
        since = human_duration(max(0.0, now - unix_time(group["since"])))
        state = Text(group["state"], style=colours.get(group["state"], ""))
        state.append("\n(again)" if all(map(suspected_again, members)) else "")
        if all(map(ended_with_process, members)):
            words = _gone(members, "ended with its process")
            state = Text("\n".join(textwrap.wrap(words, 12)), style="yellow")
        elif all(target_name(leak) in down for leak in members):
            state.append("\n(down)")
        state.append("\n(known)" if all(leak.get("acknowledged") for leak in members) else "")
        kind = class_word(group["class"], [why for leak in members for why in leak.get("reasons") or ()])
        cells = (state, Text(inert(kind)), Text(rate), Text(since))
        rows.append(Row(cells, _about(group, down)))
    print_rows(("STATE", "CLASS", "GROWTH", "SINCE"), rows, "LEAK, TARGET AND CODE")


def _about(group: Mapping[str, Any], down: AbstractSet[str]) -> list[str]:
    """Id, target and code of one leak; of several, how many of how many, the code, and id and instance of each."""
    members = group["leaks"]
    first = next((leak["culprits"][0] for leak in members if leak.get("culprits")), None)
    told = [short_place(first) if first else _no_code(members), *_limit(members)]
    if len(members) == 1:
        return [f"{inert(members[0]['id'])}  {inert(target_name(members[0]))}", *told]
    of = f" of {max(group['up'], len(members))}" if group["up"] and group["state"] != LeakState.RESOLVED else ""
    lines = [
        f"{inert(leak['id'])}  {inert(leak['target']['instance'])}{_marks(leak, down)}" for leak in members[:LISTED]
    ]
    lines += [f"and {len(members) - LISTED:,} more"] if len(members) > LISTED else []
    return [f"{inert(group['job'])}: {len(members)}{of} instances", *told, *lines]


def _limit(leaks: Sequence[Mapping[str, Any]]) -> list[str]:
    """When the first of those that go on reaches its memory limit, as far as it is known."""
    left = [leak["time_to_limit_seconds"] for leak in leaks if leak["state"] != LeakState.RESOLVED]
    known = [each for each in left if each is not None]
    if not known:
        return []
    return [f"memory limit reached in {human_duration(min(known))}" if min(known) > 0 else "memory limit reached"]


def _no_code(leaks: Sequence[Mapping[str, Any]]) -> str:
    """What stands for the code of leaks of which none is known: whether it will be."""
    if all(leak["class"] == LeakClass.NOT_RETURNED for leak in leaks):
        return "kept by the runtime, by no line of code"
    if all(leak.get("unprofiled") for leak in leaks):
        return "code not known (no profiles scraped)"
    if all(map(ended_with_process, leaks)):
        return f"code not known ({_gone(leaks, 'its process ended before')})"
    return "code not known" if all(leak["state"] == LeakState.RESOLVED for leak in leaks) else "code not known yet"


def _gone(leaks: Sequence[Mapping[str, Any]], ended: str) -> str:
    """What became of the processes of leaks that are over with them; `ended` where these have ended."""
    return " or ".join(sorted({gone_words(leak.get("reasons") or (), ended) for leak in leaks}))


def _marks(leak: Mapping[str, Any], down: AbstractSet[str]) -> str:
    """What is particular to one of several: that its process has ended or is down, that it is acknowledged."""
    gone = f" ({_gone([leak], 'ended')})" if ended_with_process(leak) else ""
    return f"{gone or (' (down)' if target_name(leak) in down else '')}{' (known)' if leak.get('acknowledged') else ''}"
