"""The parts of a process's memory: what is known adds up to the whole, what is not known is in no part."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.ledger import WORDS, Ledger, Part, ledger, split
from leakdog.model import Signal

MIB = 1 << 20

# Told by one real service at one time, rounded to MiB: 76 MiB resident, 12 of them file pages, 51 had by Go.
MEMSTATS = {
    Signal.SYS: 60 * MIB,
    Signal.HEAP_SYS: 50 * MIB,
    Signal.HEAP_IDLE: 20 * MIB,
    Signal.HEAP_RELEASED: 9 * MIB,
    Signal.HEAP_INUSE: 30 * MIB,
    Signal.HEAP_ALLOC: 25 * MIB,
    Signal.STACK_INUSE: 2 * MIB,
}
PROC = {Signal.RSS: 76 * MIB, Signal.RSS_ANON: 63 * MIB, Signal.RSS_SHMEM: MIB}
GO_PARTS = {
    Part.OBJECTS: 25 * MIB,
    Part.FRAGMENTATION: 5 * MIB,
    Part.IDLE: 11 * MIB,
    Part.STACKS: 2 * MIB,
    Part.RUNTIME: 8 * MIB,
}


def of(numbers: Mapping[Signal, float]) -> Ledger:
    """The ledger of numbers that have one."""
    found = ledger(numbers)
    assert found is not None
    return found


def test_all_sources() -> None:
    """With /proc, MemStats and what the last collection found alive, every part is told."""
    found = of({**MEMSTATS, **PROC, Signal.HEAP_LIVE: 18 * MIB})
    expected = {
        Part.LIVE: 18 * MIB,
        Part.GARBAGE: 7 * MIB,
        Part.FRAGMENTATION: 5 * MIB,
        Part.IDLE: 11 * MIB,
        Part.STACKS: 2 * MIB,
        Part.RUNTIME: 8 * MIB,
        Part.NATIVE: 12 * MIB,
        Part.SHARED: MIB,
        Part.FILE: 12 * MIB,
    }
    assert expected == dict(found.parts)
    assert found.total == 76 * MIB
    assert found.absent == 0


def test_a_metrics_page_alone() -> None:
    """Without the kernel's word on file pages, what is outside the Go runtime is one part."""
    found = of({**MEMSTATS, Signal.RSS: 76 * MIB})
    assert dict(found.parts) == GO_PARTS | {Part.OUTSIDE: 25 * MIB}


def test_memstats_alone() -> None:
    """Without a resident set the whole is what the Go runtime has and has not given back; nothing native is told."""
    found = of(MEMSTATS)
    assert found.total == 51 * MIB
    assert dict(found.parts) == GO_PARTS


def test_proc_alone() -> None:
    """Of any other program the kernel tells what is anonymous, shared and of files."""
    assert dict(of(PROC).parts) == {Part.REST: 63 * MIB, Part.SHARED: MIB, Part.FILE: 12 * MIB}
    assert dict(of({Signal.RSS: 76 * MIB}).parts) == {Part.REST: 76 * MIB}


def test_a_kernel_that_does_not_tell_shared_memory() -> None:
    """Where only anonymous memory is told, all the rest counts as file pages."""
    assert dict(of({Signal.RSS: 76 * MIB, Signal.RSS_ANON: 63 * MIB}).parts) == {
        Part.REST: 63 * MIB,
        Part.FILE: 13 * MIB,
    }


def test_the_heap_profile_tells_what_is_alive() -> None:
    """Where the runtime does not, its sample does; and a program of another language may have a profile alone."""
    assert of({**MEMSTATS, Signal.INUSE_SPACE: 18 * MIB}).parts[Part.GARBAGE] == 7 * MIB
    assert dict(of({Signal.RSS: 76 * MIB, Signal.INUSE_SPACE: 18 * MIB}).parts) == {
        Part.LIVE: 18 * MIB,
        Part.REST: 58 * MIB,
    }


def test_a_sample_larger_than_the_heap() -> None:
    """The sampled profile may overshoot: then all objects count as live, and no garbage is below nothing."""
    found = of({**MEMSTATS, Signal.INUSE_SPACE: 27 * MIB})
    assert (found.parts[Part.LIVE], found.parts[Part.GARBAGE]) == (25 * MIB, 0)


def test_spans_in_use_follow_from_what_is_idle() -> None:
    """Two numbers of three tell the third."""
    without = {signal: value for signal, value in MEMSTATS.items() if signal is not Signal.HEAP_INUSE}
    assert of(without).parts == of(MEMSTATS).parts


def test_a_runtime_that_tells_little() -> None:
    """What the runtime has beyond the parts it tells is one coarser part."""
    found = of({Signal.SYS: 60 * MIB, Signal.HEAP_RELEASED: 9 * MIB, Signal.HEAP_ALLOC: 25 * MIB})
    assert dict(found.parts) == {Part.OBJECTS: 25 * MIB, Part.GO: 26 * MIB}


@pytest.mark.parametrize("numbers", [{}, {Signal.INUSE_SPACE: 5.0}, {Signal.THREADS: 5.0}, {Signal.HEAP_ALLOC: 5.0}])
def test_nothing_to_add_up_to(numbers: dict[Signal, float]) -> None:
    """Without a whole there is no ledger."""
    assert ledger(numbers) is None


def test_memory_that_was_never_written_to() -> None:
    """An idle Go program counts 4.8 MiB as its own, of which 1.4 are resident: the runtime's structures give way."""
    idle = {
        Signal.RSS: 7.1 * MIB,
        Signal.RSS_ANON: 1.4 * MIB,
        Signal.SYS: 8.8 * MIB,
        Signal.HEAP_SYS: 4.8 * MIB,
        Signal.HEAP_IDLE: 4.0 * MIB,
        Signal.HEAP_RELEASED: 4.0 * MIB,
        Signal.HEAP_ALLOC: 0.2 * MIB,
        Signal.STACK_INUSE: 0.3 * MIB,
    }
    found = of(idle)
    assert found.absent == pytest.approx(3.4 * MIB)
    assert found.parts[Part.RUNTIME] == pytest.approx(0.3 * MIB)
    assert found.parts[Part.OBJECTS] == pytest.approx(0.2 * MIB)
    assert found.parts[Part.NATIVE] == 0


def test_large_objects_that_were_never_written_to() -> None:
    """Beyond the runtime's structures all of its parts give way in proportion."""
    found = of({**MEMSTATS, Signal.RSS: 30 * MIB, Signal.RSS_ANON: 21.5 * MIB})
    assert found.absent == pytest.approx(29.5 * MIB)
    assert found.parts[Part.RUNTIME] == 0
    halves = {Part.OBJECTS: 12.5, Part.FRAGMENTATION: 2.5, Part.IDLE: 5.5, Part.STACKS: 1.0}
    assert {part: found.parts[part] / MIB for part in halves} == pytest.approx(halves)


def test_rates_split_as_sizes_do() -> None:
    """A process that grows by 10 a second, by 7 of them idle spans, grows by 3 outside."""
    growth = dict.fromkeys(MEMSTATS, 0.0) | {
        Signal.RSS_ANON: 10.0,
        Signal.SYS: 7.0,
        Signal.HEAP_SYS: 7.0,
        Signal.HEAP_IDLE: 7.0,
        Signal.HEAP_INUSE: 0.0,
    }
    assert {part: rate for part, rate in split(growth).items() if rate} == {Part.IDLE: 7.0, Part.NATIVE: 3.0}


def test_every_part_has_words() -> None:
    """No part is shown by its name in code."""
    assert set(WORDS) == set(Part)


SIZES = st.floats(0, 1e15)
ANY_NUMBERS = st.dictionaries(st.sampled_from(sorted(Signal)), SIZES)


@given(ANY_NUMBERS)
def test_parts_add_up_and_none_is_negative(numbers: dict[Signal, float]) -> None:
    """Whatever is told, however it contradicts itself, parts are not negative and sum to the whole."""
    found = ledger(numbers)
    if found is None:
        assert Signal.RSS not in numbers
        return
    assert min(found.parts.values()) >= 0
    assert math.isclose(sum(found.parts.values()), found.total, abs_tol=4)  # of 1e15 bytes, a float has the last eighth
    assert found.total == numbers.get(Signal.RSS, found.total)
    assert found.absent >= 0


@given(ANY_NUMBERS.filter(lambda numbers: Signal.RSS in numbers))
def test_what_is_told_twice_is_in_one_part(numbers: dict[Signal, float]) -> None:
    """A ledger never has both a coarse part and the finer ones that it is made of."""
    parts = set(of(numbers).parts)
    assert not (Part.OBJECTS in parts and Part.GARBAGE in parts)
    assert not (Part.RUNTIME in parts and Part.GO in parts)
    assert len(parts & {Part.NATIVE, Part.OUTSIDE, Part.REST}) == 1
    assert not (Part.OUTSIDE in parts and Part.FILE in parts)
