"""A file without a name: what lies in it is gone with the process, whatever ends that, and nothing has to be tidied up.

What was written lately the system gives back from its own memory, in microseconds, and takes that memory away where
others need it more.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from leakdog.errors import StoreError
from leakdog.store.places import Places


class UnnamedFile:
    """Bytes at places of the file. Used by one thread.

    Places that are given free at the end make the file shorter, the others are used again before it grows. Room that
    was asked for and not yet used takes no disk.

    Args:
        directory: where the file is made.
        limit: bytes beyond which it does not grow.

    Attributes:
        longest: bytes that it took at most.

    Raises:
        StoreError: there cannot be a file in this directory.

    """

    def __init__(self, directory: Path, limit: int) -> None:
        try:
            self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115  # closed by `close`
        except OSError as error:
            raise StoreError(
                f"making a file in {directory}: {error.strerror}: check its permissions, or set another storage.path"
            ) from error
        self.descriptor = self._file.fileno()
        self._places = Places(limit)
        self._length = 0
        self.longest = 0

    @property
    def size_bytes(self) -> int:
        """What the file takes on the disk at most; never more than the limit."""
        return self._length

    def put(self, data: bytes | bytearray | memoryview, room: int) -> int:
        """Write bytes to a place that has room for so many; where that is.

        Raises:
            OSError: there is no room, or the disk does not take them.

        """
        where = self._places.take(room)
        if where is None:
            raise OSError(errno.ENOSPC, "its share of storage.retention.size is used up: raise that")
        try:
            self.write(data, where)
        except OSError:
            self._places.give_back(where, room)
            raise
        return where

    def write(self, data: bytes | bytearray | memoryview, where: int) -> None:
        """Write bytes to a place that was given, in the stead of those that are there.

        Raises:
            OSError: the disk does not take them; what is there now is not known.

        """
        if os.pwrite(self.descriptor, data, where) < memoryview(data).nbytes:
            raise OSError(errno.ENOSPC, "the disk took only a part")
        self._length = max(self._length, self._places.end)
        self.longest = max(self.longest, self._length)

    def read(self, where: int, out: bytearray | memoryview) -> None:
        """Fill a buffer with what was put there.

        Raises:
            OSError: it cannot be read back, or a part of it is missing.

        """
        if os.preadv(self.descriptor, [out], where) < memoryview(out).nbytes:
            raise OSError(errno.EIO, "a part of it is missing")

    def free(self, where: int, room: int) -> None:
        """A place that was given for so many bytes is not used any more."""
        self._places.give_back(where, room)

    def shorten(self) -> None:
        """Make the file as short as what is in use lets it be."""
        if self._places.end < self._length:
            os.ftruncate(self.descriptor, self._places.end)
            self._length = self._places.end

    def close(self) -> None:
        """Give the disk back. What was put there cannot be read any more."""
        self.descriptor = -1
        self._length = 0
        self._file.close()
