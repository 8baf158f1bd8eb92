"""What a detector's alerts are worth: how many leaks, how early, and how many false alarms.

recall   leaks found before the limit is reached, of those that leak 10 % of their baseline or more
FA       false alarms per 1000 healthy series-weeks under continuous checking; alerts that begin within 12 h are one
leaked   median of the leaked share of the baseline at the first true alert
half     share of all leaks found before half of the baseline has leaked
covered  share of first true alerts whose interval of 80 % for the time to the limit holds the true time
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.leakbench.corpus import T0, Labelled
from bench.leakbench.kinds import STEP

WEEK = 7 * 86400 / STEP
REARM = 12 * 3600 / STEP
TRUE, WORTH = 0.01, 0.10  # leaked share from which an alert is true, and from which a leak counts


@dataclass(frozen=True)
class Fired:
    """One alert: unix seconds; `left` is the interval for the seconds to the limit, where the detector gives one."""

    start: float
    end: float | None
    left: tuple[float, float] | None = None


@dataclass
class Tally:
    """Counts over series."""

    leaks: int = 0
    found: int = 0
    false_alarms: int = 0
    weeks: float = 0.0
    leaked: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        self.leaks += other.leaks
        self.found += other.found
        self.false_alarms += other.false_alarms
        self.weeks += other.weeks
        self.leaked += other.leaked
        self.covered += other.covered

    def figures(self) -> dict[str, float]:
        """The figures that are published, NaN where there is nothing to count."""
        nothing = float("nan")
        return {
            "recall": self.found / self.leaks if self.leaks else nothing,
            "FA": 1000 * self.false_alarms / self.weeks if self.weeks else nothing,
            "leaked": float(np.median(self.leaked)) if self.leaked else nothing,
            "half": sum(each < 0.5 for each in self.leaked) / self.leaks if self.leaks else nothing,
            "covered": float(np.mean(self.covered)) if self.covered else nothing,
        }


def judge(series: Labelled, alerts: Sequence[Fired]) -> Tally:
    """Score the alerts of one series."""
    points = len(series.leaked)
    fires = np.zeros(points, bool)
    for alert in alerts:
        begin = max(0, int(np.ceil((alert.start - T0) / STEP)))
        end = points if alert.end is None else int(np.ceil((alert.end - T0) / STEP))
        fires[begin : max(end, begin + 1)] = True
    healthy = series.leaked < TRUE if series.leaks else np.ones(points, bool)
    out = Tally(false_alarms=_alarms(fires, healthy), weeks=float(healthy.sum()) / WEEK)
    if not series.leaks or series.leaked[-1] < WORTH:
        return out
    out.leaks = 1
    true = np.flatnonzero(fires & (series.leaked >= TRUE))
    if len(true) and true[0] <= min(series.over, points - 1):
        out.found = 1
        out.leaked.append(float(series.leaked[true[0]]))
        out.covered += _covered(series, alerts, int(true[0]))
    return out


def table(series: Sequence[Labelled], alerts: Sequence[Sequence[Fired]]) -> dict[str, Tally]:
    """Tallies by kind, and of all under the name `all`."""
    out: dict[str, Tally] = {}
    for each, fired in zip(series, alerts, strict=True):
        one = judge(each, fired)
        for name in (each.kind, "all"):
            out.setdefault(name, Tally()).add(one)
    return out


def _alarms(fires: np.ndarray, where: np.ndarray) -> int:
    on = np.flatnonzero(fires)
    if not len(on):
        return 0
    edges = on[np.concatenate(([True], np.diff(on) > REARM))]
    return int(where[edges].sum())


def _covered(series: Labelled, alerts: Sequence[Fired], at: int) -> list[bool]:
    """Whether the interval of the alert that found the leak holds the true time, if the limit was reached at all."""
    now = T0 + at * STEP
    for alert in alerts:
        if alert.left is not None and alert.start <= now and (alert.end is None or alert.end > now):
            if series.over >= len(series.leaked):
                return []
            left = T0 + series.over * STEP - alert.start
            return [alert.left[0] <= left <= alert.left[1]]
    return []
