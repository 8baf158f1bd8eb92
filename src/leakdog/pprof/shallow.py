"""A profile's body cut into its repeated messages, by the protobuf library, before anything in them is looked at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from google.protobuf.message import DecodeError

from leakdog.errors import MalformedProfile
from leakdog.pprof import wire
from leakdog.pprof.check import check_count
from leakdog.pprof.limits import Limits
from leakdog.pprof.schema import Shallow

# The repeated messages, by field number from 1; each has a limit of that name.
_TABLES = ("sample_types", "samples", "mappings", "locations", "functions", "strings")
_COUNTED_BYTES = 256 << 10  # bytes counted at once, so that they stay in the cache of the processor


class Body(NamedTuple):
    """A body in three: the samples, one by one, the other tables, and the fields that are there once."""

    samples: list[bytes]
    tables: bytes
    rest: bytes


class Tables(NamedTuple):
    """The repeated messages other than samples, one by one."""

    sample_types: list[bytes]
    mappings: list[bytes]
    locations: list[bytes]
    functions: list[bytes]
    strings: list[bytes]


def cut(data: bytes, limits: Limits) -> Body:
    """Cut a body into its parts.

    Raises:
        MalformedProfile: not protobuf, or cut off.
        ProfileTooLarge: more messages of a kind than its limit.

    """
    _check_counts(data, limits)
    try:
        shallow = Shallow.FromString(data)
    except DecodeError as error:
        raise MalformedProfile("this is not protobuf, or it is cut off") from error
    for field, what in zip(Shallow.DESCRIPTOR.fields, _TABLES, strict=True):
        check_count(what, len(getattr(shallow, field.name)), getattr(limits, what))
    samples = list(shallow.sample)
    shallow.ClearField("sample")
    without_samples = shallow.SerializeToString()
    for field in Shallow.DESCRIPTOR.fields:
        shallow.ClearField(field.name)
    rest = shallow.SerializeToString()  # what the library does not know comes last
    check_count("message_bytes", len(rest), limits.message_bytes)
    return Body(samples, without_samples[: len(without_samples) - len(rest)], rest)


def tables_of(data: bytes) -> Tables:
    """The tables of a body, one message each."""
    shallow = Shallow.FromString(data)
    return Tables(
        *(list(getattr(shallow, field.name)) for field in Shallow.DESCRIPTOR.fields if field.name != "sample")
    )


def _check_counts(data: bytes, limits: Limits) -> None:
    """Count messages before the library makes room for them: an empty one takes 2 bytes here and 16 there.

    Each message begins with a byte that has its wire type, so there are no more of them than such bytes: mostly
    that is enough.
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
    at = rest = 0
    for field in wire.fields(data):
        if field.number not in allowed:
            rest += field.stop - at
            check_count("message_bytes", rest, limits.message_bytes)
        else:
            allowed[field.number] -= 1
            if allowed[field.number] < 0:
                what = _TABLES[field.number - 1]
                check_count(what, getattr(limits, what) + 1, getattr(limits, what))
        at = field.stop
