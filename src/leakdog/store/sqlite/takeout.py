"""What a store's file holds, piece by piece, for those who take it out or look whether it is sound.

Each piece is asked for by itself: a daemon that writes meanwhile is held up by none, and what it deletes is passed
over. What SQLite cannot read of a damaged file is noted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from leakdog.errors import StoreCorrupted
from leakdog.model import Kind, Leak, Signal, Snapshot, TargetKey
from leakdog.store.codec import load_leak
from leakdog.store.contract import EvidenceFile, Readings
from leakdog.store.pack import closed, unrolled
from leakdog.store.pack.parts import Parts
from leakdog.store.series import Rows, load
from leakdog.store.sqlite import bundles, reads
from leakdog.store.sqlite.damage import BLOCK, CHAIN, EVIDENCE, LEAK, NUMBERS, Note
from leakdog.store.sqlite.numbers import columns, sound

_LINKS = """
    SELECT c.as_sent, c.target_id, c.kind, c.life_start, p.id, p.data, s.time, s.size_bytes
    FROM chains AS c JOIN profiles AS p ON p.id BETWEEN c.id * 256 AND
    c.id * 256 + 255 LEFT JOIN snapshots AS s ON s.id = p.id WHERE c.id = ? ORDER BY p.id
"""
_OWNERS = (
    "SELECT DISTINCT target_id FROM chains {through}",
    "SELECT DISTINCT target_id FROM blocks {through}",
    "SELECT DISTINCT target_id FROM readings {through}",
)
NAMELESS = "target"  # the job of a target whose name cannot be read; its instance is its number


def listed(connection: sqlite3.Connection, query: str, given: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """What a query lists. `{through}` in it is an index, or the table itself where SQLite cannot read the index."""
    try:
        return connection.execute(query.format(through=""), given).fetchall()
    except sqlite3.DatabaseError:
        return connection.execute(query.format(through="NOT INDEXED"), given).fetchall()


def targets(connection: sqlite3.Connection) -> dict[int, TargetKey]:
    """Every target by its number; where neither the table nor its index can be read, `nameless` ones."""
    for through in ("NOT INDEXED ORDER BY id", "INDEXED BY sqlite_autoindex_targets_1 ORDER BY job, instance"):
        with suppress(sqlite3.DatabaseError):
            rows = connection.execute(f"SELECT id, job, instance FROM targets {through}").fetchall()  # noqa: S608
            return {number: TargetKey(job, instance) for number, job, instance in rows}
    numbers: set[int] = set()
    for query in _OWNERS:
        with suppress(sqlite3.DatabaseError):
            numbers |= {number for (number,) in listed(connection, query)}
    return {number: nameless(number) for number in sorted(numbers)}


def owner(keys: Mapping[int, TargetKey], number: int) -> TargetKey:
    """The target of a number, as `targets` knows it, or what stands for it."""
    return keys.get(number, nameless(number))


def nameless(number: int) -> TargetKey:
    """What stands for a target whose name cannot be read."""
    return TargetKey(NAMELESS, str(number))


def profiles(
    connection: sqlite3.Connection, note: Note, *, whole: Callable[[Parts], bytes] = closed
) -> Iterator[tuple[Snapshot, bytes | StoreCorrupted]]:
    """Every snapshot with its profile, or with the error where what is stored of it is damaged; by target and kind.

    Args:
        whole: makes the bytes of a profile of what is stored in parts.

    """
    keys = targets(connection)
    for (chain_id,) in listed(connection, "SELECT id FROM chains {through} ORDER BY target_id, kind, first_slot"):
        try:
            rows = connection.execute(_LINKS, (chain_id,)).fetchall()
        except sqlite3.DatabaseError as error:
            note(CHAIN, chain_id, StoreCorrupted(str(error)))
        else:
            yield from _of_chain(rows, keys, whole)


def numbers(connection: sqlite3.Connection, target_id: int, note: Note) -> Iterator[tuple[Signal, Readings]]:
    """The numbers of a target, as `targets` numbers it, signal by signal; what is damaged is noted."""
    connection.execute("BEGIN")  # so that nothing is sealed between one part and the next
    try:
        parts = [*_sealed(connection, target_id, note), *_arrived(connection, target_id, note)]
        names = connection.execute("SELECT id, name FROM signals ORDER BY id").fetchall()
    finally:
        connection.execute("ROLLBACK")  # nothing was written, and after damage SQLite commits nothing
    for signal_id, name in names:
        found = [(rows, rows.columns[signal_id]) for rows in parts if signal_id in rows.columns]
        if found:
            yield (
                Signal(name),
                reads.joined(
                    [reads.told(rows.times[each.at], rows.life_starts[each.at], each) for rows, each in found]
                ),
            )


def leaks(connection: sqlite3.Connection, note: Note) -> Iterator[tuple[Leak, dict[str, EvidenceFile]]]:
    """Every leak with the files that prove it, one by one; what is damaged, or SQLite cannot read, is noted."""
    for row, leak_id in listed(connection, "SELECT rowid, id FROM leaks {through} ORDER BY id"):
        try:
            for (body,) in connection.execute("SELECT body FROM leaks WHERE rowid = ?", (row,)).fetchall():
                yield load_leak(body), _evidence(connection, leak_id, note)
        except StoreCorrupted as error:
            note(LEAK, leak_id, error)
        except sqlite3.DatabaseError as error:
            note(LEAK, leak_id, StoreCorrupted(str(error)))


def _evidence(connection: sqlite3.Connection, leak_id: str, note: Note) -> dict[str, EvidenceFile]:
    try:
        return bundles.read(connection, leak_id, note)
    except sqlite3.DatabaseError as error:
        note(EVIDENCE, f"the files of leak {leak_id}", StoreCorrupted(str(error)))
        return {}


def _sealed(connection: sqlite3.Connection, target_id: int, note: Note) -> Iterator[Rows]:
    """Block by block, as SQLite may fail to read one of them."""
    for (block_id,) in listed(connection, "SELECT id FROM blocks {through} WHERE target_id = ?", (target_id,)):
        try:
            for (data,) in connection.execute("SELECT data FROM blocks WHERE id = ?", (block_id,)).fetchall():
                yield load(data)
        except StoreCorrupted as error:
            note(BLOCK, block_id, error)
        except sqlite3.DatabaseError as error:
            note(BLOCK, block_id, StoreCorrupted(str(error)))


def _arrived(connection: sqlite3.Connection, target_id: int, note: Note) -> Iterator[Rows]:
    query = "SELECT slot, time, life_start, numbers FROM readings WHERE target_id = ? ORDER BY time"
    try:
        rows = connection.execute(query, (target_id,)).fetchall()
    except sqlite3.DatabaseError as error:
        name = owner(targets(connection), target_id)
        note(NUMBERS, f"the last numbers of {name}", StoreCorrupted(str(error)))
    else:
        whole = sound(rows, note)
        if whole:
            yield columns(whole)


def _of_chain(
    rows: list[tuple[Any, ...]], keys: Mapping[int, TargetKey], whole: Callable[[Parts], bytes]
) -> Iterator[tuple[Snapshot, bytes | StoreCorrupted]]:
    """The snapshots of a chain that are listed; the first that is damaged takes those after it with it."""
    links = [row[5] for row in rows]
    bodies = iter(links) if rows and rows[0][0] else map(whole, unrolled(links))
    damage: StoreCorrupted | None = None
    for _, target_id, kind, life_start, number, _, time, size in rows:
        try:
            body = damage or next(bodies)
        except StoreCorrupted as error:
            body = damage = error
        if time is not None:
            key = owner(keys, target_id)
            yield Snapshot(number, key, Kind(kind), time, size, life_start), body
