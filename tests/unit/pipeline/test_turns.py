"""One leak that is found in several classes is told once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from leakdog.attribute.case import Finding
from leakdog.config.schema import DetectionConfig, Preset
from leakdog.detect.settings import Settings, settings_for
from leakdog.detect.state import Doubt
from leakdog.model import Acknowledgement, Assessment, LeakClass, LeakState, Life, Signal, Verdict
from leakdog.pipeline import judge as judged
from leakdog.pipeline.judge import begin_life, judge, observe
from leakdog.pipeline.state import Watched
from leakdog.pipeline.turns import turned

SETTINGS = settings_for(DetectionConfig(preset=Preset.SOAK))
START = 10_000.0
MIB = 1024.0 * 1024
LOOK = 2.0
SIGNALS = {
    LeakClass.HEAP: Signal.INUSE_SPACE,
    LeakClass.NATIVE: Signal.RSS,
    LeakClass.FILES: Signal.OPEN_FILES,
    LeakClass.NOT_RETURNED: Signal.RSS,
}
HEAP, NATIVE, FILES, KEPT = SIGNALS
Changes = list[tuple[float, LeakClass, LeakState]]


@pytest.fixture
def fresh(watched: Watched) -> Watched:
    """The target at the begin of a life."""
    begin_life(watched, Life(START, START), START, SETTINGS)
    return watched


def found(leak_class: LeakClass, left: float | None = None) -> Finding:
    """A leak as it is found at one look."""
    signal = SIGNALS[leak_class]
    seen = Assessment(signal, START, Verdict.LEAK, 1e6, onset=START + len(signal), time_to_limit_seconds=left)
    return Finding(leak_class, signal, seen, ())


def looks(
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    findings: Sequence[Sequence[Finding]],
    first: int = 0,
    settings: Settings = SETTINGS,
) -> Changes:
    """Judge a target of which this is found at one look after the other; every change with its number of the look."""
    changes: Changes = []
    for number, each in enumerate(findings, first):
        monkeypatch.setattr(judged, "classify", lambda *_, each=each: each)
        told = judge(watched, START + LOOK * number, settings)
        changes += [(number, leak.leak_class, leak.state) for leak in told]
    return changes


def test_a_leak_half_of_which_is_the_runtimes_fires_once(fresh: Watched) -> None:
    """Go maps memory in pieces, so what it has is now more than half of the growth, now less: it is one leak."""
    fired = []
    for second in range(300):
        memory = {
            Signal.RSS_ANON: 50 * MIB + 0.5 * MIB * second,
            Signal.SYS: 40 * MIB + second // 16 * 4 * MIB,
            Signal.HEAP_RELEASED: 0.0,
            Signal.INUSE_SPACE: 10 * MIB,
        }
        fresh.values.update(memory)
        observe(fresh, memory, START + second, SETTINGS, {})
        fired += [leak for leak in judge(fresh, START + second, SETTINGS) if leak.state is LeakState.FIRING]
    assert len(fired) == 1
    assert [leak.state for leak in fresh.leaks.values()] == [LeakState.FIRING]


def test_a_suspicion_goes_on_in_another_class(fresh: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fires when it has stood for the hold time, whatever it was called meanwhile."""
    turns = [[found((NATIVE, KEPT)[number % 2])] for number in range(10)]
    changes = looks(fresh, monkeypatch, turns)
    hold = int(SETTINGS.hold_seconds / LOOK)
    assert [each for each in changes if each[2] is LeakState.FIRING] == [
        (hold, turns[hold][0].leak_class, LeakState.FIRING)
    ]
    (leak,) = fresh.leaks.values()
    assert leak.pending_since == START


def test_a_leak_that_fires_changes_its_class_once_it_has_stood_in_the_other(
    fresh: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the other one takes its place, with what was said of it; until then it goes on, and nothing else is told."""
    looks(fresh, monkeypatch, [[found(HEAP)]] * 8)
    known = Acknowledgement(START, note="known")
    fresh.leaks[HEAP] = replace(fresh.leaks[HEAP], acknowledged=known)
    assert looks(fresh, monkeypatch, [[found(NATIVE, left=20.0)]] * 6, 8) == []
    heap = fresh.leaks[HEAP]
    assert (heap.state, heap.updated, heap.time_to_limit_seconds) == (LeakState.FIRING, START + 13 * LOOK, 20.0)
    changes = looks(fresh, monkeypatch, [[found(NATIVE)]] * 6, 14)
    assert changes == [(14, HEAP, LeakState.INACTIVE), (14, NATIVE, LeakState.FIRING)]
    assert set(fresh.leaks) == {NATIVE}
    assert (fresh.leaks[NATIVE].acknowledged, fresh.leaks[NATIVE].since) == (known, START + len(Signal.RSS))


@pytest.mark.parametrize("stands", [4, 8])
def test_an_acknowledgement_ends_in_time_while_a_leak_changes_its_class(
    fresh: Watched, monkeypatch: pytest.MonkeyPatch, stands: int
) -> None:
    """Before it has stood in the other one, and as it is told there."""
    looks(fresh, monkeypatch, [[found(HEAP)]] * 8)
    until = START + LOOK * (7.5 + stands)
    fresh.leaks[HEAP] = replace(fresh.leaks[HEAP], acknowledged=Acknowledgement(START, until=until))
    looks(fresh, monkeypatch, [[found(NATIVE)]] * (stands - 1), 8)
    assert [bool(leak.acknowledged) for leak in fresh.leaks.values()] == [True]
    looks(fresh, monkeypatch, [[found(NATIVE)]], 7 + stands + 1)
    assert [leak.acknowledged for leak in fresh.leaks.values()] == [None]


def test_a_leak_that_fires_keeps_its_class_while_both_are_found_in_turn(
    fresh: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing is held: at each look another class would be announced."""
    at_once = replace(SETTINGS, hold_seconds=0.0, resolve_seconds=0.0)
    for settings in (SETTINGS, at_once):
        fresh.leaks.clear()
        fresh.assessed = None
        looks(fresh, monkeypatch, [[found(HEAP)]] * 8, settings=settings)
        turns = [[found((NATIVE, HEAP)[number // 3 % 2])] for number in range(40)]
        assert looks(fresh, monkeypatch, turns, 8, settings) == []


def test_what_leaks_besides_is_another_leak(fresh: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first is found too, or was gone for a while, the other is one of its own."""
    looks(fresh, monkeypatch, [[found(HEAP)]] * 8)
    assert looks(fresh, monkeypatch, [[found(HEAP), found(FILES)]], 8) == [(8, FILES, LeakState.PENDING)]
    looks(fresh, monkeypatch, [[], []], 9)
    changes = looks(fresh, monkeypatch, [[found(NATIVE)]] * 7, 11)
    assert changes == [(11, NATIVE, LeakState.PENDING), (17, NATIVE, LeakState.FIRING)]
    assert fresh.leaks[HEAP].state is LeakState.FIRING


def test_a_leak_changes_its_class_after_a_restart_of_leakdog_too(
    fresh: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows then what was found at the last look."""
    looks(fresh, monkeypatch, [[found(HEAP)]] * 8)
    fresh.assessed = None
    assert looks(fresh, monkeypatch, [[found(NATIVE)]] * 6, 8) == []
    assert set(fresh.leaks) == {HEAP}


def test_nothing_turns_where_nothing_was_left(fresh: Watched) -> None:
    """What was noted of an earlier turn is forgotten."""
    fresh.turns = {NATIVE: START}
    turn = turned(fresh, [], {NATIVE: found(NATIVE)}, START, SETTINGS)
    assert (turn.since, [*turn.waits], [*turn.stays], [*turn.ends], fresh.turns) == ({}, [], [], [], {})


def test_a_suspicion_that_is_doubted_stays_so_in_another_class(fresh: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others say against it holds for the same growth, whatever it is called; they are asked of what is known."""
    doubt = Doubt(4.0, "others do not grow")
    hold = int(SETTINGS.hold_seconds / LOOK)
    for number in range(hold + 3):
        each = found(NATIVE if number > hold else HEAP)
        monkeypatch.setattr(judged, "classify", lambda *_, each=each: [each])
        judge(fresh, START + LOOK * number, SETTINGS, doubted=dict.fromkeys(fresh.leaks, doubt))
    (leak,) = fresh.leaks.values()
    assert (leak.leak_class, leak.state, leak.pending_since) == (NATIVE, LeakState.PENDING, START)
