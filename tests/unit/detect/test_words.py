"""Reasons as sentences."""

import pytest

from leakdog.detect import words
from leakdog.detect.settings import PRODUCTION
from leakdog.model import Signal, Unit

YEAR = 365.25 * 86400.0
FOUND = {
    "rise": 300e6,
    "growth": 3000.0,
    "rising": 1.0,
    "last": 0.24,
    "z": 24.34,
    "base": 1e9,
    "max_step": 0.2,
    "past": 1.0,
    "excess": 1.2,
    "repeated": 0.0,
    "sure": 0.0,
}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, Unit.BYTES, "0 B"),
        (999.4, Unit.BYTES, "999 B"),
        (999.6, Unit.BYTES, "0.976 KiB"),
        (34.1 * 2**20, Unit.BYTES, "34.1 MiB"),
        (-2.0 * 2**30, Unit.BYTES, "-2 GiB"),
        (12.345, Unit.COUNT, "12.3"),
        (99.96, Unit.COUNT, "100"),
        (1234567.0, Unit.COUNT, "1,234,567"),
    ],
)
def test_amounts_are_short(value: float, unit: Unit, text: str) -> None:
    """Three digits with a binary prefix; counts from a hundred on as whole numbers."""
    assert words.amount(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.219, Unit.COUNT, "less than 1"),
        (-0.219, Unit.COUNT, "less than 1"),
        (0.0, Unit.COUNT, "0"),
        (9.96, Unit.COUNT, "9"),
        (-3.4, Unit.COUNT, "-3"),
        (1234567.8, Unit.COUNT, "1,234,567"),
        (34.1 * 2**20, Unit.BYTES, "34.1 MiB"),
    ],
)
def test_things_are_whole(value: float, unit: Unit, text: str) -> None:
    """There is no fifth of a goroutine; what is left away keeps a change below what it did not reach."""
    assert words.extent(value, unit) == text


def test_reasons_count_whole_things() -> None:
    """Of threads, what they changed by, what counts, by what they grew and where they settle."""
    found = FOUND | {"rise": 20.9, "base": 418.0, "growth": 0.5}
    steady = words.why_steady(found | {"rise": 0.219}, 48, Signal.THREADS, PRODUCTION, None)
    assert steady == ["changed by less than 1 in 48 s, less than the 21 that count"]
    fell = words.why_steady(found | {"rise": -400.5}, 48, Signal.THREADS, PRODUCTION, None)
    assert fell == ["fell by 400 in 48 s"]
    grew, _, settles = words.why_settling(found, 48, Signal.THREADS, (0.4, 0.6), (440.7, 90.0))
    assert grew.startswith("grew 20 in 48 s, ")
    assert "settle near 440 in 90 s" in settles


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "90 s"), (2400, "40 min"), (23400, "6.5 h"), (14 * 86400, "14 days"), (3 * YEAR, "3 years")],
)
def test_spans_are_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    """Nobody reads seconds by the million."""
    assert words.span(seconds) == text


def test_a_rate_is_per_the_shortest_span_in_which_something_happens() -> None:
    """A third of a kibibyte a second is 20 KiB a minute."""
    assert words.rate(1024 / 3, (1024 / 3, 1024 / 2), Unit.BYTES) == "20 KiB/min (90% interval 20 KiB to 30 KiB)"


def test_a_verdict_that_is_due_is_not_told_to_come_in_0_seconds() -> None:
    """It comes with the next readings."""
    assert words.too_early(0.2)[0].endswith("can be expected with the next readings")
    assert words.too_early(600)[0].endswith("can be expected in 10 min")


@pytest.mark.parametrize(("z", "text"), [(2.54, "2.5"), (24.34, "24.3"), (99.0, "99.0"), (1e6, "more than 99")])
def test_certainty_has_no_powers_of_ten(z: float, text: str) -> None:
    """Beyond 99 standard errors the number says no more."""
    assert words.errors(z) == text


def test_rare_evidence_is_told_by_the_years_between() -> None:
    """Often by the times in a year, seldom by the years between."""
    assert words.seldom(3.2) == "healthy processes show as much about 3 times a year"
    assert words.seldom(0.1) == "a healthy process shows as much about once in 10 years"


def test_a_leak_names_its_rise_shape_certainty_past_and_rarity() -> None:
    """One sentence each, in the order in which a person checks them."""
    reasons = words.why_leak(
        FOUND | {"repeated": 4.0, "record": 0.5},
        PRODUCTION.looks[0],
        86400,
        Signal.RSS,
        (2900, 3100),
        alarms_per_year=0.1,
    )
    assert [reason.split(" ")[0] for reason in reasons] == ["grew", "it", "24.3", "above", "it", "a", "it"]
    assert "7 of 7 steps" in reasons[0]
    assert "24% of the rise" in reasons[1]
    assert "after the restarts" in reasons[4]
    assert "room to the limit" in reasons[6]


@pytest.mark.parametrize(
    ("record", "told"),
    [(0.0, None), (0.9, None), (3.21, "3.2 times as far as ever"), (1e9, "more than 20 times as far")],
)
def test_an_urgent_climb_is_told_beside_those_of_the_days_before(record: float, told: str | None) -> None:
    """Where it is the steepest; not where none is known, which is 0."""
    reasons = words.why_leak(FOUND | {"record": record}, PRODUCTION.looks[0], 1200, Signal.RSS, (1, 2), None)
    found = [reason for reason in reasons if "as far as ever" in reason]
    assert [told in each for each in found if told] == ([True] if told else [])
    assert bool(found) == (told is not None)


def test_a_course_that_is_surer_than_the_look_back_is_told() -> None:
    """One sentence more, where it is the course that tells."""
    plain, sure = (
        words.why_leak(FOUND | {"sure": sure}, PRODUCTION.looks[-1], 86400, Signal.RSS, (1, 2), None)
        for sure in (0.0, 1.0)
    )
    assert [each for each in sure if each not in plain] == [
        "hour by hour since it was first seen, its whole course is that of a leak"
    ]


def test_what_was_not_found_is_not_told() -> None:
    """No past, no rarity under a preset without a budget, no hurry."""
    reasons = words.why_leak(FOUND | {"past": 0.0}, PRODUCTION.looks[-1], 86400, Signal.RSS, (1, 2), None)
    assert len(reasons) == 3


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (0.24, "it slows down, as a warm-up or a cache that fills does: 24% of the rise is in the last two of these "),
        (0.36, "so far it may as well be the course of a warm-up, or of a cache that fills: "),
    ],
)
def test_growth_that_gets_faster_is_not_told_to_slow_down(last: float, why: str) -> None:
    """Of a straight line 29% of the rise is in the last two of seven steps; what has more was not seen to slow down."""
    told = words.why_settling(FOUND | {"last": last}, 48, Signal.RSS, (2900.0, 3100.0), None)[1]
    assert told.startswith(why)


def test_a_cache_is_told_where_it_will_settle() -> None:
    """Its size and the time to it, or soon."""
    interval = (2900.0, 3100.0)
    told = words.why_settling(FOUND, 86400, Signal.RSS, interval, (3.1 * 2**30, 5 * 3600))[-1]
    assert told == "slowing down like this it will settle near 3.1 GiB in 5 h"
    assert words.why_settling(FOUND, 86400, Signal.RSS, interval, (2**30, 3))[-1].endswith("near 1 GiB soon")
    assert len(words.why_settling(FOUND, 86400, Signal.RSS, interval, None)) == 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rise": 1e6}, "less than the 47.7 MiB that count"),
        ({"z": 1.2}, "within its own fluctuation (1.2 standard errors from no growth)"),
        ({"max_step": 0.8}, "80% of it in one step"),
        ({"rising": 3 / 7}, "rose in only 3 of 7 steps"),
        ({"excess": -0.1}, "not above what it has shown before"),
        ({}, "a healthy process shows as much about once in 2 years, too often to call it a leak yet"),
    ],
)
def test_the_first_gate_that_was_not_passed_is_told(changed: dict[str, float], told: str) -> None:
    """Each in words that can be checked against the chart."""
    assert told in words.why_steady(FOUND | changed, 86400, Signal.RSS, PRODUCTION, 0.5)[0]


def test_an_interval_that_is_narrow_is_told_without_its_ends() -> None:
    """As the line of the growth does."""
    assert words.rate(20.0, (19.95, 20.05), Unit.COUNT) == "20/s (90% interval less than 1% to each side)"
    assert words.rate(20.0, (19.5, 20.05), Unit.COUNT) == "20/s (90% interval 19.5 to 20.1)"
