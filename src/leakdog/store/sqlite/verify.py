"""Whether a store's file is sound: every piece of it is read. What is damaged can be taken out.

Pieces are listed by indexes, which lie on other pages than the pieces, or else by their tables: a page that SQLite
cannot read takes with it what is on it, and no more.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from leakdog.errors import ProfileError, ProfileTooLarge, StoreCorrupted
from leakdog.model import TargetKey
from leakdog.pprof import parse
from leakdog.store.codec import load_leak
from leakdog.store.contract import Deleted
from leakdog.store.pack import REMEDY
from leakdog.store.pack.protobuf import put_together
from leakdog.store.series import load
from leakdog.store.sqlite import blocks, bundles, takeout
from leakdog.store.sqlite.chains import PLACES
from leakdog.store.sqlite.connection import encoded
from leakdog.store.sqlite.damage import BLOCK, CHAIN, EVIDENCE, LEAK
from leakdog.store.sqlite.deletes import counted, delete_chains

_PIECES = (
    "SELECT count(*) FROM blocks INDEXED BY blocks_by_target",
    "SELECT snapshots FROM totals",
    "SELECT count(*) FROM leaks",
    "SELECT count(*) FROM evidence",
)
_BLOCKS = """
    SELECT id, target_id, last_time FROM blocks {through} ORDER BY target_id, seconds, last_time
"""
_BLOCK = "SELECT first_time, data FROM blocks WHERE id = ?"
_CHAIN = "SELECT target_id, first_time, kind FROM chains WHERE id = ?"
Unread = (StoreCorrupted, sqlite3.DatabaseError)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A piece of a file that cannot be read.

    Attributes:
        what: the kind of piece, such as `BLOCK`.
        id: of its row; of profiles, that of the first snapshot that is lost; None: pieces that cannot even be listed.
        key: whose it is; None where it is no target's.
        span: from when to when, unix seconds; None where that is not known.
        name: of a snapshot, a leak or a file, in words.
        why: what is wrong with it.

    """

    what: str
    id: int | str | None
    why: str
    key: TargetKey | None = None
    span: tuple[float, float] | None = None
    name: str = ""

    @property
    def chain(self) -> int | None:
        """Of profiles, the chain that they are in."""
        return self.id // PLACES if isinstance(self.id, int) else None


def faults(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file; empty where it is sound. Reads all of it, or up to where it gives up."""
    found = []
    try:
        found += [str(line) for (line,) in connection.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        found.append(str(error))
    return [] if found == ["ok"] else found


def pieces(connection: sqlite3.Connection) -> int:
    """How many pieces there are to examine, as far as they can be counted."""
    count = 0
    for query in _PIECES:
        with suppress(sqlite3.DatabaseError):
            count += int(connection.execute(query).fetchone()[0])
    return count


def examined(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    """Every piece: None where it is sound. One that cannot be read hides no other, unless it is the list of them."""
    for what, kind in ((BLOCK, _blocks), (CHAIN, _profiles), (LEAK, _leaks), (EVIDENCE, _evidence)):
        try:
            yield from kind(connection)
        except sqlite3.DatabaseError as error:
            yield Damaged(what, None, str(error), name=f"the list of every {what}")


def take_out(connection: sqlite3.Connection, found: Sequence[Damaged]) -> Deleted:
    """Delete what is damaged, of a chain of profiles what comes after that, and with a leak what proves it.

    All else stays as it is, and so do pieces that cannot be listed.
    """
    connection.execute("BEGIN IMMEDIATE")
    deleted = Deleted()
    for each in found:
        if each.id is None:
            continue
        if each.what == BLOCK:
            deleted += _take_out_block(connection, int(each.id))
        elif each.what == CHAIN:
            deleted += _take_out_profiles(connection, int(each.id))
        elif each.what == LEAK:
            connection.execute("DELETE FROM leaks WHERE id = CAST(? AS TEXT)", (encoded(str(each.id)),))
        else:
            connection.execute("DELETE FROM evidence WHERE id = ?", (each.id,))
    bundles.forget(connection)
    connection.execute("COMMIT")
    return deleted


def _blocks(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    keys = takeout.targets(connection)
    for block_id, target_id, last in takeout.listed(connection, _BLOCKS):
        span = (last, last)
        try:
            for first, data in connection.execute(_BLOCK, (block_id,)).fetchall():
                span = (first, last)
                load(data)
        except Unread as error:
            yield Damaged(BLOCK, block_id, str(error), takeout.owner(keys, target_id), span)
        else:
            yield None


def _profiles(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    unread: list[Damaged] = []

    def note(what: str, chain_id: int | str, error: StoreCorrupted) -> None:
        unread.append(_unread_chain(connection, int(chain_id), error))

    for snapshot, body in takeout.profiles(connection, note, whole=put_together):  # not packed to be unpacked here
        try:
            if isinstance(body, StoreCorrupted):
                raise body
            with suppress(ProfileTooLarge):  # it came within the limits of its job
                parse(body)
        except (ProfileError, StoreCorrupted) as error:
            name = f"snapshot {snapshot.id} ({snapshot.kind.value})"
            why = str(error).removesuffix(REMEDY)
            yield Damaged(CHAIN, snapshot.id, why, snapshot.key, (snapshot.time, snapshot.time), name)
        else:
            yield None
    yield from unread


def _unread_chain(connection: sqlite3.Connection, chain_id: int, error: StoreCorrupted) -> Damaged:
    """A chain none of which SQLite reads, with whose it is, if that can be read."""
    key, span, kind = None, None, ""
    with suppress(sqlite3.DatabaseError):
        for target_id, first, of_kind in connection.execute(_CHAIN, (chain_id,)).fetchall():
            key = takeout.owner(takeout.targets(connection), target_id)
            span, kind = (first, first), f" ({of_kind})"
    return Damaged(CHAIN, chain_id * PLACES, str(error), key, span, f"{CHAIN} {chain_id}{kind}")


def _leaks(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    for row, leak_id in takeout.listed(connection, "SELECT rowid, id FROM leaks {through} ORDER BY id"):
        try:
            for (body,) in connection.execute("SELECT body FROM leaks WHERE rowid = ?", (row,)).fetchall():
                load_leak(body)
        except Unread as error:
            yield Damaged(LEAK, leak_id, str(error), name=f"leak {leak_id}")
        else:
            yield None


def _evidence(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    query = "SELECT id, leak_id, name FROM evidence {through} ORDER BY leak_id, name"
    for file_id, leak_id, name in takeout.listed(connection, query):
        try:
            for (data,) in connection.execute("SELECT data FROM evidence WHERE id = ?", (file_id,)).fetchall():
                zlib.decompress(data)
        except (zlib.error, TypeError) as error:
            yield Damaged(EVIDENCE, file_id, f"it cannot be unpacked ({error})", name=f"{name} of leak {leak_id}")
        except sqlite3.DatabaseError as error:
            yield Damaged(EVIDENCE, file_id, str(error), name=f"{name} of leak {leak_id}")
        else:
            yield None


def _take_out_block(connection: sqlite3.Connection, block_id: int) -> Deleted:
    (points,) = connection.execute("SELECT points FROM blocks WHERE id = ?", (block_id,)).fetchone()
    connection.execute("DELETE FROM blocks WHERE id = ?", (block_id,))
    blocks.count(connection, -points)
    return Deleted(points=points)


def _take_out_profiles(connection: sqlite3.Connection, first: int) -> Deleted:
    """Delete a snapshot with those that come after it in its chain, and the chain if nothing is left of it."""
    chain_id = first // PLACES
    (last,) = connection.execute(
        "SELECT max(id) FROM snapshots WHERE id BETWEEN ? AND ?", (chain_id * PLACES, first - 1)
    ).fetchone()
    if last is None:
        return delete_chains(connection, [chain_id])
    borders = (last + 1, chain_id * PLACES + PLACES - 1)
    snapshots = connection.execute("DELETE FROM snapshots WHERE id BETWEEN ? AND ?", borders).rowcount
    connection.execute("DELETE FROM profiles WHERE id BETWEEN ? AND ?", borders)
    return counted(connection, Deleted(snapshots=snapshots))
