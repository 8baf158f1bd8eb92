"""Memory figures of the text heap profile."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from leakdog.errors import MalformedProfile, ProfileTooLarge, WrongProfile
from leakdog.model import Signal
from leakdog.pprof import Limits, memstats

BLOCK = b"""heap profile: 0: 0 [0: 1] @ heap/1048576

# runtime.MemStats
# Alloc = 1
# TotalAlloc = 2
# Sys = 3
# HeapAlloc = 4
# HeapSys = 5
# HeapIdle = 6
# HeapInuse = 7
# HeapReleased = 8
# HeapObjects = 9
# Stack = 10 / 11
# NextGC = 12
# PauseNs = [1 2 3]
# GCCPUFraction = 0.001
# DebugGC = false
# MaxRSS = 13
"""
WANTED = {
    Signal.TOTAL_ALLOC: 2.0,
    Signal.SYS: 3.0,
    Signal.HEAP_ALLOC: 4.0,
    Signal.HEAP_SYS: 5.0,
    Signal.HEAP_IDLE: 6.0,
    Signal.HEAP_INUSE: 7.0,
    Signal.HEAP_RELEASED: 8.0,
    Signal.HEAP_OBJECTS: 9.0,
    Signal.STACK_INUSE: 10.0,
}


@pytest.mark.parametrize("data", [BLOCK, gzip.compress(BLOCK)])
def test_figures_are_read(data: bytes) -> None:
    """Each figure by its signal; of the stacks, what is in use."""
    assert memstats(data) == WANTED


def test_a_missing_figure_is_missing() -> None:
    """What an older Go does not write is left out, not 0."""
    assert Signal.HEAP_RELEASED not in memstats(BLOCK.replace(b"# HeapReleased = 8\n", b""))


def test_a_real_program_has_all_figures(written: Path) -> None:
    """Go 1.27 writes every one, and they are consistent."""
    found = memstats((written / "heap.txt").read_bytes())
    assert found.keys() == WANTED.keys()
    assert found[Signal.HEAP_INUSE] + found[Signal.HEAP_IDLE] == found[Signal.HEAP_SYS]
    assert found[Signal.HEAP_ALLOC] <= found[Signal.TOTAL_ALLOC]


def test_only_the_last_block_counts() -> None:
    """A function that is named like the heading does not pass for it."""
    fake = b"#\t0x1\tmain.x+0x1\t/a.go:1\n# runtime.MemStats\n# HeapAlloc = 666\n# DebugGC = false\n"
    assert memstats(fake + BLOCK) == WANTED


@pytest.mark.parametrize("kept", [50, 100, 200, -30])
def test_a_block_cut_off_is_malformed(kept: int) -> None:
    """Half a block gives no figures."""
    with pytest.raises(MalformedProfile, match="cut off"):
        memstats(BLOCK[:kept])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"goroutine profile: total 0\n", "text that begins 'goroutine profile"),
        (b"<!doctype html><title>Sign in</title>", "an HTML page titled 'Sign in'"),
        (b"", "an empty body"),
        (gzip.compress(b"\x0a\x04\x08\x01\x10\x02", mtime=0), "a profile in binary form"),
    ],
)
def test_something_else_is_the_wrong_profile(data: bytes, words: str) -> None:
    """A body without the block says what it is instead."""
    with pytest.raises(WrongProfile, match=words):
        memstats(data)


def test_limits_are_kept() -> None:
    """A body over the limit is not read."""
    with pytest.raises(ProfileTooLarge, match="limit compressed_bytes"):
        memstats(BLOCK, Limits(compressed_bytes=100))
