"""`leakdog scan`: one target, no daemon: sample it for a while and print a verdict."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakdog.cli.arguments import add_own_code, duration
from leakdog.cli.folders import make_folder, not_writable
from leakdog.cli.help import Help
from leakdog.cli.progress import progress
from leakdog.cli.scan_job import job_for, only_target, scan_config, without_collections
from leakdog.errors import LeakdogError
from leakdog.model import LeakClass

if TYPE_CHECKING:
    from leakdog.config.schema import Config
    from leakdog.pipeline.state import Fleet, Watched
    from leakdog.pipeline.watch import Pipeline

EPILOG = """examples:
  leakdog scan http://127.0.0.1:6060              two minutes, once a second
  leakdog scan 127.0.0.1:6060 --for 5m            longer, surer
  leakdog scan 4711                               a local process by its id: resident memory, threads, files
  leakdog scan 127.0.0.1:6060 --no-gc             a program that must not be held up
  leakdog scan 127.0.0.1:6060 --for 10m --record run1/   keep the profiles
  leakdog scan etcd --json                        a local process by its name, for a script

exit codes: 0 no leak, 1 a leak was found, 2 usage, 3 the target could not be read, or not for long enough to be sure
"""
RECORDING = ("recording into", "name another folder with --record")
MOST_PROFILES = 100_000
UNJUDGED = 3  # too early to say: whoever waits for a verdict must not take it for a good one
SHORTEST_SECONDS, SAMPLES = 120.0, 60  # of a scan, where nothing else is asked for
TRIES = 3  # more, where the first or the last sample failed
TRY_SECONDS = 1.0
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

    if args.record is not None:
        make_folder(args.record, *RECORDING)
    # What the pipeline logs of the target is told below, once.
    logging.getLogger("leakdog").addHandler(logging.NullHandler())
    job = replace(args.job if args.gc else without_collections(args.job), own_code=tuple(args.own_code))
    config = scan_config(job, args.interval)
    seconds = args.seconds or max(SHORTEST_SECONDS, SAMPLES * args.interval)
    _warn(config, seconds, gc=args.gc)
    fleet, profiles = asyncio.run(_scan(config, seconds, keep=args.record is not None))
    try:
        return _tell(args, fleet, seconds)
    finally:  # a full disk loses the profiles, not the verdict
        if args.record is not None:
            _record(profiles, args.record)


def _warn(config: Config, seconds: float, *, gc: bool) -> None:
    """Say before the work what it costs the target, and where it will come to nothing: it can be ended still."""
    from leakdog.cli.scanned import first_verdict, minutes_for
    from leakdog.config.scalars import write_duration

    interval = config.global_.scrape_interval
    every = write_duration(interval)
    if gc and config.scrape_configs[0].static_configs:
        _note(f"the target collects garbage before each heap profile, every {every}; --no-gc leaves that out")
    if first_verdict() <= seconds < first_verdict(interval):
        short = f"read every {every}, {write_duration(seconds)} are too short for a verdict"
        _note(f"{short}; give --for {minutes_for(interval)}m, or a shorter --interval")


def _note(text: str) -> None:
    print(f"leakdog scan: {text}", file=sys.stderr)


def _tell(args: argparse.Namespace, fleet: Fleet, seconds: float) -> int:
    """Print what was found; the exit code.

    Raises:
        LeakdogError: the target could not be read.

    """
    from leakdog.cli.scanned import as_text, suspected, unjudged

    (watched,) = fleet
    firing = [leak for leak in fleet.leaks() if leak.firing_since is not None]
    if watched.up is not True and not firing:  # a process that leaked until it was killed has its verdict
        raise LeakdogError(f"reading {watched.key.instance}: {watched.last_error or 'it was not read at all'}")
    print(json.dumps(_as_json(fleet, watched)) if args.json else as_text(fleet, watched, seconds, args.interval))
    if firing:
        if not args.gc and not GARBAGE_FREE.issuperset(leak.leak_class for leak in firing):
            _note("no collection was asked for, so what grows may be garbage: scan with --gc, or longer, to be sure")
        return 1
    return UNJUDGED if unjudged(watched) or suspected(watched) else 0


async def _scan(config: Config, seconds: float, *, keep: bool = False) -> tuple[Fleet, list[tuple[str, bytes]]]:
    """Read the target again and again; a slot that is late is left out, never made up for.

    What is known of it then, and with `keep` its profiles by the names of their files.
    """
    import asyncio

    from leakdog.detect.settings import settings_of
    from leakdog.fetch.http import HttpClient
    from leakdog.pipeline.explain import Explainer
    from leakdog.pipeline.gather import Gatherer
    from leakdog.pipeline.state import Fleet
    from leakdog.pipeline.watch import Pipeline
    from leakdog.pipeline.worker import Worker
    from leakdog.store import open_store

    fleet = Fleet()
    watched = only_target(config)
    fleet.targets[watched.key] = watched
    store = open_store(config.storage)
    interval = config.global_.scrape_interval
    async with HttpClient() as client, Worker() as worker:
        gatherer = Gatherer(client, config, time.time, worker)
        explainer = Explainer(fleet, store, gatherer)
        settings = settings_of(config)
        pipeline = Pipeline(fleet, config, settings, gatherer, explainer, store, time.time)
        began = time.monotonic()
        with progress() as advance:
            while (elapsed := time.monotonic() - began) < seconds:
                await pipeline.scrape(watched, time.time())
                if watched.last_success is None:
                    await _read_again(pipeline, watched)
                if watched.last_success is None:
                    break
                advance("sampling", elapsed / seconds)
                left = interval - (time.monotonic() - began) % interval
                await asyncio.sleep(left)
        await _read_again(pipeline, watched)
    found = await store.snapshots(limit=MOST_PROFILES) if keep else []
    named = [(f"{each.kind.value}-{each.time:.3f}.pb.gz", await store.profile(each.id)) for each in found]
    await store.close()
    return fleet, [(name, data) for name, data in named if data is not None]


async def _read_again(pipeline: Pipeline, watched: Watched) -> None:
    """Ask again where the last reading failed: one that came while the target was busy is not to cost the verdict."""
    import asyncio

    for _ in range(TRIES):
        if watched.up is True or watched.removed:
            return
        await asyncio.sleep(TRY_SECONDS)
        await pipeline.scrape(watched, time.time())


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
