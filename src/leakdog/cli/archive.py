"""Archives: files by name into one `.tar.gz` or `.tar.zst`."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from leakdog.errors import LeakdogError

SUFFIXES = (".tar.gz", ".tgz", ".tar.zst", ".tar")
# RFC 8878: a frame of one segment whose length is told in eight bytes, of blocks that are stored as they are.
ZSTD_MAGIC, ZSTD_ONE_SEGMENT = b"\x28\xb5\x2f\xfd", b"\xe0"
ZSTD_BLOCK_BYTES = 128 << 10


def write_archive(path: Path, files: Mapping[str, bytes], folder: str, time: float) -> None:
    """Write an archive that unpacks to one folder; only this user may read it. The file is there whole or not at all.

    Python before 3.14 has no zstd, so what goes into `.tar.zst` is stored, not compressed again: most of a bundle is
    compressed already, and any zstd reads it.

    Args:
        folder: name of the folder that it unpacks to.
        time: unix seconds, of all files.

    Raises:
        LeakdogError: the name has no known ending, or the file cannot be written.

    """
    if not path.name.endswith(SUFFIXES):
        raise LeakdogError(f"writing {path}: the name must end in one of {', '.join(SUFFIXES)}")
    data = _tar(files, folder, time)
    if path.name.endswith((".tar.gz", ".tgz")):
        data = gzip.compress(data, mtime=0)
    elif path.name.endswith(".tar.zst"):
        data = zstd_stored(data)
    part = path.with_name(f".{path.name}.part")
    try:
        part.touch(mode=0o600)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise LeakdogError(f"writing {path}: {error.strerror}") from error


def zstd_stored(data: bytes) -> bytes:
    """A zstd frame that holds these bytes as they are."""
    parts = [ZSTD_MAGIC, ZSTD_ONE_SEGMENT, len(data).to_bytes(8, "little")]
    for start in range(0, max(1, len(data)), ZSTD_BLOCK_BYTES):
        block = data[start : start + ZSTD_BLOCK_BYTES]
        last = start + ZSTD_BLOCK_BYTES >= len(data)
        parts += [(len(block) << 3 | last).to_bytes(3, "little"), block]
    return b"".join(parts)


def _tar(files: Mapping[str, bytes], folder: str, time: float) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), int(time), 0o600
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()
