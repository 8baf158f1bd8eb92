"""Numbers as they grow old."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from leakdog.model import Scrape, Signal, TargetKey
from leakdog.store.sqlite import aging, reads
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile

NOW = 1e6
OTHER = TargetKey("shop", "other")


@pytest.fixture
def aged(connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile) -> sqlite3.Connection:
    """Numbers of two targets, a minute apart for ten hours, sealed."""
    tables = Tables(connection, 10**12, file)
    connection.execute("BEGIN")
    for number in range(600):
        for name in (make_scrape(0.0).key, OTHER):
            tables.append(make_scrape(60.0 * number, key=name, body=None, values={Signal.RSS: float(number)}))
    connection.execute("COMMIT")
    for target_id in aging.unsealed(connection, NOW):
        while aging.seal(connection, target_id, NOW):
            pass
    return connection


def fold(connection: sqlite3.Connection, seconds: int, before: float) -> None:
    """Fold what is due."""
    for target_id, due in aging.unfolded(connection, seconds, before):
        aging.fold_next(connection, target_id, seconds, due)


def test_young_numbers_are_left(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """Nothing is sealed before it is two hours old, and then all that is older than one."""
    tables = Tables(connection, 10**12, file)
    for number in range(180):
        tables.append(make_scrape(60.0 * number, body=None))
    assert aging.unsealed(connection, 7200.0) == []
    (due,) = aging.unsealed(connection, 7300.0)
    assert not aging.seal(connection, due, 7300.0)
    assert connection.execute("SELECT min(time), count(*) FROM readings").fetchone() == (3720.25, 118)


def test_numbers_are_folded_as_they_age(aged: sqlite3.Connection, key: TargetKey) -> None:
    """Into five minutes, then into an hour, with lowest, mean, highest and last; the counts go with them."""
    assert aging.unfolded(aged, aging.RAW, 30_000.0) == []
    fold(aged, aging.RAW, NOW)
    found = reads.readings(aged, key, Signal.RSS, None, None)
    assert found.values.tolist() == [5.0 * span + 4 for span in range(120)]
    assert found.times.tolist() == [60.0 * (5 * span + 4) + 0.25 for span in range(120)]
    assert reads.totals(aged)[1] == 240
    fold(aged, aging.FIVE_MINUTES, NOW)
    found = reads.readings(aged, OTHER, Signal.RSS, None, None)
    assert found.values.tolist() == found.highs.tolist() == [60.0 * hour + 59 for hour in range(10)]
    assert found.lows.tolist() == [60.0 * hour for hour in range(10)]
    assert found.means.tolist() == [60.0 * hour + 29.5 for hour in range(10)]
    assert reads.totals(aged)[1] == 20


def test_what_a_block_outlives_is_cut_off(aged: sqlite3.Connection, key: TargetKey) -> None:
    """Once an eighth of its span is too old it is written anew, with what is not."""
    assert aging.outlived(aged, 3000.0) == []
    due = aging.outlived(aged, 9000.0)
    assert [aging.trim(aged, block_id, 9000.0) for block_id in due] == [150, 150]
    assert reads.readings(aged, key, Signal.RSS, None, None).values.tolist() == [float(n) for n in range(150, 600)]
    assert reads.totals(aged)[1] == 900
