"""Heap sites that grow in step with something else."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.attribute.companions import companions
from leakdog.model import Frame, Signal
from leakdog.pprof import Profile

MakeProfile = Callable[..., Profile]

TYPES = (("inuse_objects", "count"), ("inuse_space", "bytes"))
OPEN = (Frame("os.newFile", "os/file_unix.go", 150), Frame("main.open", "shop/open.go", 8))
CACHE = (Frame("main.put", "shop/put.go", 19),)
DIAL = (Frame("net/http.(*Transport).dialConn", "net/http/transport.go", 1),)
TIMES = [float(10 * i) for i in range(8)]
FILES = [20.0 + 3 * i for i in range(8)]


def heaps(profile: MakeProfile, **objects: Sequence[int]) -> list[Profile]:
    """Heap profiles with this many objects of 100 bytes per named site."""
    stacks = {"open": OPEN, "cache": CACHE, "dial": DIAL}
    return [
        profile({stacks[name]: (counts[i], 100 * counts[i]) for name, counts in objects.items()}, TYPES)
        for i in range(len(TIMES))
    ]


def test_in_step(profile: MakeProfile) -> None:
    """The site whose objects grow with the open files is named as a hint, with the growth of the files."""
    given = heaps(profile, open=[3 * i for i in range(8)], cache=[500] * 8)
    (found,) = companions(given, TIMES, Signal.OPEN_FILES, TIMES, FILES)
    assert found.frame == OPEN[1]
    assert found.share == pytest.approx(1.0)
    assert found.growth_per_second == pytest.approx(0.3)
    assert found.note == "its heap objects grow in step with open files: a hint, no proof"


def test_one_object_each_is_nearer(profile: MakeProfile) -> None:
    """One object per file is a better match than a hundred, though less of the heap."""
    given = heaps(profile, open=[3 * i for i in range(8)], cache=[300 * i for i in range(8)])
    found = companions(given, TIMES, Signal.OPEN_FILES, TIMES, FILES)
    assert [each.frame for each in found] == [OPEN[1], CACHE[0]]
    assert found[0].share > 0.95


def test_memory_has_no_ratio(profile: MakeProfile) -> None:
    """For memory in bytes nothing is known per object, so the site that grows more leads."""
    given = heaps(profile, open=[3 * i for i in range(8)], cache=[300 * i for i in range(8)])
    found = companions(given, TIMES, Signal.RSS_ANON, TIMES, [1e6 + 1e5 * i for i in range(8)])
    assert found[0].frame == CACHE[0]


def test_what_another_leak_tells_comes_first_for_no_other(profile: MakeProfile) -> None:
    """A function whose growth is told already is named only where nothing else grows in step."""
    resident = [1e6 + 1e5 * i for i in range(8)]
    both = heaps(profile, open=[3 * i for i in range(8)], cache=[300 * i for i in range(8)])
    (found,) = companions(both, TIMES, Signal.RSS_ANON, TIMES, resident, apart={"main.put"})
    assert (found.frame, found.share) == (OPEN[1], pytest.approx(1.0))
    one = heaps(profile, cache=[300 * i for i in range(8)])
    (found,) = companions(one, TIMES, Signal.RSS_ANON, TIMES, resident, apart={"main.put"})
    assert found.frame == CACHE[0]


def test_out_of_step(profile: MakeProfile) -> None:
    """A site that grows at other times than the signal is not named."""
    late = [0, 0, 0, 0, 0, 0, 40, 80]
    early = [20.0, 30.0, 40.0, 50.0, 50.0, 50.0, 50.0, 50.0]
    assert companions(heaps(profile, cache=late), TIMES, Signal.OPEN_FILES, TIMES, early) == ()


def test_standard_code_alone(profile: MakeProfile) -> None:
    """A site without own code names nobody."""
    assert companions(heaps(profile, dial=[3 * i for i in range(8)]), TIMES, Signal.GOROUTINES, TIMES, FILES) == ()


def test_space_where_objects_are_unknown(profile: MakeProfile) -> None:
    """A profile with bytes alone, as Python's, is good enough."""
    given = [profile({OPEN: 4096 * i + 1}, (("inuse_space", "bytes"),)) for i in range(8)]
    (found,) = companions(given, TIMES, Signal.OPEN_FILES, TIMES, FILES)
    assert found.note.startswith("its heap bytes grow in step with open files")


def test_readings_at_other_times(profile: MakeProfile) -> None:
    """The signal may be read more often than the heap, at other times."""
    often = [0.5 * i for i in range(160)]
    given = heaps(profile, open=[3 * i for i in range(8)])
    (found,) = companions(given, TIMES, Signal.OPEN_FILES, often, [20 + 0.3 * t for t in often])
    assert found.share == pytest.approx(1.0)


@pytest.mark.parametrize(("count", "readings"), [(2, 8), (0, 8), (8, 1), (8, 0)])
def test_too_little(profile: MakeProfile, count: int, readings: int) -> None:
    """Two profiles are always in step; nothing is made of them, nor of a single reading."""
    given = heaps(profile, open=[3 * i for i in range(8)])
    assert companions(given[:count], TIMES[:count], Signal.THREADS, TIMES[:readings], FILES[:readings]) == ()


def test_falling_signal(profile: MakeProfile) -> None:
    """What falls has nobody to blame."""
    given = heaps(profile, open=[3 * i for i in range(8)])
    assert companions(given, TIMES, Signal.OPEN_FILES, TIMES, FILES[::-1]) == ()


COUNTS = st.lists(st.integers(0, 10**6), min_size=8, max_size=8)


@given(COUNTS, COUNTS, st.lists(st.floats(0, 1e6), min_size=8, max_size=8))
def test_shares(one: list[int], other: list[int], signal: list[float]) -> None:
    """Whatever the series, each share is within 0 and 1, and they sum to at most 1."""
    from leakdog.pprof import DEFAULT_LIMITS, ValueType
    from leakdog.pprof.build import Builder

    given = []
    for pair in zip(one, other, strict=True):
        builder = Builder([ValueType("inuse_objects", "count")], DEFAULT_LIMITS)
        for stack, value in zip((OPEN, CACHE), pair, strict=True):
            builder.sample([value], [builder.location(frame.line, (frame,)) for frame in stack])
        given.append(builder.build(ValueType("space", "bytes"), 1))
    found = companions(given, TIMES, Signal.OPEN_FILES, TIMES, signal)
    assert all(0 <= each.share <= 1 for each in found)
    assert sum(each.share for each in found) <= 1 + 1e-9
