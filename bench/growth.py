"""How cost grows with the number of targets, and with the history that is known of each.

    python -m bench.growth [--targets 100 1000] [--days 0 30] [--turns 3] [--held]

Without sockets, on a clock of its own, in one process for each row: targets answer with recorded pages, and everything
else is the daemon's: decoding, storing in SQLite, judging. Each target is read once; then some of them again, which is
what is measured. `CPU` is processor time of a pass, `each` what a target holds of the resident memory, `file` what lies
of it in the files that end with the daemon, `states` what is stored of it for a restart. `days` is for how long it was
watched before. A machine is now faster, now slower, so rows are measured in turn, and of each the medians are told; and
how far apart turns are. With `--held` each row is followed by what the memory of a target is.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import psutil

from bench.bodies import PAGES, record
from bench.daemon import MIB, RSS_AIMS
from bench.held import tally
from bench.startup import DAY, histories, remember
from leakdog.config.schema import Config, IntervalsConfig, RetentionConfig, ScrapeConfig, StorageConfig
from leakdog.daemon.malloc import collect_seldom, give_back, hold_little
from leakdog.daemon.memory import _states
from leakdog.detect.settings import PRODUCTION
from leakdog.fetch.body import Gunzip
from leakdog.fetch.http import Response
from leakdog.model import Kind, Target, TargetKey
from leakdog.pipeline.explain import Explainer
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.watch import Pipeline
from leakdog.store import open_store

AGAIN = 300  # passes that are measured, of few targets in some rounds
MINUTE = 60.0
TOGETHER = 64  # passes at a time, as many as a daemon makes by default


@dataclass(frozen=True)
class Measured:
    """What targets cost: seconds of a pass, and bytes.

    Attributes:
        cpu: seconds of a pass.
        rss: of the process.
        each: what a target holds of it.
        file: of a target in the files that end with the daemon.
        states: what is stored of a target for a restart.
        held: what the memory of a target is, by part; empty where that was not asked for.

    """

    cpu: float
    rss: float
    each: float
    file: float
    states: float
    held: dict[str, float]


class Pages:
    """Stands in for the HTTP client: gives the recorded pages in turn."""

    def __init__(self, folder: Path) -> None:
        self._pages = {}
        for name in PAGES:
            bodies = [path.read_bytes() for path in sorted(folder.glob(f"{name}-*.gz"))]
            plain = [b"".join(Gunzip().feed(body)) for body in bodies] if name == "metrics" else bodies
            self._pages[name] = itertools.cycle(plain)

    async def get(self, url: str, *, params: Mapping[str, Sequence[str]], **_: object) -> Response:
        """The next page of this kind."""
        return Response(200, next(self._pages[url.rpartition("/")[2]]), "", 0.0)


def main(arguments: Sequence[str] = ()) -> None:
    """Print a row for each pair of a number of targets and a number of days."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--targets", type=int, nargs="*", default=[100, 1000])
    options.add_argument("--days", type=float, nargs="*", default=[0, 30])
    options.add_argument("--turns", type=int, default=1, help="how often all rows are measured, one after the other")
    options.add_argument("--held", action="store_true", help="tell what the memory of a target is")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        bodies = Path(name) / "bodies"
        print(f"bodies of {record(bodies)}")
        print(f"aims: CPU of a pass and memory of each flat or falling; {', '.join(map(aim, RSS_AIMS))}")
        rows = list(itertools.product(given.targets, given.days))
        found: dict[tuple[int, float], list[Measured]] = {row: [] for row in rows}
        for number, (turn, row) in enumerate(itertools.product(range(given.turns), rows)):
            of = f"row {number + 1} of {given.turns * len(rows)}: turn {turn + 1}, {row[0]:,} targets, {row[1]:g} days"
            print(of, file=sys.stderr, flush=True)
            with get_context("spawn").Pool(1) as pool:
                found[row].append(pool.apply(measure, (bodies, *row, given.held)))
        print(f"{'targets':>8}{'days':>6}{'CPU':>12}{'turns':>16}{'RSS':>10}{'each':>10}{'file':>12}{'states':>12}")
        for row in rows:
            print(written(*row, found[row]))
            if given.held:
                print(*(f"{size:12,.0f} bytes: {part}" for part, size in found[row][-1].held.items()), sep="\n")


def written(count: int, days: float, turns: Sequence[Measured]) -> str:
    """A row of the table: medians over turns, and the least and most processor time."""
    cpu = [1000 * turn.cpu for turn in turns]
    rss, each, file, states = (
        median(getattr(turn, name) for turn in turns) for name in ("rss", "each", "file", "states")
    )
    return (
        f"{count:8,}{days:6g}{median(cpu):9.2f} ms{f'{min(cpu):.2f} to {max(cpu):.2f}':>16}{rss / MIB:6.0f} MiB"
        f"{each / 1024:6.0f} KiB{file / 1024:8.1f} KiB{states / 1024:8.1f} KiB"
    )


def aim(count: int) -> str:
    """What a daemon with so many targets is to take in memory at most."""
    return f"{RSS_AIMS[count]} MiB with {count:,} targets"


def measure(bodies: Path, count: int, days: float, parts: bool) -> Measured:
    """What so many targets cost that were watched for so long; `parts`: and what their memory is."""
    hold_little()
    collect_seldom()
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_measure(bodies, count, days, Path(name), parts))


async def _measure(bodies: Path, count: int, days: float, directory: Path, parts: bool) -> Measured:
    now = [_start_of(bodies) + (days + 1) * DAY]
    each_pass = IntervalsConfig(heap=MINUTE, goroutine=MINUTE)  # left out, they come in one pass of five
    job = ScrapeConfig(job_name="bench", profiles=(Kind.HEAP, Kind.GOROUTINE), intervals=each_pass)
    config = Config(scrape_configs=(job,))
    retention = RetentionConfig(size=100_000_000_000)
    store = open_store(StorageConfig(path=str(directory), retention=retention))
    fleet = Fleet()
    gatherer = Gatherer(Pages(bodies), config, lambda: now[0])  # type: ignore[arg-type]
    explainer = Explainer(fleet, store, gatherer)
    pipeline = Pipeline(fleet, config, PRODUCTION, gatherer, explainer, store, lambda: now[0])
    past, shelf = histories(now[0], days) if days else None, store.shelf
    assert shelf is not None
    before = psutil.Process().memory_info().rss
    for number in range(count):
        where = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:6060"
        watched = Watched(Target(TargetKey("bench", where), base_url=f"http://{where}"), job)
        if past:
            remember(watched, *past)
            for group in watched.groups():
                group.put_away(shelf)
        fleet.targets[watched.key] = watched
    every = list(fleet.targets.values())
    await _read(pipeline, every, now)
    some = random.Random(1).sample(every, min(AGAIN, count))
    rounds, cpu = round(AGAIN / len(some)), 0.0
    for _ in range(rounds):
        now[0] += MINUTE
        began = time.process_time()
        await _read(pipeline, some, now)
        cpu += time.process_time() - began
    give_back()  # as the daemon does every five minutes
    rss = psutil.Process().memory_info().rss
    states = sum(map(len, _states(every[0]).values()))
    failed = sum(not watched.up for watched in every)
    away = (await store.stats()).shelf_bytes
    await store.close()
    if failed:
        raise SystemExit(f"{failed} of {count} targets were not read: {every[0].last_error}")
    each = (rss - before) / count
    return Measured(cpu / rounds / len(some), rss, each, away / count, states, _held(every, each) if parts else {})


def _held(every: Sequence[Watched], each: float) -> dict[str, float]:
    """What the memory of a target is, by part."""
    found = tally(every)
    found["not found in objects"] = each - sum(found.values())
    return found


def _start_of(bodies: Path) -> float:
    """When the process began that answered, as its metrics page says: its series go on in that life."""
    page = b"".join(Gunzip().feed(min(bodies.glob("metrics-*.gz")).read_bytes()))
    told = re.search(rb"^process_start_time_seconds (\S+)$", page, re.MULTILINE)
    assert told is not None
    return float(told[1])


async def _read(pipeline: Pipeline, targets: Sequence[Watched], now: list[float]) -> None:
    """A pass over each, some at a time as in a daemon."""
    for first in range(0, len(targets), TOGETHER):
        await asyncio.gather(*(pipeline.scrape(watched, now[0]) for watched in targets[first : first + TOGETHER]))
        now[0] += 0.01


if __name__ == "__main__":
    main(sys.argv[1:])
