"""Chains that are kept ready."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from leakdog.store.pack import Chain, closed, opened
from leakdog.store.sqlite import ready
from leakdog.store.sqlite.ready import Going, Ready
from leakdog.store.unnamed import UnnamedFile

HEAP = (Path(__file__).parents[2] / "pprof" / "testdata" / "etcd-heap.pb.gz").read_bytes()


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


def going(chain_id: int = 7, length: int = 1) -> Going:
    """What a chain of so many links has."""
    return Going(chain_id, 0.0, 1.0, 1.0, length, float(length), float(length))


def put(kept: Ready, count: int) -> None:
    """Keep so many chains, of targets of these numbers."""
    for number in range(count):
        kept.put((number, "heap"), going(), chain())


def there(kept: Ready, numbers: Iterable[int]) -> int:
    """How many of these chains are still kept."""
    return sum(kept.chain((number, "heap")) is not None for number in numbers)


def test_a_chain_is_there_until_another_is() -> None:
    """With what tells whether a profile goes on with it."""
    kept, one = Ready(), chain()
    kept.put((1, "heap"), going(7, 3), one)
    assert packed(kept.chain((1, "heap"))) == one.packed()
    assert kept.going((1, "heap")) == going(7, 3)
    kept.put((1, "heap"), going(8, 1), chain())
    assert kept.going((1, "heap")) == going(8, 1)
    kept.drop((1, "heap"))
    assert (kept.going((1, "heap")), kept.chain((1, "heap"))) == (None, None)


def test_a_chain_of_the_file_is_what_it_was(monkeypatch: pytest.MonkeyPatch, file: UnnamedFile) -> None:
    """Its profile comes back, and it can go on."""
    monkeypatch.setattr(ready, "READY_BYTES", int(1.5 * len(chain().packed())))
    kept = Ready(file)
    put(kept, 2)
    for number in range(2):
        found = kept.chain((number, "heap"))
        assert found is not None
        assert closed(found.profile()) == closed(opened(HEAP))
        assert found.append(opened(HEAP)).dump() == (goes_on := chain()).append(opened(HEAP)).dump()
        assert found.packed() == goes_on.packed()


def test_without_a_file_there_is_room_in_memory_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are read again from the database."""
    monkeypatch.setattr(ready, "READY_BYTES", 3 * len(chain().packed()))
    kept = Ready()
    put(kept, 100)
    assert there(kept, range(100)) == 3


def test_the_last_chain_is_kept_whatever_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large one goes on without being read again, with room for none."""
    monkeypatch.setattr(ready, "READY_BYTES", 1)
    kept = Ready()
    put(kept, 3)
    assert there(kept, range(3)) == 1


def test_who_has_room_keeps_it_while_it_goes_on(monkeypatch: pytest.MonkeyPatch, file: UnnamedFile) -> None:
    """Others lie in the file; but now and then one takes the place of another, as that one's target may be gone."""
    monkeypatch.setattr(ready, "READY_BYTES", int(1.5 * len(chain().packed())))
    kept = Ready(file)
    put(kept, 2)
    assert file.longest > 0
    kept.put((0, "heap"), going(), chain())
    os.ftruncate(file.descriptor, 0)  # what lies in the file is lost, one after the other
    assert there(kept, [0]) == 1
    put(kept, 2)
    for _ in range(20 * ready.EXCHANGED):
        kept.put((1, "heap"), going(), chain())
    os.ftruncate(file.descriptor, 0)
    assert there(kept, [1]) == 1
    assert there(kept, [0]) == 0


def test_what_a_series_had_before_takes_no_room(monkeypatch: pytest.MonkeyPatch, file: UnnamedFile) -> None:
    """Also where it was in the file: a target that is restarted time and again drives no other out."""
    monkeypatch.setattr(ready, "READY_BYTES", 3 * len(chain().packed()))
    kept = Ready(file)
    put(kept, 8)
    for number in range(200):
        kept.put((number % 4, "heap"), going(1000 + number), chain())
    assert there(kept, range(4, 8)) == 4


def test_nothing_is_kept_once_all_is_forgotten() -> None:
    """After a rollback, what is in memory may be ahead of what is stored."""
    kept = Ready()
    put(kept, 2)
    kept.clear()
    assert there(kept, range(2)) == 0


def test_what_has_no_room_in_memory_comes_back_from_the_file(
    monkeypatch: pytest.MonkeyPatch, file: UnnamedFile
) -> None:
    """As it was; and its place is free then."""
    monkeypatch.setattr(ready, "READY_BYTES", len(chain().packed()))
    kept = Ready(file)
    for _ in range(5):
        put(kept, 15)
        assert file.size_bytes > 8 * len(chain().packed())
        found = [kept.chain((number, "heap")) for number in range(15)]
        assert {closed(each.profile()) for each in found if each is not None} == {closed(opened(HEAP))}
        assert None not in found
        for number in range(15):
            kept.drop((number, "heap"))
        kept.shorten()
        assert file.size_bytes == 0


def test_a_full_file_keeps_some(
    monkeypatch: pytest.MonkeyPatch, file: UnnamedFile, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once, with what to do; and whoever comes later is kept as often as those before."""
    monkeypatch.setattr(ready, "READY_BYTES", len(chain().packed()))
    kept = Ready(file)
    put(kept, 100)
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == ["raise that"]
    late = there(kept, range(50, 100))
    early = there(kept, range(50))
    assert 8 <= early + late <= 24
    assert late >= early


@pytest.mark.parametrize(("damage", "told"), [(b"", "a part of it is missing"), (bytes(1 << 20), "damaged")])
def test_what_cannot_be_read_back_is_none(
    monkeypatch: pytest.MonkeyPatch, file: UnnamedFile, caplog: pytest.LogCaptureFixture, damage: bytes, told: str
) -> None:
    """The database has it too, and it is told."""
    monkeypatch.setattr(ready, "READY_BYTES", 1)
    kept = Ready(file)
    put(kept, 3)
    os.ftruncate(file.descriptor, 0)
    os.pwrite(file.descriptor, damage, 0)
    with caplog.at_level(logging.WARNING):
        assert there(kept, range(3)) == 1
    assert [told in record.message for record in caplog.records] == [True, True]


def test_what_is_forgotten_takes_no_disk(monkeypatch: pytest.MonkeyPatch, file: UnnamedFile) -> None:
    """Nor does what has another in its place."""
    monkeypatch.setattr(ready, "READY_BYTES", 1)
    kept = Ready(file)
    for _ in range(20):
        put(kept, 3)
    kept.shorten()
    assert 0 < file.size_bytes <= 3 * ((1 + ready.SPARE) * len(chain().packed()) + 512)
    kept.clear()
    kept.shorten()
    assert file.size_bytes == 0


def test_what_cannot_be_packed_takes_no_disk_for_good(monkeypatch: pytest.MonkeyPatch, file: UnnamedFile) -> None:
    """The place of the chain before it is given back with all others."""
    monkeypatch.setattr(ready, "READY_BYTES", int(1.5 * len(chain().packed())))
    kept = Ready(file)
    put(kept, 4)
    made = chain()

    def full() -> bytearray:
        raise MemoryError

    monkeypatch.setattr(made, "packed", full)
    for number in range(4):
        with pytest.raises(MemoryError):
            kept.put((number, "heap"), going(), made)
    kept.clear()
    kept.shorten()
    assert file.size_bytes == 0


def test_a_chain_that_grows_a_little_stays_where_it_is(monkeypatch: pytest.MonkeyPatch, file: UnnamedFile) -> None:
    """In its place; one that has no room there any more moves, and one whose place cannot be written takes none."""
    monkeypatch.setattr(ready, "READY_BYTES", 1)
    monkeypatch.setattr(ready, "EXCHANGED", 10**9)  # what is drawn is not 0 then
    kept, some = Ready(file), chain()
    put(kept, 3)
    length, taken = file.size_bytes, []
    monkeypatch.setattr(file, "free", lambda where, room: taken.append((where, room)))
    for _ in range(3):
        kept.put((1, "heap"), going(), some)
    assert (taken, file.size_bytes) == ([], length)
    monkeypatch.setattr(file, "write", refuse)
    kept.put((1, "heap"), going(), some)
    assert len(taken) == 2  # its own, and one to make room
    assert kept.going((1, "heap")) is None


def test_what_a_chain_has_in_the_file_is_not_written_again(monkeypatch: pytest.MonkeyPatch, file: UnnamedFile) -> None:
    """Of one whose tables have no row more, only the values."""
    monkeypatch.setattr(ready, "READY_BYTES", 1)
    monkeypatch.setattr(ready, "EXCHANGED", 10**9)  # what is drawn is not 0 then
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
