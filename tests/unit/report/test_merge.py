"""Several profiles as one; `integration/test_pprof_views.py` compares with pprof."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from leakdog.pprof import encode, parse
from leakdog.report.merge import merged

DATA = Path(__file__).parents[1] / "pprof" / "testdata"


def test_a_profile_twice_has_twice_the_values() -> None:
    """And nothing more than once: no location, function, binary or text."""
    once = merged([parse((DATA / "etcd-heap.pb.gz").read_bytes())])
    twice = merged([once, once])
    assert (twice.values == 2 * once.values).all()
    assert len(twice.symbols.locations.mapping) == len(once.symbols.locations.mapping)
    assert [len(table.file) for table in (twice.symbols.functions, twice.symbols.mappings)] == [
        len(table.file) for table in (once.symbols.functions, once.symbols.mappings)
    ]
    assert len(set(twice.symbols.strings.raw)) == len(twice.symbols.strings.raw)


def test_what_is_left_is_a_profile() -> None:
    """It is written and read again, with its stacks and labels."""
    made = merged([parse((DATA / "prometheus-heap.pb.gz").read_bytes())])
    again = parse(encode(made))
    assert again.stacks() == made.stacks()
    assert [again.labels(i) for i in range(len(again.values))] == [made.labels(i) for i in range(len(made.values))]


def test_what_the_first_does_not_tell_is_told_by_the_next() -> None:
    """Its default sample type and address of docs; the period is the longest, comments are those of all."""
    heap = parse((DATA / "etcd-heap.pb.gz").read_bytes())
    first = replace(heap, default_sample_type="", period=512, comments=("a", "b"))
    allocs = replace(heap, default_sample_type="alloc_space", doc_url="d.test", period=1024, comments=("b", "c"))
    last = replace(heap, default_sample_type="inuse_space", doc_url="e.test", period=1)
    made = merged([first, allocs, last])
    assert (made.default_sample_type, made.doc_url, made.period) == ("alloc_space", "d.test", 1024)
    assert made.comments[:3] == ("a", "b", "c")


def test_what_cancels_out_is_gone() -> None:
    """With all that only it pointed to."""
    profile = parse((DATA / "etcd-heap.pb.gz").read_bytes())
    nothing = merged([profile, replace(profile, values=-profile.values)])
    assert (len(nothing.values), len(nothing.symbols.functions.name)) == (0, 0)


def test_a_program_that_lies_elsewhere_is_the_same_program() -> None:
    """Addresses count from where its binary begins."""
    profile = parse((DATA / "etcd-heap.pb.gz").read_bytes())
    symbols, further = profile.symbols, 0x7000_0000
    locations, mappings = symbols.locations, symbols.mappings
    moved = type(symbols)(
        symbols.strings,
        replace(mappings, start=mappings.start + further, limit=mappings.limit + further),
        symbols.functions,
        replace(locations, address=locations.address + np.where(locations.mapping >= 0, further, 0)),
    )
    together = merged([profile, replace(profile, symbols=moved)])
    alone = merged([profile])
    assert len(together.values) == len(alone.values)
    assert (together.symbols.locations.address == alone.symbols.locations.address).all()
