"""Opening the configured store."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from leakdog.config.schema import Backend, StorageConfig
from leakdog.errors import StoreError, StoreLocked
from leakdog.store import open_store
from leakdog.store.memory import MemoryStore
from leakdog.store.sqlite import SqliteStore


async def test_backend_is_the_configured_one(tmp_path: Path) -> None:
    """`storage.backend` chooses the class; memory leaves no trace on disk."""
    memory = open_store(StorageConfig(backend=Backend.MEMORY, path=str(tmp_path / "memory")))
    sqlite = open_store(StorageConfig(backend=Backend.SQLITE, path=str(tmp_path / "sqlite")))
    assert (MemoryStore, SqliteStore) == (type(memory), type(sqlite))
    assert [tmp_path / "sqlite"] == list(tmp_path.iterdir())
    await sqlite.close()


async def test_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """A missing directory is made with mode 0700, and no file in it can be read by others."""
    directory = tmp_path / "new" / "data?mode=ro#%41 é"
    store = open_store(StorageConfig(path=str(directory)))
    await store.put_states({"a": b"1"})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {"leakdog.db", "leakdog.db-wal", "leakdog.db-shm", "leakdog.lock"} == set(modes)
    assert {0o600} == set(modes.values())
    await store.close()


async def test_relative_path_is_meant_from_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default path `data` lies in the working directory, and changing that later does no harm."""
    monkeypatch.chdir(tmp_path)
    store = open_store(StorageConfig())
    monkeypatch.chdir("/")
    await store.put_states({"a": b"1"})
    assert await store.states() == {"a": b"1"}
    assert (await store.stats()).size_bytes > 0
    await store.close()
    assert (tmp_path / "data" / "leakdog.db").stat().st_size > 0


async def test_second_store_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    """One directory belongs to one store at a time; the message names the process that has it."""
    config = StorageConfig(path=str(tmp_path))
    first = open_store(config)
    with pytest.raises(StoreLocked, match=rf"in use by another leakdog \(process {os.getpid()}\): stop that one"):
        open_store(config)
    await first.close()
    await open_store(config).close()


def test_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A file where the directory should be is named in the error."""
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(StoreError, match=r"making the directory .*file: it is a file: set storage.path to a directory"):
        open_store(StorageConfig(path=str(path)))


async def test_failed_opening_leaves_no_lock(tmp_path: Path) -> None:
    """After an opening that raised, the directory is free again."""
    database = tmp_path / "leakdog.db"
    database.mkdir()
    with pytest.raises(StoreError, match=r"leakdog.db for writing: Is a directory"):
        open_store(StorageConfig(path=str(tmp_path)))
    database.rmdir()
    await open_store(StorageConfig(path=str(tmp_path))).close()
