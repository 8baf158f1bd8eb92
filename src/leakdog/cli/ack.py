"""`leakdog ack`: say that a leak is known, or what leaks in a function, so that it is not announced."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from leakdog.cli.arguments import duration
from leakdog.cli.client import Client, add_arguments
from leakdog.cli.help import Help
from leakdog.errors import UsageError
from leakdog.report.leak import beside, headline_lines, unix_time
from leakdog.report.words import WIDTH, human_time, inert, plural, wrapped, wrapped_all

FUNCTIONS = "/api/v1/acknowledged"
NAMED = 20  # jobs that are watched, in a warning
EPILOG = r"""examples:
  leakdog ack 3f9c2a --note "known, fixed in the next release"
  leakdog ack 3f9c2a --for 3d                    announce it again in three days
  leakdog ack 3f9c2a --undo                      announce it again at once
  leakdog ack --function 'cache\.\(\*Index\)\.Put' --job shop --note bounded
  leakdog ack --function 'cache\.\(\*Index\)\.Put' --job shop --undo
  leakdog ack --list                             leaks and functions that are acknowledged

A leak that is acknowledged stays listed, and `leakdog_leak_acknowledged` is 1 for it, which keeps the alert rules
quiet; they still tell when its limit is near. An acknowledgement of a leak ends with its time, and when its growth has
gone: if it comes back it is news. It outlasts a restart of the process. One of functions holds for
every leak, also later ones, that is mostly theirs, until it is taken back. It adds to those under `acknowledged` in the
configuration, which can only be changed there.
"""


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "ack",
        help="say that a leak is known, so that it is not announced",
        description="Acknowledge a leak of a running daemon, or what leaks in functions: it stays listed, and is not "
        "announced.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("leak", metavar="LEAK", nargs="?", help="a leak's id, or the beginning of it")
    what.add_argument(
        "--function", metavar="REGEX", help="all leaks that are mostly of functions in whose names this is found"
    )
    what.add_argument("--list", action="store_true", help="list the leaks and functions that are acknowledged")
    parser.add_argument("--job", metavar="JOB", default="", help="with --function: only those of this job")
    parser.add_argument("--for", dest="seconds", metavar="TIME", type=duration, help="only for so long, such as 3d")
    parser.add_argument("--note", metavar="TEXT", default="", help="what is known of it, for the others on call")
    parser.add_argument("--undo", action="store_true", help="take the acknowledgement back")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send it, and say how the leak, or what is known of functions, stands now.

    Raises:
        ApiError: no daemon answers, it has no such leak, or it takes no such regular expression.
        UsageError: an option is given that says nothing beside the others.

    """
    _check(args)
    client = Client(args.server)
    if args.list:
        answer: Any = _list(client)
        told = [line for leak in answer["leaks"] for line in _leak(leak)]
        told += [line for each in answer["acknowledged"] for line in wrapped(_function(each))]
        told = told or ["No leak and no function is acknowledged."]
    elif args.function is not None:
        answer = _send_function(client, args)
        said = (_function(answer), *_changed(answer, args.job, undo=args.undo))
        told = [line for each in said for line in wrapped(each)]
        if args.job and not args.undo:
            _warn_of_unknown(client, args.job)
    else:
        answer = _send_leak(client, args)
        told = [*headline_lines(answer), *wrapped_all(beside(answer))]
    print(json.dumps(answer, indent=2) if args.json else "\n".join(told))
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.job and args.function is None:
        raise UsageError("--job says whose functions are known: give it with --function")
    if args.list and args.undo:
        raise UsageError("--list changes nothing: to take one back, give --undo with --function REGEX or a leak's id")
    given = [name for name, value in (("--for", args.seconds), ("--note", args.note)) if value]
    if given and (args.list or args.undo):
        what = "--list" if args.list else "--undo"
        raise UsageError(f"{what} acknowledges nothing that {' and '.join(given)} could be of: leave one of them out")


def _send_leak(client: Client, args: argparse.Namespace) -> Any:
    path = f"/api/v1/leaks/{client.leak(args.leak)['id']}/acknowledgement"
    if args.undo:
        return client.send("DELETE", path)
    return client.send("POST", path, {"note": args.note, "for_seconds": args.seconds})


def _send_function(client: Client, args: argparse.Namespace) -> Any:
    given = {"function": args.function} | ({"job": args.job} if args.job else {})
    if args.undo:
        return client.send("DELETE", f"{FUNCTIONS}?{urlencode(given)}")
    return client.send("POST", FUNCTIONS, given | {"note": args.note, "for_seconds": args.seconds})


def _list(client: Client) -> dict[str, Any]:
    """Functions that are acknowledged, and the leaks that are each by itself."""
    leaks = client.listing("/api/v1/leaks", "leaks")
    own = [leak for leak in leaks if (given := leak.get("acknowledged")) and not given.get("function")]
    return {"acknowledged": client.listing(FUNCTIONS, "acknowledged"), "leaks": own}


def _leak(leak: dict[str, Any]) -> Iterator[str]:
    """Lines of a leak that is acknowledged by itself: which, how fast, by which code, since when and why."""
    before = f"{inert(str(leak['id']))}  "
    first, *more = headline_lines(leak, WIDTH - len(before))
    yield f"{before}{first}"
    yield from more
    yield from wrapped(inert(next(beside(leak))), 2)


def _function(given: dict[str, Any]) -> str:
    """A line of one regular expression: whose, where it was said, and what was said with it."""
    whose = f"of job {given['job']}" if given["job"] else "of all jobs"
    if given["configured"]:
        return inert(f"{given['function']} {whose}: configured")
    until = f" until {human_time(unix_time(given['until']))}" if given["until"] else ""
    note = f": {given['note']}" if given["note"] else ""
    return inert(f"{given['function']} {whose}, since {human_time(unix_time(given['since']))}{until}{note}")


def _changed(answer: dict[str, Any], job: str, *, undo: bool) -> Iterator[str]:
    """Of how many leaks it holds, or no longer holds; where there are none, why that may be so."""
    of, leaks, own = inert(f" of job {job}" if job else ""), len(answer["leaks"]), answer.get("leaks_by_id") or ()
    if leaks:
        now = "announced again" if undo else "acknowledged"
        yield f"{plural(leaks, 'leak')} {'is' if leaks == 1 else 'are'} {now} by this."
    elif undo:
        yield f"No leak{of} is announced again: none that goes on was acknowledged by this alone."
    elif not own:
        yield f"No leak{of} that goes on now is acknowledged by this; it holds for those that come."
    if own:
        known = "1 leak of these functions is" if len(own) == 1 else f"{len(own)} leaks of these functions are"
        yield f"{known} acknowledged by id already, until `leakdog ack ID --undo`: {', '.join(own)}."


def _warn_of_unknown(client: Client, job: str) -> None:
    """Say on standard error that nothing of a job is watched: its name may be mistyped, or the job may come later."""
    jobs = sorted({str(each["job"]) for each in client.listing("/api/v1/targets", "targets")})
    if job not in jobs:
        known = f"jobs that are watched: {', '.join(jobs[:NAMED])}{', ...' if len(jobs) > NAMED else ''}"
        warning = f"nothing of a job {job!r} is watched now, so this holds for none; {known if jobs else 'no job is'}"
        print(inert(f"leakdog ack: warning: {warning}"), file=sys.stderr)
