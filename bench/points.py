"""How small numbers become as they age, how fast a month of them is read, and whether retention stalls appends.

    python -m bench numbers
    python bench/points.py [FILE.csv...]

Signals are made here, in the manner of a Go service that is read every minute, and of a process of which only the
kernel's numbers are known. Further signals are the columns `value` of the files given, by their column `series`.

Per signal: its columns alone, as they are sealed and once they are folded. Per store: the closed file, with all its
tables, indexes and free space; in its blocks what columns have in common is there once. A point is a value that was
read; a folded point has four (lowest, mean, highest, last). The slowest append is the longest that a caller waited
while retention thinned, folded, sealed and deleted beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leakdog.config.schema import NumbersConfig, RetentionConfig, StorageConfig
from leakdog.model import Kind, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.store import Store, open_store
from leakdog.store.series import Column, Rows, fold
from leakdog.store.series.column import dump

Floats = NDArray[np.float64]

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
START = 1.7e9
LIFE = Life(START, START)
BLOCK = 720
SPANS = (0.0, 5 * MINUTE, HOUR)
AIM = 2.0
STALL_AIM = 1.0
PROCESS = (Signal.RSS, Signal.RSS_ANON, Signal.RSS_SHMEM, Signal.USS, Signal.THREADS, Signal.OPEN_FILES)


def signals(count: int) -> dict[Signal, Floats]:
    """Signals of a service under a load that follows the day, one value a minute."""
    dice = np.random.default_rng(1)
    load = 1 + 0.5 * np.sin(np.arange(count) * 2 * np.pi / 1440)
    pages = np.cumsum(np.where(dice.random(count) < 0.4, dice.integers(-30, 32, count), 0))
    allocated = np.cumsum(np.rint(load * dice.normal(4e6, 3e5, count)))
    live = np.rint(3e6 + 4e5 * load + dice.normal(0, 2e4, count))
    heap = live + np.mod(allocated, live)  # collected whenever it has doubled
    idle = np.rint((3e7 - heap) / 8192)
    rounded = {
        Signal.RSS: (20_000 + pages) * 4096,
        Signal.RSS_ANON: (15_000 + pages) * 4096,
        Signal.RSS_SHMEM: np.zeros(count),
        Signal.USS: (15_200 + pages + dice.integers(0, 3, count)) * 4096,
        Signal.THREADS: np.full(count, 14.0),
        Signal.OPEN_FILES: np.rint(30 + 20 * load + dice.normal(0, 2, count)),
        Signal.INUSE_SPACE: np.rint(live / 524288) * 524288,
        Signal.INUSE_OBJECTS: np.rint(live / 524288) * 8192,
        Signal.ALLOC_SPACE: np.rint(allocated / 524288) * 524288,
        Signal.ALLOC_OBJECTS: np.rint(allocated / 524288) * 8192,
        Signal.GOROUTINES: np.rint(40 + 30 * load) + dice.poisson(5, count),
        Signal.GOROUTINES_LEAKED: np.zeros(count),
        Signal.HEAP_ALLOC: heap * 8,
        Signal.HEAP_LIVE: live * 8,
        Signal.HEAP_OBJECTS: np.rint(heap / 90),
        Signal.HEAP_INUSE: np.rint(heap * 8 / 8192 + 300) * 8192,
        Signal.HEAP_IDLE: idle * 8192,
        Signal.HEAP_RELEASED: np.rint(idle / 16) * 8192,
        Signal.HEAP_SYS: np.full(count, 67_108_864.0),
        Signal.STACK_INUSE: np.rint(30 + 20 * load) * 32768,
        Signal.SYS: 75_000_000.0 + 65536 * (np.arange(count) // 2000),
        Signal.TOTAL_ALLOC: allocated * 8,
    }
    return {signal: rounded[signal] for signal in Signal}


def from_files(files: Sequence[Path]) -> dict[str, Floats]:
    """The series of CSV files."""
    found: dict[str, list[float]] = {}
    for path in files:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                if row["value"]:
                    found.setdefault(row["series"], []).append(float(row["value"]))
    return {name: np.array(values) for name, values in found.items()}


def per_point(values: Floats, seconds: float = 0.0) -> float:
    """Bytes that a value takes, sealed in blocks; or all that was read in so many seconds, a value a minute."""
    times = START + MINUTE * np.arange(len(values))
    rows = Rows(times, times, times * 0, {1: Column(np.arange(len(values)), values[None])})
    figures = (fold(rows, seconds) if seconds else rows).columns[1].figures
    count = figures.shape[1]
    parts = (figures[:, at : at + BLOCK] for at in range(0, count, BLOCK))
    return sum(len(dump(figure)) for part in parts for figure in part) / count


def scrapes(key: TargetKey, values: Mapping[Signal, Floats]) -> Iterator[Scrape]:
    """A scrape a minute, each some milliseconds after its slot."""
    late = np.random.default_rng(2).gamma(4, 0.005, len(next(iter(values.values()))))
    for number, delay in enumerate(late.tolist()):
        slot = START + 0.0625 + MINUTE * number
        told = {signal: float(each[number]) for signal, each in values.items()}
        yield Scrape(key, slot, slot + delay, LIFE, told, ())


async def fill(store: Store, values: Mapping[Signal, Floats], targets: int) -> int:
    """Append all, with retention after each day of it; how many values that was."""
    numbers = [scrapes(TargetKey("bench", f"target-{number}"), values) for number in range(targets)]
    for number, batch in enumerate(_parts(numbers)):
        await asyncio.gather(*(store.append(scrape) for scrape in batch))
        if number % 12 == 11:
            await store.retain(batch[-1].time)
    return targets * sum(map(len, values.values()))


def _parts(numbers: Sequence[Iterator[Scrape]]) -> Iterator[list[Scrape]]:
    """Two hours of all targets at a time."""
    together = zip(*numbers, strict=True)
    while part := [scrape for each in itertools.islice(together, 120) for scrape in each]:
        yield part


async def measure(name: str, values: Mapping[Signal, Floats], retention: RetentionConfig, targets: int = 2) -> str:
    """One line: what a store takes after these signals have aged, and how fast one signal is read."""
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(StorageConfig(path=directory, retention=retention))
        read = await fill(store, values, targets)
        await store.retain(START + MINUTE * len(values[Signal.RSS]) + 3 * HOUR)
        took, worked = [], []
        for _ in range(20):
            started, began = time.perf_counter(), time.process_time()
            found = await store.readings(TargetKey("bench", "target-0"), Signal.RSS)
            took.append((time.perf_counter() - started) * 1e3)
            worked.append((time.process_time() - began) * 1e3)
        points = (await store.stats()).points
        await store.close()
        size = (Path(directory) / "leakdog.db").stat().st_size
    return (
        f"{name:44} {read:10,} {points:10,} {size / points:11.2f} {size / read:11.2f}"
        f" {statistics.median(took):9.1f} ms, {min(worked):.1f} of CPU, for {len(found.times):,}"
    )


async def stall() -> str:
    """The longest append while retention thins, folds and seals a store that has never seen it, then makes room."""
    with tempfile.TemporaryDirectory() as directory:
        store = open_store(StorageConfig(path=directory))
        values = signals(4 * 1440)
        for number in range(3):
            key = TargetKey("bench", f"target-{number}")
            for part in _parts([scrapes(key, values)]):
                await asyncio.gather(*(store.append(scrape) for scrape in part))
        body = os.urandom(100_000)
        for start in range(0, 3000, 60):
            slots = [START + number * MINUTE for number in range(start, start + 60)]
            sent = [(slot, (RawProfile(Kind.HEAP, slot, body),)) for slot in slots]
            key = TargetKey("bench", "profiles")
            await asyncio.gather(*(store.append(Scrape(key, slot, slot, LIFE, {}, each)) for slot, each in sent))
        full = (await store.stats()).size_bytes
        await store.close()
        kept = RetentionConfig(size=full * 3 // 4)
        store = open_store(StorageConfig(path=directory, retention=kept))
        now = START + 5 * DAY
        retaining = asyncio.create_task(store.retain(now))
        waits: list[float] = []
        for number in itertools.count():
            if retaining.done():
                break
            slot = now + number
            started = time.perf_counter()
            await store.append(Scrape(TargetKey("bench", "new"), slot, slot, LIFE, {Signal.RSS: 4096.0}, ()))
            waits.append(time.perf_counter() - started)
            await asyncio.sleep(0.01)
        await retaining
        size = (await store.stats()).size_bytes
        await store.close()
    return (
        f"retention of {full / 1e6:.0f} MB down to {size / 1e6:.0f} MB (allowed {kept.size / 1e6:.0f}): {len(waits)} "
        f"appends beside it, median {statistics.median(waits) * 1e3:.0f} ms, slowest {max(waits) * 1e3:.0f} ms "
        f"(aim: under {STALL_AIM * 1e3:.0f})"
    )


def main(arguments: Sequence[str] = ()) -> None:
    """Print bytes per point by signal and by store, then the stall."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("files", metavar="FILE", nargs="*", type=Path, help="CSV with columns series and value")
    given = options.parse_args(arguments)
    week = signals(7 * 1440)
    print("bytes per point, as read, of five minutes, and of an hour:")
    for name, values in [*((signal.value, each) for signal, each in week.items()), *from_files(given.files).items()]:
        print(f"  {name:40} {' '.join(f'{per_point(values, each):6.2f}' for each in SPANS)}")
    means = [statistics.mean(per_point(values, each) for values in week.values()) for each in SPANS]
    print(f"  {'mean of the signals made here':40} {' '.join(f'{each:6.2f}' for each in means)} (aim {AIM:.0f})")
    print(f"{'store':44} {'read':>10} {'points':>10} {'B per point':>11} {'B per read':>11} {'read one signal':>12}")
    raw = RetentionConfig(numbers=NumbersConfig(raw=60 * DAY))
    small = {signal: week[signal] for signal in PROCESS}
    for name, values, retention in (
        ("a week of 22 signals, as read", week, raw),
        ("a week of 6 signals of a process, as read", small, raw),
        ("30 days of 22 signals, folded as they age", signals(30 * 1440), RetentionConfig()),
    ):
        print(asyncio.run(measure(name, values, retention)), flush=True)
    print(asyncio.run(stall()))


if __name__ == "__main__":
    main(sys.argv[1:])
