"""Whether a store's file is sound: every piece of it is read. What is damaged can be taken out."""

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
from leakdog.store.series import load
from leakdog.store.sqlite import blocks, bundles, takeout
from leakdog.store.sqlite.chains import PLACES
from leakdog.store.sqlite.connection import encoded
from leakdog.store.sqlite.damage import BLOCK, CHAIN, EVIDENCE, LEAK
from leakdog.store.sqlite.deletes import counted, delete_chains

_PIECES = """
    SELECT (SELECT count(*) FROM blocks) + (SELECT snapshots FROM totals) + (SELECT count(*) FROM leaks)
    + (SELECT count(*) FROM evidence)
"""
_BLOCK = """
    SELECT t.job, t.instance, b.first_time, b.last_time, b.data FROM blocks AS b JOIN targets AS t ON t.id = b.target_id
    WHERE b.id = ?
"""


@dataclass(frozen=True, slots=True)
class Damaged:
    """A piece of a file that cannot be read.

    Attributes:
        what: the kind of piece, such as `BLOCK`.
        id: of its row; of profiles, that of the first snapshot that is lost.
        key: whose it is; None where it is no target's.
        span: from when to when, unix seconds; None where that is not known.
        name: of a snapshot, a leak or a file, in words.
        why: what is wrong with it.

    """

    what: str
    id: int | str
    why: str
    key: TargetKey | None = None
    span: tuple[float, float] | None = None
    name: str = ""


def faults(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the file; empty where it is sound. Reads all of it.

    Raises:
        sqlite3.Error: so much is wrong with it that it cannot be read at all.

    """
    found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found


def pieces(connection: sqlite3.Connection) -> int:
    """How many pieces there are to examine."""
    (count,) = connection.execute(_PIECES).fetchone()
    return int(count)


def examined(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    """Every piece: None where it is sound."""
    yield from _blocks(connection)
    yield from _profiles(connection)
    yield from _leaks(connection)
    yield from _evidence(connection)


def take_out(connection: sqlite3.Connection, found: Sequence[Damaged]) -> Deleted:
    """Delete what is damaged, of a chain of profiles what comes after that, and with a leak what proves it.

    All else stays as it is.
    """
    connection.execute("BEGIN IMMEDIATE")
    deleted = Deleted()
    for each in found:
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
    for (block_id,) in connection.execute("SELECT id FROM blocks ORDER BY id").fetchall():
        for job, instance, first, last, data in connection.execute(_BLOCK, (block_id,)).fetchall():
            try:
                load(data)
            except StoreCorrupted as error:
                yield Damaged(BLOCK, block_id, str(error), TargetKey(job, instance), (first, last))
            else:
                yield None


def _profiles(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    unread: list[Damaged] = []

    def note(what: str, chain_id: int | str, error: StoreCorrupted) -> None:
        unread.append(Damaged(what, int(chain_id) * PLACES, str(error), name=f"{what} {chain_id}"))

    for snapshot, body in takeout.profiles(connection, note):
        try:
            if isinstance(body, StoreCorrupted):
                raise body
            with suppress(ProfileTooLarge):  # it came within the limits of its job
                parse(body)
        except (ProfileError, StoreCorrupted) as error:
            name = f"snapshot {snapshot.id} ({snapshot.kind.value})"
            yield Damaged(CHAIN, snapshot.id, str(error), snapshot.key, (snapshot.time, snapshot.time), name)
        else:
            yield None
    yield from unread


def _leaks(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    for leak_id, body in connection.execute("SELECT id, body FROM leaks ORDER BY id").fetchall():
        try:
            load_leak(body)
        except StoreCorrupted as error:
            yield Damaged(LEAK, leak_id, str(error), name=f"leak {leak_id}")
        else:
            yield None


def _evidence(connection: sqlite3.Connection) -> Iterator[Damaged | None]:
    for (file_id,) in connection.execute("SELECT id FROM evidence ORDER BY id").fetchall():
        query = "SELECT leak_id, name, data FROM evidence WHERE id = ?"
        for leak_id, name, data in connection.execute(query, (file_id,)).fetchall():
            try:
                zlib.decompress(data)
            except (zlib.error, TypeError) as error:
                yield Damaged(EVIDENCE, file_id, f"it cannot be unpacked ({error})", name=f"{name} of leak {leak_id}")
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
