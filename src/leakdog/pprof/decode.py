"""Protobuf profiles to arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from leakdog.errors import MalformedProfile
from leakdog.pprof import header as head
from leakdog.pprof import wire
from leakdog.pprof.check import Ids, check_count, check_strings, check_texts, check_values
from leakdog.pprof.columns import FUNCTION, LOCATION, MAPPING, SAMPLE, Layout, Records, ranges, records
from leakdog.pprof.header import Header
from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.profile import LabelTable, Profile
from leakdog.pprof.schema import Shallow
from leakdog.pprof.symbols import Functions, Locations, Mappings, Strings, Symbols

Ints = NDArray[np.int64]

# The repeated messages, by field number from 1; each has a limit of that name.
_TABLES = ("sample_types", "samples", "mappings", "locations", "functions", "strings")
# Records decoded at once. The arrays for them take 40 times that and should stay in the cache of the processor.
_BLOCK_BYTES = 128 << 10
_COUNTED_BYTES = 32 << 10  # bytes counted at once: NumPy makes a number of eight bytes of each


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Profile:
    """Read an uncompressed protobuf profile.

    Raises:
        MalformedProfile: not protobuf, or not a valid profile.
        ProfileTooLarge: more of something than its limit.

    """
    tables, rest = _split(data, limits)
    check_strings(tables["strings"])
    strings = Strings(tables["strings"], limits.name_length)
    header = Header(rest, strings)
    types = tuple(head.value_type(raw, strings) for raw in tables["sample_types"])
    mapping_ids, mappings = _mappings(_read(tables["mappings"], MAPPING, limits), len(strings))
    function_ids, functions = _functions(_read(tables["functions"], FUNCTION, limits), len(strings))
    location_ids, locations = _locations(tables["locations"], mapping_ids, function_ids, limits)
    samples = _samples(tables["samples"], len(types), location_ids, limits)
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

    Each message begins with its tag, so there are no more of them than bytes of that value: mostly that is
        enough.
    """
    allowed = {number: getattr(limits, what) for number, what in enumerate(_TABLES, 1)}
    if len(data) <= 2 * sum(allowed.values()):
        return
    tags = [number << 3 | wire.DELIMITED for number in allowed]
    there_are = np.zeros(256, np.int64)
    for start in range(0, len(data), _COUNTED_BYTES):
        there_are += np.bincount(np.frombuffer(data[start : start + _COUNTED_BYTES], np.uint8), minlength=256)
    if there_are[tags].sum() + there_are[[tag | 0x80 for tag in tags]].sum() <= sum(allowed.values()):
        return
    for field in wire.fields(data):
        if field.number in allowed:
            allowed[field.number] -= 1
            if allowed[field.number] < 0:
                what = _TABLES[field.number - 1]
                check_count(what, getattr(limits, what) + 1, getattr(limits, what))


def _read(raw: list[bytes], layout: Layout, limits: Limits) -> Iterator[Records]:
    """Decode one table block by block; at least one, so that columns always have parts to be made of."""
    sizes = np.fromiter(map(len, raw), np.int64, len(raw))
    check_count("message_bytes", int(sizes.max(initial=0)), limits.message_bytes)
    blocks = np.cumsum(sizes) // _BLOCK_BYTES
    cuts = (np.flatnonzero(np.diff(blocks)) + 1).tolist()
    for start, stop in pairwise([0, *cuts, len(raw)]):
        yield records(raw[start:stop], layout, limits.fields)


def _columns(rows: list[list[Any]]) -> list[Any]:
    """Join the parts of each column."""
    return [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*rows, strict=True)]


def _mappings(blocks: Iterator[Records], strings: int) -> tuple[Ids, Mappings]:
    ids, start, limit, offset, file, build_id, *flags = _columns([[b.scalar(n) for n in range(1, 11)] for b in blocks])
    check_texts("mapping", file, strings)
    check_texts("mapping", build_id, strings)
    flag_table = np.stack(flags, axis=1) != 0
    return Ids("mapping", ids), Mappings(start, limit, offset, file, build_id, flag_table.astype(np.int64))


def _functions(blocks: Iterator[Records], strings: int) -> tuple[Ids, Functions]:
    ids, *texts, start_line = _columns([[b.scalar(n) for n in range(1, 6)] for b in blocks])
    name, system_name, file = (check_texts("function", column, strings) for column in texts)
    return Ids("function", ids), Functions(name, system_name, file, start_line)


def _locations(raw: list[bytes], mappings: Ids, functions: Ids, limits: Limits) -> tuple[Ids, Locations]:
    rows = []
    lines = 0
    for block in _read(raw, LOCATION, limits):
        lines += len(block.inner_owner)
        check_count("lines", lines, limits.lines)
        line = [block.inner_scalar(n) for n in (1, 2, 3)]
        rows.append([*(block.scalar(n) for n in (1, 2, 3, 5)), block.inner_counts(), *line])
    ids, mapping_ids, address, folded, line_counts, function_ids, number, column = _columns(rows)
    mapping = np.full(len(ids), -1, np.int64)
    mapped = np.flatnonzero(mapping_ids)
    mapping[mapped] = mappings.rows(mapping_ids[mapped], "location")
    table = Locations(
        mapping=mapping,
        address=address,
        folded=(folded != 0).astype(np.int64),
        line_offsets=_offsets(line_counts),
        line_function=functions.rows(function_ids, "line of a location"),
        line_number=number,
        line_column=column,
    )
    return Ids("location", ids), table


class _Samples(NamedTuple):
    values: Ints
    offsets: Ints
    stacks: NDArray[np.int32]
    labels: LabelTable


def _samples(raw: list[bytes], types: int, locations: Ids, limits: Limits) -> _Samples:
    """Values, stacks cut to their greatest depth, and labels."""
    rows = []
    frames = labels = 0
    for block in _read(raw, SAMPLE, limits):
        value_counts, values = block.repeated(2)
        check_values(value_counts, types)
        sizes, ids = block.repeated(1)
        stacks = locations.rows(ids, "sample").astype(np.int32)
        if (sizes > limits.depth).any():
            kept = np.minimum(sizes, limits.depth)
            stacks, sizes = stacks[ranges(np.cumsum(sizes) - sizes, kept)], kept
        frames += len(stacks)
        labels += len(block.inner_owner)
        check_count("frames", frames, limits.frames)
        check_count("labels", labels, limits.labels)
        rows.append([values, sizes, stacks, block.inner_counts(), *(block.inner_scalar(n) for n in range(1, 5))])
    values, sizes, stacks, label_counts, *label_columns = _columns(rows)
    table = LabelTable(_offsets(label_counts), *label_columns)
    return _Samples(values.reshape(len(sizes), types), _offsets(sizes), stacks, table)


def _offsets(counts: Ints) -> Ints:
    """Where each of many slices begins, and where the last one ends."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
