"""What is remembered of a series."""

from __future__ import annotations

import math
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.detect.series import LOAD, LOW, SeriesState
from leakdog.detect.settings import PRODUCTION, SOAK, Settings, for_sites
from leakdog.errors import LeakdogError

START = 3_600_000.0  # on the hour
HOUR = 3600.0


def soak(values: dict[float, float], life_start: float = START - 100) -> SeriesState:
    """A soak state after these readings, by seconds after START."""
    state = SeriesState(SOAK)
    for time, value in values.items():
        state.observe(START + time, value, life_start=life_start)
    return state


def lows(state: SeriesState, level: int, time: float) -> list[float]:
    """Known lows of a level before a time."""
    seen = state.blocks(level, int(time // state.settings.levels[level].block_seconds))[LOW]
    return [float(value) for value in seen[~np.isnan(seen)]]


def test_a_block_is_the_lowest_of_its_readings() -> None:
    """Two readings in a block of two seconds leave the lower one."""
    assert lows(soak({0: 7.0, 1: 5.0, 2: 9.0}), 0, START + 2) == [5.0]


def test_a_coarse_block_is_the_lowest_of_its_fine_blocks() -> None:
    """Ten seconds of readings become one block of the next level."""
    state = soak({second: 50.0 + second % 4 for second in range(11)})
    assert lows(state, 1, START + 10) == [50.0]


def test_a_block_left_out_is_missing() -> None:
    """Blocks without a reading are not known, between blocks that are."""
    state = soak({0: 1.0, 6: 2.0, 8: 3.0})
    known = ~np.isnan(state.blocks(0, int(START + 8) // 2)[LOW, -4:])
    assert known.tolist() == [True, False, False, True]


def test_late_double_and_broken_readings_are_ignored() -> None:
    """A reading that is not later than the last, or no number, changes nothing."""
    state = soak({0: 5.0, 1: 6.0, 2: 5.0})
    before = state.to_bytes()
    for time, value in ((1.0, 1.0), (2.0, 1.0), (3.0, math.nan), (3.0, math.inf)):
        state.observe(START + time, value, life_start=START - 100)
    assert state.to_bytes() == before


def test_the_first_seconds_of_a_life_are_hidden() -> None:
    """Nothing of the first ten seconds after a start gets into a soak's blocks."""
    state = soak({second: 100.0 + second for second in range(20)}, life_start=START)
    assert lows(state, 0, START + 18) == [110.0, 112.0, 114.0, 116.0]


def test_a_soak_forgets_the_last_life() -> None:
    """After a restart only the new life is seen."""
    state = soak(dict.fromkeys(range(20), 1.0))
    for second in range(30, 50):
        state.observe(START + second, 2.0, life_start=START + 30)
    assert set(lows(state, 0, START + 48)) == {2.0}


def test_load_is_averaged_over_a_block() -> None:
    """A block's load is the mean of what is known."""
    state = SeriesState(SOAK)
    for second, load in ((0, 1.0), (1, 3.0), (2, None)):
        state.observe(START + second, 5.0, life_start=0.0, load=load)
    assert state.blocks(0, int(START) // 2 + 1)[LOAD, -1] == 2.0


def produce(state: SeriesState, hours: range, value: float, life_start: float) -> None:
    """A reading each five minutes, all the same."""
    for number in range(hours.start * 12, hours.stop * 12):
        state.observe(START + number * 300, value, life_start=life_start)


def test_a_settled_life_takes_the_past_to_its_level() -> None:
    """Six hours after a restart the past stands at the new life's level: a restart is no step."""
    state = SeriesState(PRODUCTION)
    produce(state, range(24), 500.0, 0.0)
    produce(state, range(24, 32), 900.0, START + 24 * HOUR)
    assert state.settled
    assert set(lows(state, 3, START + 32 * HOUR)) == {900.0}
    assert len(lows(state, 3, START + 32 * HOUR)) == 24 + 8 - 3 - 1


def test_until_a_life_has_settled_the_past_is_hidden() -> None:
    """Five hours after a restart only the new life's two known hours are seen."""
    state = SeriesState(PRODUCTION)
    produce(state, range(24), 500.0, 0.0)
    produce(state, range(24, 29), 900.0, START + 24 * HOUR)
    assert not state.settled
    assert set(lows(state, 3, START + 29 * HOUR)) == {900.0}


def test_a_life_that_never_settled_leaves_no_trace() -> None:
    """After a short life of a wild level the past joins the next life as if it had not been."""
    state = SeriesState(PRODUCTION)
    produce(state, range(24), 500.0, 0.0)
    produce(state, range(24, 29), 7000.0, START + 24 * HOUR)
    produce(state, range(29, 37), 600.0, START + 29 * HOUR)
    assert set(lows(state, 3, START + 37 * HOUR)) == {600.0}


@given(st.lists(st.tuples(st.floats(0.1, 4000), st.floats(0, 1e12), st.booleans()), max_size=120))
def test_a_state_survives_being_stored(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever was seen, the state read back continues exactly as the first would."""
    state = SeriesState(PRODUCTION)
    time, life = START, START
    for number, (step, value, restart) in enumerate(steps):
        time += step
        if restart and number % 7 == 0:
            life = time
        state.observe(time, value, life_start=life, load=value if restart else None)
    again = SeriesState.from_bytes(state.to_bytes(), PRODUCTION)
    for each in (state, again):
        each.observe(time + 300, 5.0, life_start=life)
        each.observe(time + 7200, 6.0, life_start=life)
    assert again.to_bytes() == state.to_bytes()


def test_a_state_takes_four_kilobytes_at_most() -> None:
    """A state of two weeks takes less than 4,096 bytes in production, and grows no further; a young one takes less."""
    state = SeriesState(PRODUCTION)
    produce(state, range(1), 5.0, 0.0)
    young = len(state.to_bytes())
    produce(state, range(1, 400), 5.0, 0.0)
    full = len(state.to_bytes())
    produce(state, range(400, 800), 5.0, 0.0)
    assert young < 1000 < full == len(state.to_bytes()) <= 4096


def test_memory_that_grows_loses_no_block() -> None:
    """However a ring has grown, with gaps and all, it holds the same blocks as one that had its full length at once."""
    grown, whole = SeriesState(SOAK), SeriesState(SOAK)
    for ring in whole._rings:
        ring.cells = np.full((2, ring.length), np.nan, np.float32)
    rng = np.random.default_rng(1)
    time = START
    for step in rng.choice([1.0, 2.0, 3.0, 40.0], size=900, p=[0.5, 0.3, 0.19, 0.01]):
        time += step
        value, load = rng.uniform(1, 9, 2)
        for state in (grown, whole):
            state.observe(time, value, life_start=START - 100, load=load)
        for level, each in enumerate(SOAK.levels):
            end = int(time // each.block_seconds)
            assert np.array_equal(grown.blocks(level, end), whole.blocks(level, end), equal_nan=True)


def test_loads_are_stored_to_a_part_in_256() -> None:
    """A stored state has its lows to the bit, and its loads rounded by 0.4 % at most; what is missing stays missing."""
    state = SeriesState(SOAK)
    for second in range(0, 60, 2):
        state.observe(START + second, 5.1, life_start=0.0, load=None if second % 3 else 1e9 / (second + 1))
    again = SeriesState.from_bytes(state.to_bytes(), SOAK)
    before, after = (each.blocks(0, int(START + 60) // 2) for each in (state, again))
    assert np.array_equal(before[LOW], after[LOW], equal_nan=True)
    assert np.allclose(before[LOAD], after[LOAD], rtol=1 / 256, equal_nan=True)


def as_before(state: SeriesState) -> bytes:
    """What the version before wrote of a settled state: rings at full length, loads as wide as lows."""
    head = struct.pack("<ddddd?B", state.life_start, state.first_time, state.last_time, math.nan, state.swing, True, 0)
    end = state._rings[-1].end
    highs = np.full(168, np.nan, "<f4")
    highs[np.arange(end - len(state._highs.tail(end)[0]), end) % 168] = state._highs.tail(end)[0]
    parts = [head, state.lives.tobytes(), highs.tobytes()]
    for ring in state._rings:
        numbers = (ring.life_first, ring.index, ring.low, ring.high, ring.load, ring.loads, ring.count)
        cells = np.full((2, ring.length), np.nan, "<f4")
        cells[:, np.arange(ring.end - ring.length, ring.end) % ring.length] = ring.tail(ring.end)
        parts += [struct.pack("<qqqdddqq", ring.end, *numbers), cells.tobytes()]
    body = state.to_bytes()[8:16] + b"".join(parts)
    return b"LDs\x03" + struct.pack("<I", zlib.crc32(body)) + body


def test_a_state_of_the_version_before_is_read() -> None:
    """After an update nothing is forgotten: what the version before stored goes on as it would have."""
    state = SeriesState(PRODUCTION)
    for number in range(30 * 12):
        state.observe(START + number * 300, 1e6 + number % 7, life_start=0.0, load=5.0)
    again = SeriesState.from_bytes(as_before(state), PRODUCTION)
    now = START + 30 * HOUR
    for each in (state, again):
        each.observe(now + 300, 9e6, life_start=0.0)
    for level, each in enumerate(PRODUCTION.levels):
        end = int(now // each.block_seconds)
        assert np.array_equal(again.blocks(level, end), state.blocks(level, end), equal_nan=True)
    block = int(now // HOUR)
    assert again.highest(block) == state.highest(block) == 1e6 + 6


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not one of this version"),
        (b"LDs\x09" + bytes(100), "not one of this version"),
        (b"LDs\x04" + bytes(100), "checksum"),
        (SeriesState(SOAK).to_bytes()[:-1], "checksum"),
        (SeriesState(SOAK).to_bytes(), "another preset"),
    ],
)
def test_foreign_bytes_are_refused(data: bytes, why: str) -> None:
    """Bytes that are not such a state raise an error that says what is wrong."""
    with pytest.raises(LeakdogError, match=why):
        SeriesState.from_bytes(data, PRODUCTION)


@pytest.mark.parametrize(("settings", "most"), [(PRODUCTION, 1200), (for_sites(PRODUCTION), 800)])
def test_a_series_without_blocks_takes_little_memory(settings: Settings, most: int) -> None:
    """A daemon holds 35 series of each target, and of young processes most levels have no block yet."""
    tracemalloc.start()
    try:
        states = [SeriesState(settings) for _ in range(200)]
        for state in states:
            state.observe(START, 5.0, life_start=START - 60)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(states) < most


def test_lives_are_known_by_the_block_in_which_each_begins_to_be_seen() -> None:
    """The last stands at the end, also of a state that was stored and read back; before the first there is none."""
    state = SeriesState(PRODUCTION)
    for begin in (0, 50 * HOUR):
        for step in range(200):
            state.observe(START + begin + 900 * step, 5.0, life_start=START + begin)
    known = [math.nan] * 6 + [(START + 3 * HOUR) // HOUR, (START + 53 * HOUR) // HOUR]
    np.testing.assert_array_equal(state.lives, known)
    np.testing.assert_array_equal(SeriesState.from_bytes(state.to_bytes(), PRODUCTION).lives, known)


def test_the_pause_of_a_restart_is_no_step_between_readings() -> None:
    """An hour in which nobody watched does not make a series of one reading a second one of too few."""
    state = soak({float(second): 1.0 for second in range(10)})
    again = SeriesState.from_bytes(state.to_bytes(), SOAK)
    for second in (3600, 3601, 3602):
        again.observe(START + second, 1.0, life_start=START - 100)
    assert again.step_seconds == 1.0
