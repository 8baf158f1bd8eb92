"""What a link of a chain says, and how it is written down."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.wire import read_varint, varint
from leakdog.store.pack.ints import count, dump, load
from leakdog.store.pack.parts import TABLES, Rows

Ints = NDArray[np.int64]

_LEVEL = 9
_RAW_DEFLATE = -15
# Bits of the window in which zlib looks for what was before, and of how much of it is not looked at.
_WINDOWS = range(9, 16)
_UNSEEN = 262
_PLAIN, _DEFLATED = b"\0", b"\1"
# Lists of numbers: sizes and numbers of the rows of the tables but the strings, orders, and five that stand alone.
_ROWS = 2 * (len(TABLES) - 1)
_LISTS = _ROWS + len(TABLES) + 5


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One profile as what is different from the one before.

    Attributes:
        strings: those that are new.
        rows: the rows of each other table that are new.
        orders: of each table, `order.edits` of the order that is expected.
        lead: strings that stand before those that other tables need; empty where they are as before.
        changed: of the samples whose values are not as before, how many stand between each and the last such.
        by: by how much those values differ, type by type.
        header: of the header, how many bytes at the beginning and at the end are as before, and what is between.

    """

    strings: Sequence[bytes]
    rows: Sequence[Rows]
    orders: Sequence[Ints]
    lead: Ints
    changed: Ints
    by: Ints
    header: tuple[int, int, bytes]

    def dump(self) -> bytes:
        """The link as bytes."""
        head, tail, middle = self.header
        lists = [numbers for rows in self.rows for numbers in (rows.sizes, rows.numbers)]
        lists += [*self.orders, self.lead, self.changed, self.by, _sizes(self.strings)]
        lists.append(np.array([head, tail]))
        numbers = dump(np.concatenate([_sizes(lists), *lists]))
        data = b"".join([varint(len(numbers)), numbers, *self.strings, middle])
        packed = _deflated(data)
        return _DEFLATED + packed if len(packed) < len(data) else _PLAIN + data

    @classmethod
    def load(cls, raw: Sequence[bytes]) -> list[Link]:
        """The links that `dump` wrote. To read many at once costs half as much for each.

        Raises:
            MalformedProfile, ValueError, IndexError, zlib.error: one of them is damaged.

        """
        data = [_inflated(each) for each in raw]
        borders = []
        for each in data:
            size, start = read_varint(each, 0)
            borders.append((start, start + size))
        pieces = [each[start:stop] for each, (start, stop) in zip(data, borders, strict=True)]
        numbers = np.split(load(b"".join(pieces)), np.cumsum([count(piece) for piece in pieces])[:-1])
        return [cls._of(own, each, stop) for own, each, (_, stop) in zip(numbers, data, borders, strict=True)]

    @classmethod
    def _of(cls, numbers: Ints, data: bytes, texts_at: int) -> Link:
        """The link of these numbers, and of the texts from there on."""
        ends = list(accumulate(numbers[:_LISTS].tolist(), initial=_LISTS))
        *lists, strings, header = [numbers[start:stop] for start, stop in pairwise(ends)]
        bounds = list(accumulate(strings.tolist(), initial=texts_at))
        return cls(
            strings=[data[first:last] for first, last in pairwise(bounds)],
            rows=[Rows(lists[at + 1], lists[at]) for at in range(0, _ROWS, 2)],
            orders=lists[_ROWS:-3],
            lead=lists[-3],
            changed=lists[-2],
            by=lists[-1],
            header=(int(header[0]), int(header[1]), data[bounds[-1] :]),
        )


def _deflated(data: bytes) -> bytes:
    """Most links are short: a window of 32 KiB, with what is kept of it, would be 268 kB for each."""
    bits = min(max((len(data) + _UNSEEN).bit_length(), _WINDOWS[0]), _WINDOWS[-1])
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -bits, min(bits - 6, zlib.DEF_MEM_LEVEL))
    return packer.compress(data) + packer.flush()


def _inflated(raw: bytes) -> bytes:
    return zlib.decompress(raw[1:], _RAW_DEFLATE) if raw[:1] == _DEFLATED else raw[1:]


def _sizes(lists: Sequence[Ints] | Sequence[bytes]) -> Ints:
    return np.fromiter(map(len, lists), np.int64, len(lists))
