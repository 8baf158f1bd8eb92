"""A profile as six tables whose rows are lists of numbers, so that one way of keeping rows serves them all.

A row refers to other tables by their row numbers, which is what profile.proto calls ids: from 1, and 0 for none.

* strings    the texts themselves; row 0 is the empty one
* mappings   start, limit, offset, file*, build id*, four flags
* functions  name*, system name*, file*, start line
* locations  mapping, address, whether folded, then for each line: function, line, column
* types      what a column of values counts*, and its unit*
* stacks     how many locations, those, then for each label: key*, text*, number, unit*

where * is a row of the strings. A stack is that of one sample with its labels; the sample's values stand apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.pprof.kernel import Body, Columns
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.ragged import ranges
from leakdog.pprof.samples import read_samples

Ints = NDArray[np.int64]

STRINGS, MAPPINGS, FUNCTIONS, LOCATIONS, STACKS, TYPES = TABLES = range(6)
LINE_WIDTH, LABEL_WIDTH = 3, 4
_WHOLE = replace(DEFAULT_LIMITS, depth=DEFAULT_LIMITS.message_bytes)  # no frame is left out of what is kept


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of numbers, one after the other, and how many each has."""

    numbers: Ints
    sizes: Ints

    @classmethod
    def of(cls, raw: Sequence[bytes]) -> Rows:
        """The rows that `raw` gave."""
        return cls(np.frombuffer(b"".join(raw), np.int64), np.fromiter(map(len, raw), np.int64, len(raw)) >> 3)

    @classmethod
    def joined(cls, rows: Sequence[Rows]) -> Rows:
        """The rows of several, one after the other."""
        return cls(np.concatenate([each.numbers for each in rows]), np.concatenate([each.sizes for each in rows]))

    def raw(self) -> list[bytes]:
        """Each row as bytes."""
        if not len(self.sizes):
            return []
        data = self.numbers.tobytes()
        return [data[start:stop] for start, stop in pairwise([0, *(np.cumsum(self.sizes) << 3).tolist()])]

    def columns(self) -> Ints:
        """The column that each number stands in."""
        return np.arange(len(self.numbers)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)

    def owners(self) -> Ints:
        """The row, from 0, that each number stands in."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def renumbered(self, table: int, numbers: Sequence[Ints]) -> Rows:
        """These rows of a table with every row that they refer to by its number in `numbers`, table by table."""
        own = self.numbers.copy()
        for other, at in self.references(table):
            own[at] = numbers[other][own[at]]
        return Rows(own, self.sizes)

    def references(self, table: int) -> list[tuple[int, Ints]]:
        """Where the rows of this table refer to others: tables, each with the places of the numbers."""
        column = self.columns()
        if table == STRINGS:
            return []
        if table == MAPPINGS:
            return [(STRINGS, np.flatnonzero((column == 3) | (column == 4)))]
        if table == FUNCTIONS:
            return [(STRINGS, np.flatnonzero(column < 3))]
        if table == TYPES:
            return [(STRINGS, np.arange(len(column)))]
        if table == LOCATIONS:
            return [
                (MAPPINGS, np.flatnonzero(column == 0)),
                (FUNCTIONS, np.flatnonzero((column > 0) & (column % LINE_WIDTH == 0))),
            ]
        label = column - 1 - np.repeat(self.numbers[np.cumsum(self.sizes) - self.sizes], self.sizes)
        return [
            (LOCATIONS, np.flatnonzero((label < 0) & (column > 0))),
            (STRINGS, np.flatnonzero((label >= 0) & (label % LABEL_WIDTH != 2))),
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A profile taken apart.

    Attributes:
        header: the fields that are there once, as protobuf.
        strings: the string table.
        tables: rows by table; that of the strings is empty.
        values: (samples, types).

    """

    header: bytes
    strings: list[bytes]
    tables: Sequence[Rows]
    values: Ints


def take_apart(data: bytes) -> Parts:
    """The parts of an uncompressed profile. They hold all of it but how it was written.

    Raises:
        MalformedProfile: it is no profile, or not one whose ids are row numbers.
        ProfileTooLarge: more of something than is read of a profile.

    """
    body = Body(data, _WHOLE)
    found = body.tables()
    if not all(found.dense):
        raise MalformedProfile("the ids of this profile are not row numbers")
    values, stacks = _stacks(body)
    none = np.zeros(0, np.int64)
    bounds, text = found.text_offsets.tolist(), found.text.tobytes()
    strings = [text[start:stop] for start, stop in pairwise(bounds)]
    tables = [
        Rows(none, none),
        _plain(*found.mappings, *found.flags.T),
        _plain(*found.functions),
        _locations(found),
        stacks,
        _plain(*found.types.T),
    ]
    return Parts(body.rest(), strings, tables, values)


def _locations(found: Columns) -> Rows:
    mapping, address, folded = found.locations
    function, number, column = found.lines
    lines = Rows(np.stack([function + 1, number, column], axis=1).ravel(), np.diff(found.line_offsets) * LINE_WIDTH)
    return _beside(_plain(mapping + 1, address, folded), lines)


def _plain(*columns: Ints) -> Rows:
    """Rows of these columns."""
    return Rows(np.stack(columns, axis=1).ravel(), np.full(len(columns[0]), len(columns)))


def _stacks(body: Body) -> tuple[Ints, Rows]:
    """The values of samples, and the rest of them as rows."""
    found = read_samples(body, None)
    depths, labels = np.diff(found.offsets), found.labels
    rows = _beside(
        Rows(depths, np.ones_like(depths)),
        Rows(found.stacks.astype(np.int64) + 1, depths),
        Rows(
            np.stack([labels.key, labels.text, labels.number, labels.unit], axis=1).ravel(),
            np.diff(labels.offsets) * LABEL_WIDTH,
        ),
    )
    return found.values, rows


def _beside(*pieces: Rows) -> Rows:
    """Rows that are made of the rows of each piece."""
    sizes = np.sum([piece.sizes for piece in pieces], axis=0)
    start = np.cumsum(sizes) - sizes
    numbers = np.empty(int(sizes.sum()), np.int64)
    for piece in pieces:
        numbers[ranges(start, piece.sizes)] = piece.numbers
        start = start + piece.sizes
    return Rows(numbers, sizes)
