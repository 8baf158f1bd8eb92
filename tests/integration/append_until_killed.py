"""Appends scrapes to a store, several at once, and tells each one's start and acknowledgement, until killed.

Beside them, numbers are sealed as they come.

    python append_until_killed.py DIRECTORY FIRST_SLOT

Prints `start SLOT` before each append and `stored SLOT ID ID` after it.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from itertools import count
from pathlib import Path

from leakdog.config.schema import RetentionConfig, StorageConfig
from leakdog.model import Kind, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.store import Store, open_store

IN_FLIGHT = 4
SEALED_AFTER = 40_000.0
KINDS = (Kind.HEAP, Kind.GOROUTINE)


def body(slot: int, kind: Kind) -> bytes:
    """The profile of a slot: up to 60 kB that do not compress, the same on every call."""
    seed = f"{slot} {kind}".encode()
    length = int.from_bytes(hashlib.sha256(seed).digest()[:2], "big")
    return hashlib.shake_256(seed).digest(length)


def scrape(slot: int) -> Scrape:
    """The scrape of a slot: two profiles and all signals."""
    return Scrape(
        key=TargetKey("kill", f"target-{slot % 7}"),
        slot=float(slot),
        time=slot + 0.25,
        life=Life(start_time=float(slot // 50), first_seen=float(slot // 50)),
        values={signal: float(slot) for signal in Signal},
        profiles=tuple(RawProfile(kind, slot + 0.5, body(slot, kind)) for kind in KINDS),
    )


def config(directory: Path) -> StorageConfig:
    """A store that deletes nothing."""
    return StorageConfig(path=str(directory), retention=RetentionConfig(time=1e12, size=10**12))


def tell(*words: object) -> None:
    """Print a line at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def append_for_ever(store: Store, slots: count[int]) -> None:
    """Append one slot after another."""
    for slot in slots:
        tell("start", slot)
        stored = await store.append(scrape(slot))
        tell("stored", slot, *(snapshot.id for snapshot in stored))
        await store.put_states({"latest": str(slot).encode()})


async def seal_for_ever(store: Store, first_slot: int) -> None:
    """Let retention seal all numbers, as if hours had passed."""
    while True:
        await asyncio.sleep(0.02)
        await store.retain(first_slot + SEALED_AFTER)


async def main() -> None:
    """Run several appenders on one store, and retention beside them."""
    store = open_store(config(Path(sys.argv[1])))
    slots = count(int(sys.argv[2]))
    appending = (append_for_ever(store, slots) for _ in range(IN_FLIGHT))
    await asyncio.gather(*appending, seal_for_ever(store, int(sys.argv[2])))


if __name__ == "__main__":
    asyncio.run(main())
