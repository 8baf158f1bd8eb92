"""How fast the detector is, alone on one core, and how much it remembers of a series.

    python -m bench detect
    python -m bench.detect [--series 2000]

Batch: whole histories replayed, every new block judged; `--series 100000` is what the aim speaks of. Histories are made
when they are read, which is not counted. Incremental: a target of twelve signals, read and judged at each reading, as
the daemon does it. One series in ten leaks; a third have a daily rhythm.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one core, as promised; must be set before NumPy is loaded

import numpy as np

from leakdog.detect.engine import assessment, look_at, verdicts
from leakdog.detect.grid import History
from leakdog.detect.group import Group
from leakdog.detect.replay import replay
from leakdog.detect.settings import PRODUCTION, SOAK, Settings
from leakdog.detect.stored import to_bytes
from leakdog.model import Signal, Verdict
from leakdog.store.shelf import FileShelf

POINTS = 1000
STEP = 300.0
T0 = 1_750_000_000.0
SIGNALS = 12
QUIET = (Verdict.STEADY, Verdict.TOO_EARLY)  # put into words only when somebody asks


class Histories(Sequence[History]):
    """Made-up series of five-minute readings, each made when it is asked for.

    Attributes:
        seconds: processor time that making them took.

    """

    def __init__(self, count: int, points: int) -> None:
        self.count = count
        self.at = T0 + STEP * np.arange(points)
        self.seconds = 0.0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < self.count:
            raise IndexError(number)
        before = time.process_time()
        rng = np.random.default_rng(number)
        value = 1 + 0.01 * rng.standard_normal(len(self.at))
        if number % 3 == 0:
            value += 0.2 * np.sin(2 * np.pi * self.at / 86400 + rng.uniform(0, 6))
        if number % 10 == 0:
            value += 0.005 * np.arange(len(self.at)) / 12
        made = History(f"s{number}", self.at, 1e9 * value, None, None, 4e9)
        self.seconds += time.process_time() - before
        return made


def batch(count: int) -> str:
    """Replay many histories at once."""
    many = Histories(count, POINTS)
    before = time.process_time()
    found = replay(many, Signal.RSS, PRODUCTION)
    taken = time.process_time() - before - many.seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    alerts = sum(len(each.alerts) for each in found)
    return (
        f"batch        {count:,} series of {POINTS:,} points: {taken:.1f} s, {taken / count * 1e3:.2f} ms per series, "
        f"{taken / count / POINTS * 1e6:.2f} us per point; {alerts:,} alerts; {peak:.0f} MiB at most"
    )


def incremental(settings: Settings, name: str, step: float, points: int) -> str:
    """Observe and assess a target of twelve signals, reading by reading; the second half is timed.

    Between readings the group is put away, as the daemon does it.
    """
    with tempfile.TemporaryDirectory() as directory:
        shelf = FileShelf(Path(directory), 1 << 30)
        try:
            return _incremental(settings, name, step, points, shelf)
        finally:
            shelf.close()


def _incremental(settings: Settings, name: str, step: float, points: int, shelf: FileShelf) -> str:
    rng = np.random.default_rng(2)
    values = 1e9 * (1 + 0.01 * rng.standard_normal((points, SIGNALS)))
    values[:, 0] += 1e6 * np.arange(points)
    group = Group(settings, SIGNALS)
    signals = [Signal.RSS] * SIGNALS
    limits: list[float | None] = [4e9] * SIGNALS
    marks = {}
    for number in range(points):
        if number in (points // 4, points // 2):
            marks[number] = time.process_time()
        now = T0 + number * step
        group.observe(now, values[number], life_start=T0 - 1e6, load=1.0)
        look_at(group, signals, limits, now)
        growing = [row for row, verdict in enumerate(verdicts(group)) if verdict not in QUIET]
        for row in growing:
            assessment(group, row, signals[row], limits[row], now)
        group.put_away(shelf)
    half, quarter = marks[points // 2], marks[points // 4]
    late = (time.process_time() - half) / (points - points // 2) / SIGNALS
    early = (half - quarter) / (points // 2 - points // 4) / SIGNALS
    return (
        f"incremental  {name}: {late * 1e6:.0f} us per point (observe and assess, {SIGNALS} signals at once), "
        f"{early * 1e6:.0f} us when half as old"
    )


def memory() -> str:
    """Bytes of a series as it is stored, in a group of twelve that is as old as it can be."""
    sizes = {}
    for name, settings in (("production", PRODUCTION), ("soak", SOAK)):
        group, step = Group(settings, SIGNALS), settings.levels[0].block_seconds
        for number in range(int(settings.levels[-1].block_seconds / step) * (settings.levels[-1].length + 1)):
            group.observe(T0 + number * step, [5.0] * SIGNALS, life_start=T0 - 1e6, load=1.0)
        sizes[name] = len(to_bytes(group)) // SIGNALS
    return "state        " + ", ".join(f"{name} {size:,} bytes a series" for name, size in sizes.items())


def main(arguments: Sequence[str] = ()) -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--series", type=int, default=2000)
    args = parser.parse_args(arguments)
    print(batch(args.series))
    print(incremental(PRODUCTION, "production, every 5 min", 300.0, 2 * 14 * 288))
    print(incremental(PRODUCTION, "production, every 30 s", 30.0, 6000))
    print(incremental(SOAK, "soak, every second", 1.0, 240))
    print(memory())


if __name__ == "__main__":
    main(sys.argv[1:])
