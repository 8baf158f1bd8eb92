"""How cost grows with the number of targets, and with the history that is known of each.

    python -m bench.growth [--targets 100 1000] [--days 1 30] [--rounds 200] [--held]

Without sockets, on a clock of its own, in one process for each row: targets answer with recorded pages, and everything
else is the daemon's: decoding, storing in SQLite, judging. Each target is read once, and up to 1,000 of them until they
have told all of their pages, as new code costs more to store; then these again and again, which is what is measured. A
machine is now faster, now slower, so all rows stand ready at once and are measured in turn, half a second each.
`CPU` is processor time of a pass, the mean over rounds; `to the first` how it stands to that of the first row, and two
standard errors of that, from the rounds that stand side by side. `each` is what a target holds of the resident memory,
`file` what lies of it in the files that end with the daemon, `states` what is stored of it for a restart. `days` is for
how long it was watched before: rows of many targets live through fewer minutes, and with 0 are younger in the end. With
`--held` each row is followed by what the memory of a target is.
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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from zlib import crc32

import numpy as np
import psutil
from numpy.typing import NDArray

from bench.bodies import PAGES, record
from bench.bodies import ROUNDS as PAGES_EACH
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

Floats = NDArray[np.float64]

AGAIN = 1000  # targets that are read again, at most
MINUTE, HOUR = 60.0, 3600.0
TOGETHER = 64  # passes at a time and in a round, as many as a daemon makes by default
ROUNDS = 200  # so that 1,000 targets are read for ten minutes: some of what is done is done every five


@dataclass(frozen=True)
class Measured:
    """What targets take, in bytes.

    Attributes:
        rss: of the process.
        each: what a target holds of it.
        file: of a target in the files that end with the daemon.
        states: what is stored of a target for a restart.
        held: what the memory of a target is, by part; empty where that was not asked for.

    """

    rss: float
    each: float
    file: float
    states: float
    held: dict[str, float]


@dataclass(frozen=True)
class Group:
    """Targets that are read in one round, and how many seconds their clock is ahead of that of the row."""

    targets: Sequence[Watched]
    ahead: float


class Pages:
    """Stands in for the HTTP client: gives each target the recorded pages in turn, another each minute.

    However many targets there are, each has something new to tell in every pass.
    """

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pages = {}
        for name in PAGES:
            bodies = [path.read_bytes() for path in sorted(folder.glob(f"{name}-*.gz"))]
            plain = [b"".join(Gunzip().feed(body)) for body in bodies] if name == "metrics" else bodies
            self._pages[name] = plain

    async def get(self, url: str, *, params: Mapping[str, Sequence[str]], **_: object) -> Response:
        """The page of this kind whose turn it is."""
        _, _, host, path = url.split("/", 3)
        pages, turn = self._pages[path.rpartition("/")[2]], round(self._clock() / MINUTE) + crc32(host.encode())
        return Response(200, pages[turn % len(pages)], "", 0.0)


def main(arguments: Sequence[str] = ()) -> None:
    """Print a row for each pair of a number of targets and a number of days."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--targets", type=int, nargs="*", default=[100, 1000])
    options.add_argument("--days", type=float, nargs="*", default=[1, 30])
    options.add_argument("--rounds", type=int, default=ROUNDS, help=f"of {TOGETHER} passes at most, that are measured")
    options.add_argument("--held", action="store_true", help="tell what the memory of a target is")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        bodies = Path(name) / "bodies"
        print(f"bodies of {record(bodies)}")
        print(f"aims: CPU of a pass and memory of each flat or falling; {', '.join(map(aim, RSS_AIMS))}")
        rows = [Row(bodies, *of, given.held) for of in itertools.product(given.targets, given.days)]
        cpu = np.array([[row.round() for row in rows] for _ in range(given.rounds)])
        print(
            f"{'targets':>8}{'days':>6}{'CPU':>12}{'to the first':>16}{'RSS':>10}{'each':>10}{'file':>12}{'states':>12}"
        )
        for number, row in enumerate(rows):
            found = row.end()
            print(written(row, cpu[:, number], cpu[:, 0], found))
            if given.held:
                print(*(f"{size:12,.0f} bytes: {part}" for part, size in found.held.items()), sep="\n")


class Row:
    """So many targets, watched for so long, in a process of their own that stands ready."""

    def __init__(self, bodies: Path, count: int, days: float, parts: bool) -> None:
        print(f"getting ready: {count:,} targets, {days:g} days", file=sys.stderr, flush=True)
        self.count, self.days = count, days
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, bodies, count, days, parts), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()

    def round(self) -> float:
        """Seconds of processor time of a pass, of the next round."""
        self._pipe.send(True)
        return float(self._pipe.recv())

    def end(self) -> Measured:
        """What targets take; the process ends with that."""
        self._pipe.send(False)
        found: Measured = self._pipe.recv()
        self._process.join()
        return found


def written(row: Row, cpu: Floats, first: Floats, found: Measured) -> str:
    """A row of the table, of the processor time of its rounds and of those of the first row."""
    ratio = cpu.mean() / first.mean()
    error = np.std(cpu / cpu.mean() - first / first.mean()) / np.sqrt(len(cpu)) * ratio
    to_first = f"{ratio - 1:+.1%} ± {2 * error:.1%}" if error else ""
    return (
        f"{row.count:8,}{row.days:6g}{1000 * cpu.mean():9.2f} ms{to_first:>16}{found.rss / MIB:6.0f} MiB"
        f"{found.each / 1024:6.0f} KiB{found.file / 1024:8.1f} KiB{found.states / 1024:8.1f} KiB"
    )


def aim(count: int) -> str:
    """What a daemon with so many targets is to take in memory at most."""
    return f"{RSS_AIMS[count]} MiB with {count:,} targets"


def serve(pipe: Connection, bodies: Path, count: int, days: float, parts: bool) -> None:
    """In the process of a row: say that it is ready, make a round whenever asked to, and tell what targets take."""
    hold_little()
    collect_seldom()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_serve(pipe, bodies, count, days, Path(name), parts))


async def _serve(pipe: Connection, bodies: Path, count: int, days: float, directory: Path, parts: bool) -> None:
    now = [_start_of(bodies) + (days + 1) * DAY]
    each_pass = IntervalsConfig(heap=MINUTE, goroutine=MINUTE)  # left out, they come in one pass of five
    job = ScrapeConfig(job_name="bench", profiles=(Kind.HEAP, Kind.GOROUTINE), intervals=each_pass)
    config = Config(scrape_configs=(job,))
    retention = RetentionConfig(size=100_000_000_000)
    store = open_store(StorageConfig(path=str(directory), retention=retention))
    fleet = Fleet()
    gatherer = Gatherer(Pages(bodies, lambda: now[0]), config, lambda: now[0])  # type: ignore[arg-type]
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
    groups = _groups(some)
    turn, minute = itertools.cycle(groups), now[0]

    async def read_next() -> float:
        nonlocal minute
        minute += MINUTE / len(groups)
        group = next(turn)
        now[0] = minute + group.ahead
        began = time.process_time()
        await _read(pipeline, group.targets, now)
        return (time.process_time() - began) / len(group.targets)

    for _ in range(PAGES_EACH * len(groups)):
        await read_next()
    pipe.send(True)
    while pipe.recv():
        pipe.send(await read_next())
    give_back()  # as the daemon does every five minutes
    rss = psutil.Process().memory_info().rss
    states = sum(len(state) for state in _states(every[0]).values() if state is not None)
    failed = sum(not watched.up for watched in every)
    away = (await store.stats()).shelf_bytes
    await store.close()
    if failed:
        raise SystemExit(f"{failed} of {count} targets were not read: {every[0].last_error}")
    each = (rss - before) / count
    pipe.send(Measured(rss, each, away / count, states, _held(every, each) if parts else {}))


def _groups(targets: Sequence[Watched]) -> list[Group]:
    """Targets in groups of one size, each of which is read in a round, so that each target is read once a minute.

    Their clocks are spread over an hour. Some of what is done is done at its end, or every five minutes, and a row of
    few targets goes through more minutes than one of many.
    """
    size = max(each for each in range(1, TOGETHER + 1) if len(targets) % each == 0)
    some = [targets[first : first + size] for first in range(0, len(targets), size)]
    return [Group(each, HOUR * number / len(some)) for number, each in enumerate(some)]


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
