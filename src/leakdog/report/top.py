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
    frames = _frames(profile, np.flatnonzero(weights != 0), calls)
    flat, cum = _sums(frames, weights, len(names))
    found = [
        (name, own, whole, i) for i, (name, own, whole) in enumerate(zip(names, flat, cum, strict=True)) if own or whole
    ]
    found.sort(key=lambda row: (-abs(row[2] if sort == "cum" else row[1]), row[0]))
    shown = found[:n] if n else found
    marks = _inline_marks(frames, [i for *_, i in shown], len(names))
    return TopTable(
        sample_type=kind.type,
        unit=kind.unit,
        total=int(np.abs(weights).sum()),
        rows=tuple(Row(name, own, whole, marks[i]) for name, own, whole, i in shown),
        row_count=len(found),
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


def _sums(frames: _Frames, weights: NDArray[np.generic], names: int) -> tuple[list[int], list[int]]:
    """Flat and cum of every name."""
    flat = np.zeros(names, weights.dtype)
    cum = np.zeros(names, weights.dtype)
    if len(frames.owner):
        leaf = np.flatnonzero(np.diff(frames.owner, prepend=-1))
        np.add.at(flat, frames.name[leaf], weights[frames.owner[leaf]])
        sample, name = np.divmod(np.unique(frames.owner * names + frames.name), names)
        np.add.at(cum, name, weights[sample])
    return flat.tolist(), cum.tolist()


def _inline_marks(frames: _Frames, shown: list[int], names: int) -> dict[int, str]:
    """Mark the names that are shown by their callers, which are the next frames outward that are shown too.

    A caller counts as inlining when all of its calls are inlined.
    """
    is_shown = np.zeros(names, np.bool_)
    is_shown[shown] = True
    owner, name, inlined = (column[is_shown[frames.name]] for column in frames)
    call = np.flatnonzero((owner[1:] == owner[:-1]) & (name[1:] != name[:-1]))
    edges, edge = np.unique(name[call] * names + name[call + 1], return_inverse=True)
    plain = np.zeros(len(edges), np.bool_)
    plain[edge[~inlined[call]]] = True
    inlining, calling = set((edges[~plain] // names).tolist()), set((edges[plain] // names).tolist())
    words = {i: "(partial-inline)" if i in calling else "(inline)" for i in inlining}
    return {i: words.get(i, "") for i in shown}


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
