"""Evidence in SQLite; what both backends promise of it is in `store/test_contract.py`."""

from __future__ import annotations

import sqlite3

from leakdog.store.sqlite import bundles
from leakdog.store.sqlite.deletes import used_bytes


def test_the_sum_follows_what_is_put_and_forgotten(connection: sqlite3.Connection) -> None:
    """New files, larger ones in their place, and the evidence of a leak that is no more."""
    for size in (100, 300):
        assert bundles.put(connection, "a", {"x": bytes(size)}, 1.0, leak_bytes=500, all_bytes=500) == []
        assert bundles.total_bytes(connection) == size
    bundles.forget(connection)
    assert bundles.total_bytes(connection) == 0


def test_evidence_is_not_in_the_size_that_retention_bounds(connection: sqlite3.Connection) -> None:
    """A megabyte of it adds to the file what its pages cost, a few per cent."""
    before = used_bytes(connection)
    bundles.put(connection, "a", {"x": bytes(1 << 20)}, 1.0, leak_bytes=1 << 21, all_bytes=1 << 21)
    assert 0 <= used_bytes(connection) - before < 0.05 * (1 << 20)
