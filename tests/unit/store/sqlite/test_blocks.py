"""Blocks of numbers that have grown old."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from leakdog.model import Scrape, Signal, TargetKey
from leakdog.store.sqlite import aging, blocks, reads
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile

NOW = 1e6
Scrapes = Callable[..., Scrape]


@pytest.fixture
def tables(connection: sqlite3.Connection, file: UnnamedFile) -> Tables:
    """The tables of an empty database without a limit."""
    return Tables(connection, 10**12, file)


def append(tables: Tables, make_scrape: Scrapes, count: int, first: float = 0.0) -> None:
    """Numbers of so many slots, a minute apart: one signal in each, another in every third."""
    for number in range(count):
        values = {Signal.RSS: 4096.0 * number} | ({Signal.THREADS: 7.0} if number % 3 == 0 else {})
        tables.append(make_scrape(first + 60.0 * number, body=None, values=values))


def seal(connection: sqlite3.Connection, tables: Tables, now: float = NOW) -> None:
    """Seal all that is old enough."""
    for target_id in aging.unsealed(connection, now):
        while aging.seal(connection, target_id, now):
            pass
    tables.forget_blocks()


def counts(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Rows, rows in blocks, blocks, points that are counted and that there are."""
    (rows, points) = connection.execute(
        "SELECT count(*), coalesce(sum(length(numbers)), 0) / 9 FROM readings"
    ).fetchone()
    sealed = connection.execute("SELECT coalesce(sum(row_count), 0), count(*), coalesce(sum(points), 0) FROM blocks")
    (in_blocks, block_count, sealed_points) = sealed.fetchone()
    return rows, in_blocks, block_count, reads.totals(connection)[1], points + sealed_points


def test_sealed_rows_read_the_same(
    connection: sqlite3.Connection, tables: Tables, key: TargetKey, make_scrape: Scrapes
) -> None:
    """Times, values and lives are the same before and after, in any range, also where only a part is sealed."""
    append(tables, make_scrape, 300)

    def told() -> list[list[float]]:
        ranges = [(None, None), (600.25, 12_000.25), (17_000.0, None), (None, 5000.0), (1e5, None)]
        found = [
            reads.readings(connection, key, signal, *each) for signal in (Signal.RSS, Signal.THREADS) for each in ranges
        ]
        return [
            each.tolist() for one in found for each in (one.times, one.values, one.life_starts, one.lows, one.highs)
        ]

    before = told()
    seal(connection, tables, now=12_000.0)
    assert before == told()
    assert counts(connection) == (160, 140, 1, 400, 400)
    seal(connection, tables)
    assert before == told()
    assert counts(connection) == (0, 300, 1, 400, 400)


def test_blocks_are_filled_up(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Scrapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows go into the latest block until it is full, then into the next."""
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 100)
    for part in range(5):
        append(tables, make_scrape, 50, first=3000.0 * part)
        seal(connection, tables)
    rows = connection.execute("SELECT row_count FROM blocks ORDER BY first_time").fetchall()
    assert rows == [(100,), (100,), (50,)]


def test_a_sealed_slot_is_still_known(
    connection: sqlite3.Connection, tables: Tables, key: TargetKey, make_scrape: Scrapes
) -> None:
    """A slot that is appended again after it was sealed keeps its numbers, and gets only those that it lacks."""
    append(tables, make_scrape, 30)
    seal(connection, tables)
    tables.append(make_scrape(60.0, body=None, time=99.0, values={Signal.RSS: -1.0, Signal.THREADS: 8.0}))
    assert counts(connection) == (30, 0, 0, 41, 41)
    seal(connection, tables)
    found = reads.readings(connection, key, Signal.RSS, None, 130.0)
    assert (found.times.tolist(), found.values.tolist()) == ([0.25, 60.25, 120.25], [0.0, 4096.0, 8192.0])
    assert reads.readings(connection, key, Signal.THREADS, None, 130.0).values.tolist() == [7.0, 8.0]
    assert counts(connection) == (0, 30, 1, 41, 41)


def test_a_damaged_block_holds_nothing_else_up(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Scrapes, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes after it is sealed beside it, and it stays, to be told when it is read."""
    append(tables, make_scrape, 30)
    seal(connection, tables)
    connection.execute("UPDATE blocks SET data = x'0102'")
    append(tables, make_scrape, 30, first=5000.0)
    seal(connection, tables)
    assert counts(connection)[:3] == (0, 60, 2)
    assert "block of numbers 1 is left out: a block of numbers is damaged" in caplog.text


def test_a_damaged_row_is_left_out_and_holds_no_sealing_up(
    connection: sqlite3.Connection, tables: Tables, key: TargetKey, make_scrape: Scrapes
) -> None:
    """Before and after the others are sealed; then it is no more."""
    append(tables, make_scrape, 30)
    connection.execute("UPDATE readings SET numbers = substr(numbers, 2) WHERE slot = 60")
    connection.execute("UPDATE readings SET numbers = CAST(numbers AS TEXT) WHERE slot = 120")
    noted: list[str] = []
    for _ in range(2):
        found = reads.readings(
            connection, key, Signal.RSS, None, None, lambda *told: noted.append(f"{told[0]} {told[1]}")
        )
        assert found.times.tolist() == [60.0 * row + 0.25 for row in range(30) if row not in (1, 2)]
        seal(connection, tables)
    assert noted == ["row of numbers of second 60.25", "row of numbers of second 120.25"]


def test_a_damaged_block_is_left_out_of_what_is_read(
    connection: sqlite3.Connection, tables: Tables, key: TargetKey, make_scrape: Scrapes
) -> None:
    """The blocks before and after it are read, and it is told of."""
    for first in (0.0, 5000.0, 10_000.0):
        append(tables, make_scrape, 30, first=first)
        seal(connection, tables, now=first + 10_000.0)
        connection.execute("UPDATE blocks SET row_count = 720")  # the next rows begin another
    connection.execute(
        "UPDATE blocks SET data = CAST(data AS TEXT) WHERE id = 2"
    )  # as a wrong bit in a row's head does
    noted: list[tuple[str, int]] = []
    found = reads.readings(
        connection, key, Signal.RSS, None, None, lambda what, number, _: noted.append((what, number))
    )
    assert found.times.tolist() == [first + 60.0 * row + 0.25 for first in (0.0, 10_000.0) for row in range(30)]
    assert noted == [("block of numbers", 2)]


def test_rows_as_read_go_into_a_folded_block(
    connection: sqlite3.Connection, tables: Tables, key: TargetKey, make_scrape: Scrapes
) -> None:
    """A span that a folded block ends with goes on: it is one row, of what was there and what came."""
    for first, count in ((0.0, 12), (720.0, 8)):
        append(tables, make_scrape, count, first=first)
        seal(connection, tables)
        for target_id, due in aging.unfolded(connection, aging.RAW, NOW):
            aging.fold_next(connection, target_id, aging.RAW, due)
    found = reads.readings(connection, key, Signal.RSS, None, None)
    assert found.times.tolist() == [240.25, 540.25, 840.25, 1140.25]
    assert found.highs.tolist() == [4 * 4096.0, 9 * 4096.0, 11 * 4096.0, 7 * 4096.0]
    assert counts(connection)[2:] == (1, 8, 8)


def test_a_block_that_was_reopened_since_it_was_listed_is_passed_over(
    connection: sqlite3.Connection, tables: Tables, make_scrape: Scrapes
) -> None:
    """A clock set back appends to old slots while retention folds: nothing fails, and no number is lost."""
    append(tables, make_scrape, 30)
    seal(connection, tables)
    ((target_id, due),) = aging.unfolded(connection, aging.RAW, NOW)
    tables.append(make_scrape(90.0, body=None, values={Signal.RSS: 1.0}))
    aging.fold_next(connection, target_id, aging.RAW, due)
    assert counts(connection)[:3] == (31, 0, 0)
