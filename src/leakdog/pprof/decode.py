"""Protobuf profiles to arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.pprof import columns, wire
from leakdog.pprof import header as head
from leakdog.pprof.check import Ids, check_count, check_strings, check_texts, check_values
from leakdog.pprof.header import Header
from leakdog.pprof.layout import FUNCTION, LOCATION, MAPPING
from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.profile import LabelTable, Profile
from leakdog.pprof.schema import Shallow
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols

Ints = NDArray[np.int64]
N = TypeVar("N", bound=np.generic)

# The repeated messages, by field number from 1; each has a limit of that name.
_TABLES = ("sample_types", "samples", "mappings", "locations", "functions", "strings")
# Records decoded at once. The arrays for them take 40 times that and should stay in the cache of the processor.
_BLOCK_BYTES = 128 << 10
# The C library gives the pages of each large array back at once, and the next one has to fetch them anew, which takes
# longer than what is done with them. Having freed an array of this size, it keeps twice that for the next ones.
np.empty(4 << 20, np.uint8)
_COUNTED_BYTES = 256 << 10  # bytes counted at once, in the cache too


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Profile:
    """Read an uncompressed protobuf profile.

    Raises:
        MalformedProfile: not protobuf, or not a valid profile.
        ProfileTooLarge: more of something than its limit.

    """
    raw, rest = _split(data, limits)
    check_strings(raw["strings"])
    strings = Strings(raw["strings"], limits.name_length)
    header = Header(rest, strings)
    types = tuple(head.value_type(each, strings) for each in raw["sample_types"])
    mappings, functions, location_ids, locations = _tables(raw, len(strings), limits)
    samples = _samples(raw["samples"], len(types), location_ids, limits)
    for texts in (samples.labels.key, samples.labels.text, samples.labels.unit):
        check_texts("label", texts, len(strings))
    return Profile(
        sample_types=types,
        default_sample_type=header.text(head.DEFAULT_SAMPLE_TYPE),
        values=samples.values,
        stack_offsets=samples.offsets,
        stack_locations=samples.stacks,
        label_table=samples.labels,
        symbols=Symbols(strings, mappings, functions, locations),
        time_nanos=header.numbers.get(head.TIME_NANOS, 0),
        duration_nanos=header.numbers.get(head.DURATION_NANOS, 0),
        period_type=header.period_type,
        period=header.numbers.get(head.PERIOD, 0),
        drop_frames=header.text(head.DROP_FRAMES),
        keep_frames=header.text(head.KEEP_FRAMES),
        comments=header.comments,
        doc_url=header.text(head.DOC_URL),
    )


def _split(data: bytes, limits: Limits) -> tuple[dict[str, list[bytes]], bytes]:
    """The repeated messages as bytes, by table, and the bytes of all other fields."""
    _check_counts(data, limits)
    try:
        shallow = Shallow.FromString(data)
    except DecodeError as error:
        raise MalformedProfile("this is not protobuf, or it is cut off") from error
    tables: dict[str, list[bytes]] = {}
    for field, what in zip(Shallow.DESCRIPTOR.fields, _TABLES, strict=True):
        found = getattr(shallow, field.name)
        check_count(what, len(found), getattr(limits, what))
        tables[what] = list(found)
        shallow.ClearField(field.name)
    rest = shallow.SerializeToString()
    check_count("message_bytes", len(rest), limits.message_bytes)
    return tables, rest


def _check_counts(data: bytes, limits: Limits) -> None:
    """Count messages before the library makes room for them: an empty one takes 2 bytes here and 16 there.

    Each message begins with a byte that has its wire type, so there are no more of them than such bytes: mostly that is
    enough.
    """
    allowed = {number: getattr(limits, what) for number, what in enumerate(_TABLES, 1)}
    if len(data) <= 2 * sum(allowed.values()):
        return
    there_are = 0
    for start in range(0, len(data), _COUNTED_BYTES):
        part = np.frombuffer(data[start : start + _COUNTED_BYTES], np.uint8)
        there_are += int(np.count_nonzero(part & 7 == wire.DELIMITED))
    if there_are <= sum(allowed.values()):
        return
    for field in wire.fields(data):
        if field.number in allowed:
            allowed[field.number] -= 1
            if allowed[field.number] < 0:
                what = _TABLES[field.number - 1]
                check_count(what, getattr(limits, what) + 1, getattr(limits, what))


def _blocks(sizes: Ints, limits: Limits) -> Iterator[slice]:
    """Records of these sizes to decode at once; at least one block, so that columns have parts to be made of."""
    check_count("message_bytes", int(sizes.max(initial=0)), limits.message_bytes)
    blocks = np.cumsum(sizes) // _BLOCK_BYTES
    cuts = (np.diff(blocks).nonzero()[0] + 1).tolist()
    return itertools.starmap(slice, pairwise([0, *cuts, len(sizes)]))


def _joined(parts: Sequence[NDArray[N]]) -> NDArray[N]:
    """Join the parts of columns."""
    return np.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]


def _tables(raw: dict[str, list[bytes]], strings: int, limits: Limits) -> tuple[Mappings, Functions, Ids, Locations]:
    """Mappings, functions and locations, which are decoded together: in small profiles calls cost more than numbers."""
    counts = [len(raw[what]) for what in ("mappings", "functions", "locations")]
    which = np.repeat([MAPPING, FUNCTION, LOCATION], counts)
    messages = raw["mappings"] + raw["functions"] + raw["locations"]
    blocks = []
    lines = 0
    length = columns.lengths(messages)
    for block in _blocks(length, limits):
        blocks.append(columns.tables(messages[block], length[block], which[block], limits.fields))
        lines += blocks[-1].inner.shape[1]
        check_count("lines", lines, limits.lines)
    numbers, line_counts, line = map(_joined, zip(*blocks, strict=True))
    of_mappings, of_functions, of_locations = np.split(numbers, np.cumsum(counts[:2]), axis=1)
    mapping_ids, mappings = _mappings(of_mappings.copy(), strings)
    function_ids, functions = _functions(of_functions[:6].copy(), strings)
    ids, mapping, address, _, folded = of_locations[1:6]
    table = Locations(
        mapping=mapping_ids.rows_or_none(mapping, "location"),
        address=address.copy(),
        folded=(folded != 0).astype(np.int64),
        line_offsets=_offsets(line_counts[-counts[2] :] if counts[2] else line_counts[:0]),
        line_function=function_ids.rows(line[1], "line of a location"),
        line_number=line[2],
        line_column=line[3],
    )
    return mappings, functions, Ids("location", ids), table


def _mappings(numbers: Ints, strings: int) -> tuple[Ids, Mappings]:
    _, ids, start, limit, offset, file, build_id, *_ = numbers
    check_texts("mapping", numbers[5:7], strings)
    flags = np.ascontiguousarray((numbers[7:] != 0).astype(np.int64).T)
    return Ids("mapping", ids), Mappings(start, limit, offset, file, build_id, flags)


def _functions(numbers: Ints, strings: int) -> tuple[Ids, Functions]:
    _, ids, name, system_name, file, start_line = numbers
    check_texts("function", numbers[2:5], strings)
    return Ids("function", ids), Functions(name, system_name, file, start_line)


class _Samples(NamedTuple):
    values: Ints
    offsets: Ints
    stacks: NDArray[np.int32]
    labels: LabelTable


def _samples(raw: list[bytes], types: int, locations: Ids, limits: Limits) -> _Samples:
    """Values, stacks cut to their greatest depth, and labels."""
    values = np.empty((len(raw), types), np.int64)
    sizes, label_counts = np.empty(len(raw), np.int64), np.empty(len(raw), np.int64)
    stacks, labels = [], []
    frames = 0
    length = columns.lengths(raw)
    for block in _blocks(length, limits):
        read = columns.samples(raw[block], length[block], limits.fields)
        check_values(read.value_counts, types)
        values[block] = read.values.reshape(len(read.value_counts), types)
        sizes[block], label_counts[block] = read.stack_sizes, read.label_counts
        stack = locations.rows(read.stacks, "sample").astype(np.int32)
        if len(read.stack_sizes) and read.stack_sizes.max() > limits.depth:
            sizes[block] = np.minimum(read.stack_sizes, limits.depth)
            stack = stack[columns.ranges(np.cumsum(read.stack_sizes) - read.stack_sizes, sizes[block])]
        stacks.append(stack)
        labels.append(read.labels[1:])
        frames += len(stack)
        check_count("frames", frames, limits.frames)
        check_count("labels", sum(each.shape[1] for each in labels), limits.labels)
    table = LabelTable(_offsets(label_counts), *_joined(labels))
    return _Samples(values, _offsets(sizes), _joined(stacks), table)


def _offsets(counts: Ints) -> Ints:
    """Where each of many slices begins, and where the last one ends."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
