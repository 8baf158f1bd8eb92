"""Several profiles as one: samples of equal stacks and labels are one sample, and what is in none is left out.

Binaries are known by their build id, else their name, with size and offset; addresses count from where each lies, so
that runs of one program agree. Method: google/pprof profile/merge.go.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import numpy as np

from leakdog.pprof.profile import Ints, LabelTable, Profile
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols

PAGE = 0x1000
WORD = (1 << 64) - 1
Label = tuple[int, int, int, int]  # key, text, number, unit
Row = TypeVar("Row", bound=tuple[int, ...])


def merged(profiles: Sequence[Profile]) -> Profile:
    """One profile of all samples.

    All else is that of the first, which has the same sample types as the others; what that does not tell is that of
    the next one that does. Comments are those of all, and the period is the longest.
    """
    found = _Merger(len(profiles[0].sample_types))
    for each in profiles:
        found.add(each)
    whole = found.build(_headed(profiles))
    return whole if whole.values.any(axis=1).all() else merged([whole])


def _headed(profiles: Sequence[Profile]) -> Profile:
    """The first, with what is told of all."""
    return replace(
        profiles[0],
        default_sample_type=next(filter(None, (each.default_sample_type for each in profiles)), ""),
        doc_url=next(filter(None, (each.doc_url for each in profiles)), ""),
        period=max(each.period for each in profiles),
        comments=tuple(dict.fromkeys(comment for each in profiles for comment in each.comments)),
    )


class _Rows(dict[Hashable, int]):
    """Distinct keys with their numbers, and a row of each."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, ...]] = []

    def put(self, key: Hashable, row: tuple[int, ...]) -> int:
        """The number of a key; the first row of it is kept."""
        if key not in self:
            self[key] = len(self.rows)
            self.rows.append(row)
        return self[key]

    def columns(self, count: int) -> Ints:
        """(count, rows): what is kept."""
        words = np.array(self.rows, object).reshape(-1, count) & WORD
        return words.astype(np.uint64).view(np.int64).T


class _Merger:
    """Collects samples and what they point to, in the order in which they come."""

    def __init__(self, types: int) -> None:
        self.types = types
        self.strings: dict[bytes, int] = {b"": 0}
        self.mappings, self.functions, self.locations = _Rows(), _Rows(), _Rows()
        self.lines: list[tuple[tuple[int, int, int], ...]] = []
        self.samples: dict[tuple[tuple[int, ...], tuple[Label, ...]], Ints] = {}

    def add(self, profile: Profile) -> None:
        """Add the samples of a profile that are not all zero."""
        names = _Names(self, profile)
        if not self.mappings and len(profile.symbols.mappings.file):
            names.mapping(0)  # the first is the program's own
        labels = profile.label_table
        columns = (labels.key.tolist(), labels.text.tolist(), labels.number.tolist(), labels.unit.tolist())
        told = [(names.text(k), names.text(t), n, names.text(u)) for k, t, n, u in zip(*columns, strict=True)]
        stacks = profile.stack_locations.tolist()
        bounds = zip(pairwise(profile.stack_offsets.tolist()), pairwise(labels.offsets.tolist()), strict=True)
        for values, ((first, last), (start, stop)) in zip(profile.values, bounds, strict=True):
            if values.any():
                stack = tuple(map(names.location, stacks[first:last]))
                key = stack, tuple(sorted(told[start:stop], key=lambda label: (label[1] == 0, label[0])))
                self.samples[key] = self.samples[key] + values if key in self.samples else values

    def build(self, first: Profile) -> Profile:
        """The profile of all that was added."""
        stacks, labels = [key[0] for key in self.samples], [key[1] for key in self.samples]
        mapping, address, folded = self.locations.columns(3)
        lines = np.array([line for each in self.lines for line in each], np.int64).reshape(-1, 3).T
        start, limit, offset, file, build_id, *flags = self.mappings.columns(9)
        symbols = Symbols(
            Strings.of(list(self.strings), first.symbols.strings.name_length),
            Mappings(start, limit, offset, file, build_id, np.array(flags).T.reshape(-1, 4)),
            Functions(*self.functions.columns(4)),
            Locations(mapping, address, folded, _offsets(self.lines), *lines),
        )
        told = np.array([label for each in labels for label in each], np.int64).reshape(-1, 4).T
        return replace(
            first,
            values=np.array(list(self.samples.values()), np.int64).reshape(-1, self.types),
            stack_offsets=_offsets(stacks),
            stack_locations=np.array([row for stack in stacks for row in stack], np.int32),
            label_table=LabelTable(_offsets(labels), *told),
            symbols=symbols,
        )


class _Names:
    """The rows of one profile in the tables of all."""

    def __init__(self, merger: _Merger, profile: Profile) -> None:
        self.merger, self.symbols = merger, profile.symbols
        strings = merger.strings
        self.texts = [strings.setdefault(raw, len(strings)) for raw in profile.symbols.strings.raw]
        table = profile.symbols.functions
        rows = zip(*(column.tolist() for column in (table.name, table.system_name, table.file)), strict=True)
        named = [tuple(map(self.text, row)) for row in rows]
        self.functions = [(*row, start) for row, start in zip(named, table.start_line.tolist(), strict=True)]
        self.known: dict[int, int] = {}

    def text(self, row: int) -> int:
        """A string."""
        return self.texts[row]

    def mapping(self, row: int) -> tuple[int, int]:
        """A binary, and how much further on it lies there."""
        if row < 0:
            return -1, 0
        table = self.symbols.mappings
        start, limit, offset = (int(column[row]) & WORD for column in (table.start, table.limit, table.offset))
        file, build_id = (self.text(int(column[row])) for column in (table.file, table.build_id))
        size = ((limit - start & WORD) + PAGE - 1 & WORD) // PAGE
        kept = (start, limit, offset, file, build_id, *table.flags[row].tolist())
        number = self.merger.mappings.put((size, offset, build_id or file), kept)
        return number, self.merger.mappings.rows[number][0] - start

    def location(self, row: int) -> int:
        """A call site."""
        if row not in self.known:
            self.known[row] = self._location(row)
        return self.known[row]

    def _location(self, row: int) -> int:
        table, merger = self.symbols.locations, self.merger
        mapping, further = self.mapping(int(table.mapping[row]))
        address = int(table.address[row]) + further & WORD
        rows = slice(int(table.line_offsets[row]), int(table.line_offsets[row + 1]))
        columns = (column[rows].tolist() for column in (table.line_function, table.line_number, table.line_column))
        lines = tuple(
            (merger.functions.put(self.functions[function], self.functions[function]), line, column)
            for function, line, column in zip(*columns, strict=True)
        )
        before = len(merger.lines)
        kept = (mapping, address, int(table.folded[row]))
        number = merger.locations.put((*kept, lines), kept)
        merger.lines += [lines] if number == before else []
        return number


def _offsets(parts: Sequence[Sequence[object]]) -> Ints:
    return np.concatenate([[0], np.cumsum(np.fromiter(map(len, parts), np.int64))]).astype(np.int64)
