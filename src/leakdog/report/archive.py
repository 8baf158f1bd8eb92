"""Archives: files by name into one `.tar.gz` or `.tar.zst`, and what is in one. Pure: bytes in, bytes out."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from collections.abc import Mapping
from enum import StrEnum
from types import ModuleType


class Packing(StrEnum):
    """How an archive is compressed; the end of its name."""

    GZ = "gz"
    ZST = "zst"


def archive(files: Mapping[str, bytes], folder: str, time: float, packing: Packing) -> bytes:
    """An archive that unpacks to one folder; the same files make the same bytes.

    Args:
        folder: name of the folder that it unpacks to.
        time: unix seconds, of all files.

    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime, entry.mode = len(data), int(time), 0o600
            tar.addfile(entry, io.BytesIO(data))
    if packing is Packing.ZST:
        return bytes(_zstd().compress(out.getvalue()))
    return gzip.compress(out.getvalue(), mtime=0)


def sizes(data: bytes, packing: Packing) -> dict[str, int]:
    """Bytes of each file of an archive, by its name in the folder."""
    plain = bytes(_zstd().decompress(data)) if packing is Packing.ZST else gzip.decompress(data)
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return {entry.name.partition("/")[2]: entry.size for entry in tar}


def _zstd() -> ModuleType:
    """The module of Python 3.14, or the same for those before; loaded only where it is used."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
