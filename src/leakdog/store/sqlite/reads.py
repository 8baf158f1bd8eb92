"""What is read, and how: each function is a query for the reader's connection."""

from __future__ import annotations

import math
import sqlite3

from leakdog.model import Kind, Leak, Life, Signal, Snapshot, TargetKey
from leakdog.store.codec import load_leak
from leakdog.store.contract import Readings
from leakdog.store.sqlite.connection import encoded
from leakdog.store.sqlite.numbers import column

MAX_INTEGER = 2**63 - 1

_SNAPSHOTS = """
    SELECT s.id, t.job, t.instance, s.kind, s.time, s.size_bytes, s.life_start
    FROM snapshots AS s JOIN targets AS t ON t.id = s.target_id
    WHERE s.time BETWEEN :start AND :end AND (:kind IS NULL OR s.kind = :kind) {which}
    ORDER BY s.time DESC, s.id DESC LIMIT :limit
"""
_OF_ALL = _SNAPSHOTS.format(which="")
_OF_ONE = _SNAPSHOTS.format(
    which="""AND s.target_id =
    (SELECT id FROM targets WHERE job = CAST(:job AS TEXT) AND instance = CAST(:instance AS TEXT))"""
)


def snapshots(
    connection: sqlite3.Connection,
    key: TargetKey | None,
    kind: Kind | None,
    start: float | None,
    end: float | None,
    limit: int,
) -> list[Snapshot]:
    """See `Store.snapshots`."""
    given = {"kind": kind and kind.value, "limit": max(0, min(limit, MAX_INTEGER)), **_range(start, end)}
    rows = connection.execute(_OF_ONE if key else _OF_ALL, given | (_name(key) if key else {})).fetchall()
    return [
        Snapshot(number, TargetKey(job, instance), Kind(kind_name), *rest)
        for number, job, instance, kind_name, *rest in rows
    ]


def profile(connection: sqlite3.Connection, snapshot_id: int) -> bytes | None:
    """See `Store.profile`."""
    if not 0 < snapshot_id <= MAX_INTEGER:
        return None
    row = connection.execute("SELECT data FROM profiles WHERE snapshot_id = ?", (snapshot_id,)).fetchone()
    return row[0] if row else None


def readings(
    connection: sqlite3.Connection, key: TargetKey, signal: Signal, start: float | None, end: float | None
) -> Readings:
    """See `Store.readings`."""
    known = connection.execute("SELECT id FROM signals WHERE name = ?", (signal.value,)).fetchone()
    if known is None:
        return Readings()
    rows = connection.execute(
        "SELECT time, life_start, numbers FROM readings WHERE time BETWEEN :start AND :end AND target_id ="
        " (SELECT id FROM targets WHERE job = CAST(:job AS TEXT) AND instance = CAST(:instance AS TEXT))"
        " ORDER BY time, slot",
        _name(key) | _range(start, end),
    ).fetchall()
    return column(rows, known[0])


def latest_life(connection: sqlite3.Connection, key: TargetKey) -> Life | None:
    """See `Store.latest_life`."""
    row = connection.execute(
        "SELECT life_start, first_seen, pid FROM targets"
        " WHERE job = CAST(:job AS TEXT) AND instance = CAST(:instance AS TEXT)",
        _name(key),
    ).fetchone()
    return Life(*row) if row else None


def leaks(connection: sqlite3.Connection) -> list[Leak]:
    """See `Store.leaks`."""
    rows = connection.execute("SELECT body FROM leaks ORDER BY id").fetchall()
    return [load_leak(body) for (body,) in rows]


def states(connection: sqlite3.Connection) -> dict[str, bytes]:
    """See `Store.states`."""
    return dict(connection.execute("SELECT name, body FROM states").fetchall())


def totals(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many snapshots and numbers are kept."""
    snapshot_count, points = connection.execute("SELECT snapshots, points FROM totals").fetchone()
    return snapshot_count, points


def _name(key: TargetKey) -> dict[str, bytes]:
    return {"job": encoded(key.job), "instance": encoded(key.instance)}


def _range(start: float | None, end: float | None) -> dict[str, float]:
    return {"start": -math.inf if start is None else start, "end": math.inf if end is None else end}
