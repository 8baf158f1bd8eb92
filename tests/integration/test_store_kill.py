"""A store whose process is killed at any moment has everything that it acknowledged."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from leakdog.model import Signal
from leakdog.store import open_store

CHILD = Path(__file__).with_name("append_until_killed.py")
KILLS = int(os.environ.get("LEAKDOG_KILLS", "10"))
KILLS_PER_STORE = 10  # then a new directory, so that checking does not slow down
LONGEST_LIFE_SECONDS = 0.3


def load_child() -> ModuleType:
    """The child script as a module, for the scrapes it makes."""
    spec = importlib.util.spec_from_file_location("append_until_killed", CHILD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


child = load_child()


@dataclass
class Told:
    """What the children of one store have printed."""

    started: set[int] = field(default_factory=set)
    stored: dict[int, list[int]] = field(default_factory=dict)

    def read(self, output: str) -> None:
        """Take in one child's output; a last line that was cut off tells nothing."""
        for line in output[: output.rfind("\n") + 1].splitlines():
            what, slot, *ids = line.split()
            if what == "start":
                self.started.add(int(slot))
            else:
                self.stored[int(slot)] = [int(number) for number in ids]


def run_and_kill(directory: Path, told: Told, seconds: float, *, while_opening: bool) -> None:
    """Let a child run for this long, counted from its own start or from its first append, then kill it."""
    first_slot = max(told.started, default=0) + 1
    process = subprocess.Popen(
        [sys.executable, str(CHILD), str(directory), str(first_slot)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = "" if while_opening else process.stdout.readline()
    timer = threading.Timer(seconds, process.send_signal, [signal.SIGKILL])
    timer.start()
    rest = process.stdout.read()
    timer.join()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    told.read(first + rest)


async def check(directory: Path, told: Told) -> None:
    """Open the store as the next daemon would, and compare it with what was told."""
    store = open_store(child.config(directory))
    listed = await store.snapshots(limit=10**9)
    stored = {int(snapshot.time): [] for snapshot in listed}
    for snapshot in sorted(listed, key=lambda snapshot: snapshot.id):
        slot = int(snapshot.time)
        stored[slot].append(snapshot.id)
        assert await store.profile(snapshot.id) == child.body(slot, snapshot.kind)
    assert told.stored == {slot: ids for slot, ids in stored.items() if slot in told.stored}
    assert {len(ids) for ids in stored.values()} <= {len(child.KINDS)}
    assert set(stored) <= told.started
    assert await numbers(store) == sorted(stored)
    stats = await store.stats()
    assert (stats.snapshots, stats.points) == (len(listed), len(stored) * len(Signal))
    await store.close()


async def numbers(store: child.Store) -> list[int]:
    """The slots that have numbers, from the numbers themselves."""
    keys = {child.scrape(slot).key for slot in range(7)}
    series = [await store.readings(key, Signal.RSS) for key in keys]
    return sorted(int(value) for readings in series for value in readings.values)


def integrity(directory: Path) -> str:
    """What SQLite finds in a copy of the files as the kill left them."""
    with tempfile.TemporaryDirectory() as copy:
        for path in directory.glob("leakdog.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, copy)
        connection = sqlite3.connect(Path(copy) / "leakdog.db")
        (finding,) = connection.execute("PRAGMA integrity_check").fetchone()
        connection.close()
    return str(finding)


@pytest.mark.parametrize("number", range(-(-KILLS // KILLS_PER_STORE)))
def test_acknowledged_scrapes_survive_kills(number: int, tmp_path: Path) -> None:
    """Killed at any moment, the store opens sound, with each acknowledged scrape whole and byte for byte.

    No scrape is there in part, and one that was not acknowledged only if it was under way.
    """
    dice = random.Random(number)
    told = Told()
    kills = min(KILLS_PER_STORE, KILLS - number * KILLS_PER_STORE)
    for _ in range(kills):
        run_and_kill(tmp_path, told, dice.uniform(0, LONGEST_LIFE_SECONDS), while_opening=dice.random() < 0.3)
        assert integrity(tmp_path) == "ok"
        asyncio.run(check(tmp_path, told))
    assert len(told.started) - len(told.stored) <= kills * child.IN_FLIGHT
    assert told.stored
