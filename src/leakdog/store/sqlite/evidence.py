"""What an open leak needs of the past: retention leaves it alone. Run by the writer, inside its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from leakdog.model import Kind, Leak
from leakdog.store.codec import ended_at, load_leak
from leakdog.store.sqlite.connection import encoded

# The chain of the last profile before the onset, or the first there is; and the latest.
_KEEP = """
    WITH series AS (SELECT id, first_time FROM chains WHERE kind = :kind AND target_id =
        (SELECT id FROM targets WHERE job = CAST(:job AS TEXT) AND instance = CAST(:instance AS TEXT)))
    UPDATE chains SET kept = 1 WHERE NOT kept AND id IN (
        coalesce(
            (SELECT id FROM series WHERE first_time <= :since ORDER BY first_time DESC, id DESC LIMIT 1),
            (SELECT id FROM series ORDER BY first_time, id LIMIT 1)
        ),
        (SELECT id FROM series ORDER BY first_time DESC, id DESC LIMIT 1)
    )
"""


def keep(connection: sqlite3.Connection, leaks: Iterable[Leak]) -> None:
    """Keep, of each kind of profile, the last one before the onset of each leak that is open, and the latest."""
    connection.executemany(
        _KEEP,
        (
            {
                "job": encoded(leak.key.job),
                "instance": encoded(leak.key.instance),
                "kind": kind.value,
                "since": leak.since,
            }
            for leak in leaks
            if ended_at(leak, None) is None
            for kind in Kind
        ),
    )


def keep_only_open(connection: sqlite3.Connection) -> int:
    """Keep what the leaks that are open now need, and no more what others needed. How many are open."""
    connection.execute("UPDATE chains SET kept = 0 WHERE kept")
    rows = connection.execute("SELECT body FROM leaks WHERE ended IS NULL").fetchall()
    keep(connection, (load_leak(body) for (body,) in rows))
    return len(rows)
