"""Steps of deleting."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable

import pytest

from leakdog.model import Kind, RawProfile, Scrape, Signal, TargetKey
from leakdog.store.contract import Deleted
from leakdog.store.sqlite import deletes
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile


@pytest.fixture
def tables(connection: sqlite3.Connection, file: UnnamedFile) -> Tables:
    """The tables of an empty database without a limit."""
    return Tables(connection, 10**12, file)


def times(connection: sqlite3.Connection, table: str) -> list[float]:
    """The times of all rows of a table, in order."""
    return [when for (when,) in connection.execute(f"SELECT time FROM {table} ORDER BY time")]


def test_step_takes_the_oldest_snapshots_of_a_size(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Callable[..., Scrape]
) -> None:
    """A step ends with the snapshot that fills it, and their profiles go too."""
    for slot in (3.0, 1.0, 2.0, 4.0):
        tables.append(make_scrape(slot, body=bytes(100)))
    assert Deleted(snapshots=2) == deletes.make_room(connection, 150)
    assert times(connection, "snapshots") == [3.5, 4.5]
    assert connection.execute("SELECT count(*) FROM profiles").fetchone() == (2,)
    assert connection.execute("SELECT snapshots, points FROM totals").fetchone() == (2, 4)


def test_step_takes_no_more_than_its_number_of_snapshots(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Callable[..., Scrape]
) -> None:
    """Small snapshots are deleted 200 at a time, until none is old enough."""
    connection.execute("BEGIN")
    for slot in range(450):
        tables.append(make_scrape(float(slot)))
    counts = [deletes.expire_snapshots(connection, 440.0).snapshots for _ in range(4)]
    assert counts == [200, 200, 40, 0]
    assert times(connection, "snapshots") == [slot + 0.5 for slot in range(440, 450)]


def test_expired_numbers_go_from_all_targets(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Callable[..., Scrape]
) -> None:
    """Rows of numbers older than the bound go, whichever target they belong to."""
    for name in ("a", "b"):
        for slot in (1.0, 2.0, 3.0):
            values = {Signal.RSS: 1.0, Signal.THREADS: 2.0}
            tables.append(make_scrape(slot, key=TargetKey("job", name), body=None, values=values))
    assert Deleted(points=8) == deletes.expire_numbers(connection, 3.25)
    assert times(connection, "readings") == [3.25, 3.25]
    assert connection.execute("SELECT points FROM totals").fetchone() == (4,)
    assert Deleted() == deletes.expire_numbers(connection, 3.25)


def test_room_is_made_of_snapshots_before_numbers(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Callable[..., Scrape]
) -> None:
    """Numbers are deleted only once no snapshot is left, those of the target with the oldest first."""
    tables.append(make_scrape(5.0, key=TargetKey("job", "a"), body=None))
    tables.append(make_scrape(4.0, key=TargetKey("job", "b")))
    assert Deleted(snapshots=1) == deletes.make_room(connection, 1)
    assert Deleted(points=1) == deletes.make_room(connection, 1)
    assert times(connection, "readings") == [5.25]
    assert Deleted(points=1) == deletes.make_room(connection)
    assert Deleted() == deletes.make_room(connection)


def test_targets_without_data_are_forgotten(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Callable[..., Scrape]
) -> None:
    """A target stays as long as it has a number or a snapshot."""
    tables.append(make_scrape(1.0, key=TargetKey("job", "numbers"), body=None))
    tables.append(make_scrape(1.0, key=TargetKey("job", "profiles"), values={}))
    tables.append(make_scrape(1.0, key=TargetKey("job", "nothing"), body=None, values={}))
    deletes.forget_targets(connection)
    assert connection.execute("SELECT instance FROM targets ORDER BY 1").fetchall() == [
        ("numbers",),
        ("profiles",),
    ]


def test_free_pages_are_given_back_in_steps(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Callable[..., Scrape]
) -> None:
    """The file becomes shorter by what was deleted, at most 2 MiB in a step."""
    full = deletes.used_bytes(connection)
    tables.append(make_scrape(1.0, body=bytes(10_000_000)))
    deletes.expire_snapshots(connection, math.inf)
    *given, last = (deletes.give_back(connection).bytes for _ in range(6))
    assert all(2048 <= each / 1024 < 2070 for each in given[:4])  # pages that say where others are go with them
    assert 10_000_000 <= sum(given) <= 10_200_000
    assert last == 0
    assert full == deletes.used_bytes(connection)


def test_each_step_is_short(connection: sqlite3.Connection, tables: Tables, make_scrape: Callable[..., Scrape]) -> None:
    """Deleting 40 MB of snapshots and giving it back has no step that an append would wait a second for."""
    connection.execute("BEGIN")
    for slot in range(400):
        tables.append(make_scrape(float(slot), profiles=(RawProfile(Kind.HEAP, float(slot), bytes(100_000)),)))
    connection.execute("COMMIT")
    longest = 0.0
    for step in (deletes.make_room, deletes.give_back):
        deleted = None
        while deleted != Deleted():
            started = time.perf_counter()
            connection.execute("BEGIN")
            deleted = step(connection)
            connection.execute("COMMIT")
            longest = max(longest, time.perf_counter() - started)
    assert longest < 1.0
    assert deletes.used_bytes(connection) < 500_000
