"""Bytes and objects of one site."""

from dataclasses import replace

import pytest

from leakdog.attribute.objects import Sizes, in_bytes, in_objects, weighed
from leakdog.model import Assessment, Signal, Verdict


def leak(rate: float, signal: Signal = Signal.INUSE_OBJECTS) -> Assessment:
    """Growth that was seen for 100 seconds."""
    return Assessment(
        signal,
        1000.0,
        Verdict.LEAK,
        growth_per_second=rate,
        interval=(0.9 * rate, 1.1 * rate),
        level=50 * rate,
        look_back_seconds=100.0,
        reasons=("grew",),
    )


@pytest.mark.parametrize(
    ("space", "objects", "differ"),
    [
        ([1000.0, 3000.0, 9000.0], [10.0, 30.0, 90.0], False),
        ([1000.0, 3000.0, 9000.0], [10.0, 30.0, 120.0], True),
        ([870.0, 8700.0, 17_400.0], [1.0, 14.0, 29.0], False),  # a sample of a large object counts 1.45, told as 1
        ([0.0, 500.0], [0.0, 5.0], False),
    ],
)
def test_sizes_differ_beyond_rounding(space: list[float], objects: list[float], differ: bool) -> None:
    """A tenth more than usual is another size; what whole numbers do to a few objects is not."""
    sizes = Sizes()
    for held, count in zip(space, objects, strict=True):
        sizes.observe({7: held}, {7: count})
    assert (sizes.differ == {7}) is differ


def test_sizes_of_sites_that_are_followed_no_more_are_forgotten() -> None:
    """What is remembered is bounded by the sites of the bytes."""
    sizes = Sizes()
    sizes.observe({7: 100.0, 8: 10.0}, {7: 1.0, 8: 1.0})
    sizes.observe({7: 900.0}, {7: 1.0})
    sizes.observe({9: 5.0}, {9: 1.0})
    assert (sizes.average, sizes.differ) == ({9: 5.0}, set())


def test_objects_are_told_in_bytes_and_back() -> None:
    """Growth, interval and level are those of so many bytes each; what was found stays, and it is said how."""
    told = in_bytes(leak(2.0), 2048.0)
    assert (told.signal, told.growth_per_second, told.level) == (Signal.INUSE_SPACE, 4096.0, 204_800.0)
    assert told.interval == pytest.approx((3686.4, 4505.6))
    assert told.reasons == ("grew", "counted in objects, as they differ in size: 2.0 KiB each on average")
    back = in_objects(told, 2048.0)
    assert (back.signal, back.growth_per_second, back.verdict) == (Signal.INUSE_OBJECTS, 2.0, Verdict.LEAK)


def test_what_is_not_known_stays_so() -> None:
    """Too early in objects is too early in bytes."""
    early = Assessment(Signal.INUSE_OBJECTS, 1000.0, Verdict.TOO_EARLY)
    told = in_bytes(early, 100.0)
    assert (told.verdict, told.growth_per_second, told.interval, told.level) == (Verdict.TOO_EARLY, None, None, None)


@pytest.mark.parametrize(("size", "verdict"), [(9.0, Verdict.STEADY), (10.0, Verdict.LEAK)])
def test_a_leak_in_number_is_one_in_memory(size: float, verdict: Verdict) -> None:
    """2 objects a second for 100 seconds must hold 2,000 bytes to be a leak where that is the least."""
    assert weighed(leak(2.0), size, None, 2000.0).verdict is verdict


@pytest.mark.parametrize(("high", "verdict"), [(9.9, Verdict.STEADY), (10.1, Verdict.LEAK)])
def test_objects_that_become_smaller_are_no_leak(high: float, verdict: Verdict) -> None:
    """2 objects of 10 bytes a second are 20 bytes: where the site's bytes surely grow by less than half, it is none."""
    space = replace(leak(5.0, Signal.INUSE_SPACE), verdict=Verdict.STEADY, interval=(-high, high))
    said = weighed(leak(2.0), 10.0, space, 0.0)
    assert said.verdict is verdict
    assert ("become smaller" in said.reasons[0]) is (verdict is Verdict.STEADY)
