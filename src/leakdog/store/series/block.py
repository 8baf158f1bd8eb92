"""Rows as one block of bytes, of which one signal can be read without unpacking the others.

A zero, a checksum of what follows, and a directory; then the pieces that the directory tells the lengths of: slots,
times, starts of lives; then, signal by signal, which rows have it (nothing where all have) and its figures. What
several pieces have in common, as signals that never change have all of theirs, is there once.

Blocks of the first form, which begin with the length of their directory, have no checksum, nothing in common, and in
place of where a mean lies in its range the sum of what each value differs from the last.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import LeakdogError, StoreCorrupted
from leakdog.pprof.wire import read_varint, varint
from leakdog.store.pack import ints
from leakdog.store.series import column, marks
from leakdog.store.series.rows import ABOVE, BELOW, COUNT, FOLDED, MEAN, Column, Rows, mean_parts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_OF_ROWS = 3  # pieces that are told once for all signals: slots, times, starts of lives
_ENTRY = 2  # numbers for each signal before the lengths of its pieces: its id, how many rows have it
_HEAD = struct.Struct("<BI")  # a zero, and the checksum
_DAMAGE = (LeakdogError, TypeError, ValueError, IndexError, KeyError, struct.error, zlib.error)


def dump(rows: Rows) -> bytes:
    """Rows as bytes; at least one, with all of them folded or none."""
    pieces = [column.dump(each) for each in (rows.slots, rows.times, rows.life_starts)]
    for each in rows.columns.values():
        pieces += [_presence(each.at, len(rows)), *map(column.dump, each.figures)]
    figures = max((len(each.figures) for each in rows.columns.values()), default=0)
    kept, lengths = _once(pieces)
    directory = [len(rows), figures, *lengths[:_OF_ROWS]]
    for number, (signal, each) in enumerate(rows.columns.items()):
        first = _OF_ROWS + number * (figures + 1)
        directory += [signal, len(each.at), *lengths[first : first + figures + 1]]
    head = ints.dump(np.array(directory))
    body = b"".join([varint(len(head)), head, *kept])
    return _HEAD.pack(0, zlib.crc32(body)) + body


def load(data: bytes) -> Rows:
    """The rows that `dump` wrote.

    Raises:
        StoreCorrupted: the bytes are damaged.

    """
    try:
        block = _Block.opened(data)
        return block.rows({signal: block.column(entry) for entry, signal in enumerate(block.signals)})
    except _DAMAGE as error:
        raise _damaged(error) from error


def read(data: bytes, signal: int) -> tuple[Floats, Floats, Column]:
    """Times and starts of lives of those rows that have a signal, and its column: all that there is of these rows.

    Raises:
        StoreCorrupted: the bytes are damaged.

    """
    try:
        block = _Block.opened(data)
        if signal not in block.signals:
            nothing = np.empty(0, np.float64)
            return nothing, nothing, Column(np.empty(0, np.int64), nothing[None])
        found = block.column(block.signals.index(signal))
        times, life_starts = block.of_rows(1, 2)
        if len(found.at) == block.count:
            return times, life_starts, found
        return times[found.at], life_starts[found.at], Column(np.arange(len(found.at)), found.figures)
    except _DAMAGE as error:
        raise _damaged(error) from error


@dataclass(frozen=True, slots=True)
class _Block:
    """A block with its directory read.

    Attributes:
        first_form: whether it was written before there were others.
        signals: their ids.
        counts: how many rows have each.
        borders: (n, 2) where each piece begins and ends.

    """

    data: bytes
    first_form: bool
    count: int
    signals: list[int]
    counts: list[int]
    borders: Ints

    @classmethod
    def opened(cls, data: bytes) -> _Block:
        first_form = data[0] != 0
        at = 0 if first_form else _checked(data)
        size, start = read_varint(data, at)
        told = ints.load(data[start : start + size])
        count, figures = told[:2].tolist()
        entries = told[2 + _OF_ROWS :].reshape(-1, _ENTRY + 1 + figures)
        lengths = np.concatenate([told[2 : 2 + _OF_ROWS], entries[:, _ENTRY:].ravel()])
        borders = _borders(lengths, start + size, len(data))
        return cls(data, first_form, count, entries[:, 0].tolist(), entries[:, 1].tolist(), borders)

    def rows(self, columns: dict[int, Column]) -> Rows:
        slots, times, life_starts = self.of_rows(0, _OF_ROWS)
        return Rows(slots, times, life_starts, columns)

    def of_rows(self, first: int, number: int) -> tuple[Floats, ...]:
        """Of slots, times and starts of lives so many."""
        return tuple(column.load(piece, self.count) for piece in self._pieces(first, number))

    def column(self, entry: int) -> Column:
        width = (len(self.borders) - _OF_ROWS) // len(self.signals)
        presence, *pieces = self._pieces(_OF_ROWS + entry * width, width)
        figures = np.stack([column.load(piece, self.counts[entry]) for piece in pieces])
        at = marks.load(presence, self.count) if presence else np.arange(self.count)
        if len(at) != self.counts[entry]:
            raise ValueError(f"{len(at)} rows instead of {self.counts[entry]}")
        return Column(at, _with_means(figures) if self.first_form and len(figures) == FOLDED else figures)

    def _pieces(self, first: int, number: int) -> list[bytes]:
        return [self.data[start:stop] for start, stop in self.borders[first : first + number].tolist()]


def _once(pieces: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
    """The pieces, equal ones once; and of each its length or, where it is an earlier one, minus its place from 1."""
    seen: dict[bytes, int] = {}
    lengths = [len(piece) if seen.setdefault(piece, at) == at else -1 - seen[piece] for at, piece in enumerate(pieces)]
    return list(seen), lengths


def _borders(lengths: Ints, start: int, end: int) -> Ints:
    """Where the pieces of these lengths begin and end, from a start to an end."""
    own = np.maximum(lengths, 0)
    stops = start + np.cumsum(own)
    borders = np.stack([stops - own, stops], axis=1)
    if stops[-1] != end:
        raise ValueError(f"{end} bytes instead of {stops[-1]}")
    again = np.flatnonzero(lengths < 0)
    borders[again] = borders[-1 - lengths[again]]
    return borders


def _checked(data: bytes) -> int:
    """Where what is checked begins."""
    _, checksum = _HEAD.unpack_from(data)
    if zlib.crc32(memoryview(data)[_HEAD.size :]) != checksum:
        raise ValueError("its checksum is another")
    return _HEAD.size


def _presence(at: Ints, count: int) -> bytes:
    if len(at) == count:
        return b""
    there = np.zeros(count, np.bool_)
    there[at] = True
    return marks.dump(there)


def _with_means(figures: Floats) -> Floats:
    """Figures with where their means lie, of those that have the sum of what each value differs from the last."""
    below, above, counts = figures[BELOW], figures[ABOVE], figures[COUNT]
    figures[MEAN] = mean_parts(figures[MEAN] / counts, below, above, counts)
    return figures


def _damaged(error: Exception) -> StoreCorrupted:
    return StoreCorrupted(
        f"a block of numbers is damaged ({error}): the numbers of its span are lost; `leakdog storage verify` names "
        "it and, with --repair, takes it out"
    )
