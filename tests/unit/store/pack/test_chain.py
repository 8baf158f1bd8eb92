"""Profiles told by what is different from the one before."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import MalformedProfile
from leakdog.pprof.wire import delimited, fields, integer, packed
from leakdog.store.pack import Chain, closed, opened, replayed, rewritten

Contents = Callable[[bytes], dict[str, Any]]

VALUE = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 9)
TEXT = st.sampled_from([b"", b"a", b"b", b"bytes", b"main.main", b"\xff"])


def numbered(*values: int) -> bytes:
    """A message whose fields 1, 2, 3, … are these numbers."""
    return b"".join(integer(number, value) for number, value in enumerate(values, 1))


@st.composite
def profiles(draw: st.DrawFn) -> bytes:
    """A valid profile with any tables in any order, few enough that those of two have much in common."""
    texts = [b"", b"a", b"b", *draw(st.lists(TEXT, max_size=4))]
    text = st.integers(0, len(texts) - 1)
    mappings = draw(st.lists(st.tuples(VALUE, VALUE, VALUE, text, text, *[st.integers(0, 1)] * 4), max_size=2))
    functions = draw(st.lists(st.tuples(text, text, text, VALUE), min_size=1, max_size=4))
    line = st.tuples(st.integers(1, len(functions)), VALUE, VALUE)
    location = st.tuples(st.integers(0, len(mappings)), VALUE, st.lists(line, max_size=2), st.integers(0, 1))
    locations = draw(st.lists(location, min_size=1, max_size=4))
    label = st.tuples(text, text, VALUE, text)
    stack = st.lists(st.integers(1, len(locations)), max_size=3)
    samples = draw(st.lists(st.tuples(stack, st.tuples(VALUE, VALUE), st.lists(label, max_size=2)), max_size=4))
    pieces = [delimited(1, numbered(draw(text), draw(text))) for _ in range(2)]
    for places, values, labels in samples:
        pieces.append(
            packed(1, places) + packed(2, values) + b"".join(delimited(3, numbered(*each)) for each in labels)
        )
        pieces[-1] = delimited(2, pieces[-1])
    pieces += [delimited(3, numbered(number, *each)) for number, each in enumerate(mappings, 1)]
    for number, (mapping, address, lines, folded) in enumerate(locations, 1):
        inlined = b"".join(delimited(4, numbered(*each)) for each in lines)
        pieces.append(delimited(4, numbered(number, mapping, address) + inlined + integer(5, folded)))
    pieces += [delimited(5, numbered(number, *each)) for number, each in enumerate(functions, 1)]
    pieces += [delimited(6, each) for each in texts]
    return b"".join(pieces) + integer(9, draw(st.integers(0, 2**62))) + integer(12, draw(st.integers(0, 9)))


@given(st.lists(profiles(), min_size=1, max_size=5))
def test_each_of_a_series_comes_back(contents: Contents, series: list[bytes]) -> None:
    """Samples, tables, ids, labels, header: all of each profile, in the same order."""
    chain = Chain()
    links = [chain.append(opened(data)).dump() for data in series]
    for number, data in enumerate(series):
        again = gzip.decompress(closed(replayed(links[: number + 1]).profile()))
        assert contents(data) == contents(again)


@given(st.lists(profiles(), min_size=1, max_size=5), st.data())
def test_those_left_of_a_chain_are_as_they_were(series: list[bytes], drawn: st.DataObject) -> None:
    """Whichever profiles of a chain stay, written anew each is what it was, byte for byte."""
    chain = Chain()
    links = [chain.append(opened(data)).dump() for data in series]
    places = st.sets(st.integers(0, len(links) - 1), min_size=1)
    left = sorted(drawn.draw(places))
    new = rewritten(links, left)
    assert len(new) == len(left)
    for number, place in enumerate(left):
        assert closed(replayed(new[: number + 1]).profile()) == closed(replayed(links[: place + 1]).profile())


@given(st.lists(profiles(), min_size=2, max_size=5), st.integers(1, 4))
def test_a_chain_read_back_goes_on_the_same(series: list[bytes], cut: int) -> None:
    """Links are the same whether the chain before them was kept in memory or read again."""
    kept = Chain()
    links = [kept.append(opened(data)).dump() for data in series]
    read = replayed(links[:cut])
    assert links[cut:] == [read.append(opened(data)).dump() for data in series[cut:]]


@given(st.lists(profiles(), min_size=2, max_size=5), st.integers(0, 4))
def test_a_packed_chain_goes_on_the_same(series: list[bytes], cut: int) -> None:
    """Links are the same whether the chain is packed between them or not, and so is its last profile."""
    kept = Chain()
    for data in series[:cut]:
        kept.append(opened(data))
    other = Chain.unpacked(kept.packed())
    if series[:cut]:
        assert closed(other.profile()) == closed(kept.profile())
    for data in series[cut:]:
        assert other.append(opened(data)).dump() == kept.append(opened(data)).dump()
        other = Chain.unpacked(other.packed())
        assert closed(other.profile()) == closed(kept.profile())


def test_a_packed_chain_takes_less(body: bytes) -> None:
    """Three fifths of what it takes while it goes on: without what rows are looked up by, and room for more."""
    made = [Chain() for _ in range(20)]
    tracemalloc.start()
    try:
        for chain in made:
            chain.append(opened(body))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(made) * len(chain.packed()) < 0.6 * taken


@given(st.lists(profiles(), min_size=1, max_size=4), profiles())
def test_only_the_rest_of_a_chain_has_to_be_written_anew(series: list[bytes], other: bytes) -> None:
    """Where no row is new, its tables are as they were when it was unpacked."""
    chain = Chain()
    for data in series:
        chain.append(opened(data))
    before = chain.packed()
    for data, known in ((series[0], True), (other, False)):
        chain = Chain.unpacked(before)
        link = chain.append(opened(data))
        same, after = chain.as_unpacked, chain.packed()
        assert same or not known
        assert bool(same) == (not link.strings and not any(len(rows.sizes) for rows in link.rows))
        assert before[:same] == after[:same]
        assert closed(Chain.unpacked(bytearray(before[:same] + after[same:])).profile()) == closed(opened(data))


@pytest.mark.parametrize("damage", [slice(0, 7), slice(0, -1), slice(1, None)])
def test_what_is_no_packed_chain_is_refused(body: bytes, damage: slice) -> None:
    """What is cut off, at either end."""
    chain = Chain()
    chain.append(opened(body))
    with pytest.raises(ValueError, match="packed chain"):
        Chain.unpacked(chain.packed()[damage])


@given(profiles(), st.data())
def test_a_changed_byte_is_found(profile: bytes, drawn: st.DataObject) -> None:
    """What goes on from there would be stored, and would be wrong."""
    chain = Chain()
    chain.append(opened(profile))
    packed = bytearray(chain.packed())
    packed[drawn.draw(st.integers(0, len(packed) - 1))] ^= drawn.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="packed chain"):
        Chain.unpacked(packed)


def test_a_profile_that_is_as_before_takes_a_few_bytes(body: bytes) -> None:
    """What is told of it is that nothing is new."""
    chain = Chain()
    first, second = (chain.append(opened(body)).dump() for _ in range(2))
    assert len(first) < len(body)
    assert len(second) < 12


def test_a_real_profile_comes_back_after_another(body: bytes, contents: Contents) -> None:
    """Also where a chain jumps from one program's profile to another's."""
    data = gzip.decompress(body)
    chain = Chain()
    links = [chain.append(opened(each)).dump() for each in (data, _without_a_sample(data), data)]
    assert contents(data) == contents(gzip.decompress(closed(replayed(links).profile())))
    assert len(links[2]) < len(links[0]) / 10


def _without_a_sample(data: bytes) -> bytes:
    """The same profile without its first sample: every sample after it moves up."""
    start = stop = 0
    for field in fields(data):
        start, stop = stop, field.stop
        if field.number == 2:
            break
    return data[:start] + data[stop:]


def test_another_number_of_sample_types_needs_another_chain(body: bytes) -> None:
    """And the chain that refused stays as it was."""
    chain = Chain()
    chain.append(opened(body))
    other = opened(delimited(1, b"") * 9 + delimited(6, b""))
    assert not chain.takes(other)
    with pytest.raises(MalformedProfile, match="sample types"):
        chain.append(other)
    assert closed(chain.profile()) == closed(opened(body))
