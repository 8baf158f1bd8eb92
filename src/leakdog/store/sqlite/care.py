"""A store's file looked after from outside the daemon: opened for that, what is in it, made small."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leakdog.errors import StoreError, StoreLocked
from leakdog.model import Kind, TargetKey
from leakdog.store.sqlite import bundles, reads
from leakdog.store.sqlite.connection import FILE_NAME, connect_reader, connect_writer
from leakdog.store.sqlite.faults import explained
from leakdog.store.sqlite.lock import DirectoryLock
from leakdog.store.sqlite.schema import check_readable

MOST_BYTES = 1 << 30  # by which the log is kept short while a file is looked after; nothing is deleted

_SPAN = """
    SELECT min(first), max(last) FROM (SELECT min(time) AS first, max(time) AS last FROM readings
        UNION ALL SELECT min(first_time), max(last_time) FROM blocks)
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
        StoreError: there is no store, an earlier version has written it, or it cannot be read.

    """
    path = _existing(directory)
    with explained(path, "reading"), contextlib.closing(connect_reader(path)) as connection:
        check_readable(connection, path)
        yield connection


@contextlib.contextmanager
def owned(directory: Path, doing: str) -> Iterator[sqlite3.Connection]:
    """A connection that writes, to a file that nobody else has; it is brought up to date.

    Raises:
        StoreLocked: a daemon has it.
        StoreError: there is no store, or it cannot be written.

    """
    path = _existing(directory)
    try:
        lock = DirectoryLock(directory)
    except StoreLocked as error:
        raise StoreLocked(f"{doing} {directory}: a daemon has it open: stop it first, nothing was changed") from error
    try:
        with explained(path, doing), contextlib.closing(connect_writer(path, MOST_BYTES)) as connection:
            yield connection
    finally:
        lock.release()


def _existing(directory: Path) -> Path:
    path = directory / FILE_NAME
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(
            f"{directory} holds no store: there is no {FILE_NAME} in it; give the storage.path of a daemon"
        ) from None
    except OSError as error:
        raise StoreError(
            f"opening {path}: {error.strerror}: read it as the user whose daemon has written it"
        ) from error
    return path


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


def compact(directory: Path) -> tuple[int, int]:
    """Write the file anew without its free space. Bytes before and after.

    Raises:
        StoreLocked: a daemon has it.
        StoreError: there is no store, or the disk has no room for a second copy.

    """
    _existing(directory)
    before = size_bytes(directory)
    with owned(directory, "compacting") as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, size_bytes(directory)


def size_bytes(directory: Path) -> int:
    """Of the file and its log."""
    files = (directory / FILE_NAME, directory / f"{FILE_NAME}-wal")
    return sum(file.stat().st_size for file in files if file.exists())
