"""What samples point to, from bytes to columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.check import Ids
from leakdog.pprof.kernel import Body
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import ValueType
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols


class Tables(NamedTuple):
    """All of a profile but its samples and the fields that are there once.

    Attributes:
        types: (types, 2): type and unit, as string indices; None where ids do not count up from 1.
        location_ids: None where they count up from 1.

    """

    sample_types: tuple[ValueType, ...]
    symbols: Symbols
    comments: tuple[str, ...]
    types: NDArray[np.int64] | None
    location_ids: Ids | None


def read_tables(body: Body, limits: Limits) -> tuple[Tables, list[int]]:
    """Decode the tables of a body, and the fields that are there once, by number.

    Raises:
        MalformedProfile: broken, or something refers to what is not there.

    """
    found = body.tables()
    start, limit, offset, file, build_id = found.mappings
    mapping, address, folded = found.locations
    function, number, column = found.lines
    mapping_ids, location_ids, function_ids = found.ids
    if not found.dense[0]:
        mapping = Ids("mapping", mapping_ids).rows_or_none(mapping, "location")
    if not found.dense[2]:
        function = Ids("function", function_ids).rows(function, "line of a location")
    strings = Strings(found.text, found.text_offsets, limits.name_length)
    symbols = Symbols(
        strings,
        Mappings(start, limit, offset, file, build_id, found.flags),
        Functions(*found.functions),
        Locations(mapping, address, folded, found.line_offsets, function, number, column),
    )
    tables = Tables(
        sample_types=tuple(ValueType(strings[kind], strings[unit]) for kind, unit in found.types.tolist()),
        symbols=symbols,
        comments=tuple(map(strings.__getitem__, found.comments.tolist())),
        types=found.types if all(found.dense) else None,
        location_ids=None if found.dense[1] else Ids("location", location_ids),
    )
    return tables, found.header
