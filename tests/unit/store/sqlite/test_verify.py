"""Whether a store's file is sound."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.model import Leak, Scrape, Signal, TargetKey
from leakdog.pprof import DEFAULT_LIMITS
from leakdog.pprof.wire import varint
from leakdog.store.sqlite import aging, bundles, reads, verify
from leakdog.store.sqlite.connection import PAGE_BYTES, connect_reader
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile

SHOP = Path(__file__).parents[2] / "attribute" / "shop"
HEAPS = [(SHOP / f"heap-{number}.pb.gz").read_bytes() for number in range(1, 7)]
PACKED = zlib.compress(b"what proves it")
Scrapes = Callable[..., Scrape]


@pytest.fixture
def filled(
    connection: sqlite3.Connection, make_scrape: Scrapes, make_leak: Callable[..., Leak], file: UnnamedFile
) -> sqlite3.Connection:
    """Two blocks of numbers, a chain of six profiles, two leaks and two files of evidence of the first."""
    tables = Tables(connection, 10**12, file)
    for first in (0.0, 50_000.0):
        for number in range(60):
            body = HEAPS[number] if number < 6 and first else None
            tables.append(make_scrape(first + 60.0 * number, body=body))
        aging.seal(connection, 1, first + 10_000.0)
        connection.execute("UPDATE blocks SET row_count = 720")
        tables.forget()
    tables.put_leaks([make_leak("one"), make_leak("two")])
    bundles.put(connection, "one", {"a": PACKED, "b": PACKED}, 1.0, leak_bytes=1000, all_bytes=1000)
    return connection


def damaged(connection: sqlite3.Connection) -> list[verify.Damaged]:
    """What is found."""
    return [each for each in verify.examined(connection) if each]


def test_a_sound_file_has_nothing_wrong(filled: sqlite3.Connection) -> None:
    """As many pieces are examined as there are."""
    assert verify.faults(filled) == []
    assert list(verify.examined(filled)) == [None] * verify.pieces(filled) == [None] * (2 + 6 + 2 + 2)


def test_what_is_damaged_is_named_and_taken_out(
    filled: sqlite3.Connection, key: TargetKey, make_leak: Callable[..., Leak]
) -> None:
    """A block, a chain from its fourth profile on, a leak and a file: all else stays, and what is left is sound."""
    filled.execute("UPDATE blocks SET data = substr(data, 1, 30) WHERE id = 1")
    filled.execute("UPDATE profiles SET data = x'01ff' WHERE id = 256 + 3")
    filled.execute("UPDATE leaks SET body = '{' WHERE id = 'two'")
    filled.execute("UPDATE evidence SET data = x'00' WHERE name = 'b'")
    found = damaged(filled)
    assert [(each.what, each.id) for each in found] == [
        ("block of numbers", 1),
        *(("chain of profiles", 256 + place) for place in (3, 4, 5)),
        ("leak", "two"),
        ("file of evidence", 2),
    ]
    assert (found[0].key, found[0].span) == (key, (0.25, 3540.25))
    assert [each.name for each in found[-2:]] == ["leak two", "b of leak one"]
    deleted = verify.take_out(filled, found)
    assert (deleted.points, deleted.snapshots) == (60, 3)
    assert damaged(filled) == []
    assert reads.totals(filled) == (3, 60)
    assert len(reads.readings(filled, key, Signal.RSS, None, None).times) == 60
    assert len(reads.snapshots(filled, None, None, None, None, 99)) == 3
    assert reads.leaks(filled) == [make_leak("one")]
    assert list(bundles.read(filled, "one")) == ["a"]
    assert bundles.total_bytes(filled) == len(PACKED)


def test_a_chain_of_which_nothing_is_left_goes_whole(filled: sqlite3.Connection) -> None:
    """Also what was kept of it for profiles that came later."""
    filled.execute("DELETE FROM snapshots WHERE id = 256")
    filled.execute("UPDATE profiles SET data = x'01ff' WHERE id = 257")
    verify.take_out(filled, damaged(filled))
    for table in ("chains", "profiles", "snapshots"):
        assert filled.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_damage_that_gives_another_profile_is_found(filled: sqlite3.Connection) -> None:
    """What can be put together and is then no profile."""
    filled.execute("UPDATE chains SET as_sent = 1")
    assert [each.what for each in damaged(filled)] == ["chain of profiles"] * 6
    assert "snapshot 256 (heap)" in {each.name for each in damaged(filled)}


def test_evidence_goes_with_its_leak(filled: sqlite3.Connection) -> None:
    """Nobody could ask for it."""
    filled.execute("UPDATE leaks SET body = '{' WHERE id = 'one'")
    verify.take_out(filled, damaged(filled))
    assert filled.execute("SELECT count(*) FROM evidence").fetchone() == (0,)


def test_a_profile_over_the_usual_limits_is_sound(
    connection: sqlite3.Connection, make_scrape: Scrapes, file: UnnamedFile
) -> None:
    """A job may allow larger ones: such a profile is stored as it was sent, and repairing leaves it."""
    size = DEFAULT_LIMITS.compressed_bytes
    filler = varint(100 << 3 | 2) + varint(size) + bytes(size)  # a field that nobody knows
    large = gzip.compress(gzip.decompress(HEAPS[0]) + filler, compresslevel=0)
    Tables(connection, 10**12, file).append(make_scrape(60.0, body=large))
    assert damaged(connection) == []


def test_faults_of_the_file_are_told(filled: sqlite3.Connection) -> None:
    """As SQLite finds them."""
    filled.execute("PRAGMA ignore_check_constraints = ON")
    filled.execute("INSERT INTO signals VALUES (300, 'x')")
    filled.execute("PRAGMA ignore_check_constraints = OFF")
    assert verify.faults(filled) == ["CHECK constraint failed in signals"]


def overwritten(connection: sqlite3.Connection, path: Path, *tables: str) -> sqlite3.Connection:
    """The file with the first page of each table (or index) overwritten, opened anew."""
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    roots = [connection.execute(query, (table,)).fetchone()[0] for table in tables]
    connection.close()
    file = bytearray(path.read_bytes())
    for root in roots:
        file[(root - 1) * PAGE_BYTES : root * PAGE_BYTES] = b"\xff" * PAGE_BYTES
    path.write_bytes(file)
    return connect_reader(path)


@pytest.mark.parametrize(
    ("table", "lost"),
    [
        ("blocks", [("block of numbers", 1), ("block of numbers", 2)]),
        ("profiles", [("chain of profiles", 256)]),
        ("leaks", [("leak", "one"), ("leak", "two")]),
        ("evidence", [("file of evidence", 1), ("file of evidence", 2)]),
        ("blocks_by_target", []),
        ("chains_by_target", []),
        ("sqlite_autoindex_leaks_1", []),
        ("sqlite_autoindex_evidence_1", []),
        ("targets", []),
    ],
)
def test_a_page_that_cannot_be_read_takes_what_is_on_it(
    filled: sqlite3.Connection, path: Path, table: str, lost: list[tuple[str, int | str | None]]
) -> None:
    """Each piece of it is told; an index takes nothing, as the table lists them too, nor do names, which it lists."""
    of_kind = {"block of numbers": 2, "chain of profiles": 6, "leak": 2, "file of evidence": 2}
    with contextlib.closing(overwritten(filled, path, table)) as reader:
        assert verify.faults(reader)
        assert verify.pieces(reader) > 0
        found = list(verify.examined(reader))
    told = [each for each in found if each is not None]
    assert [(each.what, each.id) for each in told] == lost
    assert {each.why for each in told} <= {"database disk image is malformed"}
    kinds = {kind for kind, _ in lost}
    assert found.count(None) == sum(count for kind, count in of_kind.items() if kind not in kinds)


def test_a_block_that_cannot_be_read_is_told_with_its_place(
    filled: sqlite3.Connection, path: Path, key: TargetKey
) -> None:
    """Whose it is and its last time are in the index; of a chain, its row tells."""
    with contextlib.closing(overwritten(filled, path, "blocks", "profiles")) as reader:
        blocks = [each for each in damaged(reader) if each.what == "block of numbers"]
        (chain,) = (each for each in damaged(reader) if each.what == "chain of profiles")
    assert [(each.key, each.span) for each in blocks] == [(key, (3540.25,) * 2), (key, (53540.25,) * 2)]
    assert (chain.key, chain.span, chain.name) == (key, (50000.5,) * 2, "chain of profiles 1 (heap)")


def test_pieces_that_cannot_be_listed_are_left(filled: sqlite3.Connection) -> None:
    """Nobody knows which they are."""
    unlisted = verify.Damaged("block of numbers", None, "database disk image is malformed")
    deleted = verify.take_out(filled, [unlisted])
    assert (deleted.points, deleted.snapshots) == (0, 0)
    assert damaged(filled) == []
