"""Bytes in a file without a name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakdog.errors import StoreError
from leakdog.store.unnamed import UnnamedFile


@pytest.fixture
def file(tmp_path: Path) -> Iterator[UnnamedFile]:
    """One of 8 KiB."""
    made = UnnamedFile(tmp_path, 8 << 10)
    yield made
    made.close()


def read(file: UnnamedFile, where: int, size: int) -> bytes:
    """What lies there."""
    out = bytearray(size)
    file.read(where, out)
    return bytes(out)


def test_bytes_come_back(file: UnnamedFile, tmp_path: Path) -> None:
    """Each from its own place, and nobody else sees the file."""
    places = [file.put(bytes([number]) * 700, 700) for number in range(8)]
    assert [read(file, where, 700) for where in places] == [bytes([number]) * 700 for number in range(8)]
    assert [*tmp_path.iterdir()] == []


def test_it_is_no_longer_than_it_may_be(file: UnnamedFile) -> None:
    """What has no room is refused, until some is given free; what is free at the end is given back to the disk."""
    first, second = file.put(b"a" * 4096, 4096), file.put(b"b" * 4096, 4096)
    with pytest.raises(OSError, match="is used up: raise that"):
        file.put(b"c", 1)
    file.free(first, 4096)
    assert file.put(b"c", 1) == first
    file.free(second, 4096)
    assert file.size_bytes == file.longest == 8192
    file.shorten()
    assert file.size_bytes == os.fstat(file.descriptor).st_size == 512


def test_what_the_disk_takes_only_in_part_is_refused(file: UnnamedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its place is free again."""
    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", lambda *_: 100)
        with pytest.raises(OSError, match="only a part"):
            file.put(b"a" * 700, 700)
    assert file.put(b"a" * 8192, 8192) == 0


def test_what_is_missing_is_told(file: UnnamedFile) -> None:
    """Where the file is shorter than what was put there, or closed."""
    where = file.put(b"a" * 700, 700)
    os.ftruncate(file.descriptor, 100)
    with pytest.raises(OSError, match="a part of it is missing"):
        read(file, where, 700)
    file.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        read(file, where, 700)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(StoreError, match="check its permissions, or set another"):
        UnnamedFile(tmp_path / "none", 1)
