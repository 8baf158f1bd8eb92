"""Files that prove a leak: put, read, and deleted with it. The writer's functions run inside its transactions."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping

from leakdog.errors import StoreCorrupted
from leakdog.store.contract import EvidenceFile
from leakdog.store.sqlite.connection import encoded
from leakdog.store.sqlite.damage import EVIDENCE, Note, logged

_PUT = """
    INSERT INTO evidence (leak_id, name, time, data) VALUES (CAST(? AS TEXT), ?, ?, ?)
    ON CONFLICT (leak_id, name) DO UPDATE SET time = excluded.time, data = excluded.data
"""
_ENDED_FIRST = """
    SELECT id FROM leaks WHERE ended IS NOT NULL AND id != CAST(? AS TEXT)
    AND EXISTS (SELECT 1 FROM evidence WHERE leak_id = leaks.id) ORDER BY ended, id LIMIT 1
"""
_ENDED_BYTES = """
    SELECT coalesce(sum(length(data)), 0) FROM evidence
    WHERE leak_id IN (SELECT id FROM leaks WHERE ended IS NOT NULL AND id != CAST(? AS TEXT))
"""


def put(
    connection: sqlite3.Connection,
    leak_id: str,
    packed: Mapping[str, bytes],
    time: float,
    *,
    leak_bytes: int,
    all_bytes: int,
) -> list[str]:
    """Store packed files as far as there is room; see `Store.put_evidence`. Names of those without."""
    refused = []
    for name, data in packed.items():
        sizes = _sizes(connection, leak_id)
        more = len(data) - sizes.get(name, 0)
        fits = sum(sizes.values()) + more <= leak_bytes and _make_room(connection, leak_id, more, all_bytes)
        if fits:
            connection.execute(_PUT, (encoded(leak_id), name, time, data))
            _count(connection, more)
        else:
            refused.append(name)
    return refused


def read(connection: sqlite3.Connection, leak_id: str, note: Note = logged) -> dict[str, EvidenceFile]:
    """See `Store.evidence`. A file that is damaged is noted."""
    rows = connection.execute(
        "SELECT name, time, data FROM evidence WHERE leak_id = CAST(? AS TEXT) ORDER BY id", (encoded(leak_id),)
    )
    found = {}
    for name, time, data in rows.fetchall():
        try:
            found[name] = EvidenceFile(time, zlib.decompress(data))
        except (zlib.error, TypeError) as error:
            note(EVIDENCE, f"{name} of leak {leak_id}", StoreCorrupted(f"it cannot be unpacked ({error})"))
    return found


def forget(connection: sqlite3.Connection) -> None:
    """Delete the evidence of leaks that are no more."""
    connection.execute("DELETE FROM evidence WHERE leak_id NOT IN (SELECT id FROM leaks)")
    connection.execute("UPDATE totals SET evidence_bytes = (SELECT coalesce(sum(length(data)), 0) FROM evidence)")


def total_bytes(connection: sqlite3.Connection) -> int:
    """What all evidence takes."""
    (size,) = connection.execute("SELECT evidence_bytes FROM totals").fetchone()
    return int(size)


def _sizes(connection: sqlite3.Connection, leak_id: str) -> dict[str, int]:
    rows = connection.execute(
        "SELECT name, length(data) FROM evidence WHERE leak_id = CAST(? AS TEXT)", (encoded(leak_id),)
    )
    return dict(rows.fetchall())


def _make_room(connection: sqlite3.Connection, leak_id: str, more: int, all_bytes: int) -> bool:
    """Delete evidence of other leaks that have ended until so many more bytes fit; whether they do.

    Where they would not even then, nothing is deleted.
    """
    excess = total_bytes(connection) + more - all_bytes
    if excess <= 0:
        return True
    (ended,) = connection.execute(_ENDED_BYTES, (encoded(leak_id),)).fetchone()
    if excess > ended:
        return False
    while total_bytes(connection) + more > all_bytes:
        (oldest,) = connection.execute(_ENDED_FIRST, (encoded(leak_id),)).fetchone()
        _count(connection, -sum(_sizes(connection, oldest).values()))
        connection.execute("DELETE FROM evidence WHERE leak_id = CAST(? AS TEXT)", (encoded(oldest),))
    return True


def _count(connection: sqlite3.Connection, more: int) -> None:
    connection.execute("UPDATE totals SET evidence_bytes = evidence_bytes + ?", (more,))
