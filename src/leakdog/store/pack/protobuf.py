"""Parts back to protobuf, all rows of a table at once.

The messages of a profile are varints and nothing else, strings apart. So a table is written as one sequence of
varints, each with the row that it belongs to; messages within messages are wrapped from the inside out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.wire import DELIMITED, varint
from leakdog.store.pack.ints import varint_sizes, varints
from leakdog.store.pack.parts import (
    FUNCTIONS,
    LABEL_WIDTH,
    LINE_WIDTH,
    LOCATIONS,
    MAPPINGS,
    STACKS,
    TYPES,
    Parts,
    Rows,
)

Ints = NDArray[np.int64]


class _Varints(NamedTuple):
    """Numbers, and the row that each belongs to, rising."""

    owner: Ints
    numbers: Ints


def put_together(parts: Parts) -> bytes:
    """An uncompressed profile with these parts: the same to every reader, not always the same bytes."""
    return b"".join(
        [
            _types(parts.tables[TYPES]),
            _samples(parts.tables[STACKS], parts.values),
            _plain(3, parts.tables[MAPPINGS]),
            _locations(parts.tables[LOCATIONS]),
            _plain(5, parts.tables[FUNCTIONS]),
            *(piece for text in parts.strings.list() for piece in (_string_head(len(text)), text)),
            parts.header,
        ]
    )


@lru_cache(maxsize=1 << 10)
def _string_head(size: int) -> bytes:
    """What stands before a string of so many bytes."""
    return varint(6 << 3 | DELIMITED) + varint(size)


def _samples(stacks: Rows, values: Ints) -> bytes:
    rows = np.arange(len(stacks.sizes))
    owner, column = stacks.owners(), stacks.columns()
    depths = stacks.numbers[column == 0]
    inside = column - 1 - depths[owner]
    locations = _Varints(owner[(column > 0) & (inside < 0)], stacks.numbers[(column > 0) & (inside < 0)])
    labels = _messages(3, owner[inside >= 0], stacks.numbers[inside >= 0], LABEL_WIDTH)
    packed = _Varints(np.repeat(rows, values.shape[1]), values.ravel())
    return _written(
        2,
        rows,
        _wrapped(1, rows[depths > 0], locations),
        _wrapped(2, rows if values.shape[1] else rows[:0], packed),
        labels,
    )


def _locations(table: Rows) -> bytes:
    rows = np.arange(len(table.sizes))
    owner, column = table.owners(), table.columns()
    mapping, address, folded = (table.numbers[column == number] for number in range(3))
    lines = _messages(4, owner[column > 2], table.numbers[column > 2], LINE_WIDTH)
    head = _fields(rows, np.stack([rows + 1, mapping, address], axis=1))
    return _written(4, rows, head, lines, _fields(rows, folded[:, None], 5))


def _types(table: Rows) -> bytes:
    return _types_of(table.numbers.tobytes())


@lru_cache(maxsize=64)
def _types_of(numbers: bytes) -> bytes:
    """The sample types of these names and units, which are the same in nearly all profiles of a kind."""
    table = np.frombuffer(numbers, np.int64).reshape(-1, 2)
    rows = np.arange(len(table))
    return _written(1, rows, _fields(rows, table))


def _plain(field: int, table: Rows) -> bytes:
    rows = np.arange(len(table.sizes))
    if not len(rows):
        return b""
    numbered = np.column_stack([rows + 1, table.numbers.reshape(len(rows), -1)])
    return _written(field, rows, _fields(rows, numbered))


def _messages(field: int, owner: Ints, numbers: Ints, width: int) -> _Varints:
    """Messages inside the rows that own them, `width` numbers each."""
    inner = np.arange(len(numbers) // width)
    wrapped = _wrapped(field, inner, _fields(inner, numbers.reshape(-1, width)))
    return _Varints(owner[::width][wrapped.owner], wrapped.numbers)


def _fields(owner: Ints, columns: Ints, first: int = 1) -> _Varints:
    """Fields numbered from `first`, a row of columns for each owner; zero takes no bytes."""
    tags = np.broadcast_to(np.arange(first, first + columns.shape[1]) << 3, columns.shape)
    there = columns != 0
    pairs = np.stack([tags[there], columns[there]], axis=1).ravel()
    return _Varints(np.repeat(owner, 2 * there.sum(axis=1)), pairs)


def _wrapped(field: int, owners: Ints, content: _Varints) -> _Varints:
    """For each of the owners one field that holds its content."""
    sizes = varint_sizes(content.numbers.view(np.uint64))
    lengths = np.bincount(content.owner, sizes, minlength=int(owners.max(initial=-1)) + 1).astype(np.int64)
    heads = np.stack([np.full(len(owners), field << 3 | DELIMITED), lengths[owners]], axis=1).ravel()
    return _merged(_Varints(np.repeat(owners, 2), heads), content)


def _merged(*pieces: _Varints) -> _Varints:
    """What belongs to one row side by side, in the order of the pieces."""
    if len(pieces) == 1:
        return pieces[0]
    owner = np.concatenate([piece.owner for piece in pieces])
    order = np.argsort(owner, kind="stable")
    return _Varints(owner[order], np.concatenate([piece.numbers for piece in pieces])[order])


def _written(field: int, rows: Ints, *pieces: _Varints) -> bytes:
    return varints(_wrapped(field, rows, _merged(*pieces)).numbers.view(np.uint64))
