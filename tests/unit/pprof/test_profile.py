"""Profiles as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leakdog.errors import ProfileError
from leakdog.model import Frame
from leakdog.pprof import Label, parse, wire


def test_stacks_are_leaf_first(made: Any) -> None:
    """A stack begins where memory was allocated, inlined calls included."""
    profile = parse(made.encode())
    main = Frame("main.main", "a.go", 30)
    assert (Frame("main.keep", "a.go", 10), Frame("main.work", "a.go", 20), main) == profile.stack(0)
    assert (profile.stack(0), (main,)) == profile.stacks()


def test_equal_stacks_are_one_object(made: Any) -> None:
    """Samples with the same locations share their tuple of frames."""
    made.samples.append(made.samples[0])
    stacks = parse(made.encode()).stacks()
    assert stacks[0] is stacks[2]


def test_labels_come_with_their_unit(made: Any) -> None:
    """Texts, numbers and numbers with a unit; a label of nothing is none, as for go tool pprof."""
    labels = [made.numbers(8, 5), made.numbers(4, 0, 512), made.numbers(4, 0, -1, 2), made.numbers(8)]
    made.samples = [made.sample([1], [1, 1], labels), made.sample([2], [1, 1])]
    profile = parse(made.encode())
    assert (Label("a.go", "main.keep"), Label("bytes", 512), Label("bytes", -1, "count")) == profile.labels(0)
    assert profile.labels(1) == ()


@pytest.mark.parametrize(
    ("name", "index"),
    [("inuse_objects", 0), ("inuse_space", 1), ("", 1), ("0", 0), ("1", 1)],
)
def test_a_sample_type_is_found_by_name_or_number(made: Any, name: str, index: int) -> None:
    """Names and numbers are taken; nothing means the last one."""
    assert index == parse(made.encode()).sample_index(name)


def test_the_default_sample_type_is_the_profiles_own(made: Any) -> None:
    """A profile that names its default gets it; one that does not exist is ignored."""
    made.rest += wire.integer(14, 1)
    assert parse(made.encode()).sample_index("") == 0
    made.rest += wire.integer(14, 7)
    assert parse(made.encode()).sample_index("") == 1


def test_legacy_names_are_found(made: Any) -> None:
    """`inuse_space` finds the column `space` of profiles that do not tell allocated and in use apart."""
    made.table[3] = b"space"
    assert parse(made.encode()).sample_index("inuse_space") == 1


@pytest.mark.parametrize("name", ["alloc_space", "2", "-1", "1.0"])
def test_an_unknown_sample_type_tells_what_there_is(made: Any, name: str) -> None:
    """The error names the sample types of the profile."""
    with pytest.raises(ProfileError, match="it has inuse_objects, inuse_space"):
        parse(made.encode()).sample_index(name)


def test_times_are_seconds(made: Any) -> None:
    """Nanoseconds of the file are seconds here; without them it is 0."""
    assert (parse(made.encode()).time, parse(made.encode()).duration_seconds) == (0.0, 0.0)
    made.rest += wire.integer(9, 1_700_000_000_500_000_000) + wire.integer(10, 2_000_000_000)
    profile = parse(made.encode())
    assert (profile.time, profile.duration_seconds) == (1_700_000_000.5, 2.0)


def test_the_build_is_that_of_the_first_mapping(made: Any) -> None:
    """A Go program's own binary comes first; a profile without mappings tells no build."""
    made.table.append(b"88689feb")
    named = made.numbers(1, 0x400000, 0x500000, 0, 0, len(made.table) - 1)
    made.mappings = [named, made.numbers(2, 0x600000, 0x700000)]
    assert parse(made.encode()).build_id == "88689feb"
    made.mappings[0] = made.numbers(1, 0x400000, 0x500000)
    assert parse(made.encode()).build_id == ""
    real = Path(__file__).parents[1] / "attribute" / "shop" / "heap-1.pb.gz"
    assert len(parse(real.read_bytes()).build_id) == 40
