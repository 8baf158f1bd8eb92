"""Numbers in a file without a name."""

from __future__ import annotations

import logging
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from leakdog.errors import StoreError
from leakdog.store.shelf import FileShelf, _Kept

LIMIT = 64 << 20


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[FileShelf]:
    """A shelf in a folder of its own."""
    made = FileShelf(tmp_path, LIMIT)
    yield made
    made.close()


def numbers(seed: int, count: int = 1000) -> np.ndarray:
    """Some numbers, a missing one among them."""
    made = np.random.default_rng(seed).standard_normal((4, count // 4)).astype(np.float32)
    made[0, 0] = np.nan
    return made


def kept(shelf: FileShelf, cells: np.ndarray, most: int = 4000) -> _Kept:
    """What was put away."""
    made = shelf(cells, most)
    assert isinstance(made, _Kept)
    return made


def test_numbers_come_back_bit_for_bit(shelf: FileShelf) -> None:
    """Each from its own place, in its shape, as views of other arrays too."""
    every = [numbers(seed) for seed in range(20)]
    every.append(numbers(21).T)
    away = [kept(shelf, cells) for cells in every]
    for cells, place in zip(every, away, strict=True):
        back = place.read()
        assert back.shape == cells.shape
        np.testing.assert_array_equal(back.view(np.uint32), np.ascontiguousarray(cells).view(np.uint32))


def test_a_place_is_used_again(shelf: FileShelf) -> None:
    """For other sizes too: the file is as large as what lies in it at one time, and nothing once nothing does."""
    away: list[_Kept] = []
    for rows in range(1, 13):
        del away[:]
        away += [kept(shelf, numbers(seed, 1000 * rows), 4000 * rows) for seed in range(50)]
    np.testing.assert_array_equal(away[7].read(), numbers(7, 12_000))
    assert 50 * 48_000 <= shelf.size_bytes <= 1.1 * 50 * 48_000
    del away[1:]
    shelf.give_back()
    assert shelf.size_bytes == os.fstat(shelf.file.descriptor).st_size <= 2 * 48_640
    del away
    shelf.give_back()
    assert shelf.size_bytes == os.fstat(shelf.file.descriptor).st_size == 0


def test_beyond_the_limit_numbers_stay_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is told once, also where old places are written meanwhile; what is given free is used."""
    shelf, cells = FileShelf(tmp_path, 3 * 4096), numbers(1)
    away = [kept(shelf, cells) for _ in range(3)]
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert shelf(cells, 4000) is cells
            del away[-1]
            away.append(kept(shelf, cells))
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == ["raise that"]
    assert shelf.size_bytes == 3 * 4096
    shelf.close()


def test_room_to_grow_takes_no_disk(shelf: FileShelf) -> None:
    """A place is as large as what will ever be put there; the disk has what was."""
    away = [kept(shelf, numbers(seed), most=1 << 20) for seed in range(10)]
    assert os.fstat(shelf.file.descriptor).st_blocks * 512 <= 10 * 2 * 4096
    away[0] = kept(shelf, numbers(0, 1 << 18), most=1 << 20)
    np.testing.assert_array_equal(away[0].read(), numbers(0, 1 << 18))
    np.testing.assert_array_equal(away[1].read(), numbers(1))


def test_what_tells_where_numbers_lie_takes_little(shelf: FileShelf) -> None:
    """There are two dozen of each target, of the same shapes: a hundred bytes each are two kilobytes of it."""
    cells = numbers(1)
    kept(shelf, cells)
    tracemalloc.start()
    try:
        away = [kept(shelf, cells) for _ in range(1000)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(away) < 110


def test_nobody_else_sees_the_file(shelf: FileShelf, tmp_path: Path) -> None:
    """It has no name, so that nothing is left behind however the process ends."""
    kept(shelf, numbers(1))
    assert [*tmp_path.iterdir()] == []


def test_a_full_disk_leaves_numbers_in_memory(
    shelf: FileShelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are given back, it is told once, and the place is used when the disk takes them again."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    cells = numbers(1)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("os.pwrite", full)
        assert shelf(cells, 4000) is cells
        patch.setattr("os.pwrite", lambda *_: 100)
        assert shelf(cells, 4000) is cells
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == ["No space left on device"]
    np.testing.assert_array_equal(kept(shelf, cells).read(), cells)
    assert shelf.size_bytes <= 4096


def test_what_cannot_be_read_back_is_an_error(shelf: FileShelf, tmp_path: Path) -> None:
    """A file that is shorter than what was put there, or closed."""
    place, other = kept(shelf, numbers(1)), FileShelf(tmp_path, LIMIT)
    os.ftruncate(shelf.file.descriptor, 100)
    with pytest.raises(StoreError, match="a part of it is missing; it starts afresh"):
        place.read()
    place = kept(other, numbers(1))
    other.close()
    with pytest.raises(StoreError, match="Bad file descriptor; it starts afresh"):
        place.read()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(StoreError, match="check its permissions, or set another"):
        FileShelf(tmp_path / "none", LIMIT)
