"""What an open leak needs is left by retention."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable

import pytest

from leakdog.model import Kind, Leak, LeakState, RawProfile, Scrape, TargetKey
from leakdog.store.sqlite import deletes
from leakdog.store.sqlite.evidence import keep_only_open
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile


@pytest.fixture
def tables(connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile) -> Tables:
    """Heap and mutex profiles of ten slots of a target, and heap profiles of another; no two in one chain."""
    tables = Tables(connection, 10**12, file)
    for slot in range(10, 110, 10):
        kinds = (Kind.HEAP, Kind.MUTEX)
        profiles = tuple(RawProfile(kind, float(slot), b"%d" % slot) for kind in kinds)
        tables.append(make_scrape(float(slot), profiles=profiles))
        tables.append(make_scrape(float(slot), key=TargetKey("shop", "other")))
    return tables


def left(connection: sqlite3.Connection) -> list[tuple[str, float]]:
    """Kind and time of the snapshots that are left after retention takes all it may, by both its ways."""
    while deletes.make_room(connection).snapshots or deletes.expire_snapshots(connection, math.inf).snapshots:
        pass
    return connection.execute("SELECT kind, first_time FROM chains ORDER BY 1, 2").fetchall()


@pytest.mark.parametrize(
    ("since", "before"), [(45.0, 40.0), (40.0, 40.0), (5.0, 10.0), (1e9, 100.0)], ids=["", "at", "none", "all"]
)
def test_baseline_and_latest_stay(
    connection: sqlite3.Connection, tables: Tables, make_leak: Callable[..., Leak], since: float, before: float
) -> None:
    """Of each kind the last profile before the onset, or the first there is, and the latest; of no other target."""
    tables.put_leaks([make_leak(since=since)])
    assert left(connection) == sorted({(kind, time) for kind in ("heap", "mutex") for time in (before, 100.0)})


def test_nothing_stays_for_a_leak_that_has_ended(
    connection: sqlite3.Connection, tables: Tables, make_leak: Callable[..., Leak]
) -> None:
    """What it needed while it was open goes after the next time that retention looks."""
    tables.put_leaks([make_leak(since=45.0)])
    tables.put_leaks([make_leak(since=45.0, state=LeakState.RESOLVED, resolved_since=100.0)])
    keep_only_open(connection)
    assert left(connection) == []


def test_the_latest_moves_on(
    connection: sqlite3.Connection,
    tables: Tables,
    make_leak: Callable[..., Leak],
    make_scrape: Callable[..., Scrape],
) -> None:
    """Whenever retention looks, the latest profile is kept, and the one that was is not."""
    tables.put_leaks([make_leak(since=45.0)])
    tables.append(make_scrape(200.0))
    keep_only_open(connection)
    assert [time for kind, time in left(connection) if kind == "heap"] == [40.0, 200.5]


def test_where_there_is_no_room_the_newest_stays(
    connection: sqlite3.Connection,
    make_leak: Callable[..., Leak],
    make_scrape: Callable[..., Scrape],
    file: UnnamedFile,
) -> None:
    """A leak that is put after each scrape, and one that was, keep no more than they need until retention looks."""
    tables = Tables(connection, 1_000_000, file)
    other = TargetKey("shop", "other")
    for slot in range(0, 6000, 60):
        tables.append(make_scrape(float(slot), body=bytes(25_000)))
        tables.append(make_scrape(float(slot), body=bytes(25_000), key=other))
        over = {} if slot < 600 else {"state": LeakState.RESOLVED, "resolved_since": 600.0}
        tables.put_leaks([make_leak(since=45.0), make_leak("over", since=45.0, key=other, **over)])
    kept = "SELECT min(first_time), max(first_time) FROM chains GROUP BY target_id ORDER BY 1"
    (first, last), (since, until) = connection.execute(kept).fetchall()
    assert (first, last, until) == (0.5, 5940.5, 5940.5)
    assert since > 3000
