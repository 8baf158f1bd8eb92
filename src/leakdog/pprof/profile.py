"""A profile as arrays: one row per sample, stacks as indices into shared tables.

The words are those of profile.proto: a sample has values and a stack of locations; a location is an address
with one line per function, more than one where calls were inlined, innermost first; a mapping is a binary in
memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.errors import ProfileError
from leakdog.model import Frame, RawProfile
from leakdog.pprof.symbols import Symbols

Ints = NDArray[np.int64]


class ValueType(NamedTuple):
    """What a column of values counts, such as `inuse_space` in `bytes`."""

    type: str
    unit: str


class Label(NamedTuple):
    """A label of a sample: text, or a number with a unit (`""` where none is told)."""

    key: str
    value: str | int
    unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable:
    """Labels of all samples, one row each. Texts are indices into the string table; `text` 0 means a number.

    `offsets` has one entry per sample and one more: the rows of sample `i` are `offsets[i]:offsets[i + 1]`.
    """

    offsets: Ints
    key: Ints
    text: Ints
    number: Ints
    unit: Ints


class Written(NamedTuple):
    """What else is in the protobuf of a profile whose ids are row numbers: all that the columns do not tell.

    Attributes:
        types: (types, 2): type and unit, as string indices.
        header: the fields that are there once, and those that are not known, as they are written.
        depth: frames kept per stack.

    """

    types: Ints
    header: bytes
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A decoded profile.

    Attributes:
        values: (samples, types), in the order of `sample_types`.
        stack_offsets: (samples + 1,); the locations of sample `i` are
            `stack_locations[stack_offsets[i]:stack_offsets[i + 1]]`, leaf first, as indices into
            `symbols.locations`.
        symbols: strings, mappings, functions and locations, shared by all samples.
        time_nanos: when it was taken, unix time; 0 if unknown.
        duration_nanos: how long it was recorded; 0 for a heap profile, which is a state.
        period_type, period: what is sampled, and how many of it lie between two samples.
        drop_frames, keep_frames: the producer's patterns of frames not worth showing; never matched while
            reading.
        written: None where not known, or where the ids are no row numbers.

    """

    sample_types: tuple[ValueType, ...]
    default_sample_type: str
    values: Ints
    stack_offsets: Ints
    stack_locations: NDArray[np.int32]
    label_table: LabelTable
    symbols: Symbols
    time_nanos: int = 0
    duration_nanos: int = 0
    period_type: ValueType | None = None
    period: int = 0
    drop_frames: str = ""
    keep_frames: str = ""
    comments: tuple[str, ...] = ()
    doc_url: str = ""
    written: Written | None = None

    @property
    def time(self) -> float:
        """When it was taken, unix seconds; 0.0 if unknown."""
        return self.time_nanos / 1e9

    @property
    def duration_seconds(self) -> float:
        """How long it was recorded; 0.0 if unknown or a state."""
        return self.duration_nanos / 1e9

    @property
    def build_id(self) -> str:
        """Build id of the program, which is its first mapping; empty where it has none, as before Go 1.24."""
        mappings = self.symbols.mappings
        return self.symbols.strings[int(mappings.build_id[0])] if len(mappings.build_id) else ""

    def stack(self, i: int) -> tuple[Frame, ...]:
        """Frames of sample `i`, leaf first, inlined calls as frames of their own."""
        frames = self.symbols.frames()
        locations = self.stack_locations[self.stack_offsets[i] : self.stack_offsets[i + 1]].tolist()
        return tuple(chain.from_iterable(map(frames.__getitem__, locations)))

    def stacks(self) -> tuple[tuple[Frame, ...], ...]:
        """Frames of every sample, leaf first; samples with one stack share one tuple."""
        frames = self.symbols.frames()
        locations = self.stack_locations.tolist()
        known: dict[tuple[int, ...], tuple[Frame, ...]] = {}
        found = []
        for start, stop in pairwise(self.stack_offsets.tolist()):
            key = tuple(locations[start:stop])
            stack = known.get(key)
            if stack is None:
                stack = known[key] = tuple(chain.from_iterable(map(frames.__getitem__, key)))
            found.append(stack)
        return tuple(found)

    def labels(self, i: int) -> tuple[Label, ...]:
        """Labels of sample `i` as written, without those that have neither text, number nor unit."""
        table, strings = self.label_table, self.symbols.strings
        found = []
        for row in range(int(table.offsets[i]), int(table.offsets[i + 1])):
            key, text, number, unit = (int(c[row]) for c in (table.key, table.text, table.number, table.unit))
            if text:
                found.append(Label(strings[key], strings[text]))
            elif number or unit:
                found.append(Label(strings[key], number, strings[unit]))
        return tuple(found)

    def runs(self, *prefixes: str) -> NDArray[np.bool_]:
        """(samples,): whether a function whose name starts with one of these is anywhere on the sample's stack."""
        wanted = self.symbols.strings.begin(*prefixes)[self.symbols.functions.name]
        lines = self.symbols.locations
        inside = np.zeros(len(lines.mapping), bool)
        inside[_owners(lines.line_offsets)[wanted[lines.line_function]]] = True
        found = np.zeros(len(self.values), bool)
        found[_owners(self.stack_offsets)[inside[self.stack_locations]]] = True
        return found

    def sample_index(self, name: str) -> int:
        """Column of a sample type, chosen as `go tool pprof -sample_index` does.

        `""` is the profile's default, or the last one. A number is a column; `inuse_space` also finds
        `space`.

        Raises:
            ProfileError: there is no such type; the text names those that exist.

        """
        types = [kind.type for kind in self.sample_types]
        if not name and types:
            return types.index(self.default_sample_type) if self.default_sample_type in types else len(types) - 1
        if name.isascii() and name.isdigit() and int(name) < len(types):
            return int(name)
        for i, kind in enumerate(types):
            if kind in (name, name.removeprefix("inuse_")):
                return i
        raise ProfileError(f"this profile has no sample type {name!r}; it has {', '.join(types) or 'none'}")


@dataclass(frozen=True, slots=True, eq=False)
class ReadProfile(RawProfile):
    """A profile with what was read of it, so that whoever stores it need not read it again."""

    profile: Profile


def _owners(offsets: Ints) -> NDArray[np.intp]:
    """For each element of a ragged array with these row offsets, its row."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
