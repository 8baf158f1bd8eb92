"""Which functions hold the most, as `go tool pprof -top` tells it.

`flat` is what a function's own code holds, `cum` what it and all that it called hold. A function that is more
than once in a stack (recursion) counts once. Inlined functions count as functions. Those of one name are
one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.columns import ranges
from leakdog.pprof.profile import Profile
from leakdog.pprof.symbols import Symbols
from leakdog.report.measure import common_unit, label, percentage

Ints = NDArray[np.int64]


class Row(NamedTuple):
    """One function. `inline` is `(inline)`, `(partial-inline)` or empty: whether its calls were inlined."""

    name: str
    flat: int
    cum: int
    inline: str = ""


@dataclass(frozen=True, slots=True)
class TopTable:
    """A top report.

    Attributes:
        sample_type, unit: what the numbers count, such as `inuse_space` in `bytes`.
        total: sum of the absolute values of all samples.
        rows: sorted, the first `n` of `row_count`.
        heading: lines that say what profile this is.

    """

    sample_type: str
    unit: str
    total: int
    rows: tuple[Row, ...]
    row_count: int
    heading: tuple[str, ...] = ()


def top(profile: Profile, sample_index: str = "", n: int = 0, sort: Literal["flat", "cum"] = "flat") -> TopTable:
    """The functions that hold the most.

    Args:
        sample_index: name of a sample type, as `go tool pprof -sample_index` takes it; `""` for the default.
        n: how many rows; 0 for all.

    Raises:
        ProfileError: there is no such sample type.

    """
    column = profile.sample_index(sample_index)
    kind = profile.sample_types[column]
    weights = _exact(profile.values[:, column])
    names, calls = _names(profile.symbols)
    used = np.flatnonzero(weights != 0)
    flat, cum, inline = _sums(profile, used, weights, calls, len(names))
    rows = [
        Row(name, int(own), int(all_of_it), mark)
        for name, own, all_of_it, mark in zip(names, flat, cum, inline, strict=True)
        if own or all_of_it
    ]
    rows.sort(key=lambda row: (-abs(row.cum if sort == "cum" else row.flat), row.name))
    total = int(np.abs(weights).sum()) if len(weights) else 0
    return TopTable(
        sample_type=kind.type,
        unit=kind.unit,
        total=total,
        rows=tuple(rows[:n] if n else rows),
        row_count=len(rows),
        heading=_heading(profile, kind.type),
    )


def render(table: TopTable) -> str:
    """The report as text, laid out as `go tool pprof -top` does."""
    values = [abs(row.flat) or abs(row.cum) for row in table.rows]
    unit = common_unit(min((v for v in values if v), default=0), table.total, table.unit)
    shown = sum(row.flat for row in table.rows)
    total = label(table.total, table.unit, unit)
    share = percentage(shown, table.total).strip()
    lines = [*table.heading]
    lines.append(f"Showing nodes accounting for {label(shown, table.unit, unit)}, {share} of {total} total")
    if len(table.rows) < table.row_count:
        lines.append(f"Showing top {len(table.rows)} nodes out of {table.row_count}")
    lines.append("      flat  flat%   sum%        cum   cum%")
    running = 0
    for row in table.rows:
        running += row.flat
        lines.append(
            f"{label(row.flat, table.unit, unit):>10} {percentage(row.flat, table.total)} "
            f"{percentage(running, table.total)} {label(row.cum, table.unit, unit):>10} "
            f"{percentage(row.cum, table.total)}  {row.name}{' ' if row.inline else ''}{row.inline}"
        )
    return "\n".join(lines) + "\n"


def _exact(values: Ints) -> NDArray[np.generic]:
    """The values in a type that their sums fit: Python's own numbers where 64 bits might not do."""
    if len(values) and float(np.abs(values.astype(np.float64)).sum()) >= 2.0**62:
        return values.astype(object)
    return values


class _Calls(NamedTuple):
    """What each location calls: rows `offsets[i]:offsets[i + 1]` of `name`, innermost first."""

    offsets: Ints
    name: Ints  # index into the names
    inlined: NDArray[np.bool_]  # into the next row


def _names(symbols: Symbols) -> tuple[list[str], _Calls]:
    """Distinct names, and the calls of all locations in them; without symbols the binary gives the name."""
    rows: dict[str, int] = {}
    functions, table = symbols.functions, symbols.locations
    named = np.where(functions.name != 0, functions.name, functions.system_name).tolist()
    of_function = np.array([rows.setdefault(symbols.strings[name], len(rows)) for name in named], np.int64)
    counts = np.diff(table.line_offsets)
    offsets = np.concatenate([[0], np.cumsum(np.maximum(counts, 1))])
    name = np.zeros(int(offsets[-1]), np.int64)
    inlined = np.ones(len(name), np.bool_)
    inlined[offsets[1:] - 1] = False
    lined = np.flatnonzero(counts)
    name[ranges(offsets[lined], counts[lined])] = of_function[table.line_function]
    for location in np.flatnonzero(counts == 0).tolist():
        name[offsets[location]] = rows.setdefault(_binary(symbols, location), len(rows))
    return [text or "<unknown>" for text in rows], _Calls(offsets, name, inlined)


def _binary(symbols: Symbols, location: int) -> str:
    file = symbols.mapping_file(location)
    return f"[{file.rpartition('/')[2]}]" if file else ""


def _sums(
    profile: Profile, used: Ints, weights: NDArray[np.generic], calls: _Calls, names: int
) -> tuple[NDArray[np.generic], NDArray[np.generic], list[str]]:
    """Flat and cum of every name, and how its calls were inlined."""
    flat = np.zeros(names, weights.dtype)
    cum = np.zeros(names, weights.dtype)
    sizes = np.diff(profile.stack_offsets)[used]
    locations = profile.stack_locations[ranges(profile.stack_offsets[used], sizes)]
    counts = np.diff(calls.offsets)[locations]
    rows = ranges(calls.offsets[locations], counts)
    owner = np.repeat(np.repeat(used, sizes), counts)
    name = calls.name[rows]
    leaf = np.flatnonzero(np.diff(owner, prepend=-1))
    np.add.at(flat, name[leaf], weights[owner[leaf]])
    pairs = np.unique(owner * names + name)
    np.add.at(cum, pairs % names if names else pairs, weights[pairs // names if names else pairs])
    inside = owner[1:] == owner[:-1]
    callee, caller = name[:-1][inside], name[1:][inside]
    return flat, cum, _inline_marks(callee, caller, calls.inlined[rows][:-1][inside], names)


def _inline_marks(callee: Ints, caller: Ints, inlined: NDArray[np.bool_], names: int) -> list[str]:
    """Mark names by their callers: a caller counts as inlining when all of its calls are inlined."""
    other = callee != caller
    edges, edge = np.unique(callee[other] * names + caller[other], return_inverse=True)
    called = np.zeros(len(edges), np.bool_)
    called[edge[~inlined[other]]] = True
    marks = np.zeros((2, names), np.bool_)
    if len(edges):
        marks[called.astype(np.int64), edges // names] = True
    words = {
        (False, False): "",
        (False, True): "",
        (True, False): "(inline)",
        (True, True): "(partial-inline)",
    }
    return [words[bool(yes), bool(no)] for yes, no in marks.T]


def _heading(profile: Profile, sample_type: str) -> tuple[str, ...]:
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
