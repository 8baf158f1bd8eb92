"""What one profile has more than another."""

from __future__ import annotations

from collections import abc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Label, Profile, encode, parse
from leakdog.pprof.build import Builder
from leakdog.pprof.maps import Mapping
from leakdog.pprof.profile import ValueType
from leakdog.report.diff import difference, normalized, two_processes

OBJECTS, SPACE = ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes")
Sizes = abc.Mapping[str, int]


def profile(sizes: Sizes, kind: ValueType = SPACE) -> Profile:
    """A profile of stacks such as `leaf root` with their bytes, each of one object."""
    builder = Builder([OBJECTS, kind] if kind is SPACE else [kind], DEFAULT_LIMITS)
    for stack, size in sizes.items():
        frames = [Frame(name, f"{name}.go", 7) for name in stack.split()]
        labels = [Label("bytes", 16 + len(stack), "bytes")]
        builder.sample(
            [1, size] if kind is SPACE else [size],
            [builder.location(hash(each) % 2**32, (each,)) for each in frames],
            labels,
        )
    return builder.build(SPACE, 512)


def sizes(made: Profile) -> dict[str, int]:
    """Bytes by stack."""
    names = (" ".join(frame.function for frame in stack) for stack in made.stacks())
    return dict(zip(names, made.values[:, 1].tolist(), strict=True))


def test_growth_is_above_zero_and_what_shrank_below() -> None:
    """What did not change is not there; what is new or gone is there whole."""
    base, latest = profile({"a m": 10, "b m": 20, "c m": 30}), profile({"a m": 15, "b m": 20, "d m": 40})
    made = difference(base, latest)
    assert sizes(made) == {"a m": 5, "d m": 40, "c m": -30}
    assert dict(zip(sizes(made), made.values[:, 0].tolist(), strict=True)) == {"a m": 0, "d m": 1, "c m": -1}


def test_a_difference_is_a_profile() -> None:
    """It can be written and read again, with its lines and its period."""
    made = parse(encode(difference(profile({"a m": 10}), profile({"a m": 15}))))
    assert sizes(made) == {"a m": 5}
    assert made.stack(0) == (Frame("a", "a.go", 7), Frame("m", "m.go", 7))
    assert (made.period_type, made.period) == (SPACE, 512)


def test_profiles_of_two_kinds_cannot_be_subtracted() -> None:
    """The message names what each of them has."""
    with pytest.raises(ProfileError, match="inuse_objects, inuse_space and other cannot be subtracted"):
        difference(profile({"a": 1}), profile({"a": 1}, ValueType("other", "bytes")))


SIZES = st.dictionaries(st.sampled_from(["a m", "b m", "c", "a b m"]), st.integers(1, 10**12))


@given(SIZES, SIZES)
def test_base_and_difference_make_the_latest(base: Sizes, latest: Sizes) -> None:
    """Whatever the profiles."""
    changed = sizes(difference(profile(base), profile(latest)))
    both = {stack: base.get(stack, 0) + changed.get(stack, 0) for stack in {*base, *latest}}
    assert both == {stack: latest.get(stack, 0) for stack in both}


def test_what_is_normalized_has_the_total_of_the_base() -> None:
    """Twice the load with the same shares has not grown; values are rounded away from zero at the half."""
    base, latest = profile({"a m": 10, "b m": 30}), profile({"a m": 20, "b m": 60})
    assert sizes(difference(base, normalized(latest, base))) == {}
    assert sizes(normalized(profile({"a m": 5, "b m": 15}), profile({"a m": 10}))) == {"a m": 3, "b m": 8}


def test_what_sums_to_nothing_stays_nothing() -> None:
    """Nothing can scale it."""
    base, nothing = profile({"a m": 10}), profile({"a m": 0})
    assert sizes(normalized(nothing, base)) == {"a m": 0}
    with pytest.raises(ProfileError, match="cannot be scaled"):
        normalized(nothing, profile({"a m": 10}, ValueType("space", "bytes")))


def test_what_only_one_has_is_left_out() -> None:
    """Of two builds with other sample types, those that both have are compared."""
    objects = ValueType("inuse_objects", "count")
    builder = Builder([ValueType("alloc_space", "bytes"), objects], DEFAULT_LIMITS)
    builder.sample([99, 3], [builder.location(1, (Frame("a", "a.go", 7),))])
    made = difference(profile({"b": 10}), builder.build(SPACE, 512))
    assert made.sample_types == (objects,)
    assert {stack[0].function: row.tolist() for stack, row in zip(made.stacks(), made.values, strict=True)} == {
        "a": [3],
        "b": [-1],
    }


def test_labels_are_kept() -> None:
    """Objects of one size are compared with those of that size."""
    made = difference(profile({"a m": 10}), profile({"a m": 15}))
    assert made.labels(0) == (Label("bytes", 19, "bytes"),)


def allocating(ever: int, build: str = "", time: int = 0) -> Profile:
    """A profile of a process of this build that had allocated so many bytes by then."""
    builder = Builder([ValueType("alloc_space", "bytes")], DEFAULT_LIMITS)
    builder.sample([ever], [builder.location(1, (Frame("a", "a.go", 7),))])
    made = builder.build(SPACE, 512, mappings=[Mapping(0, 9, build_id=build)])
    return replace(made, time_nanos=time)


def test_two_processes_are_told_by_what_they_allocated_or_their_builds() -> None:
    """What was ever allocated falls in no process; the order is that of time, where it is known."""
    assert two_processes(allocating(50), allocating(9)) == "the later one had allocated less in all"
    assert two_processes(allocating(9, time=2), allocating(50, time=1)) == "the later one had allocated less in all"
    assert two_processes(allocating(9, "a"), allocating(50, "b")) == "these are of two builds"


def test_what_may_be_of_one_process_is_not_called_two() -> None:
    """More was allocated, or one does not tell how much, or of which build it is."""
    assert two_processes(allocating(9), allocating(9)) == ""
    assert two_processes(allocating(50, time=2), allocating(9, time=1)) == ""
    assert two_processes(allocating(9, "a"), allocating(50)) == ""
    assert two_processes(allocating(50), profile({"a m": 10})) == ""
    of_seconds = [replace(allocating(value), duration_nanos=30 * 10**9) for value in (50, 9)]
    assert two_processes(*of_seconds) == ""
