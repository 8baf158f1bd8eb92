"""How small a series of profiles becomes in the SQLite store, and how fast one is read back.

    python -m bench series
    python bench/series.py [DIR...]

A series is made here, in the manner of Go's heap profiles: 300 stacks of which a few change from one profile to the
next, and one is new in every other; each new stack comes first and moves everything after it, ids included. Further
series are the files `KIND-TIME.pb.gz` of the directories given, by kind.

Each series has a store of its own. On disk: the closed file, with all its tables, indexes and free space, against the
bodies as they were fetched. A difference is that of two profiles of the series chosen at random, from the store to the
profile that has only what grew. Medians.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leakdog.config.schema import StorageConfig
from leakdog.model import Frame, Kind, Life, RawProfile, Scrape, TargetKey
from leakdog.pprof import DEFAULT_LIMITS, ValueType, encode, parse
from leakdog.pprof.build import Builder
from leakdog.report.diff import difference
from leakdog.store import Store, open_store

LENGTH = 240
STACKS = 300
CHANGED = 8
PAIRS = 40
LIFE = Life(start_time=1.0, first_seen=1.0)
KEY = TargetKey("bench", "series")


@dataclass(frozen=True)
class Series:
    """Bodies of profiles of one kind, oldest first, with their times."""

    name: str
    kind: Kind
    times: list[float]
    bodies: list[bytes]


Site = tuple[int, Frame]
Stack = tuple[list[Site], list[int]]


def made(length: int = LENGTH) -> Series:
    """The series that is made here, the same in each run."""
    dice = random.Random(1)
    stacks: list[Stack] = [([(0x400000, Frame("main.main", "/src/main.go", 12))], [0, 0, 0, 0])]
    bodies = []
    for number in range(length):
        while len(stacks) < STACKS + number // 2:
            stacks.insert(0, (_branch(dice, dice.choice(stacks)[0]), [0, 0, 0, 0]))
        for _, values in dice.sample(stacks, CHANGED):
            size = dice.choice((64, 512, 4096))
            values[0] += dice.randrange(1, 900)
            values[2] = dice.randrange(values[0])
            values[1], values[3] = values[0] * size, values[2] * size
        bodies.append(gzip.compress(_profile(stacks), mtime=0))
    return Series("made here", Kind.HEAP, [1.7e9 + 15 * number for number in range(length)], bodies)


def _branch(dice: random.Random, calls: list[Site]) -> list[Site]:
    """A stack, leaf first, that leaves another one somewhere for a few calls of its own."""
    new = []
    for _ in range(dice.randint(1, 3)):
        number = dice.randrange(400)
        frame = Frame(
            f"example.com/shop/part{number % 30}.(*Thing{number}).Method{number}",
            f"/src/shop/part{number % 30}.go",
            dice.randrange(900),
        )
        new.append((0x400000 + dice.randrange(1 << 22), frame))
    return [*new, *calls[dice.randrange(len(calls)) :]]


def _profile(stacks: list[Stack]) -> bytes:
    types = [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")]
    builder = Builder([ValueType(*each) for each in types], DEFAULT_LIMITS)
    for calls, values in stacks:
        builder.sample(values, [builder.location(address, (call,)) for address, call in calls])
    return encode(builder.build(ValueType("space", "bytes"), 524288))


def found(directory: Path) -> list[Series]:
    """The series of a directory."""
    files: dict[str, list[tuple[float, Path]]] = {}
    for path in directory.glob("*-*.pb.gz"):
        kind, _, taken = path.name.removesuffix(".pb.gz").rpartition("-")
        files.setdefault(kind, []).append((float(taken), path))
    return [
        Series(
            f"{directory.name} {kind}",
            Kind(kind),
            [taken for taken, _ in sorted(each)],
            [path.read_bytes() for _, path in sorted(each)],
        )
        for kind, each in sorted(files.items())
    ]


def _milliseconds(since: float) -> float:
    return (time.perf_counter() - since) * 1e3


async def _append(store: Store, series: Series) -> tuple[list[int], list[float]]:
    """Ids, and how long each append took."""
    ids, took = [], []
    for when, body in zip(series.times, series.bodies, strict=True):
        scrape = Scrape(KEY, when, when, LIFE, {}, (RawProfile(series.kind, when, body),))
        started = time.perf_counter()
        (snapshot,) = await store.append(scrape)
        took.append(_milliseconds(started))
        ids.append(snapshot.id)
    return ids, took


async def _read(store: Store, ids: Sequence[int]) -> list[float]:
    took = []
    for snapshot_id in ids:
        started = time.perf_counter()
        await store.profile(snapshot_id)
        took.append(_milliseconds(started))
    return took


async def _differences(store: Store, ids: Sequence[int]) -> list[float]:
    dice = random.Random(2)
    took = []
    for _ in range(PAIRS):
        pair = sorted(dice.sample(ids, 2))
        started = time.perf_counter()
        base, latest = [parse(await store.profile(each) or b"") for each in pair]
        difference(base, latest)
        took.append(_milliseconds(started))
    return took


async def measure(series: Series, directory: Path) -> str:
    """One line of the table."""
    store = open_store(StorageConfig(path=str(directory)))
    ids, appends = await _append(store, series)
    reads, differences = await _read(store, ids), await _differences(store, ids)
    await store.close()
    fetched, stored = sum(map(len, series.bodies)), (directory / "leakdog.db").stat().st_size
    count = len(ids)
    medians = "".join(f"{statistics.median(each):10.1f}" for each in (appends, reads, differences))
    return f"{series.name:24} {count:8} {fetched / count:10.0f} {stored / count:10.0f} {fetched / stored:7.1f}{medians}"


def main(arguments: Sequence[str] = ()) -> None:
    """Print a table of all series."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("directories", metavar="DIR", nargs="*", type=Path, help="holds series of profiles")
    given = options.parse_args(arguments)
    print(f"{'series':24} {'profiles':>8} {'gzip B':>10} {'on disk B':>10} {'ratio':>7}", end="")
    print(f"{'append ms':>10} {'read ms':>9} {'diff ms':>9}")
    for series in [made(), *(each for directory in given.directories for each in found(directory))]:
        with tempfile.TemporaryDirectory() as directory:
            print(asyncio.run(measure(series, Path(directory))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
