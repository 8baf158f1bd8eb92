"""The store in one SQLite file: one thread writes, another reads, and neither waits for the other."""

from leakdog.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
