"""Rows as one block of bytes, of which one signal can be read without unpacking the others.

A directory, then the pieces that it tells the lengths of: slots, times, starts of lives; then, signal by signal, which
rows have it (nothing where all have) and its figures.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import LeakdogError, StoreCorrupted
from leakdog.pprof.wire import read_varint, varint
from leakdog.store.pack import ints
from leakdog.store.series import column
from leakdog.store.series.rows import Column, Rows

Ints = NDArray[np.int64]

_OF_ROWS = 3  # pieces that are told once for all signals: slots, times, starts of lives
_ENTRY = 2  # numbers for each signal before the lengths of its pieces: its id, how many rows have it
_RAW_DEFLATE = -15
_DAMAGE = (LeakdogError, ValueError, IndexError, KeyError, zlib.error)


def dump(rows: Rows) -> bytes:
    """Rows as bytes; at least one, with all of them folded or none."""
    pieces = [column.dump(each) for each in (rows.slots, rows.times, rows.life_starts)]
    figures = max((len(each.figures) for each in rows.columns.values()), default=0)
    directory = [len(rows), figures, *map(len, pieces)]
    for signal, each in rows.columns.items():
        own = [_presence(each.at, len(rows)), *map(column.dump, each.figures)]
        directory += [signal, len(each.at), *map(len, own)]
        pieces += own
    head = ints.dump(np.array(directory))
    return b"".join([varint(len(head)), head, *pieces])


def load(data: bytes) -> Rows:
    """The rows that `dump` wrote.

    Raises:
        StoreCorrupted: the bytes are damaged.

    """
    try:
        block = _Block.opened(data)
        return block.rows({entry.signal: block.column(entry) for entry in block.entries})
    except _DAMAGE as error:
        raise _damaged(error) from error


def read(data: bytes, signal: int) -> Rows:
    """Those rows that have a signal, with its column alone.

    Raises:
        StoreCorrupted: the bytes are damaged.

    """
    try:
        block = _Block.opened(data)
        for entry in block.entries:
            if entry.signal == signal:
                found = block.column(entry)
                rows = block.rows({signal: found})
                return rows if len(found.at) == len(rows) else rows.pick(found.at)
        nothing = np.empty(0, np.float64)
        return Rows(nothing, nothing, nothing, {})
    except _DAMAGE as error:
        raise _damaged(error) from error


@dataclass(frozen=True, slots=True)
class _Entry:
    """A signal of a block: how many rows have it, and where its pieces begin and end."""

    signal: int
    count: int
    borders: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """A block with its directory read."""

    data: bytes
    count: int
    borders: tuple[int, ...]
    entries: tuple[_Entry, ...]

    @classmethod
    def opened(cls, data: bytes) -> _Block:
        size, start = read_varint(data, 0)
        told = ints.load(data[start : start + size]).tolist()
        count, figures = told[:2]
        borders = tuple(accumulate(told[2 : 2 + _OF_ROWS], initial=start + size))
        entries = tuple(_entries(told[2 + _OF_ROWS :], figures + 1, borders[-1]))
        end = entries[-1].borders[-1] if entries else borders[-1]
        if end != len(data):
            raise ValueError(f"{len(data)} bytes instead of {end}")
        return cls(data, count, borders, entries)

    def rows(self, columns: dict[int, Column]) -> Rows:
        slots, times, life_starts = (column.load(piece, self.count) for piece in self._pieces(self.borders))
        return Rows(slots, times, life_starts, columns)

    def column(self, entry: _Entry) -> Column:
        presence, *pieces = self._pieces(entry.borders)
        figures = np.stack([column.load(piece, entry.count) for piece in pieces])
        at = _present(presence, self.count)
        if len(at) != entry.count:
            raise ValueError(f"{len(at)} rows instead of {entry.count}")
        return Column(at, figures)

    def _pieces(self, borders: tuple[int, ...]) -> Iterator[bytes]:
        return (self.data[start:stop] for start, stop in pairwise(borders))


def _entries(told: list[int], pieces: int, start: int) -> Iterator[_Entry]:
    width = _ENTRY + pieces
    for first in range(0, len(told), width):
        signal, count, *sizes = told[first : first + width]
        borders = tuple(accumulate(sizes, initial=start))
        yield _Entry(signal, count, borders)
        start = borders[-1]


def _presence(at: Ints, count: int) -> bytes:
    if len(at) == count:
        return b""
    there = np.zeros(count, np.uint8)
    there[at] = 1
    return zlib.compress(np.packbits(there).tobytes(), 9, _RAW_DEFLATE)


def _present(data: bytes, count: int) -> Ints:
    if not data:
        return np.arange(count)
    bits = np.frombuffer(zlib.decompress(data, _RAW_DEFLATE), np.uint8)
    return np.flatnonzero(np.unpackbits(bits, count=count))


def _damaged(error: Exception) -> StoreCorrupted:
    return StoreCorrupted(
        f"a block of numbers is damaged ({error}): the numbers of its span are lost; `leakdog storage verify` names it"
    )
