"""One daemon per directory: an advisory lock, which the kernel drops however its holder ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from leakdog.errors import StoreError, StoreLocked

LOCK_NAME = "leakdog.lock"


class DirectoryLock:
    """Holds a directory from construction until `release`.

    Raises:
        StoreLocked: another process, or another store in this one, holds it.
        StoreError: the lock file cannot be made.

    """

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK_NAME
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"opening the lock file {path}: {error.strerror}: check the permissions") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise self._refused(path, error) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have the directory. The file stays: removing it would let two others hold it at once."""
        os.close(self._file)

    def _refused(self, path: Path, error: OSError) -> StoreError:
        holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(self._file)
        if not isinstance(error, BlockingIOError):
            return StoreError(f"locking {path}: {error.strerror}: use a local file system for storage.path")
        return StoreLocked(
            f"{path.parent} is in use by another leakdog (process {holder}): stop that one, "
            "or give this one a storage.path of its own"
        )
