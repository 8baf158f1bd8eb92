"""Replay: the same as watching, and blind to what comes after."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from leakdog.detect.engine import assess
from leakdog.detect.evidence import Evidence
from leakdog.detect.grid import Extent, History
from leakdog.detect.group import Group
from leakdog.detect.replay import Alert, replay
from leakdog.detect.score import NEVER, least_score
from leakdog.detect.settings import PRODUCTION, SOAK, Look, Settings
from leakdog.detect.sight import Ints, Sight
from leakdog.model import Signal, Verdict

T0 = 1_750_000_000.0
DAY = 86400.0


def history(rng: np.random.Generator, name: str, *, leak: float, days: float = 7, restart: bool = False) -> History:
    """Five-minute readings of a leak of so much of the level per day, with noise and gaps."""
    time = T0 + np.arange(0, days * DAY, 300)
    time = time[rng.random(len(time)) > 0.02]
    age = (time - T0) / DAY
    value = 1e9 * (1 + leak * age + 0.005 * rng.standard_normal(len(time)))
    start = np.where(restart & (age > 3.2), T0 + 3.2 * DAY, T0 - 30 * DAY)
    return History(name, time, value, None, start, 4e9)


def watched(each: History, settings: Settings) -> list[float]:
    """Times of readings at which the engine, fed reading by reading, says leak."""
    assert each.life_start is not None
    group, out = Group(settings, 1), []
    for time, value, start in zip(each.time, each.value, each.life_start, strict=True):
        group.observe(time, [value], life_start=start, load=None)
        if assess(group, [Signal.RSS], [each.limit], time)[0].verdict is Verdict.LEAK:
            out.append(float(time))
    return out


@pytest.mark.parametrize("restart", [False, True])
def test_a_replay_says_what_watching_would_have_said(rng: np.random.Generator, restart: bool) -> None:
    """An alert begins once the live engine has said leak for the hold time, to within a block."""
    each = history(rng, "a", leak=0.2, days=6, restart=restart)
    (result,) = replay([each], Signal.RSS, PRODUCTION)
    leaking = np.isin(each.time, watched(each, PRODUCTION))
    begin = np.maximum.accumulate(np.where(leaking, -np.inf, each.time))  # the last reading that was none
    held = each.time[leaking & (each.time - begin > PRODUCTION.hold_seconds)]
    assert result.alerts[0].start == pytest.approx(held[0], abs=900)


@pytest.mark.parametrize("evening", [0.0, 0.5])
def test_a_replay_of_a_fast_leak_says_what_watching_would_have_said(rng: np.random.Generator, evening: float) -> None:
    """Urgent looks compare with the days before, with and without a rhythm: to within a block of theirs."""
    time = T0 + np.arange(0, 2.5 * DAY, 60)
    hours = (time - T0) / 3600
    climb = evening * np.clip(np.abs(hours % 24 - 12) - 9, 0, 1) + 2 * np.maximum(hours - 58, 0) / 2
    value = 1e9 * (1 + climb + 0.01 * rng.standard_normal(len(time)))
    each = History("a", time, value, None, np.full(len(time), T0 - 30 * DAY), 4e9)
    (result,) = replay([each], Signal.RSS, PRODUCTION)
    live = watched(each, PRODUCTION)
    assert 58 < (live[0] - T0) / 3600 < 60
    assert result.alerts[0].start == pytest.approx(live[0], abs=120)


def test_a_replay_leaves_out_no_slow_look_that_watching_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little has grown: load or the rhythm of the day may hide more."""
    time = T0 + np.arange(0, 2 * DAY, 900)
    each = History("a", time, 1e9 - 1e3 * np.arange(len(time)), None, np.full(len(time), T0 - 30 * DAY))
    watching, replaying, whole = set(), set(), Sight.examine

    def examine(self: Sight, look: Look, rows: Ints) -> tuple[Evidence, int]:
        found = whole(self, look, rows)
        if found[0].usable.any():
            watching.add((look, found[1]))
        return found

    def witness(_: object, look: Look, time: float, __: object) -> None:
        replaying.add((look, int(time // PRODUCTION.levels[look.level].block_seconds)))

    replay([each], Signal.RSS, PRODUCTION, witness=witness)
    monkeypatch.setattr(Sight, "examine", examine)
    watched(each, PRODUCTION)
    slow = {look for look, _ in watching if not look.urgent}
    assert len(slow) > 2
    assert {of for of in watching if of[0] in slow} <= replaying


def test_cutting_the_tail_changes_no_alert(rng: np.random.Generator) -> None:
    """Alerts that begin before the cut are the same, to the last digit, when nothing comes after it."""
    whole = [history(rng, f"s{number}", leak=leak) for number, leak in enumerate((0.0, 0.1, 0.2, 0.5))]
    full = replay(whole, Signal.RSS, PRODUCTION)
    assert sum(len(each.alerts) for each in full) >= 3
    for days in (2.5, 3.7, 5.1):
        cut = T0 + days * DAY
        short = [
            History(h.name, h.time[h.time < cut], h.value[h.time < cut], None, life[h.time < cut], h.limit)
            for h in whole
            if (life := h.life_start) is not None
        ]
        for long, part in zip(full, replay(short, Signal.RSS, PRODUCTION), strict=True):
            assert [(a.start, a.assessment) for a in part.alerts] == [
                (a.start, a.assessment) for a in long.alerts if a.start < cut
            ]


def test_series_do_not_disturb_each_other(rng: np.random.Generator) -> None:
    """A series has the same alerts alone as beside others of other lengths."""
    many = [history(rng, f"s{number}", leak=0.1 * number, days=3 + number) for number in range(4)]
    together = replay(many, Signal.RSS, PRODUCTION)
    for each, beside in zip(many, together, strict=True):
        (alone,) = replay([each], Signal.RSS, PRODUCTION)
        assert [alert.start for alert in alone.alerts] == [alert.start for alert in beside.alerts]
        assert alone.verdict is beside.verdict


def test_a_restart_ends_an_alert(rng: np.random.Generator) -> None:
    """An alert ends with the process that leaked."""
    (result,) = replay([history(rng, "a", leak=0.5, days=4, restart=True)], Signal.RSS, PRODUCTION)
    assert isinstance(result.alerts[0], Alert)
    assert result.alerts[0].end == pytest.approx(T0 + 3.2 * DAY, abs=1200)


def test_a_soak_history_is_replayed_too() -> None:
    """A run of two minutes that leaks has an alert, still firing at its end, and the verdict leak."""
    time = T0 + np.arange(120.0)
    leak = History("a", time, 5e6 + 4e5 * np.arange(120.0))
    flat = History("b", time, np.full(120, 5e6))
    first, second = replay([leak, flat], Signal.RSS, SOAK)
    assert [alert.end for alert in first.alerts] == [None]
    assert (first.verdict, second.verdict) == (Verdict.LEAK, Verdict.STEADY)
    assert second.alerts == []


def test_a_few_points_are_too_early() -> None:
    """Ten points have no alert and the verdict too early."""
    few = History("a", T0 + np.arange(10) * 300.0, np.arange(10) * 1e9)
    (result,) = replay([few], Signal.RSS, PRODUCTION)
    assert (result.alerts, result.verdict) == ([], Verdict.TOO_EARLY)
    assert result.last is not None
    assert result.last.ready_at is not None


def test_histories_are_asked_for_as_they_are_replayed(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only as many are held at once as a grid has room for, and what becomes of each does not depend on it."""
    many = [history(rng, f"s{number}", leak=0.6, days=3) for number in range(4)]
    whole = replay(many, Signal.RSS, PRODUCTION)
    wide = Extent().with_one(many[0], PRODUCTION).columns(PRODUCTION)
    monkeypatch.setattr("leakdog.detect.replay.CHUNK_CELLS", 2.5 * wide)
    asked, seen = [], []

    class Asked(list[History]):
        def __iter__(self) -> Iterator[History]:
            for each in super().__iter__():
                asked.append(each.name)
                yield each

    again = replay(Asked(many), Signal.RSS, PRODUCTION, lambda share: seen.append((share, len(asked))))
    assert [number for share, number in seen if 0 < share < 0.5][-1] == 3  # the third did not fit in
    for one, other in zip(again, whole, strict=True):
        assert (one.name, one.verdict) == (other.name, other.verdict)
        assert [alert.start for alert in one.alerts] == [alert.start for alert in other.alerts] != []


def test_progress_ends_at_one(rng: np.random.Generator) -> None:
    """Progress only grows, and reaches the whole."""
    seen: list[float] = []
    replay([history(rng, "a", leak=0.1, days=2)], Signal.RSS, PRODUCTION, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_who_looks_on_sees_all_rows_and_changes_nothing(rng: np.random.Generator) -> None:
    """Rows that are measured and do not reach the threshold are shown too."""
    histories = [history(rng, f"s{number}", leak=leak) for number, leak in enumerate((0.0, 0.03, 0.1, 0.5))]
    weak = []

    def note(_: object, look: Look, __: float, seen: Evidence) -> None:
        least = least_score(look, PRODUCTION)
        weak.extend(seen.score[(seen.score > NEVER) & (seen.score < least)])

    watched = replay(histories, Signal.RSS, PRODUCTION, witness=note)
    assert len(weak) > 10
    assert repr(watched) == repr(replay(histories, Signal.RSS, PRODUCTION))
    assert sum(len(each.alerts) for each in watched) >= 2


@pytest.mark.parametrize("settings", [PRODUCTION, SOAK], ids=["production", "soak"])
@pytest.mark.parametrize("count", range(1, 12))
def test_a_few_readings_are_too_few(count: int, settings: Settings) -> None:
    """However few there are, they are replayed, and said to be too few."""
    few = History("few", T0 + 300.0 * np.arange(count), 1e8 + np.arange(count) * 1e6)
    (said,) = replay([few], Signal.RSS, settings)
    assert said.verdict is Verdict.TOO_EARLY
    assert not said.alerts
