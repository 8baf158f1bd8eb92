"""Groups of series as bytes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.detect import course, stored
from leakdog.detect.cells import Floats
from leakdog.detect.group import STEP, Group
from leakdog.detect.network import Network
from leakdog.detect.settings import PRODUCTION, SOAK
from leakdog.detect.stored import from_bytes, to_bytes
from leakdog.errors import LeakdogError

START = 3_600_000.0  # on the hour
HOUR = 3600.0


@given(st.lists(st.tuples(st.floats(0.1, 4000), st.floats(0, 1e12), st.booleans()), max_size=120))
def test_a_group_survives_being_stored(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever was seen, the group read back continues exactly as the first would."""
    group = Group(PRODUCTION, 2)
    time, life = START, START
    for number, (step, value, restart) in enumerate(steps):
        time += step
        if restart and number % 7 == 0:
            life = time
        values = [value, math.nan if restart else value / 2]
        group.observe(time, values, life_start=life, load=value if restart else None)
    again = from_bytes(to_bytes(group), PRODUCTION)
    for each in (group, again):
        each.observe(time + 300, [5.0, 6.0], life_start=life, load=None)
        each.observe(time + 7200, [6.0, 7.0], life_start=life, load=None)
    assert to_bytes(again) == to_bytes(group)


@pytest.mark.parametrize("readings", [1, 10])
def test_the_pause_of_a_restart_is_no_step_between_readings(readings: int) -> None:
    """An hour in which nobody watched does not make a series of one reading a second one of too few."""
    group = Group(SOAK, 1)
    for second in range(readings):
        group.observe(START + second, [1.0], life_start=START - 100, load=None)
    again = from_bytes(to_bytes(group), SOAK)
    for second in (3600, 3601, 3602):
        again.observe(START + second, [1.0], life_start=START - 100, load=None)
    assert again.known[STEP, 0] == 1.0


def test_a_life_that_has_not_settled_settles_after_being_stored() -> None:
    """Lows of a new life that came before count with those that come after."""
    group = Group(PRODUCTION, 1)
    for number in range(32 * 12):
        if number == 29 * 12:
            assert not group.settled.any()
            group = from_bytes(to_bytes(group), PRODUCTION)
        young = number >= 24 * 12
        group.observe(START + 300 * number, [9.0 if young else 5.0], life_start=START + 24 * HOUR * young, load=None)
    lows = group.panel(3, int(START // HOUR) + 32).lows
    assert set(lows[~np.isnan(lows)]) == {9.0}


def test_a_series_takes_four_kilobytes_at_most() -> None:
    """One of three of a process takes less than 4,096 bytes after two weeks, and grows no further; a young one less.

    Those of a process with a memory limit take half a kilobyte more.
    """
    group, sizes = Group(PRODUCTION, 3), {}
    for number in range(800 * 12):
        group.observe(START + number * 300, [5.0] * 3, life_start=0.0, load=2.0, limited=np.zeros(3, bool))
        if number / 12 in (1, 400):
            sizes[number / 12] = len(to_bytes(group)) / 3
    assert sizes[1] < 1200 < sizes[400] == len(to_bytes(group)) / 3 <= 4096


def test_a_group_that_is_put_away_is_stored_from_where_it_lies() -> None:
    """All states are stored every few minutes: not all of them may lie in memory until their next pass."""
    group, away = Group(PRODUCTION, 12), []

    class Place:
        def __init__(self, cells: Floats) -> None:
            self._cells = cells
            away.append(self)

        def read(self) -> Floats:
            return self._cells

    for number in range(200 * 60):
        group.observe(START + number * 60, [5.0] * 12, life_start=0.0, load=2.0)
    plain = to_bytes(group)
    assert group.course is not None
    assert group.spurt is not None
    group.put_away(lambda cells, _: Place(cells))
    assert to_bytes(group) == plain
    group.panel(3, int(START // HOUR) + 200)
    group.highest(int(START // HOUR) + 100, int(START // HOUR) + 200)
    assert [blocks._held for blocks in (*group.rings[1:], group.highs, group.course, group.spurt)] == away


def test_loads_are_stored_to_a_part_in_256() -> None:
    """A stored state has its lows to the bit, and its loads rounded by 0.4 % at most; what is missing stays missing."""
    group = Group(SOAK, 1)
    for second in range(0, 60, 2):
        group.observe(START + second, [5.1], life_start=0.0, load=None if second % 3 else 1e9 / (second + 1))
    again = from_bytes(to_bytes(group), SOAK)
    before, after = (each.panel(0, int(START + 60) // 2) for each in (group, again))
    assert np.array_equal(before.lows, after.lows, equal_nan=True)
    assert np.allclose(before.load, after.load, rtol=1 / 256, equal_nan=True)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not one of this version"),
        (b"LDg\x09" + bytes(100), "not one of this version"),
        (b"LDg\x01" + bytes(100), "checksum"),
        (to_bytes(Group(SOAK, 1))[:-1], "checksum"),
        (to_bytes(Group(SOAK, 1)), "another preset"),
    ],
)
def test_foreign_bytes_are_refused(data: bytes, why: str) -> None:
    """Bytes that are not such a state raise an error that says what is wrong."""
    with pytest.raises(LeakdogError, match=why):
        from_bytes(data, PRODUCTION)


def leaky() -> Group:
    """One series that rises and one that does not, of 40 hours."""
    group = Group(PRODUCTION, 2)
    for number in range(12 * 40):
        group.observe(START + 300 * number, [5e8, 6e8 + 1e6 * number], life_start=START - 20 * HOUR, load=None)
    return group


def test_the_state_of_the_version_before_has_its_courses_made_of_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is there after an upgrade, courses too, and goes on from then."""
    group = leaky()
    assert group.course is not None
    said, group.course, group.spurt = group.course.score, None, None
    with monkeypatch.context() as before:
        before.setattr(stored, "MAGIC", stored.WITHOUT_COURSES)
        data = to_bytes(group)
    again = from_bytes(data, PRODUCTION)
    assert again.course is not None
    np.testing.assert_allclose(again.course.score, said, atol=1e-3)
    np.testing.assert_array_equal(again.rings[-1].cells, group.rings[-1].cells)
    for number in range(12 * 40, 12 * 45):
        again.observe(START + 300 * number, [5e8, 6e8 + 1e6 * number], life_start=START - 20 * HOUR, load=None)
    assert again.course.read()[:, course.COUNT].tolist() == [44, 44]


def test_the_state_of_a_version_without_spurts_keeps_its_courses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Courses are as they were, to the bit; spurts begin anew."""
    group = leaky()
    group.spurt = None
    with monkeypatch.context() as before:
        before.setattr(stored, "MAGIC", stored.WITHOUT_SPURTS)
        data = to_bytes(group)
    again = from_bytes(data, PRODUCTION)
    assert group.course is not None
    assert again.course is not None
    assert again.spurt is not None
    np.testing.assert_array_equal(again.course.cells, group.course.cells)
    np.testing.assert_array_equal(again.rings[-1].cells, group.rings[-1].cells)
    assert again.spurt.shape == (2, 0)


def narrower(known: Network) -> Network:
    """Of a network the first half of what it remembers."""
    weights, width = {each.name: getattr(known, each.name) for each in fields(Network)}, known.width // 2
    gates = np.concatenate([np.arange(width) + part * known.width for part in range(3)])
    weights |= {name: weights[name][gates] for name in ("taken", "kept", "taken_bias", "kept_bias")}
    weights |= {name: weights[name][:, :width] for name in ("kept", "inner")}
    return Network(**weights)


@pytest.mark.parametrize("change", [narrower, lambda known: replace(known, outer=2 * known.outer)])
def test_what_another_network_remembered_is_made_anew(
    change: Callable[[Network], Network], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade that brings another network, whatever its width, it goes through the blocks that are known."""
    data, other = to_bytes(leaky()), change(course.Course.network())
    monkeypatch.setattr(course.Course, "network", staticmethod(lambda: other))
    again, fresh = from_bytes(data, PRODUCTION), leaky()
    assert again.course is not None
    assert fresh.course is not None
    np.testing.assert_allclose(again.course.cells, fresh.course.cells, atol=1e-3)


def test_what_the_same_network_remembered_is_read_as_it_was() -> None:
    """Down to the last bit: nothing is gone through again."""
    group = leaky()
    again = from_bytes(to_bytes(group), PRODUCTION)
    assert group.course is not None
    assert again.course is not None
    np.testing.assert_array_equal(again.course.cells, group.course.cells)
