"""Snapshots as they grow old: of each hour, later of each day, the last of a target and kind stays, life by life.

So the last of a life stays, too: what its memory was like before it was killed, also where nothing was suspected.

Each link of a chain builds on the one before, so a chain is written anew with those that stay, at their old ids.
Chains that are kept (see `evidence`) are left as they are.
"""

from __future__ import annotations

import math
import sqlite3

from leakdog.errors import StoreCorrupted
from leakdog.store.contract import Deleted
from leakdog.store.pack import rewritten
from leakdog.store.sqlite.chains import PLACES, SPAN_SECONDS
from leakdog.store.sqlite.damage import CHAIN, Note, logged
from leakdog.store.sqlite.deletes import counted, delete_chains

HOUR, DAY = 3600, 86400

_DUE = """
    SELECT id FROM chains AS c WHERE thinned < :seconds AND first_time < :before AND NOT kept
    AND NOT EXISTS (SELECT 1 FROM listed WHERE chain_id = c.id AND time >= :before)
    ORDER BY first_time
"""
# Those of a chain after which there is no other of the same life in the same span, of whatever chain.
_LAST = """
    SELECT s.id FROM listed AS s WHERE s.chain_id = :chain AND NOT EXISTS (
        SELECT 1 FROM listed AS o WHERE o.target_id = s.target_id AND o.kind = s.kind AND o.life_start = s.life_start
        AND o.first_time BETWEEN s.time - :reach AND s.time + :seconds
        AND (o.time, o.id) > (s.time, s.id)
        AND o.time < (CAST(s.time / :seconds AS INTEGER) + 1) * :seconds)
    ORDER BY s.id
"""


def unthinned(connection: sqlite3.Connection, seconds: int, before: float) -> list[int]:
    """Chains to be thinned to one snapshot in so many seconds: those with nothing in a span that ended after a time."""
    border = math.floor(before / seconds) * seconds
    return [chain_id for (chain_id,) in connection.execute(_DUE, {"seconds": seconds, "before": border})]


def thin(connection: sqlite3.Connection, chain_id: int, seconds: int, note: Note = logged) -> Deleted:
    """Leave of a chain the snapshots that are the last of their life in so many seconds; a damaged one is noted."""
    found = connection.execute("SELECT as_sent FROM chains WHERE id = ? AND NOT kept", (chain_id,)).fetchone()
    if found is None:
        return Deleted()
    given = {"chain": chain_id, "seconds": seconds, "reach": SPAN_SECONDS}
    left = {row[0] for row in connection.execute(_LAST, given)}
    if not left:
        return delete_chains(connection, [chain_id])
    connection.execute("UPDATE chains SET thinned = ? WHERE id = ?", (seconds, chain_id))
    borders = (chain_id * PLACES, chain_id * PLACES + PLACES - 1)
    stored = connection.execute("SELECT id, data FROM profiles WHERE id BETWEEN ? AND ? ORDER BY id", borders)
    links: dict[int, bytes] = dict(stored.fetchall())
    if len(left) == len(links) or found[0]:
        return Deleted()
    try:
        data = rewritten(list(links.values()), [number for number, link in enumerate(links) if link in left])
    except StoreCorrupted as error:
        note(CHAIN, chain_id, error)
        return Deleted()
    gone = [(link,) for link in links if link not in left]
    connection.executemany("UPDATE profiles SET data = ? WHERE id = ?", zip(data, sorted(left), strict=True))
    connection.executemany("DELETE FROM profiles WHERE id = ?", gone)
    listed = connection.executemany("DELETE FROM snapshots WHERE id = ?", gone).rowcount
    return counted(connection, Deleted(snapshots=listed))
