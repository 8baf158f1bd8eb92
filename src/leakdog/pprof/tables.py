"""What samples point to, from bytes to columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof import columns
from leakdog.pprof import header as head
from leakdog.pprof.blocks import blocks, joined, offsets
from leakdog.pprof.check import Ids, check_count, check_strings, check_texts
from leakdog.pprof.layout import FUNCTION, LOCATION, MAPPING
from leakdog.pprof.limits import Limits
from leakdog.pprof.pairs import Records
from leakdog.pprof.profile import ValueType
from leakdog.pprof.shallow import tables_of
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols

Ints = NDArray[np.int64]


class Tables(NamedTuple):
    """All of a profile but its samples and the fields that are there once."""

    sample_types: tuple[ValueType, ...]
    symbols: Symbols
    location_ids: Ids


def read_tables(data: bytes, limits: Limits) -> Tables:
    """Decode the tables of a body.

    Raises:
        MalformedProfile: broken, or something refers to what is not there.
        ProfileTooLarge: more of something than its limit.

    """
    raw = tables_of(data)
    check_strings(raw.strings)
    strings = Strings(raw.strings, limits.name_length)
    types = tuple(head.value_type(each, strings) for each in raw.sample_types)
    # Together, as in small profiles the calls cost more than the numbers.
    messages = raw.mappings + raw.functions + raw.locations
    counts = [len(raw.mappings), len(raw.functions), len(raw.locations)]
    numbers, line_counts, line = _numbers(messages, np.repeat([MAPPING, FUNCTION, LOCATION], counts), limits)
    of_mappings, of_functions, of_locations = np.split(numbers, np.cumsum(counts[:2]), axis=1)
    mapping_ids, mappings = _mappings(of_mappings.copy(), len(strings))
    function_ids, functions = _functions(of_functions[:6].copy(), len(strings))
    ids, mapping, address, _, folded = of_locations[1:6]
    locations = Locations(
        mapping=mapping_ids.rows_or_none(mapping, "location"),
        address=address.copy(),
        folded=(folded != 0).astype(np.int64),
        line_offsets=offsets(line_counts[counts[0] + counts[1] :]),
        line_function=function_ids.rows(line[1], "line of a location"),
        line_number=line[2],
        line_column=line[3],
    )
    return Tables(types, Symbols(strings, mappings, functions, locations), Ids("location", ids))


def _numbers(messages: list[bytes], which: Ints, limits: Limits) -> Records:
    """The numbers of mappings, functions and locations, and of the lines."""
    parts = []
    lines = 0
    sizes = columns.lengths(messages)
    for block in blocks(sizes, limits):
        parts.append(columns.tables(messages[block], sizes[block], which[block], limits.fields))
        lines += parts[-1].inner.shape[1]
        check_count("lines", lines, limits.lines)
    return Records(*map(joined, zip(*parts, strict=True)))


def _mappings(numbers: Ints, strings: int) -> tuple[Ids, Mappings]:
    _, ids, start, limit, offset, file, build_id, *_ = numbers
    check_texts("mapping", numbers[5:7], strings)
    flags = np.ascontiguousarray((numbers[7:] != 0).astype(np.int64).T)
    return Ids("mapping", ids), Mappings(start, limit, offset, file, build_id, flags)


def _functions(numbers: Ints, strings: int) -> tuple[Ids, Functions]:
    _, ids, name, system_name, file, start_line = numbers
    check_texts("function", numbers[2:5], strings)
    return Ids("function", ids), Functions(name, system_name, file, start_line)
