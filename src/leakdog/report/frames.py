"""The frames of a profile as rows of one table: what `top`, `list` and the call graph count in."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Hashable
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.code import go_package
from leakdog.pprof.columns import ranges
from leakdog.pprof.profile import Profile
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


def calls_of(symbols: Symbols, granularity: Granularity) -> tuple[list[str], Calls]:
    """Distinct names, and the calls of all locations in them; without symbols the binary gives the name."""
    rows: dict[str, int] = {}
    lines = _line_names(symbols, granularity, rows)
    return line_up(
        symbols,
        rows,
        lines,
        lambda location: f"{_address(symbols, location, granularity)}{_binary(symbols, location)}",
    )


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


def _line_names(symbols: Symbols, granularity: Granularity, rows: dict[str, int]) -> Ints:
    """A row for each line of the locations; those of one name share it."""
    functions, table, strings = symbols.functions, symbols.locations, symbols.strings
    files = map(strings.__getitem__, functions.file.tolist())
    parts = [
        _part(granularity, name, file) or UNKNOWN for name, file in zip(function_names(symbols), files, strict=True)
    ]
    if granularity not in (Granularity.LINES, Granularity.ADDRESSES):
        known = np.array([rows.setdefault(part, len(rows)) for part in parts], np.int64)
        found: Ints = known[table.line_function]
        return found
    owner = np.repeat(np.arange(len(table.mapping)), np.diff(table.line_offsets)).tolist()
    lines = zip(owner, table.line_function.tolist(), table.line_number.tolist(), strict=True)
    texts = (
        f"{_address(symbols, location, granularity)}{parts[function]}{f':{line}' if line else ''}"
        for location, function, line in lines
    )
    return np.array([rows.setdefault(text, len(rows)) for text in texts], np.int64)


def _part(granularity: Granularity, name: str, file: str) -> str:
    """What a function adds to the name of a node."""
    match granularity:
        case Granularity.FUNCTIONS:
            return name
        case Granularity.FILES:
            return clean(file)
        case Granularity.PACKAGES:
            outermost, inner, _ = name.partition("::")
            return outermost if inner else go_package(name) or name
        case _:
            return f"{name} {clean(file)}".strip()


def _address(symbols: Symbols, location: int, granularity: Granularity) -> str:
    address = int(symbols.locations.address[location]) & (1 << 64) - 1
    return f"{address:016x} " if granularity is Granularity.ADDRESSES and address else ""


def _binary(symbols: Symbols, location: int) -> str:
    file = symbols.mapping_file(location)
    return f"[{file.rpartition('/')[2]}]" if file else UNKNOWN
