"""Keeps what scrapes found: one contract (`contract.Store`), a backend in SQLite and one in memory."""

from __future__ import annotations

from pathlib import Path

from leakdog.config.schema import Backend, StorageConfig
from leakdog.store.contract import Deleted, EvidenceFile, Readings, Store, StoreStats
from leakdog.store.memory import MemoryStore
from leakdog.store.sqlite import SqliteStore

__all__ = ["Deleted", "EvidenceFile", "Readings", "Store", "StoreStats", "open_store"]


def open_store(config: StorageConfig) -> Store:
    """Open the configured store; for SQLite, make the directory if it is missing and take its lock.

    Blocks while the database is opened, checked and migrated.

    Raises:
        StoreLocked: another daemon has the directory.
        StoreCorrupted: the database file is damaged.
        StoreTooNew: a later version of leakdog wrote it.
        StoreError: the directory or the file cannot be used.

    """
    if config.backend is Backend.MEMORY:
        return MemoryStore(config.retention, config.evidence)
    return SqliteStore.open(Path(config.path), config.retention, config.evidence)
