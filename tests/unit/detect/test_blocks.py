"""Numbers of the last blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from leakdog.detect.blocks import LEAST_ROOM, NEVER, Blocks, Ring, arranged
from leakdog.detect.cells import LEAST_KEPT, Floats, Kept


def test_the_last_blocks_come_back_and_what_was_left_out_is_missing() -> None:
    """Of 100 blocks 20 are told, oldest first, with a gap where none was put."""
    blocks = Blocks(1, 20)
    for index in (*range(90), *range(95, 100)):
        blocks.put(index)[:] = index
    np.testing.assert_array_equal(blocks.tail(100)[0], [*range(80, 90), *[np.nan] * 5, *range(95, 100)])


@pytest.mark.parametrize(
    ("end", "known"), [(8, [5, 6, 7]), (10, [7, np.nan, np.nan]), (7, [4, 5, 6]), (99, [np.nan] * 3)]
)
def test_blocks_are_told_up_to_any_end(end: int, known: list[float]) -> None:
    """Up to one that is to come there are gaps at the end; up to one that has gone, what came later is left out."""
    blocks = Blocks(1, 20)
    for index in range(8):
        blocks.put(index)[:] = index
    np.testing.assert_array_equal(blocks.tail(end)[0, -3:], known)


def test_memory_that_grows_loses_no_block() -> None:
    """However it has grown, with gaps and all, it holds the same blocks as one that had its full length at once."""
    grown, whole = Blocks(2, 192), Blocks(2, 192)
    whole.cells = np.full((2, 192), np.nan, np.float32)
    rng, index = np.random.default_rng(1), 100
    for step in rng.choice([1, 2, 20, 300], size=900, p=[0.8, 0.18, 0.01, 0.01]):
        index += int(step)
        for blocks in (grown, whole):
            blocks.put(index)[:] = index, -index
        assert np.array_equal(grown.tail(index + 1), whole.tail(index + 1), equal_nan=True)


def test_memory_is_taken_as_blocks_come() -> None:
    """A block takes room for a few, and after a gap in which all others have gone no more than that."""
    blocks = Blocks(1, 192)
    blocks.put(7)
    assert blocks.cells.shape == (1, LEAST_ROOM)
    for index in range(8, 100):
        blocks.put(index)[:] = 1.0
    assert 93 <= blocks.cells.shape[1] < 130
    blocks.put(1000)
    assert blocks.cells.shape == (1, LEAST_ROOM)
    blocks.forget()
    assert blocks.cells.size == 0


class Shelf:
    """Stands in for a shelf: counts what is put away, and in places of which size."""

    def __init__(self) -> None:
        self.places: list[int] = []

    def __call__(self, cells: Floats, most: int) -> Kept:
        """Keep a copy."""
        self.places.append(most)
        return Copy(cells.copy())


class Copy:
    """Numbers that were put away."""

    def __init__(self, cells: Floats) -> None:
        self._cells = cells
        self.shape = cells.shape

    def read(self) -> Floats:
        """The numbers, anew each time."""
        return self._cells.copy()


def test_blocks_that_are_put_away_are_the_same() -> None:
    """They come back bit for bit when they are read, and new ones are put as before; few are not worth it."""
    away, plain, shelf = Blocks(12, 336), Blocks(12, 336), Shelf()
    rng = np.random.default_rng(1)
    for index in range(400):
        values = rng.standard_normal(12)
        for blocks in (away, plain):
            blocks.put(index)[:] = np.where(values > 2, np.nan, values)
        away.put_away(shelf)
        assert isinstance(away._held, Copy) == (plain.cells.nbytes >= LEAST_KEPT)
        np.testing.assert_array_equal(away.tail(index + 1), plain.tail(index + 1))
    np.testing.assert_array_equal(away.cells.view(np.uint32), plain.cells.view(np.uint32))


def test_a_place_has_room_for_all_blocks_that_are_to_come() -> None:
    """Rings grow for two weeks: in places of their present size they would leave one behind with each step."""
    blocks, shelf = Blocks(12, 336), Shelf()
    for index in range(400):
        blocks.put(index)[:] = index
        blocks.put_away(shelf)
    assert {*shelf.places} == {12 * 336 * 4}


def test_what_is_forgotten_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new life does not fail on numbers that it throws away."""
    blocks = Blocks(12, 336)
    for index in range(100):
        blocks.put(index)[:] = index
    blocks.put_away(Shelf())
    monkeypatch.delattr(Copy, "read")
    blocks.forget()
    assert blocks.cells.shape == (12, 0)


def test_an_index_has_its_column() -> None:
    """A block that is not known any more is at the first column, one to come after the last."""
    blocks = Blocks(1, 20)
    for index in range(50):
        blocks.put(index)[:] = index
    assert [blocks.column(index) for index in (NEVER, 30, 49, 50, 99)] == [0, 0, 19, 20, 20]


def test_a_closed_block_has_lows_and_the_mean_load() -> None:
    """A series without a reading in it is missing there, and a load that is not known does not count."""
    ring = Ring(2, 20, 60.0)
    ring.open(5)
    for load in (1.0, math.nan, 3.0):
        ring.add(load)
    assert ring.close(np.array([7.0, math.inf])) == 2.0
    np.testing.assert_array_equal(ring.cells[:, -1], [7.0, np.nan, 2.0])


def test_rows_are_kept_in_the_order_that_is_asked_for() -> None:
    """Rows come back in the order told, and -1 is a new one, along any axis, also where there was none."""
    cells = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(arranged(cells, np.array([1, -1, 0]), 9.0), [[3, 4], [9, 9], [1, 2]])
    np.testing.assert_array_equal(arranged(cells, np.array([1, -1]), 9.0, axis=-1), [[2, 9], [4, 9]])
    assert arranged(np.empty((0, 3)), np.array([-1, -1]), 9.0).tolist() == [[9.0] * 3] * 2
