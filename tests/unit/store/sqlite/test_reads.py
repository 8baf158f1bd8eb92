"""Queries: that they use the indexes they were made for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from leakdog.model import Kind, Scrape, Signal, TargetKey
from leakdog.store.sqlite import reads
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile

KEY = TargetKey("shop", "web:8080")


class Planned:
    """Stands for a connection, and notes the plan of each query that passes through it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.plan: list[str] = []

    def execute(self, sql: str, given: object = ()) -> sqlite3.Cursor:
        """Run the query after asking for its plan."""
        rows = self._connection.execute("EXPLAIN QUERY PLAN " + sql, given)  # type: ignore[arg-type]
        self.plan += [row[3] for row in rows]
        return self._connection.execute(sql, given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (lambda c: reads.snapshots(c, None, None, None, None, 9), "chains_by_time"),
        (lambda c: reads.snapshots(c, None, Kind.HEAP, 60.0, 61.0, 9), "chains_by_time"),
        (lambda c: reads.snapshots(c, KEY, Kind.HEAP, None, None, 9), "chains_by_target"),
        (lambda c: reads.readings(c, KEY, Signal.RSS, 1.0, None), "readings_by_time"),
        (lambda c: reads.latest_life(c, KEY), "sqlite_autoindex_targets_1"),
    ],
)
def test_query_uses_its_index(
    connection: sqlite3.Connection,
    make_scrape: Callable[..., Scrape],
    query: Callable[[Planned], object],
    index: str,
    file: UnnamedFile,
) -> None:
    """No query walks a whole table: what lies outside its range costs nothing."""
    Tables(connection, 10**12, file).append(make_scrape(60.0))
    planned = Planned(connection)
    assert query(planned)
    assert any(index in line for line in planned.plan)
    assert not any("SCAN" in line and "USING INDEX" not in line for line in planned.plan)


def test_totals_count_what_is_there(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """The totals are those of the tables."""
    tables = Tables(connection, 10**12, file)
    tables.append(make_scrape(60.0))
    tables.append(make_scrape(120.0, body=None, values={Signal.RSS: 1.0, Signal.USS: 2.0}))
    assert reads.totals(connection) == (1, 3)
