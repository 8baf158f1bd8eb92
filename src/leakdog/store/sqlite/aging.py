"""Numbers as they grow old: sealed into blocks, then folded into one for five minutes, then for an hour.

Each list tells what is due and is read beside the writer; each step is bounded, and run by the writer inside its
transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from leakdog.store.series import Rows
from leakdog.store.sqlite import blocks
from leakdog.store.sqlite.damage import Note, logged
from leakdog.store.sqlite.numbers import columns, sound

# A target's rows that are older than an hour are sealed once the first is twice as old: a block is written anew for
# each time that rows are added to it, and until then a number takes six times as much.
SEAL_SECONDS = 3600.0
SEAL_ROWS = 2000
FOLDED_BLOCKS = 4

# The spans that are folded into one: of what was read, of five minutes.
RAW, FIVE_MINUTES, HOUR = 0, 300, 3600
NEXT = {RAW: FIVE_MINUTES, FIVE_MINUTES: HOUR}

# A block that outlives its time in part is written anew once an eighth of its span has.
_OUTLIVED = """
    SELECT id FROM blocks WHERE first_time < :before AND last_time >= :before
    AND :before - first_time > (last_time - first_time) / 8
"""


def unsealed(connection: sqlite3.Connection, now: float) -> list[int]:
    """Targets with rows that are to be sealed."""
    rows = connection.execute(
        "SELECT id FROM targets WHERE (SELECT min(time) FROM readings WHERE target_id = targets.id) < ?",
        (now - 2 * SEAL_SECONDS,),
    )
    return [target_id for (target_id,) in rows]


def seal(connection: sqlite3.Connection, target_id: int, now: float, note: Note = logged) -> bool:
    """Move the rows of a target that are older than an hour into blocks; whether there may be more."""
    rows = connection.execute(
        "SELECT slot, time, life_start, numbers FROM readings WHERE target_id = ? AND time < ? ORDER BY time LIMIT ?",
        (target_id, now - SEAL_SECONDS, SEAL_ROWS),
    ).fetchall()
    if rows:
        connection.executemany(
            "DELETE FROM readings WHERE target_id = ? AND slot = ?", [(target_id, row[0]) for row in rows]
        )
        whole = sound(rows, note)
        if whole:
            blocks.put(connection, target_id, RAW, columns(whole), note)
    return len(rows) == SEAL_ROWS


def unfolded(connection: sqlite3.Connection, seconds: int, before: float) -> list[tuple[int, list[int]]]:
    """Blocks of this span that ended before a time: a target and a few of its blocks, oldest first."""
    rows = connection.execute(
        "SELECT target_id, id FROM blocks WHERE seconds = ? AND last_time < ? ORDER BY target_id, last_time",
        (seconds, before),
    )
    by_target: dict[int, list[int]] = {}
    for target_id, block_id in rows:
        by_target.setdefault(target_id, []).append(block_id)
    return [
        (target_id, due[start : start + FOLDED_BLOCKS])
        for target_id, due in by_target.items()
        for start in range(0, len(due), FOLDED_BLOCKS)
    ]


def fold_next(
    connection: sqlite3.Connection, target_id: int, seconds: int, due: Sequence[int], note: Note = logged
) -> None:
    """Fold blocks of this span into those of the next longer one."""
    taken = blocks.take(connection, due, note)
    if taken:
        blocks.put(connection, target_id, NEXT[seconds], Rows.joined(taken), note)


def outlived(connection: sqlite3.Connection, before: float) -> list[int]:
    """Blocks of which a good part is older than a time."""
    return [block_id for (block_id,) in connection.execute(_OUTLIVED, {"before": before})]


def trim(connection: sqlite3.Connection, block_id: int, before: float, note: Note = logged) -> int:
    """Delete what is older than a time from a block; how many points that was."""
    place = connection.execute("SELECT target_id, seconds FROM blocks WHERE id = ?", (block_id,)).fetchone()
    gone = 0
    for rows in blocks.take(connection, [block_id] if place else [], note):
        left = rows.pick(np.flatnonzero(rows.times >= before))
        blocks.insert(connection, place[0], place[1], left)
        gone += rows.points - left.points
    blocks.count(connection, -gone)
    return gone
