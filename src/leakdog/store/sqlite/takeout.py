"""What a store's file holds, piece by piece, for those who take it out or look whether it is sound.

Each piece is asked for by itself: a daemon that writes meanwhile is held up by none, and what it deletes is passed
over. What SQLite cannot read of a damaged file is noted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from leakdog.errors import StoreCorrupted
from leakdog.model import Kind, Leak, Signal, Snapshot, TargetKey
from leakdog.store.contract import EvidenceFile, Readings
from leakdog.store.pack import closed, unrolled
from leakdog.store.sqlite import bundles, reads
from leakdog.store.sqlite.damage import CHAIN, NUMBERS, Note

_LINKS = """
    SELECT c.as_sent, t.job, t.instance, c.kind, c.life_start, p.id, p.data, s.time, s.size_bytes
    FROM chains AS c JOIN targets AS t ON t.id = c.target_id JOIN profiles AS p ON p.id BETWEEN c.id * 256 AND
    c.id * 256 + 255 LEFT JOIN snapshots AS s ON s.id = p.id WHERE c.id = ? ORDER BY p.id
"""


def profiles(connection: sqlite3.Connection, note: Note) -> Iterator[tuple[Snapshot, bytes | StoreCorrupted]]:
    """Every snapshot with its profile, or with the error where what is stored of it is damaged; by target and kind."""
    for (chain_id,) in connection.execute("SELECT id FROM chains ORDER BY target_id, kind, first_slot").fetchall():
        try:
            rows = connection.execute(_LINKS, (chain_id,)).fetchall()
        except sqlite3.DatabaseError as error:
            note(CHAIN, chain_id, StoreCorrupted(str(error)))
        else:
            yield from _of_chain(rows)


def numbers(connection: sqlite3.Connection, key: TargetKey, note: Note) -> Iterator[tuple[Signal, Readings]]:
    """The numbers of a target, signal by signal; blocks that are damaged are noted."""
    for signal in Signal:
        try:
            found = reads.readings(connection, key, signal, None, None, note)
        except sqlite3.DatabaseError as error:
            note(NUMBERS, f"{signal.value} of {key}", StoreCorrupted(str(error)))
            continue
        if len(found.times):
            yield signal, found


def leaks(connection: sqlite3.Connection, note: Note) -> Iterator[tuple[Leak, dict[str, EvidenceFile]]]:
    """Every leak with the files that prove it; what is damaged is noted."""
    for leak in reads.leaks(connection, note):
        yield leak, bundles.read(connection, leak.id, note)


def _of_chain(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Snapshot, bytes | StoreCorrupted]]:
    """The snapshots of a chain that are listed; the first that is damaged takes those after it with it."""
    links = [row[6] for row in rows]
    bodies = iter(links) if rows and rows[0][0] else map(closed, unrolled(links))
    damage: StoreCorrupted | None = None
    for _, job, instance, kind, life_start, number, _, time, size in rows:
        try:
            body = damage or next(bodies)
        except StoreCorrupted as error:
            body = damage = error
        if time is not None:
            yield Snapshot(number, TargetKey(job, instance), Kind(kind), time, size, life_start), body
