"""What is read, and how: each function is a query for the reader's connection."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from leakdog.errors import StoreCorrupted
from leakdog.model import Kind, Leak, Life, Signal, Snapshot, TargetKey
from leakdog.store.codec import load_leak
from leakdog.store.contract import Floats, Readings
from leakdog.store.pack import closed, replayed
from leakdog.store.series import Column, read
from leakdog.store.series.rows import LAST
from leakdog.store.sqlite.chains import PLACES, SPAN_SECONDS
from leakdog.store.sqlite.connection import encoded
from leakdog.store.sqlite.damage import BLOCK, CHAIN, LEAK, Note, logged
from leakdog.store.sqlite.numbers import column, sound

MAX_INTEGER = 2**63 - 1

# A chain can have a snapshot in a range of time if it begins in it, or not longer before it than :span.
_COUNTS = """
    SELECT first_time, (SELECT count(*) FROM listed WHERE chain_id = c.id AND time <= :end)
    FROM chains AS c WHERE first_time BETWEEN :start - :span AND :end AND (:kind IS NULL OR kind = :kind) {which}
    ORDER BY first_time DESC
"""
_SNAPSHOTS = """
    SELECT s.id, t.job, t.instance, s.kind, s.time, s.size_bytes, s.life_start
    FROM listed AS s JOIN targets AS t ON t.id = s.target_id
    WHERE s.first_time BETWEEN :start - :span AND :end AND s.time BETWEEN :start AND :end
    AND (SELECT time FROM listed WHERE chain_id = s.chain_id ORDER BY id DESC LIMIT 1) >= :start
    AND (:kind IS NULL OR s.kind = :kind) {which}
    ORDER BY s.time DESC, s.id DESC LIMIT :limit
"""
TARGET = "(SELECT id FROM targets WHERE job = CAST(:job AS TEXT) AND instance = CAST(:instance AS TEXT))"
_OF_TARGET = f"AND target_id = {TARGET}"
_PROFILE = """
    SELECT c.as_sent, p.data FROM chains AS c JOIN profiles AS p ON p.id BETWEEN c.id * 256 AND :id
    WHERE c.id = :id / 256 AND EXISTS (SELECT 1 FROM snapshots WHERE id = :id) ORDER BY p.id
"""

# One statement, so that nothing is sealed between one part and the other.
_READINGS = f"""
    SELECT 0 AS block, time, slot, life_start, numbers FROM readings
        WHERE target_id = {TARGET} AND time BETWEEN :start AND :end
    UNION ALL
    SELECT id, first_time, first_slot, 0, data FROM blocks
        WHERE target_id = {TARGET} AND last_time >= :start AND first_time <= :end
    ORDER BY 2, 3
"""  # noqa: S608  # values are parameters


def snapshots(
    connection: sqlite3.Connection,
    key: TargetKey | None,
    kind: Kind | None,
    start: float | None,
    end: float | None,
    limit: int,
) -> list[Snapshot]:
    """See `Store.snapshots`."""
    which = _OF_TARGET if key else ""
    limit = max(0, min(limit, MAX_INTEGER))
    given: dict[str, Any] = {"kind": kind and kind.value, "limit": limit, "span": SPAN_SECONDS}
    given |= _range(start, end) | (name_of(key) if key else {})
    given["start"] = max(given["start"], _since(connection.execute(_COUNTS.format(which=which), given), limit))
    return [
        Snapshot(number, TargetKey(job, instance), Kind(kind_name), *rest)
        for number, job, instance, kind_name, *rest in connection.execute(_SNAPSHOTS.format(which=which), given)
    ]


def _since(counts: sqlite3.Cursor, limit: int) -> float:
    """The first time of the chains that alone have as many snapshots, newest first: no others are among the newest."""
    for first_time, count in counts:
        limit -= count
        if limit <= 0:
            counts.close()
            return float(first_time)
    return -math.inf


def profile(connection: sqlite3.Connection, snapshot_id: int, note: Note = logged) -> bytes | None:
    """See `Store.profile`. A chain that is damaged is noted.

    Raises:
        StoreCorrupted: what is stored of it is damaged.

    """
    if not 0 < snapshot_id <= MAX_INTEGER:
        return None
    rows = connection.execute(_PROFILE, {"id": snapshot_id}).fetchall()
    if not rows or rows[0][0]:
        return rows[0][1] if rows else None
    try:
        return closed(replayed(data for _, data in rows).profile())
    except StoreCorrupted as error:
        note(CHAIN, snapshot_id // PLACES, error)
        raise


def readings(
    connection: sqlite3.Connection,
    key: TargetKey,
    signal: Signal,
    start: float | None,
    end: float | None,
    note: Note = logged,
) -> Readings:
    """See `Store.readings`. Blocks that are damaged are noted."""
    known = connection.execute("SELECT id FROM signals WHERE name = ?", (signal.value,)).fetchone()
    if known is None:
        return Readings()
    bounds = _range(start, end)
    rows = connection.execute(_READINGS, name_of(key) | bounds).fetchall()
    arrived = sound(((time, life_start, numbers) for block, time, _, life_start, numbers in rows if not block), note)
    sealed = _sealed([(block, data) for block, *_, data in rows if block], known[0], note)
    recent = column(arrived, known[0])
    return joined([*sealed, recent], bounds["start"], bounds["end"]) if sealed else recent


def _sealed(blocks: list[tuple[int, bytes]], signal_id: int, note: Note) -> list[Readings]:
    """What blocks have of a signal; those that are damaged are noted and left out."""
    found = []
    for block, data in blocks:
        try:
            found.append(told(*read(data, signal_id)))
        except StoreCorrupted as error:
            note(BLOCK, block, error)
    return found


def told(times: Floats, life_starts: Floats, column: Column) -> Readings:
    """What a column tells of these times."""
    values = column.figures[LAST]
    return Readings(times, values, life_starts, column.lows, column.means, column.highs, column.counts)


def joined(parts: Sequence[Readings], start: float = -math.inf, end: float = math.inf) -> Readings:
    """The points of several within a range of time, by time."""
    arrays = [np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Readings)]
    times = arrays[0]
    wanted = (start <= times) & (times <= end)
    if wanted.all() and (times[1:] >= times[:-1]).all():
        return Readings(*arrays)
    kept = np.flatnonzero(wanted)
    kept = kept[np.argsort(times[kept], kind="stable")]
    return Readings(*(array[kept] for array in arrays))


def latest_life(connection: sqlite3.Connection, key: TargetKey) -> Life | None:
    """See `Store.latest_life`."""
    row = connection.execute(
        "SELECT life_start, first_seen, pid FROM targets"
        " WHERE job = CAST(:job AS TEXT) AND instance = CAST(:instance AS TEXT)",
        name_of(key),
    ).fetchone()
    return Life(*row) if row else None


def leaks(connection: sqlite3.Connection, note: Note = logged) -> list[Leak]:
    """See `Store.leaks`. One that is damaged is noted."""
    found = []
    for leak_id, body in sorted(connection.execute("SELECT id, body FROM leaks")):
        try:
            found.append(load_leak(body))
        except StoreCorrupted as error:
            note(LEAK, leak_id, error)
    return found


def states(connection: sqlite3.Connection, prefix: str) -> dict[str, bytes]:
    """See `Store.states`."""
    return dict(connection.execute(_STATES, _prefix(prefix)).fetchall())


def state_names(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """See `Store.state_names`."""
    return [name for (name,) in connection.execute(_STATE_NAMES, _prefix(prefix))]


# The key of the table finds them; names are compared byte by byte, and no byte of a name is 0xff.
_STATES = "SELECT name, body FROM states WHERE name >= CAST(? AS TEXT) AND name < CAST(? AS TEXT)"
_STATE_NAMES = "SELECT name FROM states WHERE name >= CAST(? AS TEXT) AND name < CAST(? AS TEXT)"


def _prefix(text: str) -> tuple[bytes, bytes]:
    return encoded(text), encoded(text) + b"\xff"


def totals(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many snapshots and numbers are kept."""
    snapshot_count, points = connection.execute("SELECT snapshots, points FROM totals").fetchone()
    return snapshot_count, points


def sizes(connection: sqlite3.Connection) -> dict[str, int]:
    """Roughly how many bytes each kind of data takes."""
    return dict(connection.execute("SELECT kind, bytes FROM sizes ORDER BY bytes DESC, kind").fetchall())


def name_of(key: TargetKey) -> dict[str, bytes]:
    """What `TARGET` is asked with."""
    return {"job": encoded(key.job), "instance": encoded(key.instance)}


def _range(start: float | None, end: float | None) -> dict[str, float]:
    return {"start": -math.inf if start is None else start, "end": math.inf if end is None else end}
