"""Snapshots as they grow old."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.model import Kind, Leak, Life, RawProfile, Scrape, TargetKey
from leakdog.store.pack import opened
from leakdog.store.sqlite import deletes, reads, thinning
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile

HEAP = (Path(__file__).parents[2] / "pprof" / "testdata" / "etcd-heap.pb.gz").read_bytes()
DAY = 86400.0
NOW = 40 * DAY
OTHER = TargetKey("shop", "other")


@pytest.fixture
def tables(connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile) -> Tables:
    """Heap profiles of three days, every 17 minutes, in chains; those of another target stored as sent."""
    tables = Tables(connection, 10**12, file)
    connection.execute("BEGIN")
    for number in range(254):
        slot = number * 1020.0
        tables.append(make_scrape(slot, values={}, profiles=(RawProfile(Kind.HEAP, slot, HEAP),)))
        tables.append(make_scrape(slot, key=OTHER, values={}, profiles=(RawProfile(Kind.HEAP, slot, b"text"),)))
    connection.execute("COMMIT")
    return tables


def thin(connection: sqlite3.Connection, seconds: int, before: float) -> int:
    """Thin what is due; how many snapshots went."""
    due = thinning.unthinned(connection, seconds, before)
    return sum(thinning.thin(connection, chain_id, seconds).snapshots for chain_id in due)


def times(connection: sqlite3.Connection, key: TargetKey) -> list[float]:
    """When the snapshots of a target were made, oldest first."""
    return [each.time for each in reads.snapshots(connection, key, None, None, None, 10**6)][::-1]


def last_of(spans: float, until: float = 254 * 1020.0) -> list[float]:
    """The times that are the last of a span."""
    every = [number * 1020.0 for number in range(254)]
    return sorted({time // spans: time for time in every if time < until}.values())


@pytest.mark.parametrize("name", ["own", "other"])
def test_one_an_hour_then_one_a_day_stays(
    connection: sqlite3.Connection, tables: Tables, key: TargetKey, name: str
) -> None:
    """The last of each hour, then of each day, over all chains; ids and profiles are what they were."""
    key = key if name == "own" else OTHER
    before = {each.id: each for each in reads.snapshots(connection, key, None, None, None, 10**6)}
    assert thin(connection, thinning.HOUR, NOW) == 2 * (254 - 72)
    assert times(connection, key) == last_of(3600)
    for each in reads.snapshots(connection, key, None, None, None, 10**6):
        assert each == before[each.id]
        data = reads.profile(connection, each.id)
        if key != OTHER:
            assert opened(data or b"").strings.list() == opened(HEAP).strings.list()
        else:
            assert data == b"text"
    assert thin(connection, thinning.HOUR, NOW) == 0
    assert thin(connection, thinning.DAY, NOW) == 2 * (72 - 3)
    assert times(connection, key) == last_of(86400)
    assert reads.totals(connection)[0] == 6
    assert connection.execute("SELECT count(*) FROM profiles").fetchone() == (6,)


@pytest.mark.parametrize("body", [HEAP, b"text"], ids=["in chains", "as sent"])
def test_the_last_of_each_life_is_left(
    connection: sqlite3.Connection, key: TargetKey, make_scrape: Callable[..., Scrape], body: bytes, file: UnnamedFile
) -> None:
    """Of each kind, with its content, however often the process restarts in a day; it goes when all of its age go."""
    tables = Tables(connection, 10**12, file)
    connection.execute("BEGIN")
    for number in range(140):
        slot = number * 600.0
        profiles = tuple(RawProfile(kind, slot, body) for kind in (Kind.HEAP, Kind.GOROUTINE))
        life = Life(slot // 2400 * 2400 + 1, slot)
        tables.append(make_scrape(slot, values={}, profiles=profiles, life=life))
    connection.execute("COMMIT")
    last = [number * 600.0 for number in range(3, 140, 4)]
    assert thin(connection, thinning.HOUR, NOW) > 0
    thin(connection, thinning.DAY, NOW)
    left = reads.snapshots(connection, key, None, None, None, 10**6)[::-1]
    for kind in (Kind.HEAP, Kind.GOROUTINE):
        assert [each.time for each in left if each.kind is kind] == last
    assert all(reads.profile(connection, each.id) for each in left)
    while deletes.expire_snapshots(connection, NOW) != deletes.NOTHING:
        pass
    assert times(connection, key) == []


def test_what_is_young_is_left(connection: sqlite3.Connection, tables: Tables, key: TargetKey) -> None:
    """An hour that has not ended, or whose chain goes on, is not thinned."""
    assert thin(connection, thinning.HOUR, DAY) > 0
    assert [time for time in times(connection, key) if time >= DAY] == [
        number * 1020.0 for number in range(254) if number * 1020.0 >= DAY
    ]


def test_what_an_open_leak_needs_is_left(
    connection: sqlite3.Connection, tables: Tables, key: TargetKey, make_leak: Callable[..., Leak]
) -> None:
    """The chain of the last profile before its onset, and the latest, stay as they are."""
    tables.put_leaks([make_leak(since=1.5 * DAY)])
    kept = connection.execute("SELECT id FROM chains WHERE kept ORDER BY id").fetchall()
    sizes = [len(connection.execute("SELECT id FROM listed WHERE chain_id = ?", row).fetchall()) for row in kept]
    thin(connection, thinning.HOUR, NOW)
    assert sizes == [
        len(connection.execute("SELECT id FROM listed WHERE chain_id = ?", row).fetchall()) for row in kept
    ]
    assert max(sizes) > 20
    assert times(connection, key)[0] == last_of(3600)[0]


def test_a_damaged_chain_holds_no_other_up(
    connection: sqlite3.Connection, tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    """It is left as it is, and told."""
    (first,) = connection.execute("SELECT min(id) FROM chains WHERE NOT as_sent").fetchone()
    connection.execute("UPDATE profiles SET data = x'0102' WHERE id / 256 = ?", (first,))
    assert thin(connection, thinning.HOUR, NOW) > 200
    assert f"chain of profiles {first} is left out: a chain of profiles is damaged" in caplog.text


def test_thinned_chains_take_less(connection: sqlite3.Connection, tables: Tables) -> None:
    """What is counted for profiles goes down with what there is."""
    thin(connection, thinning.DAY, NOW)
    (left,) = connection.execute("SELECT sum(length(data) + 60) FROM profiles").fetchone()
    assert reads.sizes(connection)["profiles"] == left
