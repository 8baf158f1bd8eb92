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
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.pprof import columns
from leakdog.pprof.layout import FUNCTION, LOCATION, MAPPING
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.schema import Shallow
from leakdog.pprof.wire import VARINT, fields

Ints = NDArray[np.int64]

STRINGS, MAPPINGS, FUNCTIONS, LOCATIONS, STACKS, TYPES = TABLES = range(6)
LINE_WIDTH, LABEL_WIDTH = 3, 4


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
        MalformedProfile: it is no profile, or not one whose ids are row numbers and in their tables.
        ProfileTooLarge: a record has too many fields.

    """
    try:
        shallow = Shallow.FromString(data)
    except DecodeError as error:
        raise MalformedProfile("this is not protobuf, or it is cut off") from error
    raw = [list(getattr(shallow, field.name)) for field in Shallow.DESCRIPTOR.fields]
    for field in Shallow.DESCRIPTOR.fields:
        shallow.ClearField(field.name)
    types, samples, mappings, locations, functions, strings = raw
    stacks, values = _stacks(samples, len(types))
    none = np.zeros(0, np.int64)
    tables = [Rows(none, none), *_tables(mappings, functions, locations), stacks, _types(types)]
    _check(strings, tables)
    return Parts(shallow.SerializeToString(), strings, tables, values)


def _tables(mappings: list[bytes], functions: list[bytes], locations: list[bytes]) -> tuple[Rows, Rows, Rows]:
    raw = mappings + functions + locations
    counts = [len(mappings), len(functions), len(locations)]
    which = np.repeat([MAPPING, FUNCTION, LOCATION], counts)
    numbers, line_counts, lines = columns.tables(raw, columns.lengths(raw), which, DEFAULT_LIMITS.fields)
    split = np.split(numbers, np.cumsum(counts)[:-1], axis=1)
    for each in split:
        if not np.array_equal(each[1], np.arange(1, each.shape[1] + 1)):
            raise MalformedProfile("the ids of this profile are not row numbers")
    of_locations = Rows(split[2][[2, 3, 5]].T.ravel(), np.full(counts[2], 3))
    of_lines = Rows(lines[1:4].T.ravel(), line_counts[len(raw) - counts[2] :] * LINE_WIDTH)
    return _plain(split[0][2:11]), _plain(split[1][2:6]), _beside(of_locations, of_lines)


def _plain(numbers: Ints) -> Rows:
    """Rows of these columns."""
    width, count = numbers.shape
    return Rows(numbers.T.ravel(), np.full(count, width))


def _stacks(raw: list[bytes], types: int) -> tuple[Rows, Ints]:
    found = columns.samples(raw, columns.lengths(raw), DEFAULT_LIMITS.fields)
    if (found.value_counts != types).any():
        raise MalformedProfile("a sample has another number of values than there are sample types")
    rows = _beside(
        Rows(found.stack_sizes, np.ones_like(found.stack_sizes)),
        Rows(found.stacks, found.stack_sizes),
        Rows(found.labels[1:5].T.ravel(), found.label_counts * LABEL_WIDTH),
    )
    return rows, found.values.reshape(len(raw), types)


def _beside(*pieces: Rows) -> Rows:
    """Rows that are made of the rows of each piece."""
    sizes = np.sum([piece.sizes for piece in pieces], axis=0)
    start = np.cumsum(sizes) - sizes
    numbers = np.empty(int(sizes.sum()), np.int64)
    for piece in pieces:
        numbers[columns.ranges(start, piece.sizes)] = piece.numbers
        start = start + piece.sizes
    return Rows(numbers, sizes)


def _types(raw: list[bytes]) -> Rows:
    numbers = np.zeros((len(raw), 2), np.int64)
    for row, message in zip(numbers, raw, strict=True):
        for field in fields(message):
            if field.number not in (1, 2) or field.wire_type != VARINT:
                raise MalformedProfile("a sample type has more than a type and a unit")
            row[field.number - 1] = field.value
    return Rows(numbers.ravel(), np.full(len(raw), 2))


def _check(strings: list[bytes], tables: Sequence[Rows]) -> None:
    """Everything that is referred to is there."""
    if not strings or strings[0]:
        raise MalformedProfile("the string table does not begin with the empty string")
    counts = [len(strings), *(len(rows.sizes) + 1 for rows in tables[1:])]
    for table in TABLES[1:]:
        for other, at in tables[table].references(table):
            found = tables[table].numbers[at]
            if len(found) and not (found.min() >= 0 and found.max() < counts[other]):
                raise MalformedProfile("a row refers to one that is not there")
