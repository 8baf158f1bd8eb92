"""Bytes as a target sent them to a profile."""

from __future__ import annotations

import re

from leakdog.errors import ProfileTooLarge, WrongProfile
from leakdog.model import Kind
from leakdog.pprof import gunzip
from leakdog.pprof.decode import Decoder
from leakdog.pprof.limits import DEFAULT_LIMITS, Limits
from leakdog.pprof.profile import Profile
from leakdog.pprof.sniff import describe
from leakdog.pprof.text_contention import parse_contention
from leakdog.pprof.text_count import parse_count
from leakdog.pprof.text_heap import parse_heap
from leakdog.pprof.text_jemalloc import parse_jemalloc
from leakdog.pprof.text_thread import parse_threads

HEAP_TEXT = re.compile(rb"heap profile: *\d+: *\d+ *\[ *\d+: *\d+ *\] *@ *heap/")
_LEAD = rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*"  # empty lines and comments
_TEXTS = (
    (re.compile(rb"heap profile: *\d+: *\d+ *\[ *\d+: *\d+ *\] *@"), parse_heap),
    (re.compile(rb"heap_v2/\d"), parse_jemalloc),
    (re.compile(_LEAD + rb"[^\s:]+ profile: total \d+"), parse_count),
    (re.compile(_LEAD + rb"--- (?:threadz \d|Thread [0-9a-fA-F])"), parse_threads),
    (re.compile(rb"--- (?:contentionz |mutex:|contention:)"), parse_contention),
)
_HEAD_BYTES = 4096  # where the first line of a text form is looked for
_NEEDED = {
    Kind.HEAP: "inuse_space",
    Kind.ALLOCS: "alloc_space",
    Kind.GOROUTINE: "goroutine",
    Kind.GOROUTINELEAK: "goroutineleak",
    Kind.THREADCREATE: "threadcreate",
    Kind.BLOCK: "contentions",
    Kind.MUTEX: "contentions",
}


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS, decoder: Decoder | None = None) -> Profile:
    """Read a profile: gzip or plain protobuf, or a text form.

    Text forms are Go's (`debug=1`) of heaps, goroutines, threads and contention, those of tcmalloc and gperftools,
    and jemalloc's of heaps.

    A `decoder` that has read another profile of the same life reads this one faster, and the two share what they
    have in common; its own limits hold for what is within the protobuf.

    Raises:
        MalformedProfile: a profile that is broken or cut off.
        WrongProfile: an empty body, a web page, or anything else that is recognised and is no profile.
        ProfileTooLarge: over one of the limits.

    """
    body = expand(data, limits)
    for beginning, parse_text in _TEXTS:
        if beginning.match(body, 0, _HEAD_BYTES):
            return parse_text(body, limits)
    words = describe(body)
    if words:
        raise WrongProfile(f"this is no profile but {words}")
    return (decoder or Decoder(limits)).decode(body)


def expand(data: bytes, limits: Limits) -> bytes:
    """The body without gzip.

    Raises:
        MalformedProfile: broken gzip.
        ProfileTooLarge: over a limit in bytes or gzip members.

    """
    if len(data) > limits.compressed_bytes:
        raise ProfileTooLarge(
            f"the body has {len(data)} bytes, more than {limits.compressed_bytes} (limit compressed_bytes)"
        )
    return gunzip.gunzip(data, limits) if data.startswith(gunzip.MAGIC) else data


def expect(profile: Profile, kind: Kind) -> None:
    """Make sure that a profile is of the kind that was asked for.

    A heap profile without samples is accepted, as young programs have it, unless the program has sampling
    turned off: that is no memory figure of 0, it is none.

    Raises:
        WrongProfile: it is another kind, or says nothing.

    """
    types = [each.type for each in profile.sample_types]
    needed = _NEEDED[kind]
    if needed not in types:
        found = f"sample types {', '.join(types)}" if types else "no sample types"
        raise WrongProfile(f"this is no {kind.value} profile: it has {found}, and not {needed}")
    if kind in (Kind.HEAP, Kind.ALLOCS) and not len(profile.values) and not profile.period:
        raise WrongProfile("the program does not sample its heap: runtime.MemProfileRate is 0")
