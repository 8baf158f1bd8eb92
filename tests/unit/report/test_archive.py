"""Archives."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from leakdog.report.archive import Packing, archive, sizes

FILES = {"README.md": b"# a leak\n", "heap.pb.gz": bytes(300_000)}


def test_what_is_packed_can_be_unpacked() -> None:
    """Names, bytes and time of all files, below one folder, for one user alone."""
    data = archive(FILES, "leakdog-3f9c", 1_790_000_000.5, Packing.GZ)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as tar:
        found = {entry.name: (tar.extractfile(entry) or io.BytesIO()).read() for entry in tar}
        assert {(entry.mtime, entry.mode) for entry in tar} == {(1_790_000_000, 0o600)}
    assert found == {f"leakdog-3f9c/{name}": content for name, content in FILES.items()}


def test_zstd_compresses() -> None:
    """It is a zstd frame (RFC 8878), and much smaller than what is in it."""
    data = archive(FILES, "leakdog-3f9c", 0.0, Packing.ZST)
    assert data.startswith(b"\x28\xb5\x2f\xfd")
    assert len(data) < 1000


@pytest.mark.parametrize("packing", Packing)
def test_sizes(packing: Packing) -> None:
    """What is in an archive is told without unpacking it to disk; the same files make the same bytes."""
    data = archive(FILES, "leakdog-3f9c", 0.0, packing)
    assert sizes(data, packing) == {name: len(content) for name, content in FILES.items()}
    assert data == archive(FILES, "leakdog-3f9c", 0.0, packing)
