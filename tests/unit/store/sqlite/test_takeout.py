"""What a store's file holds, piece by piece."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.errors import StoreCorrupted
from leakdog.model import Kind, Leak, RawProfile, Scrape, Signal, TargetKey
from leakdog.store.contract import EvidenceFile
from leakdog.store.pack import closed, opened
from leakdog.store.sqlite import aging, bundles, takeout
from leakdog.store.sqlite.connection import PAGE_BYTES, connect_reader
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile

SHOP = Path(__file__).parents[2] / "attribute" / "shop"
HEAPS = [(SHOP / f"heap-{number}.pb.gz").read_bytes() for number in range(1, 7)]
Scrapes = Callable[..., Scrape]
Noted = list[tuple[str, int | str]]


@pytest.fixture
def filled(
    connection: sqlite3.Connection, make_scrape: Scrapes, make_leak: Callable[..., Leak], file: UnnamedFile
) -> sqlite3.Connection:
    """Six heap profiles that make a chain, one that was stored as it was sent, and a leak."""
    tables = Tables(connection, 10**12, file)
    for number, body in enumerate(HEAPS):
        tables.append(make_scrape(10.0 * number, body=body))
    mutex = (RawProfile(Kind.MUTEX, 60.0, b"no profile"),)
    tables.append(make_scrape(60.0, profiles=mutex, body=None))
    tables.put_leaks([make_leak()])
    return connection


def bodies(connection: sqlite3.Connection, noted: Noted) -> list[bytes | None]:
    """Every profile; None where it is damaged."""
    found = takeout.profiles(connection, lambda what, which, _: noted.append((what, which)))
    return [None if isinstance(body, StoreCorrupted) else body for _, body in found]


def test_everything_can_be_read(filled: sqlite3.Connection, key: TargetKey, make_leak: Callable[..., Leak]) -> None:
    """Profiles by kind, oldest first, the same as they were stored; numbers signal by signal; leaks."""
    noted: Noted = []
    assert bodies(filled, noted) == [*(closed(opened(body)) for body in HEAPS), b"no profile"]
    assert takeout.targets(filled) == {1: key}
    numbers = dict(takeout.numbers(filled, 1, lambda *_: None))
    assert {signal: len(found.times) for signal, found in numbers.items()} == {Signal.RSS: 7}
    assert list(takeout.leaks(filled, lambda *_: None)) == [(make_leak(), {})]
    assert noted == []


def test_damage_in_a_chain_takes_those_after_it(filled: sqlite3.Connection) -> None:
    """What comes before it in the chain, and other chains, are there."""
    filled.execute("UPDATE profiles SET data = x'01ff' WHERE id % 256 = 3")
    noted: Noted = []
    assert [body is None for body in bodies(filled, noted)] == [False, False, False, True, True, True, False]


def test_what_is_listed_no_more_is_passed_over(filled: sqlite3.Connection) -> None:
    """The profile of an expired snapshot stays for those that build on it, and is not given."""
    filled.execute("DELETE FROM snapshots WHERE id % 256 < 2 AND id < 512")
    noted: Noted = []
    assert bodies(filled, noted) == [*(closed(opened(body)) for body in HEAPS[2:]), b"no profile"]


def test_a_page_that_cannot_be_read_takes_one_block_with_it(
    connection: sqlite3.Connection, make_scrape: Scrapes, path: Path, file: UnnamedFile
) -> None:
    """Of a file that SQLite finds damaged all other blocks are given, and the one is noted."""
    tables, dice = Tables(connection, 10**12, file), random.Random(1)
    for row in range(3 * 700):
        tables.append(make_scrape(60.0 * row, body=None, values={Signal.RSS: float(dice.getrandbits(40))}))
        if row % 700 == 699:
            aging.seal(connection, 1, 1e6)
            connection.execute("UPDATE blocks SET row_count = 720")  # the next rows begin another
            tables.forget_blocks()
    (data,) = connection.execute("SELECT data FROM blocks WHERE id = 2").fetchone()
    connection.close()
    file = bytearray(path.read_bytes())
    page = file.index(data[-2000:-1980]) // PAGE_BYTES * PAGE_BYTES
    file[page : page + PAGE_BYTES] = b"\xff" * PAGE_BYTES
    path.write_bytes(file)
    noted: Noted = []
    with contextlib.closing(connect_reader(path)) as reader:
        found = dict(takeout.numbers(reader, 1, lambda what, which, _: noted.append((what, which))))
    assert noted == [("block of numbers", 2)]
    assert found[Signal.RSS].times.tolist() == [60.0 * row + 0.25 for row in range(2100) if row // 700 != 1]


def test_a_page_that_cannot_be_read_takes_few_leaks_with_it(
    connection: sqlite3.Connection, path: Path, make_leak: Callable[..., Leak], file: UnnamedFile
) -> None:
    """All other leaks are given with their evidence; those on the page, and one with nonsense in it, are noted."""
    leaks = [make_leak(f"leak-{number:02}", reasons=(f"reason {number:02} " * 20,)) for number in range(40)]
    Tables(connection, 10**12, file).put_leaks(leaks)
    connection.execute("UPDATE leaks SET body = '{' WHERE id = 'leak-39'")
    bundles.put(connection, "leak-00", {"chart.svg": zlib.compress(b"<svg/>")}, 7.0, leak_bytes=10**6, all_bytes=10**6)
    connection.close()
    file = bytearray(path.read_bytes())
    page = file.index(b"reason 20 ") // PAGE_BYTES * PAGE_BYTES
    file[page : page + PAGE_BYTES] = b"\xff" * PAGE_BYTES
    path.write_bytes(file)
    noted: Noted = []
    with contextlib.closing(connect_reader(path)) as reader:
        found = dict(takeout.leaks(reader, lambda what, which, _: noted.append((what, which))))
    lost = {which for _, which in noted}
    assert {what for what, _ in noted} == {"leak"}
    assert {"leak-20", "leak-39"} <= lost
    assert len(lost) < 6
    assert list(found) == [leak for leak in leaks if leak.id not in lost]
    assert found[leaks[0]] == {"chart.svg": EvidenceFile(7.0, b"<svg/>")}


def test_evidence_that_cannot_be_read_leaves_its_leak(
    filled: sqlite3.Connection, path: Path, make_leak: Callable[..., Leak]
) -> None:
    """The leak is given without its files, and these are noted."""
    data = random.Random(1).randbytes(5000)
    packed = {"heap-latest.pb.gz": zlib.compress(data)}
    bundles.put(filled, make_leak().id, packed, 7.0, leak_bytes=10**6, all_bytes=10**6)
    filled.close()
    file = bytearray(path.read_bytes())
    page = file.index(packed["heap-latest.pb.gz"][:20]) // PAGE_BYTES * PAGE_BYTES
    file[page : page + PAGE_BYTES] = b"\xff" * PAGE_BYTES
    path.write_bytes(file)
    noted: Noted = []
    with contextlib.closing(connect_reader(path)) as reader:
        found = list(takeout.leaks(reader, lambda what, which, _: noted.append((what, which))))
    assert found == [(make_leak(), {})]
    assert noted == [("file of evidence", f"the files of leak {make_leak().id}")]


def spoil(connection: sqlite3.Connection, path: Path, *names: str) -> None:
    """Overwrite the first page of tables and indexes, and close the file."""
    roots = [
        connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0] for name in names
    ]
    connection.close()
    file = bytearray(path.read_bytes())
    for root in roots:
        file[(root - 1) * PAGE_BYTES : root * PAGE_BYTES] = b"\xff" * PAGE_BYTES
    path.write_bytes(file)


@pytest.mark.parametrize("index", ["chains_by_target", "blocks_by_target", "sqlite_autoindex_leaks_1"])
def test_an_index_that_cannot_be_read_takes_nothing_with_it(
    filled: sqlite3.Connection, path: Path, make_leak: Callable[..., Leak], index: str
) -> None:
    """What it would list is listed by the table."""
    aging.seal(filled, 1, 1e6)
    spoil(filled, path, index)
    noted: Noted = []
    with contextlib.closing(connect_reader(path)) as reader:
        assert bodies(reader, noted) == [*(closed(opened(body)) for body in HEAPS), b"no profile"]
        numbers = dict(takeout.numbers(reader, 1, lambda what, which, _: noted.append((what, which))))
        assert list(takeout.leaks(reader, lambda *_: None)) == [(make_leak(), {})]
    assert len(numbers[Signal.RSS].times) == 7
    assert noted == []


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [(["targets"], True), (["sqlite_autoindex_targets_1"], True), (["targets", "sqlite_autoindex_targets_1"], False)],
)
def test_names_that_cannot_be_read_take_nothing_with_them(
    filled: sqlite3.Connection, key: TargetKey, path: Path, spoiled: list[str], named: bool
) -> None:
    """They are in an index too; and where that is lost as well, what is of a target has its number."""
    spoil(filled, path, *spoiled)
    noted: Noted = []
    wanted = key if named else TargetKey("target", "1")
    with contextlib.closing(connect_reader(path)) as reader:
        assert takeout.targets(reader) == {1: wanted}
        found = list(takeout.profiles(reader, lambda what, which, _: noted.append((what, which))))
        numbers = dict(takeout.numbers(reader, 1, lambda what, which, _: noted.append((what, which))))
    assert [snapshot.key for snapshot, _ in found] == [wanted] * 7
    assert [body for _, body in found] == [*(closed(opened(body)) for body in HEAPS), b"no profile"]
    assert (len(numbers[Signal.RSS].times), noted) == (7, [])
