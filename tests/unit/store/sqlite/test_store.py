"""The SQLite store as a whole: full disks, damage, restarts, waiting."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from leakdog.errors import StoreCorrupted, StoreError, StoreTooNew
from leakdog.model import Leak, Life, Scrape, Signal, TargetKey
from leakdog.store import Store
from leakdog.store.sqlite import chains
from leakdog.store.sqlite import connection as opening

HEAP = (Path(__file__).parents[2] / "attribute" / "shop" / "heap-1.pb.gz").read_bytes()

Opener = Callable[..., Store]
Scrapes = Callable[..., Scrape]


@contextmanager
def disk_of(size_bytes: int) -> Iterator[None]:
    """Within the block the kernel lets this process make no file longer than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_everything_is_there_after_reopening(
    open_backend: Opener, key: TargetKey, make_scrape: Scrapes, make_leak: Callable[..., Leak]
) -> None:
    """Closing and opening keeps profiles, numbers, lives, leaks, states and counts."""
    store = open_backend()
    (snapshot,) = await store.append(make_scrape(60.0, body=b"\0body", life=Life(1.0, 2.0, 3)))
    await store.put_leaks([make_leak()])
    await store.put_states({"a": b"1"})
    await store.close()
    store = open_backend()
    stats = await store.stats()
    assert [snapshot] == await store.snapshots()
    assert await store.profile(snapshot.id) == b"\0body"
    assert (await store.readings(key, Signal.RSS)).values.tolist() == [600.0]
    assert Life(1.0, 2.0, 3) == await store.latest_life(key)
    assert [make_leak()] == await store.leaks()
    assert await store.states() == {"a": b"1"}
    assert (stats.snapshots, stats.points, stats.writes_total) == (1, 1, 0)
    await store.close()


async def test_closed_store_is_one_file(open_backend: Opener, make_scrape: Scrapes, tmp_path: Path) -> None:
    """Closing folds the log into the database, which can then be copied as one file."""
    store = open_backend()
    await store.append(make_scrape(60.0))
    await store.close()
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"leakdog.db", "leakdog.lock"}


async def test_full_disk_fails_appends_only_while_it_is_full(
    open_backend: Opener, key: TargetKey, make_scrape: Scrapes
) -> None:
    """An append that the disk refuses raises, is counted and leaves nothing; the next one may work."""
    store = open_backend()
    (before,) = await store.append(make_scrape(60.0, body=b"before"))
    with disk_of(150_000):
        with pytest.raises(StoreError, match=r"writing to .*leakdog.db: the disk"):
            await store.append(make_scrape(120.0, body=bytes(1_000_000)))
        stats = await store.stats()
        assert (stats.writes_total, stats.write_failures_total) == (1, 1)
        assert "the disk" in stats.failing
        assert await store.profile(before.id) == b"before"
    await store.append(make_scrape(180.0, body=bytes(1_000_000)))
    stats = await store.stats()
    assert (stats.writes_total, stats.write_failures_total, stats.failing) == (2, 1, "")
    assert (await store.readings(key, Signal.RSS)).times.tolist() == [60.25, 180.25]
    assert (stats.snapshots, stats.points) == (2, 2)
    await store.close()


async def test_small_scrape_passes_beside_one_that_does_not_fit(open_backend: Opener, make_scrape: Scrapes) -> None:
    """Of scrapes stored together, one that the disk refuses does not take the others with it."""
    store = open_backend()
    with disk_of(250_000):
        bodies = [b"small", bytes(1_000_000), b"small too"]
        outcomes = await asyncio.gather(
            *(store.append(make_scrape(float(slot), body=body)) for slot, body in enumerate(bodies)),
            return_exceptions=True,
        )
        assert [tuple, StoreError, tuple] == [type(outcome) for outcome in outcomes]
        assert [snapshot.time for snapshot in await store.snapshots()] == [2.5, 0.5]
    await store.close()


async def test_damaged_file_is_refused_in_words(open_backend: Opener, make_scrape: Scrapes, tmp_path: Path) -> None:
    """A file whose head was overwritten raises `StoreCorrupted`, and the directory is not left locked."""
    store = open_backend()
    await store.append(make_scrape(60.0))
    await store.close()
    database = tmp_path / "data" / "leakdog.db"
    sound = database.read_bytes()
    database.write_bytes(b"\xff" * 4096 + sound[4096:])
    with pytest.raises(StoreCorrupted, match=r"leakdog.db is damaged .*put a backup in its place"):
        open_backend()
    database.write_bytes(sound)
    store = open_backend()
    assert len(await store.snapshots()) == 1
    await store.close()


async def test_damage_in_a_large_file_is_found_when_it_is_read(
    open_backend: Opener, make_scrape: Scrapes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a file too large to be checked at opening, damage raises `StoreCorrupted` where it is met."""
    store = open_backend()
    stored = [await store.append(make_scrape(float(slot), body=bytes(6000))) for slot in range(40)]
    await store.close()
    database = tmp_path / "data" / "leakdog.db"
    content = database.read_bytes()
    database.write_bytes(content[: 30 * 4096] + b"\xff" * 8 * 4096 + content[38 * 4096 :])
    monkeypatch.setattr(opening, "CHECKED_BYTES", 0)
    store = open_backend()
    outcomes = await asyncio.gather(*(store.profile(snapshot.id) for (snapshot,) in stored), return_exceptions=True)
    assert {bytes, StoreCorrupted} == {type(outcome) for outcome in outcomes}
    await store.close()


async def test_what_is_damaged_is_left_out_told_once_and_counted(
    open_backend: Opener, make_scrape: Scrapes, tmp_path: Path, key: TargetKey, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it is met, by readers and by retention; all else goes on."""
    store = open_backend()
    for slot in range(200):
        await store.append(make_scrape(60.0 * slot, body=HEAP if slot in (10, 190) else None))
    await store.retain(12_000.0)
    with sqlite3.connect(tmp_path / "data" / "leakdog.db") as stranger:
        stranger.execute("UPDATE blocks SET data = substr(data, 1, 50)")
        stranger.execute("UPDATE profiles SET data = x'01ff'")
    stranger.close()
    first, *_ = await store.snapshots()
    for _ in range(3):
        found = await store.readings(key, Signal.RSS)
        assert found.values.tolist() == [600.0 * slot for slot in range(140, 200)]
        with pytest.raises(StoreCorrupted, match="a chain of profiles is damaged"):
            await store.profile(first.id)
    for _ in range(2):  # seals, then folds
        await store.retain(12_000.0 + 5 * 86400.0)
    assert len((await store.readings(key, Signal.RSS)).times) == 12
    assert (await store.stats()).damaged_total == 2
    told = [each.getMessage() for each in caplog.records]
    assert [text.partition(":")[0] for text in told] == [
        "block of numbers 1 is left out",
        "chain of profiles 1 is left out",
    ]
    await store.close()


async def test_later_version_is_refused(open_backend: Opener, tmp_path: Path) -> None:
    """A file from a later version raises `StoreTooNew`."""
    await open_backend().close()
    stranger = sqlite3.connect(tmp_path / "data" / "leakdog.db")
    stranger.execute("PRAGMA user_version = 1000")
    stranger.close()
    with pytest.raises(StoreTooNew, match="has schema 1000"):
        open_backend()


async def test_chains_go_on_from_a_file(
    open_backend: Opener, make_scrape: Scrapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is read again from the database, and what the file takes is told."""

    def read(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(chains.Chains, "_read", read)
    store = open_backend()
    for slot in range(1, 4):
        for number in range(4):
            await store.append(make_scrape(60.0 * slot, body=HEAP, key=TargetKey("shop", str(number))))
    assert (await store.stats()).shelf_bytes >= 3 * 512
    await store.close()


async def test_what_is_put_away_counts_for_the_size(open_backend: Opener, make_scrape: Scrapes) -> None:
    """Profiles make room for it, all together stay within the size, and history has most."""
    limit = 1_500_000
    store = open_backend(size=limit)
    assert store.shelf is not None
    away = [store.shelf(np.ones(1_000, np.float32), 4_000)]
    for slot in range(60):
        await store.append(make_scrape(float(slot), body=bytes(50_000)))
        assert (await store.stats()).size_bytes <= limit * 1.05
    before = await store.stats()
    assert before.shelf_bytes == 4_096
    away.append(store.shelf(np.ones(72_000, np.float32), 288_000))
    await store.retain(60.0)
    after = await store.stats()
    assert after.size_bytes <= limit
    assert 0 < after.snapshots < before.snapshots
    del away[:]
    more = [store.shelf(np.ones(36_000, np.float32), 144_000) for _ in range(50)]
    await store.retain(60.0)
    full = await store.stats()
    assert 0 < full.shelf_bytes <= limit / 4
    assert full.snapshots > 0
    del more
    await store.retain(60.0)
    assert (await store.stats()).shelf_bytes == 0
    await store.close()


async def test_file_shrinks_when_data_expires(open_backend: Opener, make_scrape: Scrapes, tmp_path: Path) -> None:
    """What retention deletes is given back to the file system, and `bytes` says how much."""
    store = open_backend(time=100.0)
    for slot in range(20):
        await store.append(make_scrape(float(slot), body=bytes(500_000)))
    full = (await store.stats()).size_bytes
    deleted = await store.retain(1000.0)
    empty = (await store.stats()).size_bytes
    files = [path for path in (tmp_path / "data").iterdir() if path.suffix in (".db", ".db-wal")]
    assert full >= 10_000_000
    assert deleted.snapshots == 20
    assert deleted.bytes >= 10_000_000
    assert empty == sum(path.stat().st_size for path in files) < 200_000
    await store.close()


async def test_lowered_limit_is_reached_by_appending_alone(open_backend: Opener, make_scrape: Scrapes) -> None:
    """A store larger than its limit comes down as it is written to, without `retain`."""
    store = open_backend()
    for slot in range(40):
        await store.append(make_scrape(float(slot), body=bytes(100_000)))
    await store.close()
    store = open_backend(size=2_000_000)
    for slot in range(40, 100):
        await store.append(make_scrape(float(slot), body=bytes(100_000)))
    stats = await store.stats()
    assert 10 <= stats.snapshots <= 20
    assert stats.points == 100
    await store.close()


async def test_appends_go_on_while_retention_works(open_backend: Opener, make_scrape: Scrapes) -> None:
    """Appends made during retention are acknowledged before it ends, and what they store stays."""
    store = open_backend(time=1000.0)
    for slot in range(300):
        await store.append(make_scrape(float(slot), body=bytes(100_000)))
    retaining = asyncio.create_task(store.retain(2000.0))
    appended = 0
    while not retaining.done():
        await store.append(make_scrape(2000.0 + appended))
        appended += 1
    stats = await store.stats()
    assert appended >= 3
    assert (await retaining).snapshots == 300
    assert stats.snapshots == appended
    await store.close()


async def test_chains_stay_ready_over_retention(
    open_backend: Opener, make_scrape: Scrapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain goes on after it without being read again: those of all targets at once would cost time and memory."""
    store = open_backend()
    (first,) = await store.append(make_scrape(60.0, body=HEAP))
    await store.retain(61.0)
    monkeypatch.delattr(chains, "replayed")
    (second,) = await store.append(make_scrape(120.0, body=HEAP))
    assert second.id == first.id + 1
    await store.close()


async def test_a_target_that_was_forgotten_comes_back(open_backend: Opener, make_scrape: Scrapes) -> None:
    """Also within one life of the daemon, and under the same name."""
    store = open_backend(time=1000.0)
    await store.append(make_scrape(60.0, body=HEAP))
    await store.retain(2000.0)
    assert (await store.stats()).snapshots == 0
    (snapshot,) = await store.append(make_scrape(2000.0, body=HEAP))
    assert await store.snapshots() == [snapshot]
    await store.close()


async def test_close_waits_for_what_was_asked(open_backend: Opener, make_scrape: Scrapes) -> None:
    """Appends that were waiting when `close` was called are stored."""
    store = open_backend()
    waiting = [asyncio.create_task(store.append(make_scrape(float(slot)))) for slot in range(700)]
    await asyncio.sleep(0)
    assert (await store.stats()).queue_length > 0
    await store.close()
    assert all(task.done() and task.exception() is None for task in waiting)
    store = open_backend()
    assert (await store.stats()).snapshots == 700
    await store.close()


async def test_cancelled_append_harms_no_other(open_backend: Opener, make_scrape: Scrapes) -> None:
    """A caller that gives up leaves the queue to the others."""
    store = open_backend()
    tasks = [asyncio.create_task(store.append(make_scrape(float(slot)))) for slot in range(400)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    stored = {snapshot.time for snapshot in await store.snapshots()}
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[::2])
    assert {slot + 0.5 for slot in range(1, 400, 2)} <= stored
    assert (await store.stats()).queue_length == 0
    await store.close()


async def test_other_programs_writing_is_an_error_that_passes(
    open_backend: Opener, make_scrape: Scrapes, tmp_path: Path
) -> None:
    """While a stranger's transaction holds the file an append raises soon; afterwards it works."""
    store = open_backend()
    stranger = sqlite3.connect(tmp_path / "data" / "leakdog.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program holds it: close"):
        await store.append(make_scrape(60.0))
    stranger.execute("ROLLBACK")
    stranger.close()
    assert len(await store.append(make_scrape(60.0))) == 1
    await store.close()
