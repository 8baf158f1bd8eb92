"""`leakdog scan`: one target, no daemon: sample it for a while and print a verdict."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakdog.cli import INTERRUPTED
from leakdog.cli.arguments import add_own_code, duration
from leakdog.cli.folders import make_folder, not_writable
from leakdog.cli.help import Help
from leakdog.cli.scan_job import job_for, scan_config, without_collections
from leakdog.errors import LeakdogError
from leakdog.model import LeakClass

if TYPE_CHECKING:
    from leakdog.cli.sampling import Sampled
    from leakdog.config.schema import Config
    from leakdog.pipeline.state import Fleet, Watched

EPILOG = """examples:
  leakdog scan http://127.0.0.1:6060              two minutes, once a second
  leakdog scan 127.0.0.1:6060 --for 5m            longer, surer
  leakdog scan 4711                               a local process by its id: resident memory, threads, files
  leakdog scan 127.0.0.1:6060 --no-gc             a program that must not be held up
  leakdog scan 127.0.0.1:6060 --for 10m --record run1/   keep the profiles
  leakdog scan etcd --json                        a local process by its name, for a script

exit codes: 0 no leak, 1 a leak was found, 2 usage, 3 the target could not be read, or not for long enough to be sure,
130 it was ended by Ctrl-C, which prints what is known so far
"""
RECORDING = ("recording into", "name another folder with --record")
UNJUDGED = 3  # too early to say: whoever waits for a verdict must not take it for a good one
REMEDIES = {
    "connect": "see whether it runs, and whether it listens at this address",
    "dns": "see whether the name is right, and whether it resolves here",
    "tls": "if it speaks no TLS, give its address with http://",
}
SHORTEST_SECONDS, SAMPLES = 120.0, 60  # of a scan, where nothing else is asked for
GARBAGE_FREE = frozenset({LeakClass.GOROUTINE, LeakClass.THREADS, LeakClass.FILES})  # in these leaks there is none


def register(sub: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = sub.add_parser(
        "scan",
        help="sample one target for a while and print a verdict; no daemon",
        description="Sample one target for a while, without a daemon, and print a verdict.",
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument(
        "job", metavar="URL|PID|NAME", type=job_for, help="address with pprof or metrics, or a local process"
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        metavar="TIME",
        type=duration,
        help=f"how long (default 2m, or {SAMPLES} samples where --interval is longer)",
    )
    parser.add_argument(
        "--interval", metavar="TIME", type=duration, default=1.0, help="between two samples (default 1s)"
    )
    parser.add_argument(
        "--gc",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="let the target collect garbage before each heap profile, at its cost; else garbage may look like a leak",
    )
    parser.add_argument(
        "--record", metavar="DIR", type=Path, help="keep the profiles in this folder, for analyze and gate"
    )
    add_own_code(parser)
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Sample, then say what was found."""
    import asyncio
    import logging

    from leakdog.cli.sampling import sample
    from leakdog.config.scalars import write_duration

    if args.record is not None:
        make_folder(args.record, *RECORDING)
    # What the pipeline logs of the target is told below, once.
    logging.getLogger("leakdog").addHandler(logging.NullHandler())
    job = replace(args.job if args.gc else without_collections(args.job), own_code=tuple(args.own_code))
    config = scan_config(job, args.interval)
    seconds = args.seconds or max(SHORTEST_SECONDS, SAMPLES * args.interval)
    if args.gc and job.static_configs:
        every = write_duration(args.interval)
        _note(f"the target collects garbage before each heap profile, every {every}; --no-gc leaves that out")
    sampled = asyncio.run(sample(config, seconds, partial(_announce, config, seconds), keep=args.record is not None))
    try:
        return _tell(args, sampled)
    finally:  # a full disk loses the profiles, not the verdict
        if args.record is not None:
            _record(sampled.profiles, args.record)


def _announce(config: Config, seconds: float) -> None:
    """Say of a target that can be read what is done with it, and when a verdict comes: it can be ended still."""
    from leakdog.cli.scanned import first_verdict, minutes_for
    from leakdog.config.scalars import write_duration
    from leakdog.report.words import human_duration

    interval = config.global_.scrape_interval
    every, first = write_duration(interval), first_verdict(interval)
    _note(
        f"reading every {every} for {write_duration(seconds)}; a first verdict takes at least {human_duration(first)}, "
        "Ctrl-C tells what is known by then"
    )
    if first_verdict() < seconds <= first:
        _note(f"that is too short for a verdict; give --for {minutes_for(interval)}m, or a shorter --interval")


def _note(text: str) -> None:
    print(f"leakdog scan: {text}", file=sys.stderr)


def _tell(args: argparse.Namespace, sampled: Sampled) -> int:
    """Print what was found; the exit code.

    Raises:
        LeakdogError: the target could not be read.

    """
    from leakdog.cli.scanned import as_text, suspected, unjudged
    from leakdog.report.words import human_duration

    fleet = sampled.fleet
    (watched,) = fleet
    firing = [leak for leak in fleet.leaks() if leak.firing_since is not None]
    unread = f"reading {watched.key.instance}: {_remedied(watched.last_error) or 'it was not read at all'}"
    if sampled.interrupted:
        known = unread if watched.last_success is None else "this is what is known so far"
        _note(f"ended after {human_duration(round(sampled.seconds))}; {known}")
        if watched.last_success is None:
            return INTERRUPTED
    elif watched.up is not True and not firing:  # a process that leaked until it was killed has its verdict
        raise LeakdogError(unread)
    print(
        json.dumps(_as_json(fleet, watched)) if args.json else as_text(fleet, watched, sampled.seconds, args.interval)
    )
    if sampled.interrupted:
        return INTERRUPTED
    if firing:
        if not args.gc and not GARBAGE_FREE.issuperset(leak.leak_class for leak in firing):
            _note("no collection was asked for, so what grows may be garbage: scan with --gc, or longer, to be sure")
        return 1
    return UNJUDGED if unjudged(watched) or suspected(watched, args.interval) else 0


def _remedied(error: str) -> str:
    """Why a target could not be read, with what whoever typed its address does first."""
    told = REMEDIES.get(error.partition(":")[0])
    return f"{error}; {told}" if told else error


def _record(profiles: Iterable[tuple[str, bytes]], folder: Path) -> None:
    """Write profiles into a folder.

    Raises:
        LeakdogError: a file cannot be written.

    """
    try:
        for name, data in profiles:
            (folder / name).write_bytes(data)
    except OSError as error:
        raise not_writable(error, folder, *RECORDING) from error


def _as_json(fleet: Fleet, watched: Watched) -> dict[str, Any]:
    """The target and its leaks in the shapes of the API."""
    from leakdog.web.views import leak_view, target_view

    return {"target": target_view(watched), "leaks": [leak_view(leak, fleet) for leak in fleet.leaks()]}
