"""What samples point to."""

from __future__ import annotations

from typing import Any

from leakdog.pprof.limits import DEFAULT_LIMITS
from leakdog.pprof.profile import ValueType
from leakdog.pprof.shallow import cut
from leakdog.pprof.tables import Tables, read_tables
from leakdog.pprof.wire import delimited


def read(made: Any) -> Tables:
    """The tables of a made profile."""
    return read_tables(cut(made.encode(), DEFAULT_LIMITS).tables, DEFAULT_LIMITS)


def test_tables_are_columns(made: Any) -> None:
    """Each field goes to its column, references to rows."""
    types, symbols, _ = read(made)
    assert types == (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))
    assert list(symbols.strings.raw) == made.table
    assert symbols.mappings.limit.tolist() == [0x500000]
    assert symbols.functions.name.tolist() == [5, 6, 7]
    assert symbols.functions.file.tolist() == [8, 8, 8]
    assert symbols.locations.address.tolist() == [0x400100, 0x400200]
    assert symbols.locations.mapping.tolist() == [0, 0]
    assert symbols.locations.line_offsets.tolist() == [0, 2, 3]
    assert symbols.locations.line_function.tolist() == [0, 1, 2]
    assert symbols.locations.line_number.tolist() == [10, 20, 30]


def test_flags_are_kept(made: Any) -> None:
    """Of mappings what symbols they have, of locations whether they are folded."""
    made.mappings = [made.numbers(1, 0, 0, 0, 0, 0, 1, 0, 1, 0)]
    made.locations.append(made.numbers(3) + b"\x28\x01")
    symbols = read(made).symbols
    assert symbols.mappings.flags.tolist() == [[1, 0, 1, 0]]
    assert symbols.locations.folded.tolist() == [0, 0, 1]
    assert symbols.locations.mapping.tolist() == [0, 0, -1]


def test_there_may_be_nothing_but_strings(made: Any) -> None:
    """A profile of a program that has just begun has no tables."""
    types, symbols, ids = read_tables(delimited(6, b""), DEFAULT_LIMITS)
    assert types == ()
    assert symbols.frames() == []
    assert ids.rows(symbols.locations.address, "sample").tolist() == []


def test_many_tables_are_read_in_blocks(made: Any) -> None:
    """More than fits a block comes out whole and in order, mappings, functions and locations apart."""
    made.functions = [made.numbers(i, 5 + i % 3, 5, 8, i) for i in range(1, 30_000)]
    made.locations = [made.numbers(i, 1, i) + made.line(30_000 - i, i) for i in range(1, 30_000)]
    symbols = read(made).symbols
    assert symbols.functions.start_line.tolist() == list(range(1, 30_000))
    assert symbols.locations.address.tolist() == list(range(1, 30_000))
    assert symbols.locations.line_function.tolist() == list(range(29_998, -1, -1))
    assert symbols.mappings.start.tolist() == [0x400000]
