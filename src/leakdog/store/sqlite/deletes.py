"""What is deleted, and how: each function is one bounded step, run by the writer inside its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from leakdog.store.contract import Deleted
from leakdog.store.sqlite.bundles import total_bytes
from leakdog.store.sqlite.chains import PLACES

# The most that one step deletes: chains, snapshots without their profiles, bytes, rows and blocks of numbers, pages
# given back. Appends wait for a step, and must not wait a second.
STEP_CHAINS = 200
STEP_SNAPSHOTS = 2000
STEP_BYTES = 8 << 20
STEP_ROWS = 2000
STEP_BLOCKS = 200
STEP_PAGES = 2048

# A row of numbers with its index entry takes about as much.
ROW_BYTES = 200

NOTHING = Deleted()

_EXPIRED = """
    SELECT c.id FROM chains AS c WHERE c.first_time < :before AND NOT c.kept
    AND NOT EXISTS (SELECT 1 FROM listed WHERE chain_id = c.id AND time >= :before)
    ORDER BY c.first_time LIMIT :limit
"""
_OLDEST = """
    SELECT c.id, (SELECT sum(length(data)) FROM profiles WHERE id BETWEEN c.id * 256 AND c.id * 256 + 255)
    FROM chains AS c WHERE NOT c.kept ORDER BY c.first_time, c.id LIMIT ?
"""

_OLDEST_BLOCKS = "SELECT id, length(data), points FROM blocks ORDER BY last_time, id LIMIT ?"


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the file takes without its free pages, and without what proves leaks, which has a limit of its own."""
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size") - total_bytes(connection)


def expire_snapshots(connection: sqlite3.Connection, before: float) -> Deleted:
    """Delete chains that are all older than `before`; where there are none, snapshots that are, of younger chains.

    The profiles of the latter stay until their chain goes, as those after them build on them. Neither is touched
    where an open leak needs it.
    """
    expired = [row[0] for row in connection.execute(_EXPIRED, {"before": before, "limit": STEP_CHAINS})]
    if expired:
        return delete_chains(connection, expired)
    deleted = connection.execute(
        "DELETE FROM snapshots WHERE id IN"
        " (SELECT id FROM listed WHERE first_time < :before AND NOT kept AND time < :before LIMIT :limit)",
        {"before": before, "limit": STEP_SNAPSHOTS},
    )
    return counted(connection, Deleted(snapshots=deleted.rowcount))


def expire_numbers(connection: sqlite3.Connection, before: float) -> Deleted:
    """Delete blocks and rows of numbers older than `before`."""
    blocks = connection.execute(
        "SELECT id, points FROM blocks WHERE last_time < ? ORDER BY last_time LIMIT ?", (before, STEP_BLOCKS)
    ).fetchall()
    if blocks:
        return _delete_blocks(connection, blocks)
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
    """Delete the oldest chains of about this size or, where there are none, the oldest numbers.

    Chains that an open leak needs stay.
    """
    deleted = make_room_of_profiles(connection, size_bytes)
    return deleted if deleted != NOTHING else make_room_of_numbers(connection, size_bytes)


def make_room_of_profiles(connection: sqlite3.Connection, size_bytes: int = STEP_BYTES) -> Deleted:
    """Delete the oldest chains of about this size. Those that an open leak needs stay."""
    return delete_chains(connection, _oldest_chains(connection, size_bytes))


def make_room_of_numbers(connection: sqlite3.Connection, size_bytes: int = STEP_BYTES) -> Deleted:
    """Delete the oldest blocks of numbers of about this size or, where there are none, the oldest rows."""
    blocks = _taking(connection.execute(_OLDEST_BLOCKS, (STEP_BLOCKS,)), size_bytes)
    if blocks:
        return _delete_blocks(connection, [(block_id, points) for block_id, _, points in blocks])
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
        " AND NOT EXISTS (SELECT 1 FROM blocks WHERE target_id = targets.id)"
        " AND NOT EXISTS (SELECT 1 FROM chains WHERE target_id = targets.id)"
    )
    return NOTHING


def give_back(connection: sqlite3.Connection) -> Deleted:
    """Move data from the end of the file into free pages, so that it becomes shorter."""
    before = _pragma(connection, "page_count")
    for _ in range(min(STEP_PAGES, _pragma(connection, "freelist_count"))):
        connection.execute("PRAGMA incremental_vacuum(1)")  # Python would stop after the first of several pages
    return Deleted(bytes=(before - _pragma(connection, "page_count")) * _pragma(connection, "page_size"))


def _oldest_chains(connection: sqlite3.Connection, size_bytes: int) -> list[int]:
    """Chains that take about this size together."""
    return [chain_id for chain_id, _ in _taking(connection.execute(_OLDEST, (STEP_CHAINS,)), size_bytes)]


def _taking(oldest: sqlite3.Cursor, size_bytes: int) -> list[tuple[int, ...]]:
    """The first rows that take about this size together; the second of their columns is the size."""
    chosen: list[tuple[int, ...]] = []
    for row in oldest:
        chosen.append(row)
        size_bytes -= row[1]
        if size_bytes <= 0:
            break
    oldest.close()
    return chosen


def _delete_blocks(connection: sqlite3.Connection, blocks: Sequence[tuple[int, int]]) -> Deleted:
    """Delete blocks, each given as its id and how many points it has."""
    connection.executemany("DELETE FROM blocks WHERE id = ?", [(block_id,) for block_id, _ in blocks])
    return counted(connection, Deleted(points=sum(points for _, points in blocks)))


def delete_chains(connection: sqlite3.Connection, chains: Sequence[int]) -> Deleted:
    """Delete chains with all that belongs to them."""
    snapshots = 0
    for chain_id in chains:
        borders = (chain_id * PLACES, chain_id * PLACES + PLACES - 1)
        snapshots += connection.execute("DELETE FROM snapshots WHERE id BETWEEN ? AND ?", borders).rowcount
        connection.execute("DELETE FROM profiles WHERE id BETWEEN ? AND ?", borders)
        connection.execute("DELETE FROM chains WHERE id = ?", (chain_id,))
    return counted(connection, Deleted(snapshots=snapshots))


def _delete_rows(connection: sqlite3.Connection, rows: Sequence[tuple[int, float, int]]) -> Deleted:
    """Delete rows of numbers, each given as target, slot and how many numbers it has."""
    connection.executemany(
        "DELETE FROM readings WHERE target_id = ? AND slot = ?",
        [(target_id, slot) for target_id, slot, _ in rows],
    )
    return counted(connection, Deleted(points=sum(points for _, _, points in rows)))


def counted(connection: sqlite3.Connection, deleted: Deleted) -> Deleted:
    """Take what was deleted off the totals."""
    if deleted != NOTHING:
        connection.execute(
            "UPDATE totals SET snapshots = snapshots - ?, points = points - ?",
            (deleted.snapshots, deleted.points),
        )
    return deleted


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
