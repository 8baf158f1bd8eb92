"""The lock of a directory."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from leakdog.errors import StoreError, StoreLocked
from leakdog.store.sqlite.lock import DirectoryLock

HOLD = """
import sys
from pathlib import Path
from leakdog.store.sqlite.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_lock_is_exclusive_until_released(tmp_path: Path) -> None:
    """A second lock is refused with the holder's process id, and granted after the first is released."""
    lock = DirectoryLock(tmp_path)
    with pytest.raises(StoreLocked, match=rf"is in use by another leakdog \(process {os.getpid()}\)"):
        DirectoryLock(tmp_path)
    lock.release()
    DirectoryLock(tmp_path).release()


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """Another process holds the lock, and no longer does once it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(StoreLocked, match=rf"process {child.pid}\)"):
            DirectoryLock(tmp_path)
        child.kill()
        child.wait()
        DirectoryLock(tmp_path).release()


def test_missing_directory_is_explained(tmp_path: Path) -> None:
    """A lock file that cannot be made is an error with its path."""
    with pytest.raises(StoreError, match=r"opening the lock file .*leakdog.lock: No such file or directory"):
        DirectoryLock(tmp_path / "missing")


def test_file_system_without_locks_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel has no locks to give, that is said, and not that another daemon is there."""

    def refuse(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match=r"No locks available: use a local file system for storage.path") as caught:
        DirectoryLock(tmp_path)
    assert not isinstance(caught.value, StoreLocked)
