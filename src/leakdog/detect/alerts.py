"""The leaks of many replayed series: how they stand, and the alerts they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from leakdog.detect.settings import Settings
from leakdog.detect.state import advance
from leakdog.model import Assessment, Leak, LeakClass, LeakState, Signal, TargetKey, Verdict

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Alert:
    """One time that a leak fired. `end` is None where it still fires at the end of the history."""

    start: float
    assessment: Assessment
    end: float | None = None


@dataclass(slots=True)
class Replayed:
    """What became of one series: its alerts, the last verdict, and the last assessment.

    The verdict is `leak` while an alert fires, whatever the last look says.
    """

    name: str
    alerts: list[Alert] = field(default_factory=list)
    verdict: Verdict = Verdict.TOO_EARLY
    last: Assessment | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What `advance` wants to know of a series, which here stands for a whole target."""

    assessment: Assessment
    signal: Signal
    leak_class: LeakClass = LeakClass.HEAP

    @property
    def reasons(self) -> tuple[str, ...]:
        return self.assessment.reasons


class Leaks:
    """The leak of each series, if it has one.

    Attributes:
        each: None where there is none.
        noted, firing: which series have one, and of which it fires, (n,).
        since: from when on it is pending, NaN where it is not, (n,).
        out: of each series what became of it.

    """

    def __init__(self, names: Sequence[str], settings: Settings) -> None:
        self._settings = settings
        self.each: list[Leak | None] = [None] * len(names)
        self.noted, self.firing = np.zeros((2, len(names)), bool)
        self.since = np.full(len(names), np.nan)
        self.out = [Replayed(name) for name in names]

    def seen(self, row: int, time: float) -> None:
        """It was found until then, though nothing was said of it."""
        leak = self.each[row]
        if leak is not None and leak.updated < time:
            self.each[row] = replace(leak, updated=time)

    def move(self, row: int, finding: Finding | None, now: float, *, alive: bool = True) -> None:
        """Advance a leak, and note when it begins and ends to fire."""
        before, out = self.each[row], self.out[row]
        key = TargetKey("backtest", out.name)
        after = advance(before, finding, key=key, now=now, settings=self._settings, alive=alive)
        self.each[row] = after
        fired = before is not None and before.state is LeakState.FIRING
        fires = after is not None and after.state is LeakState.FIRING
        pending = after is not None and after.pending_since is not None and not fires
        self.noted[row], self.firing[row] = after is not None, fires
        self.since[row] = after.pending_since if after is not None and pending else np.nan
        if fires and not fired:
            assert finding is not None
            out.alerts.append(Alert(now, finding.assessment))
        elif fired and not fires:
            last = out.alerts[-1]
            out.alerts[-1] = Alert(last.start, last.assessment, now)

    def may_fire(
        self, rows: npt.NDArray[np.int64], until: float, left: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """Of which series a leak that is found before `until`, so long before its limit, may begin to fire, (n,).

        Args:
            left: seconds, NaN where there is no limit.

        """
        waits = until - self.since[rows] < self._settings.hold_seconds
        return ~waits | (left < self._settings.at_once_seconds)
