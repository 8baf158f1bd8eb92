"""Numbers of the detector that are not needed between passes, in a file without a name.

What must outlive the process is stored as states.
"""

from __future__ import annotations

import logging
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakdog.errors import StoreError
from leakdog.store.unnamed import UnnamedFile

Floats = npt.NDArray[np.float32]
log = logging.getLogger("leakdog.store")
FORMS = 1024  # that are shared by what has them


class FileShelf:
    """A `detect.cells.Shelf`. A place is given free with what was put there, and serves then for any size.

    Args:
        directory: where the file is made.
        limit: bytes beyond which the file does not grow; what has no room there stays in memory.

    Raises:
        StoreError: there cannot be a file in this directory.

    """

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        self.file = UnnamedFile(directory, limit)
        self.freed: list[tuple[int, int]] = []  # by whatever drops a `_Kept`, at any time; sorted in by `give_back`
        self._form = lru_cache(FORMS)(partial(_Form, self))
        self._longest = 0
        self._failing = False

    def __call__(self, cells: Floats, most: int) -> _Kept | Floats:
        """Put numbers away in a place of this size; they are given back where the disk does not take them."""
        self._sort_in()
        size = max(most, cells.nbytes)
        try:
            where = self.file.put(np.ascontiguousarray(cells).data, size)
        except OSError as error:
            return self._refused(cells, error.strerror)
        if self.file.longest > self._longest:  # into an old place a full disk writes as well
            self._longest, self._failing = self.file.longest, False
        return _Kept(self._form(cells.shape, size), where)

    @property
    def size_bytes(self) -> int:
        """What the file takes on the disk at most; never more than the limit."""
        return self.file.size_bytes

    def give_back(self) -> None:
        """Make the file as short as what is in use lets it be."""
        self._sort_in()
        self.file.shorten()

    def close(self) -> None:
        """Give the disk back. What was put there cannot be read any more."""
        self.file.close()

    def _sort_in(self) -> None:
        while self.freed:
            self.file.free(*self.freed.pop())

    def _refused(self, cells: Floats, why: str | None) -> Floats:
        if not self._failing:
            log.warning("what the detector knows stays in memory: writing it to %s: %s", self._directory, why)
        self._failing = True
        return cells


class _Form(NamedTuple):
    """What is the same of many numbers that are put away: their shape, and how large their places are."""

    shelf: FileShelf
    shape: tuple[int, ...]
    size: int


class _Kept:
    """A `detect.cells.Kept` in the file. There are two dozen of each target."""

    __slots__ = ("_form", "_where")

    def __init__(self, form: _Form, where: int) -> None:
        self._form = form
        self._where = where

    def __del__(self) -> None:
        self._form.shelf.freed.append((self._where, self._form.size))

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Kept.shape`."""
        return self._form.shape

    def read(self) -> Floats:
        """See `Kept.read`."""
        cells = np.empty(self._form.shape, np.float32)
        try:
            self._form.shelf.file.read(self._where, cells.data)
        except OSError as error:
            raise StoreError(f"reading back what the detector knows: {error.strerror}; it starts afresh") from error
        return cells
