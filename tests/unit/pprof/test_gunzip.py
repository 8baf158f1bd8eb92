"""Bounded gunzip."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile, ProfileTooLarge
from leakdog.pprof import gunzip as module
from leakdog.pprof.gunzip import gunzip
from leakdog.pprof.limits import Limits

LIMITS = Limits(decompressed_bytes=1 << 20)


@given(st.lists(st.binary(), min_size=1, max_size=5))
def test_members_are_joined(parts: list[bytes]) -> None:
    """A file of several gzip members is their contents in order."""
    assert b"".join(parts) == gunzip(b"".join(map(gzip.compress, parts)), LIMITS)


def test_a_bomb_stops_at_the_limit() -> None:
    """200 MB of zeros in 200 kB of gzip are refused, and no more memory is taken than twice the limit."""
    bomb = gzip.compress(bytes(200_000_000), 1)
    tracemalloc.start()
    with pytest.raises(ProfileTooLarge, match="limit decompressed_bytes"):
        gunzip(bomb, LIMITS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * LIMITS.decompressed_bytes + 2 * len(bomb)


def test_members_share_one_limit() -> None:
    """Many members that are small each do not pass together what one may not."""
    with pytest.raises(ProfileTooLarge, match="limit decompressed_bytes"):
        gunzip(gzip.compress(bytes(600_000)) * 2, LIMITS)


def test_exactly_the_limit_is_read() -> None:
    """The limit itself is still allowed."""
    assert LIMITS.decompressed_bytes == len(gunzip(gzip.compress(bytes(LIMITS.decompressed_bytes)), LIMITS))


def test_too_many_members_are_refused() -> None:
    """Empty members, which no limit in bytes stops, are counted."""
    with pytest.raises(ProfileTooLarge, match="more than 1024 members"):
        gunzip(gzip.compress(b"") * 1025, LIMITS)


@pytest.mark.parametrize("kept", [2, 9, 40, -1])
def test_cut_off_is_malformed(kept: int) -> None:
    """A gzip file without its end is never taken for a whole one."""
    with pytest.raises(MalformedProfile, match="cut off"):
        gunzip(gzip.compress(bytes(range(256)) * 20)[:kept], LIMITS)


def test_trailing_garbage_is_malformed() -> None:
    """Bytes after the last member that are no gzip make the whole malformed."""
    with pytest.raises(MalformedProfile, match="followed by 7 bytes"):
        gunzip(gzip.compress(b"profile") + b"garbage", LIMITS)


def test_a_wrong_checksum_is_malformed() -> None:
    """Damage that still inflates is found by the checksum."""
    data = bytearray(gzip.compress(b"profile"))
    data[-8] ^= 1
    with pytest.raises(MalformedProfile, match="broken"):
        gunzip(bytes(data), LIMITS)


@given(st.binary(min_size=1, max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_either_library_expands_alike(content: bytes, at: int, bits: int) -> None:
    """Whole, damaged or cut off: with zlib alone, as where isal is not there, the outcome is the same."""
    data = bytearray(gzip.compress(content))
    if at < len(data):
        data[at] ^= bits
        assume(at != 3)  # flags of the header that nobody sets, which only zlib refuses
    outcomes = []
    for library in (module.ZLIB, zlib):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "ZLIB", library)
            try:
                outcomes.append(gunzip(bytes(data[: at or None]), LIMITS))
            except (MalformedProfile, ProfileTooLarge) as error:
                outcomes.append(type(error))
    assert outcomes[0] == outcomes[1]
