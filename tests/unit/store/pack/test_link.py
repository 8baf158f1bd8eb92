"""Links as bytes."""

from __future__ import annotations

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.pack.link import Link
from leakdog.store.pack.parts import Rows

NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4).map(lambda numbers: np.array(numbers, np.int64))
TEXTS = st.lists(st.binary(max_size=5), max_size=3)
LINKS = st.builds(
    Link,
    strings=TEXTS,
    rows=st.lists(st.builds(Rows, NUMBERS, NUMBERS), min_size=5, max_size=5),
    orders=st.lists(NUMBERS, min_size=6, max_size=6),
    lead=NUMBERS,
    changed=NUMBERS,
    by=NUMBERS,
    header=st.tuples(st.integers(0, 9), st.integers(0, 9), st.binary(max_size=9)),
)


def told(link: Link) -> list[object]:
    """What a link says, as plain values."""
    lists = [*link.orders, link.lead, link.changed, link.by]
    rows = [(each.sizes.tolist(), each.numbers.tolist()) for each in link.rows]
    return [[each.tolist() for each in lists], rows, list(link.strings), link.header]


@given(st.lists(LINKS, min_size=1, max_size=4))
def test_links_come_back(links: list[Link]) -> None:
    """With all that they say, in their order."""
    assert [told(link) for link in links] == [told(link) for link in Link.load([link.dump() for link in links])]


def test_what_repeats_is_compressed() -> None:
    """A link with much text takes a fraction of it, and one that would only grow is left as it is."""
    none = np.zeros(0, np.int64)
    parts = {"rows": [Rows(none, none)] * 5, "orders": [none] * 6, "lead": none, "changed": none, "by": none}
    long = Link(strings=[b"github.com/example/"] * 100, header=(0, 0, b""), **parts)
    short = Link(strings=[], header=(3, 5, b"ab"), **parts)
    assert len(long.dump()) < 200
    assert len(short.dump()) <= 26


def test_a_short_link_takes_little_memory_to_write() -> None:
    """What is set up to compress it is no larger than it needs: 268 kB for a few bytes leave holes in the memory."""
    none = np.zeros(0, np.int64)
    link = Link(
        strings=[b"github.com/example/"] * 4,
        rows=[Rows(none, none)] * 5,
        orders=[none] * 6,
        lead=none,
        changed=none,
        by=none,
        header=(0, 0, b""),
    )
    link.dump()
    tracemalloc.start()
    try:
        link.dump()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 10
