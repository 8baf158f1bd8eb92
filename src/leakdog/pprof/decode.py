"""Protobuf profiles to arrays."""

from __future__ import annotations

from typing import NamedTuple

from leakdog.pprof import header as head
from leakdog.pprof.kernel import Body, again
from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.profile import Profile, ValueType, Written
from leakdog.pprof.samples import Samples, read_samples
from leakdog.pprof.tables import Tables, read_tables


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Profile:
    """Read an uncompressed protobuf profile.

    Raises:
        MalformedProfile: not protobuf, or not a valid profile.
        ProfileTooLarge: more of something than its limit.

    """
    return Decoder(limits).decode(data)


class _Decoded(NamedTuple):
    data: bytes
    tables: Tables
    samples: Samples


class Decoder:
    """Decodes profiles of one life, one after the other, and shares with each what it has in common with the last.

    Where nothing but values and times has changed, as in a program that has not allocated at a new place since, symbols
    and stacks are the same objects, and only values are decoded. Takes the memory of the last profile, its bytes
    included.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._last: _Decoded | None = None

    def decode(self, data: bytes) -> Profile:
        """Read an uncompressed protobuf profile.

        Raises:
            MalformedProfile: not protobuf, or not a valid profile.
            ProfileTooLarge: more of something than its limit.

        """
        last = self._last
        if last is not None:
            strings = len(last.tables.symbols.strings)
            found = again(last.data, last.samples.values, strings, data, self._limits)
            if found is not None:
                return self._keep(data, last.tables, last.samples._replace(values=found[0]), found[1], None)
        body = Body(data, self._limits)
        tables, header = read_tables(body, self._limits)
        samples = read_samples(body, tables.location_ids)
        written = None if tables.types is None else Written(tables.types, body.rest(), self._limits.depth)
        return self._keep(data, tables, samples, header, written)

    def _keep(
        self, data: bytes, tables: Tables, samples: Samples, header: list[int], written: Written | None
    ) -> Profile:
        self._last = _Decoded(data, tables, samples)
        strings = tables.symbols.strings
        period_type = ValueType(strings[header[head.PERIOD_KIND]], strings[header[head.PERIOD_UNIT]])
        return Profile(
            sample_types=tables.sample_types,
            default_sample_type=strings[header[head.DEFAULT_SAMPLE_TYPE]],
            values=samples.values,
            stack_offsets=samples.offsets,
            stack_locations=samples.stacks,
            label_table=samples.labels,
            symbols=tables.symbols,
            time_nanos=header[head.TIME_NANOS],
            duration_nanos=header[head.DURATION_NANOS],
            period_type=period_type if any(period_type) else None,
            period=header[head.PERIOD],
            drop_frames=strings[header[head.DROP_FRAMES]],
            keep_frames=strings[header[head.KEEP_FRAMES]],
            comments=tables.comments,
            doc_url=strings[header[head.DOC_URL]],
            written=written,
        )
