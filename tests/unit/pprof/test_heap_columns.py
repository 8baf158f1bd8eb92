"""Columns of heaps in text form, and sampling."""

from __future__ import annotations

import pytest

from leakdog.pprof import DEFAULT_LIMITS, Label
from leakdog.pprof.heap_columns import Counted, HeapBuilder, unsampled


@pytest.mark.parametrize(
    ("sampled", "period", "wanted"),
    [
        ((1, 524288), 524288, (1, 829411)),  # the figures are the golden's
        ((1, 10240), 524288, (51, 529424)),
        ((5, 500), 1, (5, 500)),  # every allocation is sampled
        ((5, 500), 0, (5, 500)),  # the rate is not known
        ((0, 0), 524288, (0, 0)),
        ((-1, -10240), 524288, (-51, -529424)),  # counters that a race has driven below 0
        ((-1, 10**17), 2, (-1, 10**17)),  # no average is to be had of it
        ((1, 1 << 40), 524288, (1, 1 << 40)),  # too large to be missed
    ],
)
def test_sampling_is_corrected(sampled: tuple[int, int], period: int, wanted: tuple[int, int]) -> None:
    """Small objects are seen seldom, so each one seen stands for many."""
    assert unsampled(*sampled, period) == wanted


@pytest.mark.parametrize(
    ("totals", "columns"),
    [
        ((1, 8, 1, 8), ["objects", "space"]),
        ((1, 8, 0, 0), ["objects", "space"]),
        ((1, 8, 2, 8), ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]),
        ((1, 8, 1, 9), ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]),
    ],
)
def test_columns_follow_from_the_totals(totals: tuple[int, int, int, int], columns: list[str]) -> None:
    """Allocated and in use are told apart where they differ somewhere."""
    profile = HeapBuilder(Counted(*totals), 1, DEFAULT_LIMITS).finish([])
    assert [kind.type for kind in profile.sample_types] == columns


def test_the_label_tells_the_size_of_an_object() -> None:
    """Of those in use, or of those allocated where none is; before the correction."""
    builder = HeapBuilder(Counted(0, 0, 1, 1), 524288, DEFAULT_LIMITS)
    builder.add(Counted(2, 64, 9, 9), [])
    builder.add(Counted(0, 0, 4, 64), [])
    profile = builder.finish([])
    assert [profile.labels(i) for i in range(2)] == [(Label("bytes", 32),), (Label("bytes", 16),)]


def test_what_is_not_sampled_is_not_corrected() -> None:
    """Not even where there are objects without bytes."""
    builder = HeapBuilder(Counted(3, 0, 0, 0), 1, DEFAULT_LIMITS, sampled=False)
    builder.add(Counted(3, 0, 0, 0), [])
    assert builder.finish([]).values.tolist() == [[3, 0]]


def test_bytes_need_objects() -> None:
    """In use as well as allocated."""
    assert Counted(1, 8, 0, 0).is_sound()
    assert not Counted(0, 8, 1, 8).is_sound()
    assert not Counted(1, 8, 0, 8).is_sound()
