"""SQLite's errors in words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from leakdog.errors import StoreCorrupted, StoreError
from leakdog.store.sqlite.faults import explained

PATH = Path("/var/lib/leakdog/leakdog.db")


def sqlite_error(name: str) -> sqlite3.Error:
    """An error as the sqlite3 module raises it."""
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("SQLITE_FULL", "the disk or its quota is full: free space there, or lower storage.retention.size"),
        ("SQLITE_IOERR_WRITE", "the disk gave an I/O error: check the disk"),
        ("SQLITE_READONLY_DBMOVED", "it may only be read: check its permissions"),
        ("SQLITE_CANTOPEN", "it cannot be opened: check the permissions of its directory"),
        ("SQLITE_BUSY_SNAPSHOT", "another program holds it: close"),
        ("SQLITE_INTERNAL", "this is not expected: please report it"),
    ],
)
def test_error_says_where_and_what_to_do(name: str, advice: str) -> None:
    """The message has the deed, the file, the advice, and what SQLite said."""
    with pytest.raises(StoreError) as caught, explained(PATH, "writing to"):
        raise sqlite_error(name)
    assert str(caught.value).startswith(f"writing to {PATH}: {advice}")
    assert str(caught.value).endswith(f"({name.removeprefix('SQLITE_')}: what SQLite says)")


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB"])
def test_damage_is_corruption(name: str) -> None:
    """A damaged file has an error class of its own."""
    with (
        pytest.raises(StoreCorrupted, match=r"leakdog.db is damaged \(what SQLite says\)"),
        explained(PATH, "x"),
    ):
        raise sqlite_error(name)


def test_error_without_a_name_is_explained_too() -> None:
    """The sqlite3 module's own complaints have no SQLite code."""
    with pytest.raises(StoreError, match=r"\(MISUSE: closed\)"), explained(PATH, "writing to"):
        raise sqlite3.ProgrammingError("closed")


def test_other_errors_pass() -> None:
    """What does not come from SQLite is not touched."""
    with pytest.raises(KeyError), explained(PATH, "writing to"):
        raise KeyError
