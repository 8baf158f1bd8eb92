"""Chains that are kept ready."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from leakdog.store.pack import Chain, closed, opened
from leakdog.store.sqlite import ready
from leakdog.store.sqlite.ready import STALE_SECONDS, Going, Ready
from leakdog.store.unnamed import UnnamedFile

TESTDATA = Path(__file__).parents[2] / "pprof" / "testdata"
HEAP, OTHER = ((TESTDATA / f"{name}-heap.pb.gz").read_bytes() for name in ("etcd", "prometheus"))


def chain() -> Chain:
    """A chain of one profile."""
    made = Chain()
    made.append(opened(HEAP))
    return made


@pytest.fixture
def file(tmp_path: Path) -> Iterator[UnnamedFile]:
    """A file with room for some twenty chains."""
    made = UnnamedFile(tmp_path, 20 * len(chain().packed()))
    yield made
    made.close()


def packed(found: Chain | None) -> bytearray:
    """A chain that is there, as it is put away."""
    assert found is not None
    return found.packed()


def going(chain_id: int = 7, length: int = 1, slot: float = 1.0) -> Going:
    """What a chain of so many links has."""
    return Going(chain_id, 0.0, 1.0, 1.0, length, slot, slot)


def put(kept: Ready, count: int) -> None:
    """Keep so many chains, of targets of these numbers."""
    for number in range(count):
        kept.put((number, "heap"), going(), chain())


def there(kept: Ready, numbers: Iterable[int]) -> int:
    """How many of these chains are still kept."""
    return sum(kept.chain((number, "heap")) is not None for number in numbers)


def test_a_chain_is_there_until_another_is(file: UnnamedFile) -> None:
    """With what tells whether a profile goes on with it."""
    kept, one = Ready(file), chain()
    kept.put((1, "heap"), going(7, 3), one)
    assert packed(kept.chain((1, "heap"))) == one.packed()
    assert kept.going((1, "heap")) == going(7, 3)
    kept.put((1, "heap"), going(8, 1), chain())
    assert kept.going((1, "heap")) == going(8, 1)
    kept.drop((1, "heap"))
    assert (kept.going((1, "heap")), kept.chain((1, "heap"))) == (None, None)


def test_a_chain_of_the_file_is_what_it_was(file: UnnamedFile) -> None:
    """Its profile comes back, and it can go on."""
    kept = Ready(file)
    put(kept, 2)
    for number in range(2):
        found = kept.chain((number, "heap"))
        assert found is not None
        assert closed(found.profile()) == closed(opened(HEAP))
        assert found.append(opened(HEAP)).dump() == (goes_on := chain()).append(opened(HEAP)).dump()
        assert found.packed() == goes_on.packed()


def test_those_that_are_in_a_full_file_stay(file: UnnamedFile, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, with what to do. They go on, and the others are read again each time."""
    kept = Ready(file)
    put(kept, 100)
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == ["raise that"]
    first = there(kept, range(100))
    assert 16 <= first <= 20
    assert there(kept, range(first)) == first
    put(kept, 100)
    assert there(kept, range(first)) == first


def test_in_a_full_file_a_chain_that_does_not_go_on_gives_its_place_to_another(file: UnnamedFile) -> None:
    """Its target may be gone. Those that went on within the hour stay."""
    kept = Ready(file)
    put(kept, 20)
    count, late = there(kept, range(20)), STALE_SECONDS + 10
    for number in range(5, count):
        kept.put((number, "heap"), going(7, 2, late), chain())
    for number in range(100, 140):
        kept.put((number, "heap"), going(7, 1, late), chain())
    assert there(kept, range(5)) == 0
    assert there(kept, range(5, count)) == count - 5
    assert there(kept, range(100, 140)) == 5


def test_what_a_series_had_before_takes_no_room(file: UnnamedFile) -> None:
    """A target that is restarted time and again drives no other out."""
    kept = Ready(file)
    put(kept, 8)
    for number in range(200):
        kept.put((number % 4, "heap"), going(1000 + number), chain())
    assert there(kept, range(8)) == 8


def test_nothing_is_kept_once_all_is_forgotten(file: UnnamedFile) -> None:
    """After a rollback, what is kept may be ahead of what is stored."""
    kept = Ready(file)
    put(kept, 2)
    kept.clear()
    assert there(kept, range(2)) == 0


def test_what_was_dropped_takes_no_disk(file: UnnamedFile) -> None:
    """Nor what has another in its place; the file is shorter then."""
    kept = Ready(file)
    for _ in range(20):
        put(kept, 3)
    kept.keep({0, 1, 2})
    assert 0 < file.size_bytes <= 3 * ((1 + ready.SPARE) * len(chain().packed()) + 512)
    kept.keep({0})
    assert there(kept, range(3)) == 1
    assert file.size_bytes <= (1 + ready.SPARE) * len(chain().packed()) + 512
    kept.clear()
    kept.keep({0})
    assert file.size_bytes == 0


@pytest.mark.parametrize(("damage", "told"), [(b"", "a part of it is missing"), (bytes(1 << 20), "damaged")])
def test_what_cannot_be_read_back_is_none(
    file: UnnamedFile, caplog: pytest.LogCaptureFixture, damage: bytes, told: str
) -> None:
    """The database has it too, and it is told."""
    kept = Ready(file)
    put(kept, 2)
    os.ftruncate(file.descriptor, 0)
    os.pwrite(file.descriptor, damage, 0)
    with caplog.at_level(logging.WARNING):
        assert there(kept, range(2)) == 0
    assert [told in record.message for record in caplog.records] == [True, True]


def test_a_chain_that_grows_a_little_stays_where_it_is(file: UnnamedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its place; and one whose place cannot be written is let go of."""
    kept, some = Ready(file), chain()
    put(kept, 3)
    length, taken = file.size_bytes, []
    monkeypatch.setattr(file, "free", lambda where, room: taken.append((where, room)))
    for _ in range(3):
        kept.put((1, "heap"), going(), some)
    assert (taken, file.size_bytes) == ([], length)
    monkeypatch.setattr(file, "write", refuse)
    kept.put((1, "heap"), going(), some)
    assert len(taken) == 1
    assert kept.going((1, "heap")) is None


def test_a_chain_that_has_no_room_in_its_place_moves(file: UnnamedFile) -> None:
    """And its place is free."""
    kept, grown = Ready(file), chain()
    put(kept, 2)
    length = file.size_bytes
    grown.append(opened(OTHER))
    assert len(grown.packed()) > (1 + ready.SPARE) * len(chain().packed())
    kept.put((0, "heap"), going(7, 2), grown)
    assert packed(kept.chain((0, "heap"))) == grown.packed()
    kept.drop((0, "heap"))
    kept.keep({1})
    put(kept, 1)
    assert (there(kept, [0, 1]), file.size_bytes) == (2, length)


def test_what_a_chain_has_in_the_file_is_not_written_again(file: UnnamedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one whose tables have no row more, only the values."""
    kept, written, write = Ready(file), [], file.write
    put(kept, 2)

    def counted(data: memoryview, where: int) -> None:
        written.append(len(data))
        write(data, where)

    monkeypatch.setattr(file, "write", counted)
    whole = len(chain().packed())
    for count in range(3):
        found = kept.chain((1, "heap"))
        assert found is not None
        assert closed(found.profile()) == closed(opened(HEAP))
        found.append(opened(HEAP))
        kept.put((1, "heap"), going(7, 2 + count), found)
    assert all(size < whole / 2 for size in written)
    assert len(written) == 3
    assert packed(kept.chain((1, "heap"))) == found.packed()


def refuse(*_: object) -> None:
    """A disk that takes nothing."""
    raise OSError(5, "Input/output error")
