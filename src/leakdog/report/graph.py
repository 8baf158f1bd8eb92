"""Who calls whom, and what each holds: the nodes and edges that `top`, `tree` and `peek` print.

`flat` is what a node's own code holds, `cum` what it and all that it called hold. A node that is more than once in a
stack (recursion) counts once. Inlined functions count as functions. Those of one name are one node.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.columns import ranges
from leakdog.pprof.profile import Profile
from leakdog.pprof.symbols import Symbols
from leakdog.report.select import Selection, select

Ints = NDArray[np.int64]
Numbers = NDArray[np.generic]
UNKNOWN = "<unknown>"


class Granularity(StrEnum):
    """What is a node."""

    FUNCTIONS = "functions"
    FILEFUNCTIONS = "filefunctions"
    FILES = "files"
    LINES = "lines"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class View:
    """How to look at a profile.

    Attributes:
        sample_index: name of a sample type, as `go tool pprof -sample_index` takes it; `""` for the default.
        n: nodes to show; 0 for all.
        node_fraction, edge_fraction: shares of the total below which nodes and edges are left out.

    """

    sample_index: str = ""
    granularity: Granularity = Granularity.FUNCTIONS
    sort: Literal["flat", "cum"] = "flat"
    n: int = 0
    node_fraction: float = 0.0
    edge_fraction: float = 0.0
    selection: Selection = field(default_factory=Selection)


class Node(NamedTuple):
    """One node. `inline` is `(inline)`, `(partial-inline)` or empty: whether its calls were inlined."""

    name: str
    flat: int
    cum: int
    inline: str = ""


class Edge(NamedTuple):
    """What a callee holds for a caller. `inline`: all of these calls were inlined."""

    caller: str
    callee: str
    weight: int
    inline: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges.

    Attributes:
        sample_type, unit: what the numbers count, such as `inuse_space` in `bytes`.
        total: sum of the absolute values of all samples, of those that are not selected too.
        nodes: sorted, the first of `node_count`.
        dropped: nodes below `cutoff`, which are in none of these.
        heading: lines that say what profile this is, and what is selected.

    """

    sample_type: str
    unit: str
    total: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    node_count: int
    dropped: int = 0
    cutoff: int = 0
    heading: tuple[str, ...] = ()


def build(profile: Profile, view: View, total: int | None = None) -> Graph:
    """The graph of a profile.

    Args:
        total: what shares are shares of; None: the profile's own.

    Raises:
        ProfileError: there is no such sample type, or what is selected is no regular expression.

    """
    column = profile.sample_index(view.sample_index)
    kind = profile.sample_types[column]
    total = total_of(profile, view) if total is None else total
    chosen = select(profile, view.selection)
    weights = _exact(chosen.values[:, column])
    names, calls = _names(chosen.symbols, view.granularity)
    frames = _frames(chosen, np.flatnonzero(weights != 0), calls)
    flat, cum = _sums(frames, weights, len(names))
    found = [i for i in range(len(names)) if flat[i] or cum[i]]
    least = int(abs(sum(flat)) * view.node_fraction)
    large = [i for i in found if abs(cum[i]) >= least]
    by = cum if view.sort == "cum" else flat
    large.sort(key=lambda i: (-abs(by[i]), names[i]))
    shown = large[: view.n] if view.n else large
    edges = _edges(frames, weights, shown, len(names))
    least_edge = int(abs(sum(flat)) * view.edge_fraction)
    edges = [edge for edge in edges if abs(edge[2]) >= least_edge]
    marks = _inline_marks(edges)
    return Graph(
        sample_type=kind.type,
        unit=kind.unit,
        total=total,
        nodes=tuple(Node(names[i], flat[i], cum[i], marks.get(i, "")) for i in shown),
        edges=tuple(Edge(names[caller], names[callee], weight, inline) for caller, callee, weight, inline in edges),
        node_count=len(large),
        dropped=len(found) - len(large),
        cutoff=int(total * view.node_fraction),
        heading=(*heading(profile, kind.type), *view.selection.lines()),
    )


def total_of(profile: Profile, view: View) -> int:
    """Sum of the absolute values of all samples.

    Raises:
        ProfileError: there is no such sample type.

    """
    return int(np.abs(_exact(profile.values[:, profile.sample_index(view.sample_index)])).sum())


def heading(profile: Profile, sample_type: str) -> tuple[str, ...]:
    """Lines that say what profile this is."""
    mappings, strings = profile.symbols.mappings, profile.symbols.strings
    lines = []
    if len(mappings.file) and mappings.file[0]:
        lines.append(f"File: {strings[int(mappings.file[0])].rpartition('/')[2]}")
    if len(mappings.file) and mappings.build_id[0]:
        lines.append(f"Build ID: {strings[int(mappings.build_id[0])]}")
    lines.append(f"Type: {sample_type}")
    if 0 < profile.time < 1 << 36:
        lines.append(f"Time: {datetime.fromtimestamp(profile.time, UTC):%Y-%m-%d %H:%M:%S} UTC")
    return tuple(lines)


def _exact(values: Ints) -> Numbers:
    """The values in a type that their sums fit: Python's own numbers where 64 bits might not do."""
    if len(values) and float(np.abs(values.astype(np.float64)).sum()) >= 2.0**62:
        return values.astype(object)
    return values


class _Calls(NamedTuple):
    """What each location calls: rows `offsets[i]:offsets[i + 1]` of `name`, innermost first."""

    offsets: Ints
    name: Ints  # index into the names
    inlined: NDArray[np.bool_]  # into the next row


def _names(symbols: Symbols, granularity: Granularity) -> tuple[list[str], _Calls]:
    """Distinct names, and the calls of all locations in them; without symbols the binary gives the name."""
    rows: dict[str, int] = {}
    table = symbols.locations
    counts = np.diff(table.line_offsets)
    offsets = np.concatenate([[0], np.cumsum(np.maximum(counts, 1))])
    name = np.zeros(int(offsets[-1]), np.int64)
    inlined = np.ones(len(name), np.bool_)
    inlined[offsets[1:] - 1] = False
    lined = np.flatnonzero(counts)
    name[ranges(offsets[lined], counts[lined])] = _line_names(symbols, granularity, rows)
    for location in np.flatnonzero(counts == 0).tolist():
        text = f"{_address(symbols, location, granularity)}{_binary(symbols, location)}"
        name[offsets[location]] = rows.setdefault(text, len(rows))
    return list(rows), _Calls(offsets, name, inlined)


def _line_names(symbols: Symbols, granularity: Granularity, rows: dict[str, int]) -> Ints:
    """A row for each line of the locations; those of one name share it."""
    functions, table, strings = symbols.functions, symbols.locations, symbols.strings
    named = np.where(functions.name != 0, functions.name, functions.system_name).tolist()
    of_function = _of_function(granularity, strings.__getitem__)
    parts = [of_function(name, file) or UNKNOWN for name, file in zip(named, functions.file.tolist(), strict=True)]
    if granularity in (Granularity.FUNCTIONS, Granularity.FILES, Granularity.FILEFUNCTIONS):
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


def _of_function(granularity: Granularity, text: Callable[[int], str]) -> Callable[[int, int], str]:
    def clean(file: int) -> str:
        return posixpath.normpath(text(file)) if file else ""

    match granularity:
        case Granularity.FUNCTIONS:
            return lambda name, _: text(name)
        case Granularity.FILES:
            return lambda _, file: clean(file)
        case _:
            return lambda name, file: f"{text(name)} {clean(file)}".strip()


def _address(symbols: Symbols, location: int, granularity: Granularity) -> str:
    address = int(symbols.locations.address[location]) & (1 << 64) - 1
    return f"{address:016x} " if granularity is Granularity.ADDRESSES and address else ""


def _binary(symbols: Symbols, location: int) -> str:
    file = symbols.mapping_file(location)
    return f"[{file.rpartition('/')[2]}]" if file else UNKNOWN


def names_of(symbols: Symbols, granularity: Granularity) -> list[list[tuple[str, bool]]]:
    """What each location calls, innermost first, and whether it is inlined into the next."""
    names, calls = _names(symbols, granularity)
    rows = [(names[name], inlined) for name, inlined in zip(calls.name.tolist(), calls.inlined.tolist(), strict=True)]
    return [rows[first:last] for first, last in pairwise(calls.offsets.tolist())]


class _Frames(NamedTuple):
    """Frames of all samples, leaf first, one sample after the other."""

    owner: Ints  # the sample
    name: Ints
    inlined: NDArray[np.bool_]  # into the next frame


def _frames(profile: Profile, samples: Ints, calls: _Calls) -> _Frames:
    """The frames of some samples."""
    sizes = np.diff(profile.stack_offsets)[samples]
    locations = profile.stack_locations[ranges(profile.stack_offsets[samples], sizes)]
    counts = np.diff(calls.offsets)[locations]
    rows = ranges(calls.offsets[locations], counts)
    return _Frames(np.repeat(np.repeat(samples, sizes), counts), calls.name[rows], calls.inlined[rows])


def _sums(frames: _Frames, weights: Numbers, names: int) -> tuple[list[int], list[int]]:
    """Flat and cum of every name."""
    flat = np.zeros(names, weights.dtype)
    cum = np.zeros(names, weights.dtype)
    if len(frames.owner):
        leaf = np.flatnonzero(np.diff(frames.owner, prepend=-1))
        np.add.at(flat, frames.name[leaf], weights[frames.owner[leaf]])
        sample, name = np.divmod(np.unique(frames.owner * names + frames.name), names)
        np.add.at(cum, name, weights[sample])
    return flat.tolist(), cum.tolist()


def _edges(frames: _Frames, weights: Numbers, shown: list[int], names: int) -> list[tuple[int, int, int, bool]]:
    """Caller, callee, weight and whether all its calls are inlined, between names that are shown.

    A frame's caller is the next one outward that is shown. A call that is twice in a stack counts once.
    """
    is_shown = np.zeros(names, np.bool_)
    is_shown[shown] = True
    owner, name, inlined = (column[is_shown[frames.name]] for column in frames)
    call = np.flatnonzero((owner[1:] == owner[:-1]) & (name[1:] != name[:-1]))
    pairs, pair = np.unique(name[call] * names + name[call + 1], return_inverse=True)
    plain = np.zeros(len(pairs), np.bool_)
    plain[pair[~inlined[call]]] = True
    sums = np.zeros(len(pairs), weights.dtype)
    sample, once = np.divmod(np.unique(owner[call] * len(pairs) + pair), max(len(pairs), 1))
    np.add.at(sums, once, weights[sample])
    callees, callers = np.divmod(pairs, names) if names else (pairs, pairs)
    columns = (callers.tolist(), callees.tolist(), sums.tolist(), (~plain).tolist())
    return list(zip(*columns, strict=True))


def _inline_marks(edges: list[tuple[int, int, int, bool]]) -> dict[int, str]:
    """Which callees are inlined, by all their callers or by some."""
    inlining = {callee for _, callee, _, inline in edges if inline}
    calling = {callee for _, callee, _, inline in edges if not inline}
    return {i: "(partial-inline)" if i in calling else "(inline)" for i in inlining}
