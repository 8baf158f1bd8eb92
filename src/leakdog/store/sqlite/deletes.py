"""What is deleted, and how: each function is one bounded step, run by the writer inside its transactions."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence

from leakdog.store.contract import Deleted
from leakdog.store.sqlite.connection import PAGE_BYTES

# The most that one step deletes: snapshots by number and by bytes, rows of numbers, pages given back. Appends
# wait for a step, and must not wait a second.
STEP_SNAPSHOTS = 200
STEP_BYTES = 8 << 20
STEP_ROWS = 2000
STEP_PAGES = 2048

# A row of numbers with its index entry takes about as much.
ROW_BYTES = 200

NOTHING = Deleted()


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the file takes without its free pages."""
    return (_pragma(connection, "page_count") - _pragma(connection, "freelist_count")) * PAGE_BYTES


def expire_snapshots(connection: sqlite3.Connection, before: float, size_bytes: int = STEP_BYTES) -> Deleted:
    """Delete the oldest snapshots, of those older than `before` and of about this size together."""
    oldest = connection.execute(
        "SELECT id, size_bytes FROM snapshots WHERE time < ? ORDER BY time, id LIMIT ?",
        (before, STEP_SNAPSHOTS),
    )
    chosen: list[tuple[int]] = []
    for snapshot_id, size in oldest:
        chosen.append((snapshot_id,))
        size_bytes -= size
        if size_bytes <= 0:
            break
    oldest.close()
    connection.executemany("DELETE FROM snapshots WHERE id = ?", chosen)  # its profile goes with it
    return _counted(connection, Deleted(snapshots=len(chosen)))


def expire_numbers(connection: sqlite3.Connection, before: float) -> Deleted:
    """Delete rows of numbers older than `before`."""
    rows = connection.execute(
        "SELECT r.target_id, r.slot, length(r.numbers) / 9"
        " FROM targets AS t JOIN readings AS r ON r.target_id = t.id AND r.time < ? LIMIT ?",
        (before, STEP_ROWS),
    )
    return _delete_rows(connection, rows.fetchall())


def expire_leaks(connection: sqlite3.Connection, before: float) -> Deleted:
    """Delete the leaks that ended before `before`."""
    connection.execute("DELETE FROM leaks WHERE ended < ?", (before,))
    return NOTHING


def make_room(connection: sqlite3.Connection, size_bytes: int = STEP_BYTES) -> Deleted:
    """Delete the oldest snapshots of about this size or, where there are none, the oldest rows of numbers."""
    deleted = expire_snapshots(connection, math.inf, size_bytes)
    if deleted != NOTHING:
        return deleted
    rows = connection.execute(
        "SELECT r.target_id, r.slot, length(r.numbers) / 9 FROM readings AS r WHERE r.target_id ="
        " (SELECT id FROM targets AS t"
        "  ORDER BY (SELECT min(time) FROM readings WHERE target_id = t.id) NULLS LAST LIMIT 1)"
        " ORDER BY r.time LIMIT ?",
        (min(STEP_ROWS, size_bytes // ROW_BYTES + 1),),
    )
    return _delete_rows(connection, rows.fetchall())


def forget_targets(connection: sqlite3.Connection) -> Deleted:
    """Delete the targets that have neither numbers nor snapshots."""
    connection.execute(
        "DELETE FROM targets WHERE"
        " NOT EXISTS (SELECT 1 FROM readings WHERE target_id = targets.id)"
        " AND NOT EXISTS (SELECT 1 FROM snapshots WHERE target_id = targets.id)"
    )
    return NOTHING


def give_back(connection: sqlite3.Connection) -> Deleted:
    """Move data from the end of the file into free pages, so that it becomes shorter."""
    before = _pragma(connection, "page_count")
    for _ in range(min(STEP_PAGES, _pragma(connection, "freelist_count"))):
        connection.execute("PRAGMA incremental_vacuum(1)")  # Python would stop after the first of several pages
    return Deleted(bytes=(before - _pragma(connection, "page_count")) * PAGE_BYTES)


def _delete_rows(connection: sqlite3.Connection, rows: Sequence[tuple[int, float, int]]) -> Deleted:
    """Delete rows of numbers, each given as target, slot and how many numbers it has."""
    connection.executemany(
        "DELETE FROM readings WHERE target_id = ? AND slot = ?",
        [(target_id, slot) for target_id, slot, _ in rows],
    )
    return _counted(connection, Deleted(points=sum(points for _, _, points in rows)))


def _counted(connection: sqlite3.Connection, deleted: Deleted) -> Deleted:
    if deleted != NOTHING:
        connection.execute(
            "UPDATE totals SET snapshots = snapshots - ?, points = points - ?",
            (deleted.snapshots, deleted.points),
        )
    return deleted


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
