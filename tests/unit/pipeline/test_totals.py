"""What one profile tells as numbers."""

from leakdog.model import Kind, Signal
from leakdog.pipeline.totals import by_site, profile_values, profiling_bytes
from leakdog.pprof import parse


def test_totals_of_profiles_are_signals(heap: bytes, goroutine: bytes) -> None:
    """A heap profile gives four totals, a goroutine profile their number, others nothing."""
    found = profile_values(parse(heap), Kind.HEAP)
    assert set(found) == {Signal.INUSE_SPACE, Signal.INUSE_OBJECTS, Signal.ALLOC_SPACE, Signal.ALLOC_OBJECTS}
    assert set(profile_values(parse(goroutine), Kind.GOROUTINE)) == {Signal.GOROUTINES}
    assert set(profile_values(parse(goroutine), Kind.GOROUTINELEAK)) == {Signal.GOROUTINES_LEAKED}
    assert profile_values(parse(goroutine), Kind.THREADCREATE) == {}


def test_what_profiling_costs_is_part_of_what_was_allocated(heap: bytes, goroutine: bytes) -> None:
    """The bytes allocated to write profiles are some, but not all, of a profiled program's; a count has none."""
    profile = parse(heap)
    allocated = profile_values(profile, Kind.HEAP)[Signal.ALLOC_SPACE]
    assert 0 <= profiling_bytes(profile) < allocated
    assert profiling_bytes(parse(goroutine)) is None


def test_a_site_is_told_in_each_signal_that_the_profile_has(heap: bytes, goroutine: bytes) -> None:
    """Bytes and objects of a heap, goroutines by where they wait; what is held adds up to no more than the total."""
    found = by_site(parse(heap), Kind.HEAP)
    assert set(found) == {Signal.INUSE_SPACE, Signal.INUSE_OBJECTS}
    assert all(0 < tally.values.sum() <= tally.total for tally in found.values())
    assert set(by_site(parse(goroutine), Kind.GOROUTINE)) == {Signal.GOROUTINES}
