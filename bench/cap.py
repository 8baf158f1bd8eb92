"""Does a full store stay within its size, and does an append ever wait for what is deleted?

    python -m bench.cap [--size 2e9] [--minutes 6] [--alone] [--directory DIR]

Targets are read every twenty minutes on a clock of its own: a body that shares nothing with others and is kept as it
was sent (5 to 250 kB), a real goroutine profile that goes on a chain, and twelve numbers. Retention runs beside that
without a pause: it thins what is a day old, seals and folds numbers, and deletes the oldest once the store is full. It
goes on for a third more than the store may take. The size is that of the file and its log, looked at fifty times a
second. What an append waits for is told apart: for what is deleted (by retention's steps, or to make room for appends),
for its own transaction and those of appends before it, and for the log to be cut. The machine and its disk may have
other work: `--alone` tells what the same load takes without retention, in a store that is never full.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.writing import DELETES, Clock
from leakdog.config.schema import RetentionConfig, StorageConfig
from leakdog.model import Kind, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.store import Store, open_store
from leakdog.store.sqlite import SqliteStore

SIZE = 2_000_000_000
SIZE_AIM, STALL_AIM = 0.05, 1.0
TARGETS, ROUND_SECONDS = 150, 1200.0
AT_ONCE = 64  # as many as a daemon reads at a time by default
BODY_BYTES = (5_000, 250_000)
NUMBERS = 12
START = 1.7e9
LIFE = Life(START, START)
GOROUTINES = Path(__file__).parents[1] / "tests" / "unit" / "pprof" / "testdata" / "prometheus-goroutine.pb.gz"
LOOKS_SECONDS = 0.02
MORE = 4 / 3
NEVER_FULL = 100  # times the size that is asked for


@dataclass
class Seen:
    """What was measured.

    Attributes:
        written: bytes of profiles, as they came.
        largest: bytes of the file and its log, at most.
        waits: when each append was asked for, and when it was answered.
        now: the time by the bench's own clock.

    """

    written: int = 0
    largest: int = 0
    retentions: int = 0
    waits: list[tuple[float, float]] = field(default_factory=list)
    now: float = START


def main(arguments: Sequence[str] = ()) -> None:
    """Fill a store, go on for a while, and print what became of its size and of appends."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--size", type=float, default=SIZE, help="bytes that the store may take")
    options.add_argument("--minutes", type=float, default=6.0, help="ends after so long, full or not")
    options.add_argument("--alone", action="store_true", help="without retention, in a store that is never full")
    options.add_argument("--directory", help="where the store is made; a temporary directory if left out")
    given = options.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=given.directory) as name:
        asyncio.run(measure(Path(name), int(given.size), 60 * given.minutes, alone=given.alone))


async def measure(directory: Path, size_bytes: int, seconds: float, *, alone: bool) -> None:
    """One store, from empty to full and beyond."""
    cap = NEVER_FULL * size_bytes if alone else size_bytes
    store = open_store(StorageConfig(path=str(directory), retention=RetentionConfig(size=cap)))
    assert isinstance(store, SqliteStore)
    seen, clock, began, full, before = Seen(), Clock(store), time.monotonic(), None, 0
    works = (look(directory, seen), *([] if alone else [retain(store, seen)]))
    beside = [asyncio.create_task(work) for work in works]
    for scrapes in rounds(seen):
        for first in range(0, len(scrapes), AT_ONCE):
            await asyncio.gather(*(append(store, scrape, seen) for scrape in scrapes[first : first + AT_ONCE]))
        if full is None and seen.largest > 0.97 * size_bytes:
            full, before = seen.written, len(seen.waits)
        if time.monotonic() - began > seconds or (full is not None and seen.written > MORE * full):
            break
    for task in beside:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await store.close()
    print(f"{seen.written / 1e9:.2f} GB of profiles in {time.monotonic() - began:.0f} s, {seen.retentions} retentions")
    if alone:
        print(f"alone: {told(seen.waits, clock)}")
        return
    over = seen.largest / size_bytes - 1
    whole = "" if full is not None else "; it was not full yet: give it more minutes"
    print(f"largest size: {seen.largest / 1e6:,.0f} MB, {over:+.1%} of the cap (aim: at most +{SIZE_AIM:.0%}){whole}")
    print(f"before it was full: {told(seen.waits[: before or None], clock)}")
    if full is not None:
        print(f"once it was full: {told(seen.waits[before:], clock)}")


def told(waits: Sequence[tuple[float, float]], clock: Clock) -> str:
    """How long appends took, and for what they waited."""
    seconds = [ended - began for began, ended in waits]
    during = [clock.during(*wait) for wait in waits]
    slow, slowest = sum(wait > STALL_AIM for wait in seconds), during[seconds.index(max(seconds))]
    lines = [
        f"slowest of {len(waits):,} appends {max(seconds):.2f} s, median {statistics.median(seconds):.3f} s, "
        f"{slow} over {STALL_AIM:g} s"
    ]
    for doing in clock.spans:
        each = [found[doing] for found in during]
        aim = f" (aim: {STALL_AIM:g} s)" if doing == DELETES else ""
        lines.append(
            f"  while the writer {doing}: longest {max(each):.2f} s{aim}, mean {statistics.mean(each):.3f} s, "
            f"of the slowest {slowest[doing]:.2f} s"
        )
    return "\n".join(lines)


def rounds(seen: Seen) -> Iterator[list[Scrape]]:
    """A scrape of every target, again and again."""
    dice, goroutines = random.Random(1), GOROUTINES.read_bytes()
    for number in itertools.count():
        seen.now = START + ROUND_SECONDS * number
        yield [scrape(target, seen.now, dice.randint(*BODY_BYTES), goroutines) for target in range(TARGETS)]


def scrape(target: int, slot: float, body_bytes: int, goroutines: bytes) -> Scrape:
    """What one pass over a target brings."""
    profiles = (RawProfile(Kind.HEAP, slot, os.urandom(body_bytes)), RawProfile(Kind.GOROUTINE, slot, goroutines))
    values = {signal: slot + target + number for number, signal in enumerate(itertools.islice(Signal, NUMBERS))}
    return Scrape(TargetKey("bench", f"10.0.0.{target}:6060"), slot, slot, LIFE, values, profiles)


async def append(store: Store, scrape: Scrape, seen: Seen) -> None:
    """Store it, and note how long that took."""
    began = time.monotonic()
    await store.append(scrape)
    seen.waits.append((began, time.monotonic()))
    seen.written += sum(len(profile.data) for profile in scrape.profiles)


async def look(directory: Path, seen: Seen) -> None:
    """Note how large the store is."""
    while True:
        sizes = [path.stat().st_size for path in directory.glob("leakdog.db*") if not path.name.endswith("-shm")]
        seen.largest = max(seen.largest, sum(sizes))
        await asyncio.sleep(LOOKS_SECONDS)


async def retain(store: Store, seen: Seen) -> None:
    """Retention, without a pause."""
    while True:
        await store.retain(seen.now)
        seen.retentions += 1
        await asyncio.sleep(LOOKS_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1:])
