"""Courses made anew of the blocks that a group remembers."""

import math
from dataclasses import replace

import numpy as np
import pytest

from leakdog.detect.course import BLOCK, COUNT, Course
from leakdog.detect.engine import look_at, verdicts
from leakdog.detect.group import Group
from leakdog.detect.regain import regain
from leakdog.detect.settings import PRODUCTION, SOAK, Settings, for_sites
from leakdog.model import Signal, Verdict

HOUR = 3600.0
T0 = 480_000 * HOUR


def watched(hours: int, *, restart: int | None = None, settings: Settings = PRODUCTION) -> Group:
    """Two series that rise by different shares, and one that does not, every quarter of an hour, with a pause."""
    rng, group = np.random.default_rng(3), Group(settings, 3)
    life = T0 - 100 * HOUR
    for number in range(4 * hours):
        time = T0 + number * HOUR / 4
        if number // 4 == restart and number % 4 == 2:
            life = time - 60.0
        if hours - 40 < number / 4 < hours - 30:
            continue
        level = 1 + np.array([0.5, 0.3, 0.0]) * number / (4 * hours) + 0.02 * rng.standard_normal(3)
        group.observe(time, 1e8 * level, life_start=life, load=1 + 0.3 * math.sin(number / 15))
    return group


def leaking(group: Group, now: float) -> list[bool]:
    """Which of them are called leaks."""
    look_at(group, [Signal.INUSE_SPACE] * len(group), [None] * len(group), now)
    return [verdict is Verdict.LEAK for verdict in verdicts(group)]


@pytest.mark.parametrize("settings", [PRODUCTION, for_sites(PRODUCTION)], ids=["signals", "sites"])
def test_what_is_regained_is_what_was(settings: Settings) -> None:
    """Of a life of a week all that a course was made of is remembered: it says the same again."""
    group = watched(160, settings=settings)
    assert group.course is not None
    said, notes = group.course.score, group.course.read()[:, [COUNT, BLOCK]]
    regain(group)
    np.testing.assert_allclose(group.course.score, said, atol=0.05)
    np.testing.assert_array_equal(group.course.read()[:, [COUNT, BLOCK]], notes)


def test_a_restart_is_regained_too() -> None:
    """Where the life before began is known to the hour: leaks and what is flat stay as far apart as they were."""
    group = watched(160, restart=70)
    assert group.course is not None
    said = group.course.score
    regain(group)
    for scores in (said, group.course.score):
        assert scores[:2].min() > 4
        assert scores[2] < -4


def test_a_leak_is_found_on_after_courses_are_lost() -> None:
    """After an upgrade what leaks slowly is called a leak in the next hour as in the last: without, for days not."""
    strict = replace(PRODUCTION, slow_part=PRODUCTION.slow_part / 5)
    group = watched(330, settings=strict)
    now = T0 + 330 * HOUR
    before = leaking(group, now)
    assert before == [True, True, False]
    lost = watched(330, settings=strict)
    lost.course = Course(3)
    assert leaking(lost, now) == [False, False, False]
    regain(lost)
    lost.found = Group(strict, 3).found
    assert leaking(lost, now) == before


def test_what_has_no_block_has_no_course() -> None:
    """A group of nothing, one that was just begun, and one whose score weighs no courses stay as they are."""
    for group in (Group(PRODUCTION, 0), watched(1)):
        regain(group)
        assert group.course is not None
        assert group.course.shape == (len(group), 0)
    for none in (SOAK, replace(PRODUCTION, false_alarms=None)):
        group = Group(none, 2)
        regain(group)
        assert group.course is None
