"""A group of series as bytes, for a restart of the daemon: some four kilobytes a series at most."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from leakdog.detect.group import FIRST, READ, RESUMED, STEP, SWING, Group
from leakdog.detect.lives import MOST_LIVES
from leakdog.detect.network import Noted
from leakdog.detect.regain import regain
from leakdog.detect.settings import Level, Settings
from leakdog.errors import LeakdogError

MAGIC = b"LDg\x03"
WITHOUT_SPURTS, WITHOUT_COURSES = b"LDg\x02", b"LDg\x01"  # as versions before stored them
KEPT = [READ, FIRST, SWING]  # of what is known of each series
OPEN = ("life_first", "index", "load", "loads", "count")
_HEAD = struct.Struct("<Hdd?")
_SIZE = struct.Struct("<qH")
_COURSES = struct.Struct("<8sH")
_RING = struct.Struct("<qqdqq")


def to_bytes(group: Group) -> bytes:
    """All that is remembered of a group, but for what its look-backs found."""
    lives = group.lives
    parts = [_HEAD.pack(len(group), group.life_start, group.last_time, lives.after is not None)]
    parts += [group.known[KEPT].astype("<f8").tobytes(), group.opened.astype("<f8").tobytes()]
    parts += [lives.table().astype("<f8").tobytes(), lives.before.astype("<f8").tobytes()]
    if lives.after is not None:
        parts.append(lives.after.astype("<f8").tobytes())
    highs = group.highs.read()
    parts += [_SIZE.pack(group.highs.end, highs.shape[1]), highs.astype("<f4").tobytes()]
    for noted in _noted(group):
        cells = noted.read()
        parts += [_COURSES.pack(noted.mark(), cells.shape[1]), cells.astype("<f4").tobytes()]
    for ring in group.rings:
        cells = ring.read()
        parts += [_RING.pack(*(getattr(ring, name) for name in OPEN)), _SIZE.pack(ring.end, cells.shape[1])]
        parts += [cells[:-1].astype("<f4").tobytes(), halved(cells[-1]).tobytes()]
    return sealed(MAGIC, b"".join(parts), group.settings.levels)


def from_bytes(data: bytes, settings: Settings) -> Group:
    """Read back what `to_bytes` wrote. Courses that are missing, or of another network, are made of the blocks.

    Spurts that are begin anew: they know of the last hours in some hours.

    Raises:
        LeakdogError: the bytes are damaged, of another version, or of other settings.

    """
    magic = data[: len(MAGIC)] if data.startswith((WITHOUT_SPURTS, WITHOUT_COURSES)) else MAGIC
    reader = Reader(unsealed(magic, data, settings.levels))
    rows, life_start, last_time, unsettled = reader.struct(_HEAD)
    group = Group(settings, rows)
    group.life_start, group.last_time = life_start, last_time
    group.known[KEPT] = reader.like(group.known[KEPT])
    group.known[STEP] = RESUMED
    group.opened = reader.like(group.opened)
    table = reader.numbers("<f8", rows, MOST_LIVES)
    same: dict[tuple[int, ...], tuple[int, ...]] = {}
    lives = (tuple(starts[~np.isnan(starts)].astype(int).tolist()) for starts in table)
    group.lives.first = [same.setdefault(starts, starts) for starts in lives]
    group.lives.before = reader.like(group.lives.before)
    if unsettled:
        group.lives.after = reader.numbers("<f8", rows, settings.settle_blocks)
    group.highs.end, count = reader.struct(_SIZE)
    group.highs.cells = reader.numbers("<f4", rows, count)
    for noted in _noted(group, magic):
        mark, columns = reader.struct(_COURSES)
        cells = reader.numbers("<f4", rows, columns)
        if mark == noted.mark():
            noted.cells = cells
    for ring in group.rings:
        for name, value in zip(OPEN, reader.struct(_RING), strict=True):
            setattr(ring, name, value)
        ring.end, count = reader.struct(_SIZE)
        ring.cells = np.concatenate([reader.numbers("<f4", rows, count), whole(reader.numbers("<u2", 1, count))])
    if group.course is not None and not group.course.shape[1]:
        regain(group)
    return group


def _noted(group: Group, magic: bytes | None = None) -> list[Noted]:
    """What is stored of courses and spurts, or was by the version of `magic`."""
    if magic == WITHOUT_COURSES:
        return []
    kept = (group.course,) if magic == WITHOUT_SPURTS else (group.course, group.spurt)
    return [each for each in kept if each is not None]


class Reader:
    """Takes numbers from bytes, one after the other."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def struct(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next numbers of this layout."""
        values = layout.unpack_from(self._body, self._at)
        self._at += layout.size
        return values

    def numbers(self, kind: str, *shape: int) -> npt.NDArray[Any]:
        """The next array of this shape, of numbers in this machine's order."""
        found = np.frombuffer(self._body, kind, math.prod(shape), self._at)
        self._at += found.nbytes
        return found.reshape(shape).astype(found.dtype.newbyteorder("="))

    def like(self, array: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The next array, of the shape of this one."""
        return self.numbers("<f8", *array.shape)


def sealed(magic: bytes, body: bytes, levels: tuple[Level, ...]) -> bytes:
    """A body with what tells that it is whole, and of which settings."""
    body = _fingerprint(levels) + body
    return magic + struct.pack("<I", zlib.crc32(body)) + body


def unsealed(magic: bytes, data: bytes, levels: tuple[Level, ...]) -> bytes:
    """The body that was sealed.

    Raises:
        LeakdogError: it is damaged, of another version, or of other settings.

    """
    if data[: len(magic)] != magic:
        raise LeakdogError("reading a detector state: it is not one of this version of leakdog; it starts afresh")
    check, body = data[len(magic) : len(magic) + 4], data[len(magic) + 4 :]
    if struct.pack("<I", zlib.crc32(body)) != check:
        raise LeakdogError("reading a detector state: its checksum is wrong, so it is damaged; it starts afresh")
    mark = _fingerprint(levels)
    if body[: len(mark)] != mark:
        raise LeakdogError("reading a detector state: it was kept under another preset or interval; it starts afresh")
    return body[len(mark) :]


def halved(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """The upper half of each number, rounded: load is known to less than the 0.4 % that this may change."""
    bits = np.ascontiguousarray(numbers).view(np.uint32)
    return np.where(np.isnan(numbers), 0x7FC0, (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def whole(halves: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """What `halved` left of the numbers."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


@lru_cache
def _fingerprint(levels: tuple[Level, ...]) -> bytes:
    return hashlib.blake2b(repr(levels).encode(), digest_size=8).digest()
