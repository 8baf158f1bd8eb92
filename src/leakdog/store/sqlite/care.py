"""A store's file looked after from outside the daemon: what is in it, whether it is sound, made small."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leakdog.errors import StoreCorrupted, StoreError
from leakdog.model import Kind, Signal, Snapshot, TargetKey
from leakdog.store.contract import Readings
from leakdog.store.series import load
from leakdog.store.sqlite import bundles, reads
from leakdog.store.sqlite.connection import FILE_NAME, connect_reader, connect_writer
from leakdog.store.sqlite.faults import explained
from leakdog.store.sqlite.lock import DirectoryLock

COMPACTED_BYTES = 1 << 30  # a limit for the log while a file is compacted; nothing is deleted

_SPAN = """
    SELECT min(first), max(last) FROM (SELECT min(time) AS first, max(time) AS last FROM readings
        UNION ALL SELECT min(first_time), max(last_time) FROM blocks)
"""
_BLOCKS = """
    SELECT t.job, t.instance, b.first_time, b.last_time, b.data FROM blocks AS b JOIN targets AS t ON t.id = b.target_id
    ORDER BY b.id
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store's file holds.

    Attributes:
        bytes: of the file and its log.
        free_bytes: of the file, that hold nothing any more.
        profiles: number and bytes of profiles by kind, as they were fetched.
        packed_bytes: what all of them take now.
        kind_bytes: roughly what each kind of data takes: `numbers`, `profiles`, `leaks` with the detector's states, and
            the `evidence` of leaks.
        folded: how many of the numbers stand for five minutes or an hour, by seconds; as read: 0.
        targets: number of snapshots, rows of numbers, and bytes of profiles, by target, the largest first.
        first, last: times of the first and the last reading, unix seconds; None where there is none.

    """

    bytes: int
    free_bytes: int
    points: int
    profiles: dict[Kind, tuple[int, int]]
    packed_bytes: int
    kind_bytes: dict[str, int]
    folded: dict[int, int]
    targets: dict[TargetKey, tuple[int, int, int]]
    first: float | None
    last: float | None


@contextlib.contextmanager
def opened(directory: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, also while a daemon writes.

    Raises:
        StoreError: there is no store, or it cannot be read.

    """
    path = directory / FILE_NAME
    if not path.exists():
        raise StoreError(
            f"{directory} holds no store: there is no {FILE_NAME} in it; give the storage.path of a daemon"
        )
    with explained(path, "reading"):
        connection = connect_reader(path)
        try:
            yield connection
        finally:
            connection.close()


def contents(directory: Path) -> Contents:
    """What the store in a directory holds.

    Raises:
        StoreError: as for `opened`.

    """
    with opened(directory) as connection:
        kinds = connection.execute("SELECT kind, count(*), sum(size_bytes) FROM listed GROUP BY 1 ORDER BY 3 DESC")
        targets = connection.execute(
            "SELECT t.job, t.instance,"
            " (SELECT count(*) FROM listed WHERE target_id = t.id),"
            " (SELECT count(*) FROM readings WHERE target_id = t.id)"
            " + (SELECT coalesce(sum(row_count), 0) FROM blocks WHERE target_id = t.id),"
            " (SELECT coalesce(sum(size_bytes), 0) FROM listed WHERE target_id = t.id)"
            " FROM targets AS t ORDER BY 5 DESC, 1, 2"
        )
        first, last = connection.execute(_SPAN).fetchone()
        points = reads.totals(connection)[1]
        folded = dict(connection.execute("SELECT seconds, sum(points) FROM blocks WHERE seconds GROUP BY 1").fetchall())
        (packed,) = connection.execute("SELECT coalesce(sum(length(data)), 0) FROM profiles").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        return Contents(
            bytes=size_bytes(directory),
            free_bytes=free * page,
            points=points,
            profiles={Kind(kind): (count, size) for kind, count, size in kinds},
            packed_bytes=packed,
            kind_bytes=reads.sizes(connection) | {"evidence": bundles.total_bytes(connection)},
            folded={0: points - sum(folded.values()), **folded},
            targets={TargetKey(job, instance): tuple(rest) for job, instance, *rest in targets},
            first=first,
            last=last,
        )


def faults(directory: Path) -> list[str]:
    """What SQLite finds wrong with the file; empty where it is sound. Reads all of it.

    Raises:
        StoreError: as for `opened`.

    """
    with opened(directory) as connection:
        found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found


def damaged_blocks(directory: Path) -> Iterator[tuple[TargetKey, float, float, StoreCorrupted]]:
    """Blocks of numbers that cannot be read: whose, from when to when, and why.

    Raises:
        StoreError: as for `opened`.

    """
    with opened(directory) as connection:
        for job, instance, first, last, data in connection.execute(_BLOCKS):
            try:
                load(data)
            except StoreCorrupted as error:
                yield TargetKey(job, instance), first, last, error


def profiles(directory: Path) -> Iterator[tuple[Snapshot, bytes | StoreCorrupted]]:
    """Every snapshot with its profile, or with the error where what is stored of it is damaged; newest first.

    Raises:
        StoreError: as for `opened`.

    """
    with opened(directory) as connection:
        for snapshot in reads.snapshots(connection, None, None, None, None, reads.MAX_INTEGER):
            try:
                data = reads.profile(connection, snapshot.id)
            except StoreCorrupted as error:
                yield snapshot, error
            else:
                if data is not None:
                    yield snapshot, data


def readings(directory: Path, key: TargetKey) -> Iterator[tuple[Signal, Readings]]:
    """The numbers of a target, signal by signal.

    Raises:
        StoreError: as for `opened`.

    """
    with opened(directory) as connection:
        for signal in Signal:
            found = reads.readings(connection, key, signal, None, None)
            if len(found.times):
                yield signal, found


def compact(directory: Path) -> tuple[int, int]:
    """Write the file anew without its free space. Bytes before and after.

    Raises:
        StoreLocked: a daemon has it.
        StoreError: there is no store, or the disk has no room for a second copy.

    """
    with opened(directory):
        before = size_bytes(directory)
    lock = DirectoryLock(directory)
    try:
        path = directory / FILE_NAME
        with explained(path, "compacting"):
            connection = connect_writer(path, COMPACTED_BYTES)
            try:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()
    finally:
        lock.release()
    return before, size_bytes(directory)


def size_bytes(directory: Path) -> int:
    """Of the file and its log."""
    files = (directory / FILE_NAME, directory / f"{FILE_NAME}-wal")
    return sum(file.stat().st_size for file in files if file.exists())
