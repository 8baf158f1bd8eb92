"""Many small messages at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof import columns, wire
from leakdog.pprof.columns import Samples, lengths, ranges
from leakdog.pprof.layout import FUNCTION, LOCATION, MAPPING
from leakdog.pprof.pairs import Records
from leakdog.pprof.schema import MESSAGES

int64 = st.integers(-(1 << 63), (1 << 63) - 1)
small = st.integers(0, 300)
labels = st.builds(lambda *n: dict(zip(("key", "str", "num", "num_unit"), n, strict=True)), small, small, int64, small)
samples = st.fixed_dictionaries(
    {
        "location_id": st.lists(int64, max_size=6),
        "value": st.lists(int64, max_size=4),
        "label": st.lists(labels, max_size=3),
    }
)


def read_samples(raw: list[bytes]) -> Samples:
    """The samples as columns."""
    return columns.samples(raw, lengths(raw), 250)


def read(raw: list[bytes], *which: int) -> Records:
    """Mappings, functions and locations as columns; `which` is that of all of them or of each."""
    kinds = np.array(which if len(which) == len(raw) else which * len(raw), np.int64)
    return columns.tables(raw, lengths(raw), kinds, 250)


@given(st.lists(samples, max_size=5))
def test_samples_are_what_protobuf_says(wanted: list[dict[str, list[int]]]) -> None:
    """Whatever samples the protobuf library writes, the columns hold the same."""
    raw = [MESSAGES["Sample"](**sample).SerializeToString() for sample in wanted]
    found = read_samples(raw)
    pairs = ((found.stack_sizes, found.stacks), (found.value_counts, found.values))
    for (counts, numbers), name in zip(pairs, ("location_id", "value"), strict=True):
        assert counts.tolist() == [len(sample[name]) for sample in wanted]
        assert numbers.tolist() == [n for sample in wanted for n in sample[name]]
    assert found.label_counts.tolist() == [len(sample["label"]) for sample in wanted]
    for number, name in enumerate(("key", "str", "num", "num_unit"), 1):
        assert found.labels[number].tolist() == [label[name] for sample in wanted for label in sample["label"]]


@given(st.lists(st.lists(int64, max_size=5), min_size=1, max_size=5))
def test_unpacked_numbers_are_numbers(wanted: list[list[int]]) -> None:
    """Repeated numbers that are not packed, as Go writes up to two of them, are read alike and keep their order."""
    raw = [b"".join(b"\x08" + wire.varint(n) for n in numbers) + wire.packed(1, numbers) for numbers in wanted]
    found = read_samples(raw)
    assert found.stack_sizes.tolist() == [2 * len(numbers) for numbers in wanted]
    assert found.stacks.tolist() == [n for numbers in wanted for n in numbers * 2]


def test_the_last_of_two_numbers_counts() -> None:
    """A field that is written twice has its last value, as protobuf has it."""
    assert read([wire.integer(2, 5) + wire.integer(2, 6)], FUNCTION).numbers[2].tolist() == [6]


@pytest.mark.parametrize("unknown", [wire.integer(9, 1), wire.delimited(17, b"\xff\xfe"), b"\x49" + b"\xff" * 8])
def test_unknown_fields_are_left_out(unknown: bytes) -> None:
    """Records with fields of a later version, whatever their type, are read; their neighbours too."""
    raw = [wire.integer(1, 1), wire.integer(1, 2) + unknown, unknown + wire.integer(1, 3), wire.integer(1, 4)]
    assert read(raw, FUNCTION).numbers[1].tolist() == [1, 2, 3, 4]


def test_unknown_fields_inside_lines_are_left_out() -> None:
    """The same within the messages that a record holds."""
    line = wire.integer(1, 7) + b"\x49" + b"\xff" * 8 + wire.integer(2, 8)
    found = read([wire.integer(1, 1) + wire.delimited(4, line), wire.integer(1, 2)], LOCATION)
    assert found.numbers[1].tolist() == [1, 2]
    assert found.inner[1].tolist() == [7]
    assert found.inner[2].tolist() == [8]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x08",  # a tag without its number
        b"\x08\x80",  # half a number
        b"\x0a\x05\x01",  # fewer bytes than told
        b"\x0a\x02\x01\x80",  # packed numbers that end in the middle of one
        b"\x0a\x01\x80\x08\x01",  # the same with something behind
        b"\x08" + b"\xff" * 10 + b"\x01",  # a number of 11 bytes
        b"\x0a\x0b" + b"\xff" * 10 + b"\x01",  # the same, packed
        b"\x1a\x03\x08\x01",  # a label longer than its sample
        b"\x0b",  # a group
        b"\x00\x00",  # field 0
    ],
)
def test_broken_records_are_malformed(raw: bytes) -> None:
    """A record that breaks the format is refused, and does not read on into its neighbour."""
    neighbour = wire.packed(1, [1, 2, 3])
    with pytest.raises(MalformedProfile):
        read_samples([neighbour, raw, neighbour])


@pytest.mark.parametrize("raw", [wire.delimited(1, b"\x01"), b"\x25" + bytes(4), b"\x11" + bytes(8)])
def test_mistyped_fields_are_malformed(raw: bytes) -> None:
    """A known field with a wire type that it cannot have is refused, as google/pprof does."""
    with pytest.raises(MalformedProfile, match="wire type"):
        read([raw], FUNCTION)


def test_a_thousand_unpacked_numbers_are_read() -> None:
    """Many more fields than the limit are no matter where packing makes one of them."""
    found = read_samples([b"\x08\x01" * 1000, b"\x08\x02"])
    assert found.stack_sizes.tolist() == [1000, 1]
    assert found.stacks.tolist() == [1] * 1000 + [2]


def test_too_many_fields_are_too_large() -> None:
    """Fields that cannot be packed, such as labels, are limited."""
    read_samples([b"\x1a\x00" * 250])
    with pytest.raises(ProfileTooLarge, match=r"a Sample has more than 250 fields \(limit fields\)"):
        read_samples([b"\x1a\x00" * 251])


def test_no_records_have_no_fields() -> None:
    """An empty table gives empty columns."""
    found = read([])
    assert found.numbers[1].tolist() == found.inner[1].tolist() == found.inner_counts.tolist() == []
    assert read_samples([]).stacks.tolist() == []


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 5))))
def test_ranges_are_slices(slices: list[tuple[int, int]]) -> None:
    """The indices of many slices in a row."""
    first, sizes = (np.array(column, np.int64) for column in (zip(*slices, strict=True) if slices else ([], [])))
    assert ranges(first, sizes).tolist() == [n for start, size in slices for n in range(start, start + size)]


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_random_records_are_read_as_protobuf_reads_them_or_refused(raw: list[bytes]) -> None:
    """What is accepted has the numbers that the protobuf library finds."""
    try:
        found = read_samples(raw)
    except (MalformedProfile, ProfileTooLarge):
        return
    wanted = [list(MESSAGES["Sample"].FromString(each).location_id) for each in raw]
    assert found.stack_sizes.tolist() == [len(each) for each in wanted]
    assert found.stacks.tolist() == [n for each in wanted for n in each]


TABLES = (("Mapping", MAPPING), ("Function", FUNCTION), ("Location", LOCATION))
lines = st.lists(
    st.builds(lambda *n: dict(zip(("function_id", "line", "column"), n, strict=True)), small, int64, small)
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[Any, int]:
    """A mapping, a function or a location, as the protobuf library has it, and which of them it is."""
    name, which = draw(st.sampled_from(TABLES))
    fields = MESSAGES[name].DESCRIPTOR.fields
    numbers = {field.name: draw(small | int64) for field in fields if field.name != "line"}
    return MESSAGES[name](**numbers, **({"line": draw(lines)} if which == LOCATION else {})), which


@given(st.lists(messages(), max_size=6), st.booleans())
def test_tables_are_what_protobuf_says(wanted: list[tuple[Any, int]], unknown: bool) -> None:
    """Mappings, functions and locations in any mixture are read as the protobuf library reads them."""
    tail = wire.delimited(77, b"of a later version") if unknown else b""
    found = read([message.SerializeToString() + tail for message, _ in wanted], *(which for _, which in wanted))
    inner = []
    for i, (message, _) in enumerate(wanted):
        for field in message.DESCRIPTOR.fields:
            if field.name != "line":
                assert found.numbers[field.number, i] == getattr(message, field.name)
        inner += list(getattr(message, "line", ()))
        assert found.inner_counts[i] == len(getattr(message, "line", ()))
    assert found.inner[1:].T.tolist() == [[line.function_id, line.line, line.column] for line in inner]


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_random_locations_are_read_as_protobuf_reads_them_or_refused(raw: list[bytes]) -> None:
    """What is accepted has the numbers and lines that the protobuf library finds."""
    try:
        found = read(raw, LOCATION)
    except (MalformedProfile, ProfileTooLarge):
        return
    wanted = [MESSAGES["Location"].FromString(each) for each in raw]
    assert found.numbers[3].tolist() == [each.address for each in wanted]
    assert found.inner[1].tolist() == [line.function_id for each in wanted for line in each.line]


@pytest.mark.parametrize(
    "lines",
    [
        b"\x22\x04\x22\x02\x08\x01",  # a line in a line
        b"\x22\x05\x08\x01",  # one that is longer than its location
        b"\x22\x01\x08\x01",  # one that ends between tag and number
        b"\x22\x03\x08\x81\x81\x01",  # one that ends within a number
    ],
)
def test_broken_lines_are_refused_or_left_out(lines: bytes) -> None:
    """Lines that break the format do not read on into the next location, whose own line is found."""
    neighbour = wire.integer(1, 9) + wire.delimited(4, wire.integer(1, 5))
    try:
        found = read([lines, neighbour], LOCATION)
    except MalformedProfile:
        return
    assert found.numbers[1].tolist()[1] == 9
    assert found.inner[1].tolist()[-1] == 5


def test_too_many_lines_are_too_large() -> None:
    """So are the lines of one location, empty ones too."""
    assert read([b"\x22\x00" * 250], LOCATION).inner_counts.tolist() == [250]
    with pytest.raises(ProfileTooLarge, match=r"a Location has more than 250 fields \(limit fields\)"):
        read([b"\x22\x00" * 251], LOCATION)


def test_odd_records_of_each_sort_are_all_brought_into_form() -> None:
    """One sample with an unknown field, one with an unknown field in a label, one that ends in no number."""
    label = wire.delimited(3, wire.integer(1, 5) + b"\x49" + b"\xff" * 8)
    raw = [wire.packed(1, [1]) + wire.integer(9, 1), label, wire.packed(1, [2]) + b"\x49" + b"\xff" * 8]
    found = read_samples(raw)
    assert found.stacks.tolist() == [1, 2]
    assert found.labels[1].tolist() == [5]
