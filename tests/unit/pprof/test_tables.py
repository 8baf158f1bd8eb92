"""What samples point to."""

from __future__ import annotations

from typing import Any

from leakdog.pprof.kernel import Body
from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.profile import ValueType
from leakdog.pprof.tables import Tables, read_tables
from leakdog.pprof.wire import delimited


def read(data: bytes) -> Tables:
    """The tables of a profile."""
    return read_tables(Body(data, DEFAULT_LIMITS), DEFAULT_LIMITS)[0]


def test_tables_are_columns(made: Any) -> None:
    """Each field goes to its column, references to rows."""
    sample_types, symbols, _, types, ids = read(made.encode())
    assert types is not None
    assert [[made.table[text].decode() for text in row] for row in types.tolist()] == [list(t) for t in sample_types]
    assert sample_types == (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))
    assert list(symbols.strings.raw) == made.table
    assert symbols.mappings.limit.tolist() == [0x500000]
    assert symbols.functions.name.tolist() == [5, 6, 7]
    assert symbols.functions.file.tolist() == [8, 8, 8]
    assert symbols.locations.address.tolist() == [0x400100, 0x400200]
    assert symbols.locations.mapping.tolist() == [0, 0]
    assert symbols.locations.line_offsets.tolist() == [0, 2, 3]
    assert symbols.locations.line_function.tolist() == [0, 1, 2]
    assert symbols.locations.line_number.tolist() == [10, 20, 30]
    assert ids is None


def test_flags_are_kept(made: Any) -> None:
    """Of mappings what symbols they have, of locations whether they are folded."""
    made.mappings = [made.numbers(1, 0, 0, 0, 0, 0, 1, 0, 7, 0)]
    made.locations.append(made.numbers(3) + b"\x28\x05")
    symbols = read(made.encode()).symbols
    assert symbols.mappings.flags.tolist() == [[1, 0, 1, 0]]
    assert symbols.locations.folded.tolist() == [0, 0, 1]
    assert symbols.locations.mapping.tolist() == [0, 0, -1]


def test_ids_of_each_table_may_be_any(made: Any) -> None:
    """Where ids of mappings, functions or locations do not count up, they are looked up, table by table."""
    made.mappings = [made.numbers(7, 10, 20), made.numbers(-2, 20, 30)]
    made.functions = [made.numbers(9, 5), made.numbers(4, 6)]
    made.locations = [made.numbers(1 << 63, -2) + made.line(4, 1), made.numbers(3, 0) + made.line(9, 2)]
    made.samples = []
    found = read(made.encode())
    assert found.symbols.locations.mapping.tolist() == [1, -1]
    assert found.symbols.locations.line_function.tolist() == [1, 0]
    assert found.location_ids is not None
    assert found.location_ids.sorted.tolist() == [-(1 << 63), 3]
    assert found.types is None


def test_there_may_be_nothing_but_strings() -> None:
    """A profile of a program that has just begun has no tables."""
    found = read(delimited(6, b""))
    assert found.sample_types == ()
    assert found.symbols.frames() == []


def test_the_last_number_of_a_field_counts(made: Any) -> None:
    """As everywhere in protobuf."""
    made.functions[0] += made.numbers(0, 7)
    assert read(made.encode()).symbols.functions.name.tolist() == [7, 6, 7]
