"""Numbers of the detector that are not needed between passes, in a file without a name.

The file is gone with the process, whatever ends it: what must outlive that is stored as states. What was written lately
the system gives back from its own memory, in microseconds, and takes that memory away where others need it more.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from leakdog.errors import StoreError
from leakdog.store.places import Places

Floats = npt.NDArray[np.float32]
log = logging.getLogger("leakdog.store")


class FileShelf:
    """A `detect.cells.Shelf`. A place is given free with what was put there, and serves then for any size.

    Places that are given free at the end make the file shorter, the others are used again before it grows. Room that
    was asked for and not yet used takes no disk.

    Args:
        directory: where the file is made.
        limit: bytes beyond which the file does not grow; what has no room there stays in memory.

    Raises:
        StoreError: there cannot be a file in this directory.

    """

    def __init__(self, directory: Path, limit: int) -> None:
        self._directory = directory
        try:
            self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115  # closed by `close`
        except OSError as error:
            raise StoreError(
                f"making a file in {directory}: {error.strerror}: check its permissions, or set another storage.path"
            ) from error
        self.descriptor = self._file.fileno()
        self.freed: list[tuple[int, int]] = []  # by whatever drops a `_Kept`, at any time; sorted in by `give_back`
        self._places = Places(limit)
        self._length = 0
        self._longest = 0
        self._failing = False

    def __call__(self, cells: Floats, most: int) -> _Kept | Floats:
        """Put numbers away in a place of this size; they are given back where the disk does not take them."""
        self._sort_in()
        size = max(most, cells.nbytes)
        where = self._places.take(size)
        if where is None:
            return self._refused(cells, "its share of storage.retention.size is used up: raise that")
        try:
            written = os.pwrite(self.descriptor, np.ascontiguousarray(cells).data, where)
        except OSError as error:
            self._places.give_back(where, size)
            return self._refused(cells, error.strerror)
        if written < cells.nbytes:
            self._places.give_back(where, size)
            return self._refused(cells, "the disk took only a part")
        self._length = max(self._length, self._places.end)
        if self._length > self._longest:  # into an old place a full disk writes as well
            self._longest, self._failing = self._length, False
        return _Kept(self, where, size, cells.shape)

    @property
    def size_bytes(self) -> int:
        """What the file takes on the disk at most; never more than the limit."""
        return self._length

    def give_back(self) -> None:
        """Make the file as short as what is in use lets it be."""
        self._sort_in()
        if self._places.end < self._length:
            os.ftruncate(self.descriptor, self._places.end)
            self._length = self._places.end

    def close(self) -> None:
        """Give the disk back. What was put there cannot be read any more."""
        self.descriptor = -1
        self._length = 0
        self._file.close()

    def _sort_in(self) -> None:
        while self.freed:
            self._places.give_back(*self.freed.pop())

    def _refused(self, cells: Floats, why: str | None) -> Floats:
        if not self._failing:
            log.warning("what the detector knows stays in memory: writing it to %s: %s", self._directory, why)
        self._failing = True
        return cells


class _Kept:
    """A `detect.cells.Kept` in the file."""

    __slots__ = ("_shelf", "_size", "_where", "shape")

    def __init__(self, shelf: FileShelf, where: int, size: int, shape: tuple[int, ...]) -> None:
        self._shelf = shelf
        self._where = where
        self._size = size
        self.shape = shape

    def __del__(self) -> None:
        self._shelf.freed.append((self._where, self._size))

    def read(self) -> Floats:
        """See `Kept.read`."""
        cells = np.empty(self.shape, np.float32)
        try:
            count = os.preadv(self._shelf.descriptor, [cells.data], self._where)
        except OSError as error:
            raise StoreError(f"reading back what the detector knows: {error.strerror}; it starts afresh") from error
        if count < cells.nbytes:
            raise StoreError("reading back what the detector knows: a part of it is missing; it starts afresh")
        return cells
