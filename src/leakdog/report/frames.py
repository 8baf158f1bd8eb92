"""The frames of a profile as rows of one table: what `top`, `list` and the call graph count in."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable, Iterator
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.code import go_package
from leakdog.pprof.profile import Profile
from leakdog.pprof.ragged import ranges
from leakdog.pprof.symbols import Symbols

Ints = NDArray[np.int64]
Numbers = NDArray[np.generic]
Key = TypeVar("Key", bound=Hashable)
UNKNOWN = "<unknown>"


class Granularity(StrEnum):
    """What is a node."""

    FUNCTIONS = "functions"
    FILEFUNCTIONS = "filefunctions"
    FILES = "files"
    LINES = "lines"
    ADDRESSES = "addresses"
    PACKAGES = "packages"  # which pprof has not: of Go, or the outermost namespace


class Calls(NamedTuple):
    """What each location calls: rows `offsets[i]:offsets[i + 1]` of `name`, innermost first."""

    offsets: Ints
    name: Ints  # index into the names
    inlined: NDArray[np.bool_]  # into the next row


class Frames(NamedTuple):
    """Frames of all samples, leaf first, one sample after the other."""

    owner: Ints  # the sample
    name: Ints
    inlined: NDArray[np.bool_]  # into the next frame


class Parts(NamedTuple):
    """What the name of a node is made of: an address, a function (or what stands for one), and a file with a line."""

    address: str
    function: str
    place: str

    def name(self) -> str:
        """All that is known."""
        return " ".join(part for part in self if part)


def calls_of(symbols: Symbols, granularity: Granularity) -> tuple[list[str], Calls]:
    """Distinct names, and the calls of all locations in them; without symbols the binary gives the name."""
    parts, calls = parts_of(symbols, granularity)
    return list(parts), calls


def parts_of(symbols: Symbols, granularity: Granularity) -> tuple[dict[str, Parts], Calls]:
    """The same, with what each name is made of."""
    rows: dict[str, int] = {}
    found: dict[str, Parts] = {}

    def named(parts: Parts) -> str:
        name = parts.name()
        found.setdefault(name, parts)
        return name

    def bare(location: int) -> str:
        return named(Parts(_address(symbols, location, granularity), _binary(symbols, location), ""))

    names = map(named, _lines(symbols, granularity))
    lines = np.array([rows.setdefault(name, len(rows)) for name in names], np.int64)
    _, calls = line_up(symbols, rows, lines, bare)
    return {name: found[name] for name in rows}, calls


def line_up(symbols: Symbols, rows: dict[Key, int], lines: Ints, bare: Callable[[int], Key]) -> tuple[list[Key], Calls]:
    """Distinct keys, and the calls of all locations in them.

    Args:
        rows: keys of the lines, each with its number; those of locations without lines are added to it.
        lines: number of the key of each line.
        bare: key of a location without lines.

    """
    table = symbols.locations
    counts = np.diff(table.line_offsets)
    offsets = np.concatenate([[0], np.cumsum(np.maximum(counts, 1))])
    name = np.zeros(int(offsets[-1]), np.int64)
    inlined = np.ones(len(name), np.bool_)
    inlined[offsets[1:] - 1] = False
    lined = np.flatnonzero(counts)
    name[ranges(offsets[lined], counts[lined])] = lines
    for location in np.flatnonzero(counts == 0).tolist():
        name[offsets[location]] = rows.setdefault(bare(location), len(rows))
    return list(rows), Calls(offsets, name, inlined)


def names_of(symbols: Symbols, granularity: Granularity) -> list[list[tuple[str, bool]]]:
    """What each location calls, innermost first, and whether it is inlined into the next."""
    names, calls = calls_of(symbols, granularity)
    rows = [(names[name], inlined) for name, inlined in zip(calls.name.tolist(), calls.inlined.tolist(), strict=True)]
    return [rows[first:last] for first, last in pairwise(calls.offsets.tolist())]


def frames_of(profile: Profile, samples: Ints, calls: Calls) -> Frames:
    """The frames of some samples."""
    sizes = np.diff(profile.stack_offsets)[samples]
    locations = profile.stack_locations[ranges(profile.stack_offsets[samples], sizes)]
    counts = np.diff(calls.offsets)[locations]
    rows = ranges(calls.offsets[locations], counts)
    return Frames(np.repeat(np.repeat(samples, sizes), counts), calls.name[rows], calls.inlined[rows])


def sums(frames: Frames, weights: Numbers, names: int) -> tuple[Numbers, Numbers]:
    """Flat and cum of every name, of samples that weigh so much."""
    flat = np.zeros(names, weights.dtype)
    cum = np.zeros(names, weights.dtype)
    if len(frames.owner):
        leaf = np.flatnonzero(np.diff(frames.owner, prepend=-1))
        np.add.at(flat, frames.name[leaf], weights[frames.owner[leaf]])
        sample, name = np.divmod(np.unique(frames.owner * names + frames.name), names)
        np.add.at(cum, name, weights[sample])
    return flat, cum


def exact(values: Ints) -> Numbers:
    """The values in a type that their sums fit: Python's own numbers where 64 bits might not do."""
    if len(values) and float(np.abs(values.astype(np.float64)).sum()) >= 2.0**62:
        return values.astype(object)
    return values


def function_names(symbols: Symbols) -> list[str]:
    """The name of each function; the one in the binary where there is no other."""
    functions, strings = symbols.functions, symbols.strings
    return [strings[name] for name in np.where(functions.name != 0, functions.name, functions.system_name).tolist()]


def clean(path: str) -> str:
    """A path without what leads nowhere; empty stays empty."""
    return posixpath.normpath(path) if path else ""


def _lines(symbols: Symbols, granularity: Granularity) -> Iterator[Parts]:
    """What each line of the locations is called; one of which nothing is known is called by its binary."""
    table, strings = symbols.locations, symbols.strings
    files = [clean(strings[file]) for file in symbols.functions.file.tolist()]
    parts = [_part(granularity, *each) for each in zip(function_names(symbols), files, strict=True)]
    numbered = granularity in (Granularity.LINES, Granularity.ADDRESSES)
    owner = np.repeat(np.arange(len(table.mapping)), np.diff(table.line_offsets)).tolist()
    for location, row, line in zip(owner, table.line_function.tolist(), table.line_number.tolist(), strict=True):
        function, place = parts[row]
        if numbered and line:
            place = f"{place}:{line}"
        address = _address(symbols, location, granularity)
        yield Parts(address, function if function or place else _binary(symbols, location), place)


def _part(granularity: Granularity, name: str, file: str) -> tuple[str, str]:
    """What a function, and its file, add to the name of a node."""
    match granularity:
        case Granularity.FUNCTIONS:
            return name, ""
        case Granularity.FILES:
            return "", file
        case Granularity.PACKAGES:
            outermost, inner, _ = name.partition("::")
            return outermost if inner else go_package(name) or name, ""
        case _:
            return name, file


def _address(symbols: Symbols, location: int, granularity: Granularity) -> str:
    address = int(symbols.locations.address[location]) & (1 << 64) - 1
    return f"{address:016x}" if granularity is Granularity.ADDRESSES and address else ""


def _binary(symbols: Symbols, location: int) -> str:
    file = symbols.mapping_file(location)
    return f"[{file.rpartition('/')[2]}]" if file else UNKNOWN
