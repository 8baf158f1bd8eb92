"""What samples point to: strings, mappings, functions and locations, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from leakdog.model import Frame
from leakdog.pprof.limits import DEFAULT_LIMITS

Ints = NDArray[np.int64]

CHARACTER_BYTES = 4  # of UTF-8, at most


class Strings(Sequence[str]):
    """The string table. Entries are decoded when first read; what is not printable comes out escaped.

    Names come from untrusted programs and end in terminals, pages and logs, so control characters,
    bidirectional marks and broken UTF-8 are written as `\\x1b`, `\\u202e`, `\\xff` here, once, for all
    readers.
    """

    __slots__ = ("_bounds", "_bytes", "_text", "name_length")

    def __init__(self, data: memoryview, offsets: Ints, name_length: int = DEFAULT_LIMITS.name_length) -> None:
        """Entries one after the other, and where each begins and the last one ends."""
        self._bytes = data
        self._bounds = offsets.data  # single numbers come out of it faster than of the array
        self._text: list[str | None] = [None] * (len(offsets) - 1)
        self.name_length = name_length

    @classmethod
    def of(cls, raw: Sequence[bytes], name_length: int = DEFAULT_LIMITS.name_length) -> Strings:
        """The table with these entries."""
        return cls(memoryview(b"".join(raw)), np.cumsum([0, *map(len, raw)], dtype=np.int64), name_length)

    @property
    def raw(self) -> list[bytes]:
        """The entries as they are written."""
        data = self._bytes.tobytes()
        return [data[start:stop] for start, stop in pairwise(self._bounds.tolist())]

    @property
    def columns(self) -> tuple[NDArray[np.uint8], Ints]:
        """All entries as they are written, one after the other; and where each begins and the last one ends."""
        return np.frombuffer(self._bytes, np.uint8), np.asarray(self._bounds)

    @property
    def heads(self) -> list[bytes]:
        """Of each entry the bytes that its text is made of by `text_of`: a key that costs less than the text."""
        data, bounds = self._bytes.tobytes(), np.asarray(self._bounds)
        stops = np.minimum(bounds[1:], bounds[:-1] + CHARACTER_BYTES * self.name_length)
        return [data[start:stop] for start, stop in zip(bounds[:-1].tolist(), stops.tolist(), strict=True)]

    def begin(self, *prefixes: str) -> NDArray[np.bool_]:
        """(entries,): whether an entry begins like one of these, which takes no text of any."""
        data, wanted = self._bytes.tobytes(), tuple(prefix.encode() for prefix in prefixes)
        begun = [data.startswith(wanted, start, stop) for start, stop in pairwise(self._bounds.tolist())]
        return np.array(begun, bool)

    def __len__(self) -> int:
        """Entries, the empty one at index 0 included."""
        return len(self._text)

    def __getitem__(self, i: int) -> str:  # type: ignore[override]  # a table is not sliced
        """The text of an entry, at most `name_length` characters."""
        text = self._text[i]
        if text is None:
            start, stop = self._bounds[i], self._bounds[i + 1]
            raw = self._bytes[start : min(stop, start + CHARACTER_BYTES * self.name_length)]
            text = self._text[i] = text_of(raw, self.name_length)
        return text


def text_of(raw: bytes | memoryview, most: int) -> str:
    """At most so many characters of an entry, what is not printable escaped."""
    text = str(raw, "utf-8", "backslashreplace")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return text[:most]


@dataclass(frozen=True, slots=True, eq=False)
class Mappings:
    """Binaries in memory, a row each. `file` and `build_id` are string indices."""

    start: Ints
    limit: Ints
    offset: Ints
    file: Ints
    build_id: Ints
    flags: Ints  # (mappings, 4): has functions, filenames, line numbers, inline frames


@dataclass(frozen=True, slots=True, eq=False)
class Functions:
    """Functions, a row each. Texts are string indices."""

    name: Ints
    system_name: Ints
    file: Ints
    start_line: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Locations:
    """Call sites, a row each; the lines of location `i` are rows `line_offsets[i]:line_offsets[i + 1]`.

    `mapping` is a row of the mappings or -1, `line_function` a row of the functions. Addresses above 2**63
    are negative.
    """

    mapping: Ints
    address: Ints
    folded: Ints
    line_offsets: Ints
    line_function: Ints
    line_number: Ints
    line_column: Ints


class Symbols:
    """The tables, and frames made of them on demand."""

    __slots__ = ("_frames", "functions", "locations", "mappings", "strings")

    def __init__(self, strings: Strings, mappings: Mappings, functions: Functions, locations: Locations) -> None:
        self.strings = strings
        self.mappings = mappings
        self.functions = functions
        self.locations = locations
        self._frames: list[tuple[Frame, ...]] | None = None

    def frames(self) -> list[tuple[Frame, ...]]:
        """Frames of every location, innermost first; without symbols it is one frame named by its place."""
        if self._frames is None:
            lines = self._lines()
            bounds = pairwise(self.locations.line_offsets.tolist())
            self._frames = [tuple(lines[start:stop]) for start, stop in bounds]
            for location in np.flatnonzero(np.diff(self.locations.line_offsets) == 0).tolist():
                self._frames[location] = (Frame(self.place(location), self.mapping_file(location), 0),)
        return self._frames

    def _lines(self) -> list[Frame]:
        """A frame for each line of the locations."""
        table = self.functions
        strings = self.strings
        named = np.where(table.name != 0, table.name, table.system_name).tolist()
        names = [strings[name] or "<unknown>" for name in named]
        files = [strings[file] for file in table.file.tolist()]
        numbers = np.maximum(self.locations.line_number, 0).tolist()
        return [
            Frame(names[function], files[function], number)
            for function, number in zip(self.locations.line_function.tolist(), numbers, strict=True)
        ]

    def mapping_file(self, location: int) -> str:
        """Path of the binary that a location lies in, `""` if unknown."""
        mapping = int(self.locations.mapping[location])
        return self.strings[int(self.mappings.file[mapping])] if mapping >= 0 else ""

    def place(self, location: int) -> str:
        """A location without symbols: `libz.so+0x1f0` (the same in every run) or the bare address."""
        address = int(self.locations.address[location]) & (1 << 64) - 1
        binary = self.mapping_file(location)
        if not binary:
            return f"{address:#x}"
        mapping = int(self.locations.mapping[location])
        start = int(self.mappings.start[mapping]) - int(self.mappings.offset[mapping])
        return f"{binary.rpartition('/')[2]}+{(address - start) & (1 << 64) - 1:#x}"
