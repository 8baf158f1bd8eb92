"""Archives."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.cli.archive import ZSTD_BLOCK_BYTES, ZSTD_MAGIC, write_archive, zstd_stored
from leakdog.errors import LeakdogError

FILES = {"README.md": b"# a leak\n", "heap.pb.gz": bytes(300_000)}


def unstored(frame: bytes) -> bytes:
    """The content of a zstd frame of one segment and stored blocks, by RFC 8878."""
    assert frame[:5] == ZSTD_MAGIC + b"\xe0"
    size, at, content, last = int.from_bytes(frame[5:13], "little"), 13, b"", 0
    while not last:
        header = int.from_bytes(frame[at : at + 3], "little")
        last, kind, length = header & 1, header >> 1 & 3, header >> 3
        assert (kind, length <= ZSTD_BLOCK_BYTES) == (0, True)
        content += frame[at + 3 : at + 3 + length]
        at += 3 + length
    assert (at, size) == (len(frame), len(content))
    return content


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz", ".tar.zst"])
def test_what_is_written_can_be_read(tmp_path: Path, suffix: str) -> None:
    """Names, bytes and time of all files, below one folder, for this user alone."""
    path = tmp_path / f"leak{suffix}"
    write_archive(path, FILES, "leakdog-3f9c", 1_790_000_000.5)
    data = path.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(unstored(data) if suffix == ".tar.zst" else data)) as archive:
        found = {entry.name: (archive.extractfile(entry) or io.BytesIO()).read() for entry in archive}
        assert {(entry.mtime, entry.mode) for entry in archive} == {(1_790_000_000, 0o600)}
    assert found == {f"leakdog-3f9c/{name}": content for name, content in FILES.items()}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_unknown_ending(tmp_path: Path) -> None:
    """What kind of archive is wanted is told by the name, so it must tell one."""
    with pytest.raises(LeakdogError, match=r"leak\.zip: the name must end in one of \.tar\.gz, \.tgz, "):
        write_archive(tmp_path / "leak.zip", FILES, "x", 0.0)


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """The message says what was being done."""
    with pytest.raises(LeakdogError, match=r"writing .*none/leak\.tar\.gz: No such file or directory"):
        write_archive(tmp_path / "none" / "leak.tar.gz", FILES, "x", 0.0)


@given(st.one_of(st.binary(max_size=300), st.integers(0, 3).map(lambda n: bytes(n * ZSTD_BLOCK_BYTES))))
def test_a_stored_frame_holds_its_bytes(data: bytes) -> None:
    """Of none, of some, and of whole blocks."""
    assert unstored(zstd_stored(data)) == data
