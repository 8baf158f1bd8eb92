"""Profiles of a real kind: which chain each goes on with, and that each comes back."""

from __future__ import annotations

import gzip
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from leakdog.errors import StoreCorrupted
from leakdog.model import Kind, Life, RawProfile, Scrape, Snapshot, TargetKey
from leakdog.pprof import DEFAULT_LIMITS, parse
from leakdog.pprof.profile import ReadProfile
from leakdog.pprof.wire import delimited, integer, packed
from leakdog.store.pack import closed, opened
from leakdog.store.sqlite import chains, deletes, reads, thinning, writes
from leakdog.store.sqlite.connection import connect_writer
from leakdog.store.sqlite.writes import Tables
from leakdog.store.unnamed import UnnamedFile

TESTDATA = Path(__file__).parents[2] / "pprof" / "testdata"
HEAP = (TESTDATA / "etcd-heap.pb.gz").read_bytes()
GOROUTINE = (TESTDATA / "prometheus-goroutine.pb.gz").read_bytes()
Add = Callable[..., Snapshot]


def profile(slot: float) -> bytes:
    """A profile that leaks a byte a slot, and has a new function every tenth."""
    functions = [b"main.f%d" % number for number in range(1 + int(slot) // 10)]
    strings = [b"", b"space", b"bytes", *functions]
    numbers = range(1, len(functions) + 1)
    pieces = [delimited(1, integer(1, 1) + integer(2, 2))]
    pieces += [delimited(2, packed(1, [number]) + packed(2, [int(slot) * number])) for number in numbers]
    pieces += [delimited(4, integer(1, number) + delimited(4, integer(1, number))) for number in numbers]
    pieces += [delimited(5, integer(1, number) + integer(2, number + 2)) for number in numbers]
    return gzip.compress(b"".join([*pieces, *(delimited(6, text) for text in strings), integer(9, int(slot) + 1)]))


@pytest.fixture
def tables(connection: sqlite3.Connection, file: UnnamedFile) -> Tables:
    """The tables of an empty database without a limit."""
    return Tables(connection, 10**12, file)


@pytest.fixture
def add(tables: Tables, make_scrape: Callable[..., Scrape]) -> Add:
    """Append one profile at a slot, and give its snapshot."""

    def append(slot: float, body: bytes | None = None, **changes: object) -> Snapshot:
        profiles = (RawProfile(Kind.HEAP, slot, profile(slot) if body is None else body),)
        (snapshot,) = tables.append(make_scrape(slot, **({"profiles": profiles} | changes)))
        return snapshot

    return append


def places(snapshots: Iterator[Snapshot] | list[Snapshot]) -> list[tuple[int, int]]:
    """Chain and place of each snapshot."""
    return [divmod(snapshot.id, chains.PLACES) for snapshot in snapshots]


def kept(connection: sqlite3.Connection) -> int:
    """Bytes of all profiles as they are stored."""
    return int(connection.execute("SELECT sum(length(data)) FROM profiles").fetchone()[0])


def test_every_profile_of_a_chain_comes_back(connection: sqlite3.Connection, add: Add) -> None:
    """Each as it was, in any order of reading, across the end of a chain; and each of its own size."""
    snapshots = [add(float(slot)) for slot in range(1, 101)]
    for slot, snapshot in reversed(list(enumerate(snapshots, 1))):
        assert closed(opened(profile(slot))) == reads.profile(connection, snapshot.id)
        assert len(profile(slot)) == snapshot.size_bytes
    assert places(snapshots) == [(1 + number // chains.LINKS, number % chains.LINKS) for number in range(100)]


def test_a_chain_takes_a_fraction_of_the_bodies(connection: sqlite3.Connection, add: Add) -> None:
    """A real heap profile again and again costs what is new in it."""
    for slot in range(64):
        add(float(slot), HEAP)
    assert kept(connection) < len(HEAP) * 64 / 50


def test_the_state_is_read_again_where_it_was_forgotten(
    connection: sqlite3.Connection, tables: Tables, add: Add
) -> None:
    """After a rollback, and in a new daemon, a chain goes on where it was, with the same links."""
    for slot in range(1, 20):
        add(float(slot))
    connection.execute("BEGIN")
    add(20.0)
    connection.execute("ROLLBACK")
    tables.forget()
    snapshots = [add(20.0), add(21.0)]
    assert places(snapshots) == [(1, 19), (1, 20)]
    assert closed(opened(profile(21.0))) == reads.profile(connection, snapshots[1].id)


def test_a_rolled_back_link_is_not_built_on(connection: sqlite3.Connection, tables: Tables, add: Add) -> None:
    """Also where the next profile takes the very place of the one that was undone."""
    add(1.0)
    connection.execute("BEGIN")
    add(99.0)
    connection.execute("ROLLBACK")
    tables.forget()
    snapshot = add(2.0)
    assert places([snapshot]) == [(1, 1)]
    assert closed(opened(profile(2.0))) == reads.profile(connection, snapshot.id)


def test_another_process_begins_another_chain(connection: sqlite3.Connection, add: Add) -> None:
    """So do another kind, another target, other sample types, and a gap of more than half a day."""
    profiles = (RawProfile(Kind.GOROUTINE, 3.0, GOROUTINE),)
    snapshots = [
        add(1.0),
        add(2.0, life=Life(1.5, 1.5)),
        add(3.0, profiles=profiles, life=Life(1.5, 1.5)),
        add(4.0, key=TargetKey("shop", "db")),
        add(5.0, HEAP, life=Life(1.5, 1.5)),
        add(5.0 + chains.SPAN_SECONDS, HEAP, life=Life(1.5, 1.5)),
        add(5.5 + chains.SPAN_SECONDS, HEAP, life=Life(1.5, 1.5)),
    ]
    assert places(snapshots) == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (5, 1), (6, 0)]


def test_a_profile_that_was_read_is_not_read_again(connection: sqlite3.Connection, add: Add) -> None:
    """What is stored is what was read of it, and the same as of its bytes."""
    for key, body in ((TargetKey("shop", "bytes"), HEAP), (TargetKey("shop", "read"), b"unreadable")):
        for slot in (1.0, 2.0):
            add(slot, key=key, profiles=(ReadProfile(Kind.HEAP, slot, body, parse(HEAP)),))
    stored = [data for (data,) in connection.execute("SELECT data FROM profiles ORDER BY id")]
    assert stored[:2] == stored[2:]
    assert closed(opened(HEAP)) == reads.profile(connection, 2 * chains.PLACES)


def test_a_profile_that_was_not_read_whole_is_read_again(connection: sqlite3.Connection, add: Add) -> None:
    """A stack that was cut is stored whole."""
    shallow = parse(HEAP, replace(DEFAULT_LIMITS, depth=2))
    snapshot = add(1.0, profiles=(ReadProfile(Kind.HEAP, 1.0, HEAP, shallow),))
    assert closed(opened(HEAP)) == reads.profile(connection, snapshot.id)


def test_a_body_that_is_no_profile_has_a_chain_of_its_own(connection: sqlite3.Connection, add: Add) -> None:
    """It is stored as it was sent, and so is one that is too large."""
    large = gzip.compress(gzip.decompress(HEAP) + delimited(6, b"x" * 300_000), compresslevel=0)
    snapshots = [add(1.0), add(2.0, b"junk"), add(3.0), add(4.0, large)]
    assert places(snapshots) == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert reads.profile(connection, snapshots[1].id) == b"junk"
    assert reads.profile(connection, snapshots[3].id) == large


def test_a_slot_stored_before_is_found(connection: sqlite3.Connection, tables: Tables, add: Add) -> None:
    """Whichever it is of a chain, and after everything was forgotten; an earlier one that is new is stored."""
    snapshots = [add(float(slot)) for slot in (10, 20, 30)]
    tables.forget()
    assert snapshots == [add(float(slot)) for slot in (10, 20, 30)]
    late = add(15.0)
    assert closed(opened(profile(15.0))) == reads.profile(connection, late.id)
    assert [s.time for s in reads.snapshots(connection, None, None, None, None, 9)] == [30.0, 20.0, 15.0, 10.0]
    assert late == add(15.0)


def test_chains_that_lie_side_by_side_are_listed_by_time(connection: sqlite3.Connection, add: Add) -> None:
    """The newest of all targets come first, however many a limit lets through."""
    for slot in range(1, 200):
        add(float(slot), key=TargetKey("shop", str(slot % 3)))
    for limit in (1, 5, 70, 1000):
        listed = [snapshot.time for snapshot in reads.snapshots(connection, None, None, None, 180.0, limit)]
        assert listed == [float(slot) for slot in range(180, 0, -1)][:limit]


@pytest.mark.parametrize("room", [0, 3_000])
def test_chains_go_on_in_whatever_room_there_is(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], tmp_path: Path, room: int
) -> None:
    """With a file that has room for none or for a few, profiles of many targets go on all the same."""
    file = UnnamedFile(tmp_path, room)
    tables, snapshots = Tables(connection, 10**12, file), []
    for slot in map(float, range(1, 41)):
        profiles = (RawProfile(Kind.HEAP, slot, profile(slot)),)
        snapshots += tables.append(make_scrape(slot, key=TargetKey("shop", str(slot % 4)), profiles=profiles))
    assert 0 <= file.longest <= room
    file.close()
    assert {chain for chain, _ in places(snapshots)} == {1, 2, 3, 4}
    assert {place for _, place in places(snapshots)} == set(range(10))
    for slot, snapshot in enumerate(snapshots, 1):
        assert closed(opened(profile(slot))) == reads.profile(connection, snapshot.id)


def test_a_damaged_chain_is_told_and_left(connection: sqlite3.Connection, tables: Tables, add: Add) -> None:
    """Reading says what is damaged, what lies before it is there, and what comes begins anew."""
    snapshots = [add(float(slot)) for slot in range(1, 6)]
    connection.execute("UPDATE profiles SET data = x'01ff' WHERE id = ?", (snapshots[2].id,))
    tables.forget()
    assert closed(opened(profile(2))) == reads.profile(connection, snapshots[1].id)
    with pytest.raises(StoreCorrupted, match="a chain of profiles is damaged"):
        reads.profile(connection, snapshots[3].id)
    snapshot = add(6.0)
    assert places([snapshot]) == [(2, 0)]
    assert closed(opened(profile(6))) == reads.profile(connection, snapshot.id)


def test_what_expires_of_a_chain_is_listed_no_more(connection: sqlite3.Connection, add: Add) -> None:
    """Its younger profiles are read as before, and once all have expired nothing is left of it."""
    snapshots = [add(float(slot)) for slot in range(1, 11)]
    assert deletes.expire_snapshots(connection, 6.0).snapshots == 5
    assert deletes.expire_snapshots(connection, 6.0) == deletes.NOTHING
    assert reads.profile(connection, snapshots[4].id) is None
    assert closed(opened(profile(6))) == reads.profile(connection, snapshots[5].id)
    assert [s.time for s in reads.snapshots(connection, None, None, None, None, 99)] == [10.0, 9.0, 8.0, 7.0, 6.0]
    assert deletes.expire_snapshots(connection, 11.0).snapshots == 5
    for table in ("snapshots", "profiles", "chains"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert connection.execute("SELECT snapshots FROM totals").fetchone() == (0,)


def test_a_chain_deleted_under_its_writer_is_not_gone_on_with(connection: sqlite3.Connection, add: Add) -> None:
    """Room that is made takes whole chains, and the next profile begins one that can be read."""
    first = [add(float(slot)) for slot in range(1, 4)]
    assert deletes.make_room(connection).snapshots == 3
    snapshot = add(4.0)
    assert [first[0].id < snapshot.id, *places([snapshot])] == [True, (2, 0)]
    assert closed(opened(profile(4))) == reads.profile(connection, snapshot.id)


def test_a_chain_whose_last_profile_is_not_listed_has_ended(
    connection: sqlite3.Connection, tables: Tables, add: Add
) -> None:
    """Nothing tells then when that was."""
    add(1.0)
    connection.execute("DELETE FROM snapshots WHERE id = ?", (add(2.0).id,))
    tables.forget()
    assert places([add(3.0)]) == [(2, 0)]


def test_ids_rise(add: Add) -> None:
    """Within a chain and from one to the next."""
    snapshots = [add(float(slot)) for slot in range(1, 140)]
    assert all(before.id < after.id for before, after in pairwise(snapshots))


def test_what_is_remembered_is_what_is_stored(
    tmp_path: Path, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """Late profiles, other lives, junk, chains deleted or thinned: each goes where a new daemon would put it."""
    draw = random.Random(5)
    made = [connect_writer(tmp_path / name, 1_000_000_000) for name in ("remembers", "forgets")]
    remembers, forgets = (Tables(each, 10**12, file) for each in made)
    ids: list[tuple[int, ...]] = []
    for slot in range(1, 250):
        late = float(slot if draw.random() < 0.9 else draw.randint(1, slot))
        life, body = Life(float(slot // 40), 0.0), b"junk" if draw.random() < 0.05 else profile(late)
        profiles = (RawProfile(Kind.HEAP, late, body),)
        scrape = make_scrape(late, profiles=profiles, life=life, key=TargetKey("shop", str(draw.randrange(3))))
        forgets.forget()
        (one,), (other,) = remembers.append(scrape), forgets.append(scrape)
        ids.append((one.id, other.id))
        gone, how = draw.randrange(1 + one.id // chains.PLACES), draw.random()
        for connection in made:
            if how < 0.05:
                deletes.delete_chains(connection, [gone])
            elif how < 0.1:
                thinning.thin(connection, gone, 60)
    assert all(one == other for one, other in ids)
    assert made[0].execute("SELECT * FROM profiles").fetchall() == made[1].execute("SELECT * FROM profiles").fetchall()
    assert len({one // chains.PLACES for one, _ in ids}) > 30
    for connection in made:
        connection.close()


def test_what_is_taken_is_counted_now_and_then(
    connection: sqlite3.Connection,
    make_scrape: Callable[..., Scrape],
    monkeypatch: pytest.MonkeyPatch,
    file: UnnamedFile,
) -> None:
    """Not for each scrape, but before as much may have been written as matters; states are written too."""
    counted = []
    monkeypatch.setattr(writes, "used_bytes", lambda _: counted.append(1) or 0)
    tables = Tables(connection, limit := 50_000_000, file)
    scrapes = [make_scrape(float(slot), profiles=(RawProfile(Kind.HEAP, slot, HEAP),)) for slot in range(100)]
    for scrape in scrapes:
        tables.append(scrape)
    expected = sum(map(writes.scrape_bytes, scrapes)) / (writes.COUNTED_SHARE * limit)
    assert expected <= len(counted) <= expected + 2 < len(scrapes) / 4
    before = len(counted)
    tables.put_states({"state": bytes(limit // 100)})
    tables.append(scrapes[0])
    assert len(counted) == before + 1
