"""Opening the file: the one connection that writes, and connections that only read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from leakdog.errors import StoreError
from leakdog.store.sqlite.faults import damaged
from leakdog.store.sqlite.schema import migrate

FILE_NAME = "leakdog.db"
PAGE_BYTES = 1024  # a store of a few series is mostly tables that are nearly empty, a page each

# The log is copied into the database at 4 MB, or at a twentieth of what the store may take if that is less.
WAL_PAGES = range(128, 4000)

# What the cache takes for a moment, 6 MB: a batch of appends is larger than the cache usually is, and a page that has
# no room in it is written to the log each time that it changes. (A multiple of 256 means "without a bound" to SQLite.)
SPILL_PAGES = 6000

# Below this a start checks every page; above, it would wait for the disk, and damage shows when it is read.
CHECKED_BYTES = 64 << 20

# Only another program can hold the file, as ours writes through one connection. Appends wait meanwhile.
BUSY_SECONDS = 0.5


def wal_pages(retention_bytes: int) -> int:
    """How many pages the write-ahead log has in a store of this size when it is copied into the database."""
    return min(max(retention_bytes // 20 // PAGE_BYTES, WAL_PAGES.start), WAL_PAGES.stop)


def data_bytes(retention_bytes: int) -> int:
    """How large the database may be in a store of this size, if its log grows to twice its usual length."""
    return max(0, retention_bytes - 2 * wal_pages(retention_bytes) * PAGE_BYTES)


def connect_writer(path: Path, retention_bytes: int) -> sqlite3.Connection:
    """Open for writing, make the file (mode 0600) or migrate it, and check that it is sound.

    Two connections that write can hit a defect of SQLite before 3.51.3 that corrupts the file when the log is
    reset, so this must be called once per file, under its lock.

    Raises:
        StoreError, StoreTooNew: see `migrate`; also where the file system cannot carry a shared log.
        StoreCorrupted: the file is damaged.
        sqlite3.Error: as SQLite gives it.

    """
    _create(path)
    connection = _connect(path, "rwc")
    try:
        _set_up(connection, path, wal_pages(retention_bytes))
        migrate(connection, path)
        if path.stat().st_size <= CHECKED_BYTES:
            _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open for reading only; the connection cannot write, nor copy the log into the database."""
    return _connect(path, "ro")


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"opening {path} for writing: {error.strerror}: check its permissions") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions are begun and ended in so many words
        check_same_thread=False,  # made in one thread, then used in one other
    )
    connection.text_factory = _text
    return connection


def _set_up(connection: sqlite3.Connection, path: Path, log_pages: int) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded only while the file is empty
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(f"{path} is on a file system without shared memory: use a local one for storage.path")
    connection.execute("PRAGMA synchronous = FULL")  # each commit is on the disk before it is acknowledged
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = FAST")  # Debian's default writes zeros over all that is deleted
    connection.execute(f"PRAGMA cache_spill = {SPILL_PAGES}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {log_pages}")
    connection.execute(f"PRAGMA journal_size_limit = {log_pages * PAGE_BYTES}")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise damaged(path, finding.splitlines()[-1])  # the first line is a heading


def encoded(text: str) -> bytes:
    """Text as bytes to `CAST(? AS TEXT)`: a process's name may hold what is not UTF-8, as lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    """The text that `encoded` encoded; of what is none, as damage may show bytes as text, what can be read."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")
