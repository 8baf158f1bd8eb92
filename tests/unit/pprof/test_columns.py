"""Many small messages at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof import wire
from leakdog.pprof.columns import FUNCTION, LOCATION, SAMPLE, ranges, records, split
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


@given(st.lists(int64))
def test_varints_are_split(numbers: list[int]) -> None:
    """Any numbers written one after the other come out again."""
    found = split(np.frombuffer(b"".join(map(wire.varint, numbers)), np.uint8))
    assert found.values.view(np.int64).tolist() == numbers
    assert found.sound.all()


@given(st.lists(samples, max_size=5))
def test_samples_are_what_protobuf_says(wanted: list[dict[str, list[int]]]) -> None:
    """Whatever samples the protobuf library writes, the columns hold the same."""
    raw = [MESSAGES["Sample"](**sample).SerializeToString() for sample in wanted]
    found = records(raw, SAMPLE, 250)
    for number, name in ((1, "location_id"), (2, "value")):
        counts, numbers = found.repeated(number)
        assert counts.tolist() == [len(sample[name]) for sample in wanted]
        assert numbers.tolist() == [n for sample in wanted for n in sample[name]]
    assert found.inner_counts().tolist() == [len(sample["label"]) for sample in wanted]
    for number, name in enumerate(("key", "str", "num", "num_unit"), 1):
        assert found.inner_scalar(number).tolist() == [label[name] for sample in wanted for label in sample["label"]]


@given(st.lists(st.lists(int64, max_size=5), min_size=1, max_size=5))
def test_unpacked_numbers_are_numbers(wanted: list[list[int]]) -> None:
    """Repeated numbers that are not packed, as Go writes up to two of them, are read alike and keep their order."""
    raw = [b"".join(b"\x08" + wire.varint(n) for n in numbers) + wire.packed(1, numbers) for numbers in wanted]
    counts, found = records(raw, SAMPLE, 250).repeated(1)
    assert counts.tolist() == [2 * len(numbers) for numbers in wanted]
    assert found.tolist() == [n for numbers in wanted for n in numbers * 2]


def test_the_last_of_two_numbers_counts() -> None:
    """A field that is written twice has its last value, as protobuf has it."""
    assert records([wire.integer(2, 5) + wire.integer(2, 6)], FUNCTION, 250).scalar(2).tolist() == [6]


@pytest.mark.parametrize("unknown", [wire.integer(9, 1), wire.delimited(17, b"\xff\xfe"), b"\x49" + b"\xff" * 8])
def test_unknown_fields_are_left_out(unknown: bytes) -> None:
    """Records with fields of a later version, whatever their type, are read; their neighbours too."""
    raw = [wire.integer(1, 1), wire.integer(1, 2) + unknown, unknown + wire.integer(1, 3), wire.integer(1, 4)]
    assert records(raw, FUNCTION, 250).scalar(1).tolist() == [1, 2, 3, 4]


def test_unknown_fields_inside_lines_are_left_out() -> None:
    """The same within the messages that a record holds."""
    line = wire.integer(1, 7) + b"\x49" + b"\xff" * 8 + wire.integer(2, 8)
    found = records([wire.integer(1, 1) + wire.delimited(4, line), wire.integer(1, 2)], LOCATION, 250)
    assert found.scalar(1).tolist() == [1, 2]
    assert found.inner_scalar(1).tolist() == [7]
    assert found.inner_scalar(2).tolist() == [8]


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
        records([neighbour, raw, neighbour], SAMPLE, 250).repeated(1)


@pytest.mark.parametrize("raw", [wire.delimited(1, b"\x01"), b"\x25" + bytes(4), b"\x11" + bytes(8)])
def test_mistyped_fields_are_malformed(raw: bytes) -> None:
    """A known field with a wire type that it cannot have is refused, as google/pprof does."""
    with pytest.raises(MalformedProfile, match="wire type"):
        records([raw], FUNCTION, 250)


def test_a_thousand_unpacked_numbers_are_read() -> None:
    """Many more fields than the limit are no matter where packing makes one of them."""
    counts, numbers = records([b"\x08\x01" * 1000, b"\x08\x02"], SAMPLE, 250).repeated(1)
    assert counts.tolist() == [1000, 1]
    assert numbers.tolist() == [1] * 1000 + [2]


def test_too_many_fields_are_too_large() -> None:
    """Fields that cannot be packed, such as labels, are limited."""
    records([b"\x1a\x00" * 250], SAMPLE, 250)
    with pytest.raises(ProfileTooLarge, match=r"a Sample has more than 250 fields \(limit fields\)"):
        records([b"\x1a\x00" * 251], SAMPLE, 250)


def test_no_records_have_no_fields() -> None:
    """An empty table gives empty columns."""
    found = records([], LOCATION, 250)
    assert found.scalar(1).tolist() == found.inner_scalar(1).tolist() == found.inner_counts().tolist() == []


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 5))))
def test_ranges_are_slices(slices: list[tuple[int, int]]) -> None:
    """The indices of many slices in a row."""
    first, sizes = (np.array(column, np.int64) for column in (zip(*slices, strict=True) if slices else ([], [])))
    assert ranges(first, sizes).tolist() == [n for start, size in slices for n in range(start, start + size)]


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_random_records_are_read_as_protobuf_reads_them_or_refused(raw: list[bytes]) -> None:
    """What is accepted has the numbers that the protobuf library finds."""
    try:
        counts, numbers = records(raw, SAMPLE, 250).repeated(1)
    except (MalformedProfile, ProfileTooLarge):
        return
    wanted = [list(MESSAGES["Sample"].FromString(each).location_id) for each in raw]
    assert counts.tolist() == [len(each) for each in wanted]
    assert numbers.tolist() == [n for each in wanted for n in each]
