"""Blocks of numbers that have grown old: written, taken back, joined. Run by the writer, inside its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from leakdog.errors import StoreCorrupted
from leakdog.store.series import Rows, dump, fold, load
from leakdog.store.sqlite.damage import BLOCK, Note, logged
from leakdog.store.sqlite.numbers import repacked

# A block takes rows until it has so many. To read it is to unpack it; to seal more rows into it is to write it anew.
BLOCK_ROWS = 720

_LATEST = """
    SELECT id FROM blocks WHERE target_id = ? AND seconds = ? AND row_count < ? ORDER BY last_time DESC LIMIT 1
"""


def put(connection: sqlite3.Connection, target_id: int, seconds: int, rows: Rows, note: Note = logged) -> None:
    """Add rows to the blocks of a target, folded where `seconds` is not 0; the latest block is filled up first."""
    latest = connection.execute(_LATEST, (target_id, seconds, BLOCK_ROWS)).fetchall()
    taken = take(connection, [block_id for (block_id,) in latest], note)
    before = sum(each.points for each in [*taken, rows])
    rows = Rows.joined([*taken, fold(rows, seconds) if seconds else rows])
    if seconds:  # the last span of the block may go on
        rows = fold(rows, seconds)
    for start in range(0, len(rows), BLOCK_ROWS):
        insert(connection, target_id, seconds, rows.pick(np.arange(start, min(start + BLOCK_ROWS, len(rows)))))
    count(connection, rows.points - before)


def insert(connection: sqlite3.Connection, target_id: int, seconds: int, rows: Rows) -> None:
    """Write one block, without counting its points; nothing for no rows."""
    if not len(rows):
        return
    span = (rows.slots.min(), rows.slots.max(), rows.times[0], rows.times[-1])
    connection.execute(
        "INSERT INTO blocks (target_id, seconds, first_slot, last_slot, first_time, last_time, row_count, points, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (target_id, seconds, *map(float, span), len(rows), rows.points, dump(rows)),
    )


def take(connection: sqlite3.Connection, blocks: Sequence[int], note: Note = logged) -> list[Rows]:
    """The rows of blocks, which are deleted; their points still count. What is damaged is noted, and stays as it is.

    A block that is no more, as a late append has reopened it since it was listed, is passed over.
    """
    found = []
    for block_id in blocks:
        stored = connection.execute("SELECT data FROM blocks WHERE id = ?", (block_id,)).fetchone()
        if stored is None:
            continue
        try:
            found.append(load(stored[0]))
        except StoreCorrupted as error:
            note(BLOCK, block_id, error)
        else:
            connection.execute("DELETE FROM blocks WHERE id = ?", (block_id,))
    return found


def reopen(connection: sqlite3.Connection, target_id: int, slot: float, note: Note = logged) -> None:
    """Make the rows of blocks that may hold a slot, as they were read, rows of `readings` again."""
    blocks = connection.execute(
        "SELECT id FROM blocks WHERE target_id = ? AND seconds = 0 AND ? BETWEEN first_slot AND last_slot",
        (target_id, slot),
    ).fetchall()
    for rows in take(connection, [block_id for (block_id,) in blocks], note):
        connection.executemany(
            "INSERT INTO readings (target_id, slot, time, life_start, numbers) VALUES (?, ?, ?, ?, ?)",
            [(target_id, *row) for row in repacked(rows)],
        )


def last_slot(connection: sqlite3.Connection, target_id: int) -> float | None:
    """The last slot of a target in blocks of numbers as they were read."""
    (slot,) = connection.execute(
        "SELECT max(last_slot) FROM blocks WHERE target_id = ? AND seconds = 0", (target_id,)
    ).fetchone()
    return None if slot is None else float(slot)


def count(connection: sqlite3.Connection, points: int) -> None:
    """Count so many points more."""
    if points:
        connection.execute("UPDATE totals SET points = points + ?", (points,))
