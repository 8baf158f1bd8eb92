"""Bounded gunzip."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof.limits import Limits

# isal expands twice as fast as zlib, in the same words; where there is no wheel of it, it is not installed.
ZLIB: Any = import_module("isal.isal_zlib" if find_spec("isal") else "zlib")
MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's code for: a gzip header, checksum and length are there and are checked


def gunzip(data: bytes, limits: Limits) -> bytes:
    """All members of a gzip file, joined. Stops at the limit; what lies beyond it is never expanded.

    Raises:
        MalformedProfile: broken or cut off, or followed by something that is not gzip.
        ProfileTooLarge: over `decompressed_bytes` or `gzip_members`.

    """
    parts: list[bytes] = []
    room = limits.decompressed_bytes
    for _ in range(limits.gzip_members):
        part, data = _member(data, room)
        room -= len(part)
        parts.append(part)
        if not data:
            return parts[0] if len(parts) == 1 else b"".join(parts)
        if not data.startswith(MAGIC):
            raise MalformedProfile(f"gzip data is followed by {len(data)} bytes that are not gzip")
    raise ProfileTooLarge(f"gzip data has more than {limits.gzip_members} members (limit gzip_members)")


def _member(data: bytes, room: int) -> tuple[bytes, bytes]:
    """The first member's content, and what follows it."""
    inflater = ZLIB.decompressobj(_GZIP_WINDOW)
    try:
        part: bytes = inflater.decompress(data, room + 1)
    except ZLIB.error as error:
        raise MalformedProfile(f"gzip data is broken: {error}") from error
    if len(part) > room:
        raise ProfileTooLarge("gzip data expands to more than is read of a profile (limit decompressed_bytes)")
    if not inflater.eof:
        raise MalformedProfile(f"gzip data is cut off after {len(data)} bytes")
    return part, inflater.unused_data
