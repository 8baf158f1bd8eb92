"""The store in memory: its bound, and that it agrees with the one on disk."""

from __future__ import annotations

import asyncio
import tempfile
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from leakdog.config.schema import Backend, RetentionConfig, StorageConfig
from leakdog.model import Kind, Leak, LeakClass, LeakState, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.store import Store, open_store

KEYS = [TargetKey("a", "1"), TargetKey("a", "2"), TargetKey("b\0", "1\udc80")]
SIGNALS = [Signal.RSS, Signal.THREADS, Signal.ALLOC_SPACE]
TIME = st.sampled_from([0.0, 0.125, 1.0, 59.9, 60.0, 61.0, 3600.0])

SCRAPE = st.builds(
    Scrape,
    key=st.sampled_from(KEYS),
    slot=TIME,
    time=TIME,
    life=st.builds(Life, TIME, TIME, st.none() | st.integers(1, 3)),
    values=st.dictionaries(st.sampled_from(SIGNALS), st.floats(0, 1e18)),
    profiles=st.lists(
        st.builds(RawProfile, st.sampled_from([Kind.HEAP, Kind.MUTEX]), TIME, st.binary(max_size=40)),
        max_size=3,
    ).map(tuple),
)
LEAK = st.builds(
    Leak,
    id=st.sampled_from(["x", "y", "\0"]),
    key=st.sampled_from(KEYS),
    signal=st.sampled_from(SIGNALS),
    leak_class=st.sampled_from(LeakClass),
    state=st.sampled_from(LeakState),
    since=TIME,
    updated=TIME,
    resolved_since=st.none() | TIME,
)
STATES = st.dictionaries(st.sampled_from(["p", "q", "\udcff"]), st.none() | st.binary(max_size=9))
STEP = st.one_of(
    st.tuples(st.just("append"), SCRAPE),
    st.tuples(st.just("put_leaks"), st.lists(LEAK, max_size=2)),
    st.tuples(st.just("put_states"), STATES),
    st.tuples(st.just("retain"), TIME.map(lambda time: time + 60.0)),
)


async def contents(store: Store) -> Mapping[str, Any]:
    """Everything that can be read from a store, with ids replaced by their rank."""
    listed = await store.snapshots()
    rank = {number: place for place, number in enumerate(sorted(snapshot.id for snapshot in listed))}
    series = [await store.readings(key, signal) for key in KEYS for signal in SIGNALS]
    clipped = [await store.readings(key, Signal.RSS, start=1.0, end=60.0) for key in KEYS]
    stats = await store.stats()
    return {
        "snapshots": [replace(snapshot, id=rank[snapshot.id]) for snapshot in listed],
        "bodies": [await store.profile(snapshot.id) for snapshot in listed],
        "chosen": [
            [rank[snapshot.id] for snapshot in await store.snapshots(key=key, kind=Kind.HEAP, start=0.125, limit=2)]
            for key in KEYS
        ],
        "series": [(r.times.tolist(), r.values.tolist(), r.life_starts.tolist()) for r in series + clipped],
        "lives": [await store.latest_life(key) for key in KEYS],
        "leaks": await store.leaks(),
        "states": await store.states(),
        "counts": (stats.snapshots, stats.points),
    }


async def walk(backend: Backend, steps: Sequence[tuple[str, Any]]) -> list[Mapping[str, Any]]:
    """What a store of this backend holds after each step, and in the end after it was opened again."""
    with tempfile.TemporaryDirectory() as directory:
        config = StorageConfig(backend=backend, path=directory, retention=RetentionConfig(time=60.0, size=100_000_000))
        store = open_store(config)
        seen = []
        for name, argument in steps:
            await getattr(store, name)(argument)
            seen.append(await contents(store))
        if backend is Backend.SQLITE:
            await store.close()
            store = open_store(config)
        seen.append(await contents(store))
        await store.close()
        return seen


@settings(max_examples=40)
@given(st.lists(STEP, max_size=12))
def test_backends_agree(steps: list[tuple[str, Any]]) -> None:
    """After any steps, memory and SQLite hold the same; SQLite also after it was closed and opened."""
    in_memory = asyncio.run(walk(Backend.MEMORY, steps))
    assert in_memory == asyncio.run(walk(Backend.SQLITE, steps))


async def test_counted_size_covers_real_memory(
    open_backend: Callable[..., Store], make_scrape: Callable[..., Scrape]
) -> None:
    """What the store says it holds is at least what Python really keeps for it, and at most twice that."""
    store = open_backend(Backend.MEMORY)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for slot in range(2000):
        values = {signal: slot + number / 8 for number, signal in enumerate(Signal)}
        await store.append(make_scrape(float(slot), body=str(slot).encode(), values=values))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    counted = (await store.stats()).size_bytes
    assert after - before <= counted <= 2 * (after - before)


async def test_full_store_frees_a_twentieth(
    open_backend: Callable[..., Store], make_scrape: Callable[..., Scrape]
) -> None:
    """A full store makes more room than one scrape needs, so that most appends delete nothing."""
    store = open_backend(Backend.MEMORY, size=1_000_000)
    counts = []
    for slot in range(400):
        await store.append(make_scrape(float(slot), body=bytes(5000), values={}))
        counts.append((await store.stats()).snapshots)
    falls = [before - after for before, after in pairwise(counts) if after <= before]
    assert 10 <= len(falls) <= 30
    assert max(counts) * (5000 + 450) <= 1_000_000
