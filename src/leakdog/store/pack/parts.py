"""A profile as six tables whose rows are lists of numbers, so that one way of keeping rows serves them all.

A row refers to other tables by their row numbers, which is what profile.proto calls ids: from 1, and 0 for none.

* strings    the texts themselves; row 0 is the empty one
* mappings   start, limit, offset, file*, build id*, four flags
* functions  name*, system name*, file*, start line
* locations  mapping, address, whether folded, then for each line: function, line, column
* types      what a column of values counts*, and its unit*
* stacks     how many locations, those, then for each label: key*, text*, number, unit*

where * is a row of the strings. A stack is that of one sample with its labels; the sample's values stand apart.
`pprof/csrc/rows.c` knows these columns too: what refers to what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.library import address
from leakdog.pprof import kernel
from leakdog.pprof.compiled import call
from leakdog.pprof.decode import decode
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.profile import Profile
from leakdog.pprof.symbols import Locations
from leakdog.store.pack.ints import LONGEST
from leakdog.store.pack.table import Raw

Ints = NDArray[np.int64]

STRINGS, MAPPINGS, FUNCTIONS, LOCATIONS, STACKS, TYPES = TABLES = range(6)
LINE_WIDTH, LABEL_WIDTH = 3, 4
FUNCTION_WIDTH, NAMES = 4, 3  # of a function: its numbers, and those at the beginning that are strings
_MORE = 0x80  # a byte below is the last of its number
_NONE = np.zeros(0, np.int64)
_WHOLE = replace(DEFAULT_LIMITS, depth=1 + DEFAULT_LIMITS.message_bytes)  # no frame is left out of what is kept


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """New numbers for rows: of all tables one after the other, and where those of each begin and the last ones end."""

    numbers: Ints
    starts: Ints

    @classmethod
    def of(cls, sizes: Sequence[int]) -> Maps:
        """For tables of so many rows; all numbers are 0."""
        starts = np.cumsum([0, *sizes], dtype=np.int64)
        return cls(np.zeros(starts[-1], np.int64), starts)

    def __getitem__(self, table: int) -> Ints:
        """The numbers for the rows of one table, to be written to."""
        return self.numbers[self.starts[table] : self.starts[table + 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of numbers, one after the other, and how many each has."""

    numbers: Ints
    sizes: Ints

    @property
    def addresses(self) -> tuple[int, int, int]:
        """Where the compiled part finds the numbers and the sizes, and how many rows there are."""
        return address(self.numbers), address(self.sizes), len(self.sizes)

    @classmethod
    def of(cls, raw: Raw) -> Rows:
        """The rows that `raw` gave."""
        if not len(raw):
            return cls(_NONE, _NONE)
        ends = np.cumsum(np.append(False, raw.data < _MORE))  # before each byte, how many numbers have ended
        return cls(kernel.varints(raw.data.tobytes(), int(ends[-1])), np.diff(ends[raw.bounds]))

    @classmethod
    def joined(cls, rows: Sequence[Rows]) -> Rows:
        """The rows of several, one after the other."""
        return cls(np.concatenate([each.numbers for each in rows]), np.concatenate([each.sizes for each in rows]))

    def raw(self) -> Raw:
        """Each row as bytes: varints, of which negative numbers take ten bytes.

        Raises:
            ValueError: there are more or fewer numbers than those of the rows.

        """
        if self.sizes.sum() != len(self.numbers) or self.sizes.min(initial=0) < 0:
            raise ValueError("rows are not as long as they are said to be")
        data, bounds = np.empty(LONGEST * len(self.numbers), np.uint8), np.empty(len(self.sizes) + 1, np.int64)
        call("written", self.numbers, self.sizes, len(self.sizes), data, bounds)
        return Raw(data[: bounds[-1]].copy(), bounds)

    def columns(self) -> Ints:
        """The column that each number stands in."""
        return np.arange(len(self.numbers)) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)

    def owners(self) -> Ints:
        """The row, from 0, that each number stands in."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def renumbered(self, table: int, maps: Maps) -> Rows:
        """These rows of a table with every row that they refer to by its new number.

        Raises:
            IndexError: one refers to a row that has none.

        """
        own = np.empty_like(self.numbers)
        if not call("renumbered", self.numbers, self.sizes, len(self.sizes), table, maps.numbers, maps.starts, own):
            raise IndexError("a row refers to one that is not there")
        return Rows(own, self.sizes)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A profile taken apart.

    Attributes:
        header: the fields that are there once, as protobuf.
        strings: the string table, row 0 included.
        tables: rows by table; that of the strings is empty.
        values: (samples, types).

    """

    header: bytes
    strings: Raw
    tables: Sequence[Rows]
    values: Ints


def take_apart(data: bytes) -> Parts:
    """The parts of an uncompressed profile. They hold all of it but how it was written.

    Raises:
        MalformedProfile: it is no profile, or not one whose ids are row numbers.
        ProfileTooLarge: more of something than is read of a profile.

    """
    parts = parts_of(decode(data, _WHOLE))
    if parts is None:
        raise MalformedProfile("the ids of this profile are not row numbers")
    return parts


def parts_of(profile: Profile) -> Parts | None:
    """The parts of a profile that has been read; None where reading has left something out of it."""
    written, depths = profile.written, np.diff(profile.stack_offsets)
    if written is None or depths.max(initial=0) >= written.depth:
        return None
    symbols = profile.symbols
    mappings, functions = symbols.mappings, symbols.functions
    named = mappings.start, mappings.limit, mappings.offset, mappings.file, mappings.build_id
    tables = [
        Rows(_NONE, _NONE),
        _plain(*named, *mappings.flags.T),
        _plain(functions.name, functions.system_name, functions.file, functions.start_line),
        _locations(symbols.locations),
        _stacks(profile, depths),
        _plain(*written.types.T),
    ]
    return Parts(written.header, Raw(*symbols.strings.columns), tables, profile.values)


def _locations(found: Locations) -> Rows:
    lines = _plain(found.line_function + 1, found.line_number, found.line_column).numbers
    own = _plain(found.mapping + 1, found.address, found.folded)
    return _beside(own, Rows(lines, np.diff(found.line_offsets) * LINE_WIDTH))


def _plain(*columns: Ints) -> Rows:
    """Rows of these columns."""
    rows = np.empty((len(columns[0]), len(columns)), np.int64)
    for place, column in enumerate(columns):  # in half the time of `np.stack`
        rows[:, place] = column
    return Rows(rows.ravel(), np.full(len(rows), len(columns)))


def _stacks(profile: Profile, depths: Ints) -> Rows:
    """Samples without their values."""
    labels = profile.label_table
    return _beside(
        Rows(depths, np.ones_like(depths)),
        Rows(profile.stack_locations.astype(np.int64) + 1, depths),
        Rows(
            _plain(labels.key, labels.text, labels.number, labels.unit).numbers,
            np.diff(labels.offsets) * LABEL_WIDTH,
        ),
    )


def _beside(*pieces: Rows) -> Rows:
    """Rows that are made of the rows of each piece."""
    sizes = sum((piece.sizes for piece in pieces[1:]), pieces[0].sizes)
    numbers = np.empty(sum([len(piece.numbers) for piece in pieces]), np.int64)
    at = [piece.addresses for piece in pieces]
    call("beside", len(sizes), len(pieces), np.array(at, np.int64), numbers)
    return Rows(numbers, sizes)
