"""Protobuf profiles to arrays."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof.decode import Decoder, decode
from leakdog.pprof.limits import Limits
from leakdog.pprof.profile import ValueType
from leakdog.pprof.wire import delimited, integer


def test_a_profile_is_decoded(made: Any) -> None:
    """Types, values, stacks, mappings and period come out."""
    profile = decode(made.encode())
    assert profile.sample_types == (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))
    assert profile.values.tolist() == [[3, 300], [1, 100]]
    assert profile.stack_offsets.tolist() == [0, 2, 3]
    assert profile.stack_locations.tolist() == [0, 1, 1]
    assert profile.symbols.mappings.start.tolist() == [0x400000]
    assert profile.period == 524288


def test_fields_may_come_in_any_order(made: Any) -> None:
    """Strings first and samples last, as some producers write, is the same profile."""
    data = made.encode()
    reordered = b"".join(delimited(6, text) for text in made.table) + data[: data.index(delimited(6, b""))] + made.rest
    assert decode(reordered).stacks() == decode(data).stacks()


def test_ids_may_be_any_numbers(made: Any) -> None:
    """Ids need not count from 1: some producers use addresses."""
    plain = decode(made.encode()).stacks()
    made.samples = [made.sample([1 << 63, 7], [3, 300]), made.sample([7], [1, 100])]
    made.locations[0] = made.locations[0].replace(integer(1, 1), integer(1, 1 << 63), 1)
    made.locations[1] = made.locations[1].replace(integer(1, 2), integer(1, 7), 1)
    assert decode(made.encode()).stacks() == plain


def test_negative_values_are_kept(made: Any) -> None:
    """Differences of profiles have negative values."""
    made.samples = [made.sample([1], [-3, -(1 << 63)])]
    assert decode(made.encode()).values.tolist() == [[-3, -(1 << 63)]]


def test_a_profile_without_samples_is_a_profile(made: Any) -> None:
    """No samples is a possible state, and has no stacks."""
    made.samples = []
    profile = decode(made.encode())
    assert profile.values.shape == (0, 2)
    assert profile.stacks() == ()


def test_deep_stacks_keep_their_leaf(made: Any) -> None:
    """Of 10,000 frames the innermost 1,000 are kept; other stacks are untouched."""
    made.samples = [made.sample([2], [1, 1]), made.sample([1] + [2] * 9_999, [1, 1]), made.sample([1], [1, 1])]
    profile = decode(made.encode())
    assert profile.stack_offsets.tolist() == [0, 1, 1001, 1002]
    assert profile.stack_locations.tolist() == [1, 0] + [1] * 999 + [0]


def test_blocks_join_to_one_table(made: Any) -> None:
    """Tables that are decoded in several blocks come out whole and in order."""
    made.samples = [made.sample([1 + i % 2] * 300, [i, i]) for i in range(9_000)]  # 2.7 MB
    profile = decode(made.encode())
    assert profile.values[:, 0].tolist() == list(range(9_000))
    assert profile.stack_offsets.tolist() == list(range(0, 2_700_001, 300))
    assert (profile.stack_locations[::300] == [i % 2 for i in range(9_000)]).all()


BROKEN: dict[str, tuple[str, Callable[[Any], Any]]] = {
    # what the error says: the part to replace, and by what
    "the string table has 9 entries": ("functions", lambda made: [made.numbers(1, 9), *made.functions[1:]]),
    "a function has string -1": ("functions", lambda made: [made.numbers(1, -1), *made.functions[1:]]),
    "a mapping has string 9": ("mappings", lambda made: [made.numbers(1, 0, 0, 0, 9)]),
    "a label has string 9": ("samples", lambda made: [made.sample([1], [1, 1], [made.numbers(9, 1)])]),
    "a sample type has string 9": ("sample_types", lambda made: [made.numbers(9, 1), made.numbers(3, 4)]),
    "string table is not empty": ("table", lambda made: [b"x", *made.table[1:]]),
    "no string table": ("table", lambda made: []),
    "two functions have id 1": ("functions", lambda made: [made.functions[0], *made.functions]),
    "two locations have id 2": ("locations", lambda made: [made.locations[1], *made.locations]),
    "two mappings have id 1": ("mappings", lambda made: made.mappings * 2),
    "a function has id 0": ("functions", lambda made: [made.numbers(0, 5), *made.functions]),
    "a location has id 0": ("locations", lambda made: [made.line(1, 1), *made.locations]),
    "a mapping has id 0": ("mappings", lambda made: [made.numbers(0, 1), *made.mappings]),
    "a sample refers to location 0": ("samples", lambda made: [b"\x08\x00" + made.sample([], [1, 1])]),
    "a sample refers to location 3": ("samples", lambda made: [made.sample([3], [1, 1])]),
    "refers to function 4": ("locations", lambda made: [*made.locations, made.numbers(3) + made.line(4, 1)]),
    "refers to function 0": ("locations", lambda made: [*made.locations, made.numbers(3) + made.line(0, 1)]),
    "a location refers to mapping 2": ("locations", lambda made: [*made.locations, made.numbers(3, 2)]),
    "sample 1 has 1 values, but there are 2": ("samples", lambda made: [made.sample([1], [1])]),
    "sample 2 has 3 values, but": ("samples", lambda made: [made.samples[0], made.sample([1], [1, 2, 3])]),
    "sample 1 has 2 values, but there are 0": ("sample_types", lambda made: []),
    "field 3 of a Sample has wire type 1": ("samples", lambda made: [b"\x19" + bytes(8)]),
    "two profiles are joined": ("rest", lambda made: integer(9, 1) * 2),
}


@pytest.mark.parametrize("words", BROKEN)
def test_an_invalid_profile_is_malformed(made: Any, words: str) -> None:
    """Each rule of google/pprof's validity check is enforced, and the error says which."""
    part, replacement = BROKEN[words]
    setattr(made, part, replacement(made))
    with pytest.raises(MalformedProfile, match=words):
        decode(made.encode())


@pytest.mark.parametrize("cut", [1, 5, 40, -1, -20])
def test_a_profile_cut_off_is_malformed(made: Any, cut: int) -> None:
    """Half a profile is never taken for a whole one."""
    data = made.encode()[:cut]
    with pytest.raises(MalformedProfile):
        decode(data)


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(samples=1), "samples"),
        (Limits(locations=1), "locations"),
        (Limits(functions=2), "functions"),
        (Limits(mappings=0), "mappings"),
        (Limits(strings=8), "strings"),
        (Limits(sample_types=1), "sample_types"),
        (Limits(frames=2), "frames"),
        (Limits(lines=2), "lines"),
        (Limits(labels=0), "labels"),
        (Limits(message_bytes=10), "message_bytes"),
        (Limits(fields=1), "fields"),
    ],
)
def test_each_limit_is_kept(made: Any, limits: Limits, name: str) -> None:
    """One more than a limit is too large, and the limit is named."""
    made.samples[0] = made.sample([1, 2], [3, 300], [made.numbers(4, 0, 16)])
    with pytest.raises(ProfileTooLarge, match=f"limit {name}"):
        decode(made.encode(), limits)


def test_profiles_of_one_life_share_what_they_have_in_common(made: Any) -> None:
    """With the same tables and stacks, the next profile has its own values and time, and the other's symbols."""
    decoder = Decoder()
    first = decoder.decode(made.encode())
    made.samples[1] = made.sample([2], [7, 700])
    made.rest += integer(9, 5)
    second = decoder.decode(made.encode())
    assert second.values.tolist() == [[3, 300], [7, 700]]
    assert (first.values.tolist(), first.time_nanos, second.time_nanos) == ([[3, 300], [1, 100]], 0, 5)
    assert second.symbols is first.symbols
    assert second.stack_locations is first.stack_locations


def test_a_profile_with_other_tables_shares_nothing(made: Any) -> None:
    """Where a location was added, or renumbered, all is read anew."""
    decoder = Decoder()
    before = decoder.decode(made.encode())
    made.locations = [
        made.locations[1].replace(integer(1, 2), integer(1, 1), 1),
        made.locations[0].replace(integer(1, 1), integer(1, 2), 1),
    ]
    after = decoder.decode(made.encode())
    assert [frame.function for frame in before.stack(1)] == ["main.main"]
    assert [frame.function for frame in after.stack(1)] == ["main.keep", "main.work"]


def test_a_broken_profile_leaves_the_decoder_as_it_was(made: Any) -> None:
    """The profile after it is still compared with the one before."""
    decoder = Decoder()
    good = made.encode()
    first = decoder.decode(good)
    made.samples = [made.sample([9], [1, 1]), made.samples[1]]
    with pytest.raises(MalformedProfile):
        decoder.decode(made.encode())
    assert decoder.decode(good).symbols is first.symbols


BOMB = """
import resource, sys
from leakdog.errors import ProfileTooLarge
from leakdog.pprof import parse
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    parse({bomb})
except ProfileTooLarge as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


@pytest.mark.parametrize("tag", [0x0A, 0x12, 0x22, 0x2A, 0x32])
def test_a_bomb_of_empty_messages_costs_little(tag: int) -> None:
    """8 million empty messages in 16 MB are refused within a second, for less memory than twice their bytes."""
    code = BOMB.format(bomb=f"bytes([{tag}, 0]) * 8_000_000")
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    kilobytes, _, error = done.stdout.partition(" ")
    assert "more than" in error
    assert int(kilobytes) < 2 * 16_000
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "inner",
    [
        b"\x1a\x00" * 120,  # labels
        b"\x0a\x82\x80\x08" + b"\x01" * 131_074,  # one stack of 131,074 locations
        b"\x08\x01" * 60_000,  # the same unpacked
        b"\x12\x82\x80\x08" + b"\x01" * 131_074,  # values
        b"\x98\x06\x00" * 40_000,  # unknown fields
    ],
)
def test_a_bomb_inside_messages_is_refused_in_time(made: Any, inner: bytes) -> None:
    """Few messages that hold very much are refused or read within bounds."""
    made.samples = [inner + made.sample([], [1, 1])] * (8_000_000 // len(inner))
    start = time.process_time()
    try:
        profile = decode(made.encode())
    except (ProfileTooLarge, MalformedProfile):
        pass
    else:
        assert np.diff(profile.stack_offsets).max() <= 1000
    assert time.process_time() - start < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000
