"""All that a profile holds, laid out as `go tool pprof -raw` does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from leakdog.pprof.profile import Label, Profile
from leakdog.pprof.symbols import Symbols

INDENT = " " * 16
_UNITS = (("s", 10**9), ("ms", 10**6), ("µs", 10**3), ("ns", 1))
WORD = (1 << 64) - 1
BITS = ("[FN]", "[FL]", "[LN]", "[IN]")


def render(profile: Profile) -> str:
    """The report as text. Locations and mappings are numbered from 1 in the order of the file."""
    symbols = profile.symbols
    parts = [
        *_heading(profile),
        *(line for i in range(len(profile.values)) for line in _sample(profile, i)),
        "Locations",
        *(line for row in range(len(symbols.locations.mapping)) for line in _location(symbols, row)),
        "Mappings",
        *(_mapping(symbols, row) for row in range(len(symbols.mappings.file))),
    ]
    return "\n".join(parts) + "\n"


def as_json(profile: Profile) -> dict[str, Any]:
    """The same with raw numbers. Stacks, mappings and functions are told by their place in the lists, from 0."""
    symbols, strings = profile.symbols, profile.symbols.strings
    functions, mappings = symbols.functions, symbols.mappings
    stacks = [profile.stack_locations[first:last].tolist() for first, last in pairwise(profile.stack_offsets.tolist())]
    return {
        "sample_types": [kind._asdict() for kind in profile.sample_types],
        "default_sample_type": profile.default_sample_type,
        "period_type": profile.period_type._asdict() if profile.period_type else None,
        "period": profile.period,
        "time_nanos": profile.time_nanos,
        "duration_nanos": profile.duration_nanos,
        "comments": list(profile.comments),
        "doc_url": profile.doc_url,
        "samples": [
            {"values": values, "stack": stack, "labels": [label._asdict() for label in profile.labels(i)]}
            for i, (values, stack) in enumerate(zip(profile.values.tolist(), stacks, strict=True))
        ],
        "locations": [_told(symbols, row) for row in range(len(symbols.locations.mapping))],
        "functions": [
            {"name": strings[name], "system_name": strings[system], "file": strings[file], "start_line": line}
            for name, system, file, line in zip(
                *(c.tolist() for c in (functions.name, functions.system_name, functions.file, functions.start_line)),
                strict=True,
            )
        ],
        "mappings": [
            {
                "start": start & WORD,
                "limit": limit & WORD,
                "offset": offset & WORD,
                "file": strings[file],
                "build_id": strings[build],
            }
            for start, limit, offset, file, build in zip(
                *(
                    c.tolist()
                    for c in (mappings.start, mappings.limit, mappings.offset, mappings.file, mappings.build_id)
                ),
                strict=True,
            )
        ],
    }


def _told(symbols: Symbols, location: int) -> dict[str, Any]:
    """A location for JSON; a mapping of None is none."""
    table = symbols.locations
    rows = slice(int(table.line_offsets[location]), int(table.line_offsets[location + 1]))
    lines = zip(table.line_function[rows].tolist(), table.line_number[rows].tolist(), strict=True)
    mapping = int(table.mapping[location])
    return {
        "address": int(table.address[location]) & WORD,
        "mapping": mapping if mapping >= 0 else None,
        "lines": [{"function": function, "line": line} for function, line in lines],
    }


def _heading(profile: Profile) -> Iterator[str]:
    yield from (f"Comment: {comment}" for comment in profile.comments)
    if profile.doc_url:
        yield f"Doc: {profile.doc_url}"
    if profile.period_type:
        yield f"PeriodType: {profile.period_type.type} {profile.period_type.unit}"
    yield f"Period: {profile.period}"
    if profile.time_nanos:
        yield f"Time: {_time(profile.time_nanos)}"
    if profile.duration_nanos:
        yield f"Duration: {_duration(profile.duration_nanos)[:4]}"
    yield "Samples:"
    yield " ".join(
        f"{kind.type}/{kind.unit}{'[dflt]' if kind.type == profile.default_sample_type else ''}"
        for kind in profile.sample_types
    )


def _sample(profile: Profile, i: int) -> Iterator[str]:
    values = "".join(f" {value:10}" for value in profile.values[i].tolist())
    first, last = profile.stack_offsets[i : i + 2]
    stack = profile.stack_locations[first:last].tolist()
    yield f"{values}: {''.join(f'{location + 1} ' for location in stack)}"
    labels = profile.labels(i)
    for kind in (str, int):
        found: dict[str, list[Label]] = {}
        for each in labels:
            if isinstance(each.value, kind):
                found.setdefault(each.key, []).append(each)
        if found:
            yield INDENT + " ".join(sorted(f"{key}:[{' '.join(map(_value, each))}]" for key, each in found.items()))


def _value(label: Label) -> str:
    return f"{label.value} {label.unit}" if label.unit else str(label.value)


def _location(symbols: Symbols, location: int) -> Iterator[str]:
    table, functions, strings = symbols.locations, symbols.functions, symbols.strings
    head = f"{location + 1:6}: {int(table.address[location]) & WORD:#x} "
    mapping = int(table.mapping[location])
    if mapping >= 0:
        head += f"M={mapping + 1} "
    if table.folded[location]:
        head += "[F] "
    rows = range(int(table.line_offsets[location]), int(table.line_offsets[location + 1]))
    if not rows:
        yield head
    for row in rows:
        function = int(table.line_function[row])
        name, system = (strings[int(each[function])] for each in (functions.name, functions.system_name))
        place = f"{strings[int(functions.file[function])]}:{table.line_number[row]}:{table.line_column[row]}"
        other = f"({system})" if system != name else ""
        yield f"{head}{name} {place} s={functions.start_line[function]}{other}"
        head = " " * 13


def _mapping(symbols: Symbols, row: int) -> str:
    table, strings = symbols.mappings, symbols.strings
    start, limit, offset = (int(each[row]) & WORD for each in (table.start, table.limit, table.offset))
    bits = "".join(bit for bit, given in zip(BITS, table.flags[row].tolist(), strict=True) if given)
    file, build_id = strings[int(table.file[row])], strings[int(table.build_id[row])]
    return f"{row + 1}: {start:#x}/{limit:#x}/{offset:#x} {file} {build_id} {bits}"


def _time(nanos: int) -> str:
    seconds, rest = divmod(nanos, 10**9)
    fraction = f".{rest:09}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def _duration(nanos: int) -> str:
    """As Go writes it: `1m30.5s`, `250ms`."""
    unit, size = next((each for each in _UNITS if nanos >= each[1]), _UNITS[-1])
    if unit != "s":
        return f"{nanos / size:.9f}".rstrip("0").rstrip(".") + unit
    minutes, rest = divmod(nanos, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10**9}.{rest % 10**9:09}".rstrip("0").rstrip(".")
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds}s"
