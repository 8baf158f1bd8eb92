"""How fast the SQLite store takes scrapes in, and what each costs on disk.

    python -m bench store
    python bench/store.py [--seconds 3] [--directory DIR]

Bodies are random, as gzip is to a disk. On disk: the closed store, all tables and indexes counted, per number
or snapshot; of that only what is added to the body. The slowest append is the longest that a caller waited.
Every append is flushed to the disk before it counts.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leakdog.config.schema import RetentionConfig, StorageConfig
from leakdog.model import Kind, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.store import Store, open_store

CALLERS = 64  # as many as a daemon scrapes at once by default
TARGETS = 1000
UNLIMITED = 10**12
LIFE = Life(start_time=1.7e9, first_seen=1.7e9)


@dataclass(frozen=True)
class Load:
    """What is appended: profiles of a size (none if 0) and some signals, in a store of a size."""

    name: str
    body_bytes: int
    signals: int
    callers: int = CALLERS
    limit_bytes: int = UNLIMITED

    def scrape(self, number: int) -> Scrape:
        """The scrape of this number: targets take turns, a minute apart."""
        time_read = 1.7e9 + number // TARGETS * 60 + number % TARGETS * 0.0625
        body = os.urandom(self.body_bytes)
        return Scrape(
            key=TargetKey("bench", f"10.0.0.{number % TARGETS}:6060"),
            slot=time_read,
            time=time_read + 0.013,
            life=LIFE,
            values={signal: float(1_000_000 + number) for signal in itertools.islice(Signal, self.signals)},
            profiles=(RawProfile(Kind.HEAP, time_read, body),) if body else (),
        )


LOADS = (
    Load("6 kB body, 10 numbers", 6_000, 10),
    Load("6 kB, one caller", 6_000, 10, callers=1),
    Load("6 kB, store full at 20 MB", 6_000, 10, limit_bytes=20_000_000),
    Load("100 kB body, 10 numbers", 100_000, 10),
    Load("100 kB, store full at 50 MB", 100_000, 10, limit_bytes=50_000_000),
    Load("5 numbers", 0, 5),
    Load("20 numbers", 0, 20),
)


@dataclass(frozen=True)
class Result:
    """What one load gave."""

    scrapes: int
    seconds: float
    cpu_seconds: float
    slowest: float
    snapshots: int
    points: int
    size_bytes: int


async def measure(load: Load, seconds: float, directory: Path) -> Result:
    """Append with all callers at once for a while, then count."""
    config = StorageConfig(path=str(directory), retention=RetentionConfig(time=1e12, size=load.limit_bytes))
    store = open_store(config)
    numbers = itertools.count()
    started, cpu = time.perf_counter(), cpu_seconds()
    waits = await asyncio.gather(
        *(append_until(started + seconds, store, map(load.scrape, numbers)) for _ in range(load.callers))
    )
    taken, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    stats = await store.stats()
    await store.close()
    size = (directory / "leakdog.db").stat().st_size
    flat = [wait for one in waits for wait in one]
    return Result(len(flat), taken, cpu, max(flat), stats.snapshots, stats.points, size)


async def append_until(end: float, store: Store, scrapes: Iterator[Scrape]) -> list[float]:
    """Append until the time is over; how long each append took."""
    waits = []
    while (before := time.perf_counter()) < end:
        await store.append(next(scrapes))
        waits.append(time.perf_counter() - before)
    return waits


def cpu_seconds() -> float:
    """Processor time of all threads of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure_reading(directory: Path) -> str:
    """Time reading one signal of twenty, read every minute for 30 days: all of it, and the last two hours."""
    store = open_store(StorageConfig(path=str(directory)))
    load = Load("", 0, 20)
    key = TargetKey("bench", "one")
    count = 30 * 24 * 60
    for start in range(0, count, 480):
        scrapes = [load.scrape(number * TARGETS) for number in range(start, start + 480)]
        await asyncio.gather(*(store.append(replace(scrape, key=key)) for scrape in scrapes))
    spans = {"30 days": None, "2 hours": 1.7e9 + (count - 120) * 60}
    times = {}
    for name, start_time in spans.items():
        before = time.perf_counter()
        await store.readings(key, Signal.RSS, start=start_time)
        times[name] = time.perf_counter() - before
    await store.close()
    return "reading one signal: " + ", ".join(f"{name} {took * 1e3:.1f} ms" for name, took in times.items())


def row(load: Load, result: Result) -> str:
    """One line of the table."""
    per_second = result.scrapes / result.seconds
    numbers = per_second * load.signals
    if load.limit_bytes < UNLIMITED:
        cost = f"{result.size_bytes / 1e6:.1f} MB of {load.limit_bytes / 1e6:.0f}"
    elif load.body_bytes:
        cost = f"{result.size_bytes / result.snapshots - load.body_bytes:.0f} B/snapshot and its numbers"
    else:
        cost = f"{result.size_bytes / result.points:.1f} B/number"
    cpu = result.cpu_seconds / result.scrapes * 1e3
    return f"{load.name:28} {per_second:9.0f} {numbers:10.0f} {cpu:8.2f} {result.slowest * 1e3:10.0f}   {cost}"


def main(arguments: Sequence[str] = ()) -> None:
    """Run every load in a directory of its own and print a table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=3.0, help="how long each load runs")
    options.add_argument("--directory", help="where the stores are made; a temporary directory if left out")
    given = options.parse_args(arguments)
    print(f"{'load':28} {'appends/s':>9} {'numbers/s':>10} {'CPU ms':>8} {'slowest ms':>10}   on disk")
    for load in LOADS:
        with tempfile.TemporaryDirectory(dir=given.directory) as directory:
            result = asyncio.run(measure(load, given.seconds, Path(directory)))
        print(row(load, result))
        sys.stdout.flush()
    with tempfile.TemporaryDirectory(dir=given.directory) as directory:
        print(asyncio.run(measure_reading(Path(directory))))


if __name__ == "__main__":
    main(sys.argv[1:])
