"""What SQLite's errors mean to the person who runs the daemon."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leakdog.errors import StoreCorrupted, StoreError

# By the primary part of SQLite's error name: what is wrong, and what to do.
_ADVICE = {
    "FULL": "the disk or its quota is full: free space there, or lower storage.retention.size",
    "IOERR": "the disk gave an I/O error: check the disk, its mount and its free space",
    "READONLY": "it may only be read: check its permissions and its mount",
    "CANTOPEN": "it cannot be opened: check the permissions of its directory",
    "PERM": "access is denied: check its permissions",
    "BUSY": "another program holds it: close whatever else has this database open",
    "LOCKED": "another program holds it: close whatever else has this database open",
}
_DAMAGED = {"CORRUPT", "NOTADB"}


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Turn SQLite's errors inside the block into `StoreError` or `StoreCorrupted`.

    Args:
        path: the database file, named in the message.
        doing: what was being done, such as `writing to`.

    """
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, path, doing) from error


def _explain(error: sqlite3.Error, path: Path, doing: str) -> StoreError:
    name = getattr(error, "sqlite_errorname", "SQLITE_MISUSE").removeprefix("SQLITE_")
    primary = name.split("_")[0]
    if primary in _DAMAGED:
        return damaged(path, str(error))
    advice = _ADVICE.get(primary, "this is not expected: please report it")
    return StoreError(f"{doing} {path}: {advice} ({name}: {error})")


def damaged(path: Path, detail: str) -> StoreCorrupted:
    """The error for a database file whose content is broken."""
    return StoreCorrupted(
        f"the database {path} is damaged ({detail}): take out what can still be read with `leakdog storage export "
        f"{path.parent} FOLDER`, then move it away together with its -wal file to start with an empty one, or put a "
        "backup in its place"
    )
