"""Numbers that are changed seldom: between passes they may lie elsewhere than in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
LEAST_KEPT = 512  # bytes of numbers that are worth putting away: what tells where they lie takes a hundred


class Kept(Protocol):
    """Numbers that were put away. Their place is given free with this object."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the numbers, known without reading them."""
        ...

    def read(self) -> Floats:
        """The numbers, in an array of their own.

        Raises:
            StoreError: they cannot be read back.

        """
        ...


# Puts numbers away in a place that has room for so many bytes: what is put away again and again grows up to that.
# Where it cannot, it gives the numbers back.
Shelf = Callable[[Floats, int], Kept | Floats]


class Cells:
    """An array of numbers, in memory or put away."""

    __slots__ = ("_held",)

    def __init__(self, cells: Floats) -> None:
        self._held: Kept | Floats = cells

    @property
    def cells(self) -> Floats:
        """The numbers, to be changed: they come back into memory, and stay there until they are put away again."""
        if not isinstance(self._held, np.ndarray):
            self._held = self._held.read()
        return self._held

    @cells.setter
    def cells(self, cells: Floats) -> None:
        self._held = cells

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the numbers, wherever they are."""
        return self._held.shape

    def read(self) -> Floats:
        """The numbers, not to be changed: where they are put away they stay so."""
        return self._held if isinstance(self._held, np.ndarray) else self._held.read()

    def put_away(self, shelf: Shelf) -> None:
        """Take less memory until somebody changes them."""
        if isinstance(self._held, np.ndarray) and self._held.nbytes >= LEAST_KEPT:
            self._held = shelf(self._held, self._most(self._held))

    def _most(self, cells: Floats) -> int:
        """Bytes that they will ever be."""
        return cells.nbytes
