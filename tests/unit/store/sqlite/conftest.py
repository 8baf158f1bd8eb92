"""Connections for the tests of the SQLite backend."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakdog.store.sqlite.connection import connect_writer
from leakdog.store.unnamed import UnnamedFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "leakdog.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A writing connection to a new database with all its tables."""
    opened = connect_writer(path, 1_000_000_000)
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[UnnamedFile]:
    """A file for chains that are ready to go on, with room for all of them."""
    made = UnnamedFile(tmp_path, 1_000_000_000)
    yield made
    made.close()
