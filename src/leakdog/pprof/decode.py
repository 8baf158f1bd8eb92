"""Protobuf profiles to arrays."""

from __future__ import annotations

from typing import NamedTuple

from leakdog.pprof import header as head
from leakdog.pprof.header import Header
from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.profile import Profile
from leakdog.pprof.samples import Samples, read_changed, read_samples
from leakdog.pprof.shallow import Body, cut
from leakdog.pprof.tables import Tables, read_tables


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Profile:
    """Read an uncompressed protobuf profile.

    Raises:
        MalformedProfile: not protobuf, or not a valid profile.
        ProfileTooLarge: more of something than its limit.

    """
    return Decoder(limits).decode(data)


class _Decoded(NamedTuple):
    body: Body
    tables: Tables
    samples: Samples


class Decoder:
    """Decodes profiles of one life, one after the other, and shares with each what it has in common with the last.

    Symbols are the same object where their bytes are, and stacks where those of all samples are, as in a program
    that has not allocated at a new place since. Takes the memory of the last profile, its bytes included.
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
        body = cut(data, self._limits)
        last = self._last
        samples = None
        if last is not None and last.body.tables == body.tables:
            tables = last.tables
            samples = read_changed(body.samples, last.body.samples, last.samples, tables, self._limits)
        else:
            tables = read_tables(body.tables, self._limits)
        header = Header(body.rest, tables.symbols.strings)
        if samples is None:
            samples = read_samples(body.samples, tables, self._limits)
        self._last = _Decoded(body, tables, samples)
        return _profile(tables, samples, header)


def _profile(tables: Tables, samples: Samples, header: Header) -> Profile:
    return Profile(
        sample_types=tables.sample_types,
        default_sample_type=header.text(head.DEFAULT_SAMPLE_TYPE),
        values=samples.values,
        stack_offsets=samples.offsets,
        stack_locations=samples.stacks,
        label_table=samples.labels,
        symbols=tables.symbols,
        time_nanos=header.numbers.get(head.TIME_NANOS, 0),
        duration_nanos=header.numbers.get(head.DURATION_NANOS, 0),
        period_type=header.period_type,
        period=header.numbers.get(head.PERIOD, 0),
        drop_frames=header.text(head.DROP_FRAMES),
        keep_frames=header.text(head.KEEP_FRAMES),
        comments=header.comments,
        doc_url=header.text(head.DOC_URL),
    )
