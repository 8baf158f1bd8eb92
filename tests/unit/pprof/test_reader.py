"""From a target's bytes to a profile."""

from __future__ import annotations

import contextlib
import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile, ProfileError, ProfileTooLarge, Reason, WrongProfile
from leakdog.model import Kind
from leakdog.pprof import Limits, expect, parse

TESTDATA = Path(__file__).parent / "testdata"
FILES = (
    "prometheus-goroutine.pb.gz",
    "etcd-heap.pb.gz",
    "gobench.heap",
    "cppbench.heap",
    "cppbench.contention",
    "cppbench.thread",
)
REAL = [(TESTDATA / name).read_bytes() for name in FILES]
SMALL = Limits(decompressed_bytes=1 << 20, samples=10_000, locations=10_000, functions=10_000, strings=10_000)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_protobuf_is_read_with_and_without_gzip(made: Any, wrap: Any) -> None:
    """`curl` saves gzip, `WriteTo` with an own writer may not."""
    assert parse(wrap(made.encode())).values.tolist() == [[3, 300], [1, 100]]


@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_text_is_read_with_and_without_gzip(testdata: Path, wrap: Any) -> None:
    """Go's text form is recognised by its first line."""
    assert parse(wrap((testdata / "gobench.heap").read_bytes())).values.shape == (15, 4)


def test_goroutine_text_is_read() -> None:
    """Comments may come before the first line of a profile of counts."""
    assert parse(b"# hello\n\ngoroutine profile: total 1\n1 @ 0x11\n").values.tolist() == [[1]]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"heap_v2/1\n  t*: 0: 0 [0: 0]\n\nMAPPED_LIBRARIES:\n", "space"),
        (b"heap profile: 0: 0 [0: 0] @ heap_v2/1\nMAPPED_LIBRARIES:\n", "space"),
        (b"--- threadz 1 ---\n", "thread"),
        (b"--- Thread 7f (name: a/1) stack: ---\n", "thread"),
        (b"--- contentionz 1 ---\n", "delay"),
        (b"--- mutex:\n", "delay"),
        (b"--- contention:\n", "delay"),
    ],
)
def test_each_text_form_is_recognised(text: bytes, kind: str) -> None:
    """By how it begins."""
    assert parse(text).sample_types[-1].type == kind


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", WrongProfile, "no profile but an empty body"),
        (gzip.compress(b"", mtime=0), WrongProfile, "no profile but an empty body"),
        (b"<html><title>Login</title>", WrongProfile, "an HTML page titled 'Login'"),
        (gzip.compress(b'{"status":"ok"}', mtime=0), WrongProfile, "JSON"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), WrongProfile, "gzip data inside gzip data"),
        (b"\x0a\xff\x00", MalformedProfile, "not protobuf, or it is cut off"),
        (b"\x1f\x8b", MalformedProfile, "cut off"),
        (b"heap profile: 1: 8 [1: 8] @ heap/2", MalformedProfile, "cut off in mid-line"),
        (b"heap profile: 1: 8 [1: 8] @ heap_v9/2\n", MalformedProfile, "does not go on like one"),
        (b"--- heapz 1 ---\nformat = java\n", WrongProfile, "text that begins"),
    ],
)
def test_what_is_no_profile_is_refused_in_words(data: bytes, error: type[ProfileError], words: str) -> None:
    """Another thing is the wrong profile, a damaged one is malformed; the text says what it is."""
    with pytest.raises(error, match=words):
        parse(data)


def test_a_body_over_the_limit_is_not_read(made: Any) -> None:
    """The compressed limit counts the bytes as they came."""
    with pytest.raises(ProfileTooLarge, match="limit compressed_bytes") as caught:
        parse(made.encode(), Limits(compressed_bytes=10))
    assert caught.value.reason is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize("kind", [Kind.HEAP])
def test_a_heap_profile_is_what_was_asked_for(made: Any, kind: Kind) -> None:
    """A profile with the sample type of its kind passes."""
    expect(parse(made.encode()), kind)


@pytest.mark.parametrize("kind", [each for each in Kind if each is not Kind.HEAP])
def test_a_heap_profile_is_no_other_kind(made: Any, kind: Kind) -> None:
    """The error says what was asked for, and what sample types came."""
    with pytest.raises(WrongProfile, match=f"no {kind.value} profile: it has sample types inuse_objects, inuse_space"):
        expect(parse(made.encode()), kind)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_go_passes(kind: Kind, made: Any) -> None:
    """The sample types that Go writes for each kind are taken."""
    written = {
        Kind.HEAP: ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space"),
        Kind.ALLOCS: ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space"),
        Kind.BLOCK: ("contentions", "delay"),
        Kind.MUTEX: ("contentions", "delay"),
    }.get(kind, (kind.value,))
    made.table += [name.encode() for name in written]
    made.sample_types = [made.numbers(9 + i, 2) for i in range(len(written))]
    made.samples = [made.sample([1], [1] * len(written))]
    expect(parse(made.encode()), kind)


def test_a_cpu_profile_is_no_heap_profile(made: Any) -> None:
    """A CPU profile is well formed, and says nothing about memory."""
    made.table += [b"samples", b"cpu", b"nanoseconds"]
    made.sample_types = [made.numbers(9, 2), made.numbers(10, 11)]
    with pytest.raises(WrongProfile, match="sample types samples, cpu, and not inuse_space") as caught:
        expect(parse(made.encode()), Kind.HEAP)
    assert caught.value.reason is Reason.WRONG_TYPE


@pytest.mark.parametrize("kind", Kind)
def test_a_profile_of_nothing_is_the_wrong_one(kind: Kind) -> None:
    """Neither types nor samples is never `no memory`."""
    with pytest.raises(WrongProfile, match="it has no sample types"):
        expect(parse(b"\x32\x00"), kind)


def test_a_program_that_does_not_sample_has_no_figures(made: Any) -> None:
    """With MemProfileRate 0 there are neither samples nor a period: that is not 0 bytes."""
    made.samples, made.rest = [], b""
    with pytest.raises(WrongProfile, match="MemProfileRate is 0"):
        expect(parse(made.encode()), Kind.HEAP)


def test_a_young_program_has_no_samples_yet(made: Any) -> None:
    """No samples, but a period: nothing was sampled so far, and that is a reading."""
    made.samples = []
    expect(parse(made.encode()), Kind.HEAP)


def test_no_leaked_goroutines_are_good_news(made: Any) -> None:
    """A goroutineleak profile without samples is what healthy programs have."""
    made.table.append(b"goroutineleak")
    made.sample_types, made.samples = [made.numbers(9, 2)], []
    expect(parse(made.encode()), Kind.GOROUTINELEAK)


def survives(data: bytes) -> None:
    """Reading ends within a second, with a profile or an error of ours; the profile can be used."""
    start = time.process_time()
    with contextlib.suppress(ProfileError):
        profile = parse(data, SMALL)
        assert len(profile.stacks()) == len(profile.values)
        assert all(isinstance(profile.labels(i), tuple) for i in range(len(profile.values)))
    assert time.process_time() - start < 1


@given(st.binary(max_size=2000))
def test_random_bytes_are_survived(data: bytes) -> None:
    """No bytes lead to another error, or take long."""
    survives(data)
    survives(gzip.compress(data, 1))


@given(
    st.sampled_from(REAL), st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 255)), max_size=8), st.booleans()
)
def test_damaged_profiles_are_survived(real: bytes, damage: list[tuple[int, int]], inside: bool) -> None:
    """Nor do real profiles with bytes changed, before or after compression."""
    data = bytearray(gzip.decompress(real) if inside and real[:1] == b"\x1f" else real)
    for place, value in damage:
        data[place % len(data)] = value
    survives(bytes(data))


@given(st.sampled_from(REAL), st.integers(0, 60_000), st.integers(0, 60_000), st.binary(max_size=20))
def test_spliced_profiles_are_survived(real: bytes, start: int, stop: int, insert: bytes) -> None:
    """Nor do those with a part cut out and another put in."""
    data = gzip.decompress(real) if real[:1] == b"\x1f" else real
    start, stop = sorted((start % len(data), stop % len(data)))
    survives(data[:start] + insert + data[stop:])
