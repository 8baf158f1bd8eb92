"""The judged signals of a target."""

from __future__ import annotations

import math

import pytest

from leakdog.detect.group import FIRST, Group
from leakdog.detect.settings import SOAK
from leakdog.detect.stored import to_bytes
from leakdog.errors import LeakdogError
from leakdog.model import Signal, Verdict
from leakdog.pipeline.signals import Signals

START = 10_000.0
LEVEL = 5e7


def fed(signals: Signals, seconds: range, **rates: float) -> Signals:
    """Straight lines, by signal and growth a second, read and judged each second."""
    for second in seconds:
        values = {Signal[name]: LEVEL + rate * second for name, rate in rates.items()}
        signals.observe(values, START + second, SOAK, life_start=START - 100, load=None)
        signals.judge({}, START + second)
    return signals


def test_a_signal_that_appears_later_begins_then() -> None:
    """It gets a series of its own, and those before go on."""
    signals = fed(Signals(), range(30), RSS=0.0)
    fed(signals, range(30, 40), RSS=0.0, THREADS=0.0)
    assert signals.group is not None
    assert dict(zip(signals.told, signals.group.known[FIRST], strict=True)) == {
        Signal.RSS: START,
        Signal.THREADS: START + 30,
    }


def test_each_signal_is_judged_by_its_name_and_limit() -> None:
    """Of two, the one that grows leaks; its time to its limit is told, the other has none."""
    signals = fed(Signals(), range(120), THREADS=0.0, INUSE_SPACE=1e6)
    verdicts, found = signals.judge({Signal.INUSE_SPACE: 1e9}, START + 122)
    assert verdicts == {Signal.THREADS: Verdict.STEADY, Signal.INUSE_SPACE: Verdict.LEAK}
    assert verdicts == {signal: seen.verdict for signal, seen in found.items()}
    assert found[Signal.INUSE_SPACE].time_to_limit_seconds == pytest.approx((1e9 - LEVEL) / 1e6 - 119, rel=0.1)
    assert found.get(Signal.GOROUTINES) is None
    assert len(found) == 2


def test_nothing_told_is_nothing_found() -> None:
    """Before the first reading there is no assessment."""
    assert Signals().judge({}, START) == ({}, {})


def test_signals_come_back_from_the_store() -> None:
    """Read back they are the same, and grow on to the same verdict."""
    signals = fed(Signals(), range(60), RSS=1e6, THREADS=0.0)
    again = Signals.from_bytes(signals.to_bytes(), SOAK)
    assert (again.told, again.to_bytes()) == (signals.told, signals.to_bytes())
    fed(again, range(60, 120), RSS=1e6, THREADS=0.0)
    assert again.judge({}, START + 120)[0][Signal.RSS] is Verdict.LEAK


def test_each_signal_knows_when_it_was_told_last() -> None:
    """A signal that is told no more keeps its time while others go on; one that never was has none."""
    signals = fed(fed(Signals(), range(10), RSS=1e6, THREADS=0.0), range(10, 20), RSS=1e6)
    assert [signals.last_time(each) for each in (Signal.RSS, Signal.THREADS, Signal.SYS)] == [
        START + 19,
        START + 9,
        -math.inf,
    ]


@pytest.mark.parametrize("head", [b"no json", b'["rss", "of nothing"]', b'["rss"]', b"7"])
def test_damaged_names_are_refused(head: bytes) -> None:
    """What does not name the series is an error that says so, and not the wrong series."""
    group = Group(SOAK, 2)
    group.observe(START, [5.0, math.nan], life_start=0.0, load=None)
    with pytest.raises(LeakdogError, match="afresh"):
        Signals.from_bytes(head + b"\n" + to_bytes(group), SOAK)
