"""Numbers of the detector that are not needed between passes, in a file without a name.

The file is gone with the process, whatever ends it: what must outlive that is stored as states. What was written lately
the system gives back from its own memory, in microseconds, and takes that memory away where others need it more.
"""

from __future__ import annotations

import logging
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from leakdog.errors import StoreError

Floats = npt.NDArray[np.float32]
log = logging.getLogger("leakdog.store")
ALIGNED = 64  # bytes; places are this far apart, or a multiple of it


@dataclass(slots=True)
class _Places:
    """Places of one size.

    Attributes:
        descriptor: of the file; -1 once it is closed.
        free: where those begin that nobody uses.

    """

    descriptor: int
    free: list[int] = field(default_factory=list)


class FileShelf:
    """A `detect.cells.Shelf`. A place is given free with what was put there, and used again for the next of its size.

    So the file becomes as large as what lay in it at one time, and room that was asked for and not yet used takes none.

    Raises:
        StoreError: there cannot be a file in this directory.

    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115  # closed by `close`
        except OSError as error:
            raise StoreError(
                f"making a file in {directory}: {error.strerror}: check its permissions, or set another storage.path"
            ) from error
        self._places: dict[int, _Places] = {}
        self._end = 0
        self._failing = False

    def __call__(self, cells: Floats, most: int) -> _Kept | Floats:
        """Put numbers away in a place of this size; they are given back where the disk does not take them."""
        size = -(-max(most, cells.nbytes) // ALIGNED) * ALIGNED
        places = self._places.setdefault(size, _Places(self._file.fileno()))
        if not places.free:
            places.free.append(self._end)
            self._end += size
        where = places.free[-1]
        try:
            written = os.pwrite(places.descriptor, np.ascontiguousarray(cells).data, where)
        except OSError as error:
            return self._refused(cells, error.strerror)
        if written < cells.nbytes:
            return self._refused(cells, "the disk took only a part")
        self._failing = False
        return _Kept(places, places.free.pop(), cells.shape)

    @property
    def size_bytes(self) -> int:
        """What the file takes on the disk."""
        return os.fstat(self._file.fileno()).st_blocks * 512

    def close(self) -> None:
        """Give the disk back. What was put there cannot be read any more."""
        for places in self._places.values():
            places.descriptor = -1
        self._file.close()

    def _refused(self, cells: Floats, why: str | None) -> Floats:
        if not self._failing:
            log.warning("what the detector knows stays in memory: writing it to %s: %s", self._directory, why)
        self._failing = True
        return cells


class _Kept:
    """A `detect.cells.Kept` in the file."""

    __slots__ = ("_places", "_shape", "_where")

    def __init__(self, places: _Places, where: int, shape: tuple[int, ...]) -> None:
        self._places = places
        self._where = where
        self._shape = shape

    def __del__(self) -> None:
        self._places.free.append(self._where)

    def read(self) -> Floats:
        """See `Kept.read`."""
        cells = np.empty(self._shape, np.float32)
        try:
            count = os.preadv(self._places.descriptor, [cells.data], self._where)
        except OSError as error:
            raise StoreError(f"reading back what the detector knows: {error.strerror}; it starts afresh") from error
        if count < cells.nbytes:
            raise StoreError("reading back what the detector knows: a part of it is missing; it starts afresh")
        return cells
