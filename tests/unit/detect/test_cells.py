"""Numbers that lie elsewhere than in memory while nobody changes them."""

from __future__ import annotations

import numpy as np

from leakdog.detect.cells import LEAST_KEPT, Cells, Floats

MANY = np.arange(LEAST_KEPT, dtype=np.float32)


class Place:
    """Stands in for what is kept elsewhere."""

    def __init__(self, cells: Floats) -> None:
        self._cells = cells.copy()
        self.shape = cells.shape

    def read(self) -> Floats:
        """The numbers, anew each time."""
        return self._cells.copy()


def test_reading_leaves_numbers_where_they_lie_and_changing_brings_them_back() -> None:
    """What was changed is in memory, and is put away as it then is."""
    cells = Cells(MANY.copy())
    cells.put_away(lambda numbers, _: Place(numbers))
    assert isinstance(cells._held, Place)
    np.testing.assert_array_equal(cells.read(), MANY)
    assert isinstance(cells._held, Place)
    cells.cells[0] = 7.0
    assert isinstance(cells._held, np.ndarray)
    cells.put_away(lambda numbers, _: Place(numbers))
    assert cells.read()[0] == 7.0


def test_few_numbers_stay() -> None:
    """What tells where they lie takes as much memory as they do."""
    for count, away in ((LEAST_KEPT // 4 - 1, False), (LEAST_KEPT // 4, True)):
        cells = Cells(np.zeros(count, np.float32))
        cells.put_away(lambda numbers, _: Place(numbers))
        assert isinstance(cells._held, Place) is away


def test_a_shelf_that_takes_nothing_leaves_them_in_memory() -> None:
    """It gives the numbers back, and they can be changed."""
    cells = Cells(MANY.copy())
    cells.put_away(lambda numbers, _: numbers)
    cells.cells[0] = 7.0
    assert cells.read()[0] == 7.0
