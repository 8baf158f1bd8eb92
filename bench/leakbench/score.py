"""What a detector's alerts are worth: how many leaks, how early, and how many false alarms.

recall   leaks found before the limit is reached, of those that leak 10 % of their baseline or more
FA       false alarms per 1000 healthy series-weeks under continuous checking; alerts that begin within 12 h are one
leaked   median of the leaked share of the baseline at the first true alert
half     share of all leaks found before half of the baseline has leaked
delay    median hours from the moment when 10 % of the baseline had leaked to the first true alert
covered  share of first true alerts whose interval of 80 % for the time to the limit holds the true time, of those
         whose life reaches the limit

A fast leak is found by an alert that begins after its onset and before two thirds of the time to its limit have
gone; `leaked` and `half` are then shares of that time, and `delay` counts from the onset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.leakbench.corpus import T0, Labelled

WEEK, REARM = 7 * 86400.0, 12 * 3600.0
TRUE, WORTH = 0.01, 0.10  # leaked share from which an alert is true, and from which a leak counts
IN_TIME = 2 / 3
SPEEDS = {"20-60 min": 1.0, "1-3 h": 3.0, "3-6 h": 6.0}  # hours to the limit, at most
FIGURES = ("recall", "FA", "leaked", "half", "delay", "covered")


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
    delay: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        self.leaks += other.leaks
        self.found += other.found
        self.false_alarms += other.false_alarms
        self.weeks += other.weeks
        self.leaked += other.leaked
        self.delay += other.delay
        self.covered += other.covered

    def figures(self) -> dict[str, float]:
        """The figures that are published, NaN where there is nothing to count."""
        nothing = float("nan")
        return {
            "recall": self.found / self.leaks if self.leaks else nothing,
            "FA": 1000 * self.false_alarms / self.weeks if self.weeks else nothing,
            "leaked": float(np.median(self.leaked)) if self.leaked else nothing,
            "half": sum(each < 0.5 for each in self.leaked) / self.leaks if self.leaks else nothing,
            "delay": float(np.median(self.delay)) if self.delay else nothing,
            "covered": float(np.mean(self.covered)) if self.covered else nothing,
        }


def judge(series: Labelled, alerts: Sequence[Fired]) -> Tally:
    """Score the alerts of one series."""
    fires = _fires(series, alerts)
    healthy = series.leaked < (np.finfo(float).tiny if series.fast else TRUE)
    out = Tally(false_alarms=_alarms(fires, healthy, series.step), weeks=float(healthy.sum()) * series.step / WEEK)
    if not _counts(series):
        return out
    out.leaks = 1
    at = found_at(series, alerts)
    if at is not None:
        out.found = 1
        counted = series.leaked >= WORTH
        onset = int(np.argmax(series.leaked > 0 if series.fast else counted))
        out.leaked.append((at - onset) / (series.over - onset) if series.fast else float(series.leaked[at]))
        out.delay.append((at - onset) * series.step / 3600)
        out.covered += _covered(series, alerts, at)
    return out


def table(series: Sequence[Labelled], alerts: Sequence[Sequence[Fired]]) -> dict[str, Tally]:
    """Tallies by kind, of all under the name `all`, of the hard ones under `hard`, of fast leaks by their speed.

    A kind that is hard is called so in its name.
    """
    out: dict[str, Tally] = {"all": Tally()}
    for each, fired in zip(series, alerts, strict=True):
        one = judge(each, fired)
        for name in (f"{each.kind} (hard)", "hard") if each.hard else (each.kind, "all", *_speed(each)):
            out.setdefault(name, Tally()).add(one)
    return out


def _speed(series: Labelled) -> list[str]:
    if not series.fast:
        return []
    hours = (series.over - int(np.argmax(series.leaked > 0))) * series.step / 3600
    return [next(name for name, most in SPEEDS.items() if hours <= most)]


def found_at(series: Labelled, alerts: Sequence[Fired]) -> int | None:
    """At which index alerts tell of the leak for the first time; None where there is none that counts, or too late."""
    if not _counts(series):
        return None
    if series.fast:
        return _in_time(series, [_span(series, alert) for alert in alerts])
    return _before_limit(series, _fires(series, alerts))


def _counts(series: Labelled) -> bool:
    return series.leaks and (series.fast or bool(series.leaked[-1] >= WORTH))


def _fires(series: Labelled, alerts: Sequence[Fired]) -> np.ndarray:
    fires = np.zeros(len(series.leaked), bool)
    for begin, end in (_span(series, alert) for alert in alerts):
        fires[begin:end] = True
    return fires


def _span(series: Labelled, alert: Fired) -> tuple[int, int]:
    points = len(series.leaked)
    begin = max(0, int(np.ceil((alert.start - T0) / series.step)))
    end = points if alert.end is None else int(np.ceil((alert.end - T0) / series.step))
    return begin, max(end, begin + 1)


def _before_limit(series: Labelled, fires: np.ndarray) -> int | None:
    """When a leak is first told of, if that is before the limit."""
    true = np.flatnonzero(fires & (series.leaked >= TRUE))
    return int(true[0]) if len(true) and true[0] <= min(series.over, len(fires) - 1) else None


def _in_time(series: Labelled, spans: Sequence[tuple[int, int]]) -> int | None:
    """When a fast leak is announced, if that is in time."""
    onset = int(np.argmax(series.leaked > 0))
    last = onset + IN_TIME * (series.over - onset)
    return min((begin for begin, _ in spans if onset <= begin <= last), default=None)


def _alarms(fires: np.ndarray, where: np.ndarray, step: float) -> int:
    on = np.flatnonzero(fires)
    if not len(on):
        return 0
    edges = on[np.concatenate(([True], np.diff(on) > REARM / step))]
    return int(where[edges].sum())


def _covered(series: Labelled, alerts: Sequence[Fired], at: int) -> list[bool]:
    """Whether the interval of the alert that found the leak holds the true time, if its life reaches the limit."""
    told = forecast(series, alerts, at)
    return [] if told is None else [told[0][0] <= told[1] <= told[0][1]]


def forecast(series: Labelled, alerts: Sequence[Fired], at: int) -> tuple[tuple[float, float], float] | None:
    """What the alert that found the leak at this index told of the time to the limit, and the seconds that were left.

    None where no alert tells of it, or where its life does not reach the limit.
    """
    now, limit = T0 + at * series.step, T0 + series.reached * series.step
    for alert in alerts:
        if alert.left is not None and alert.start <= now and (alert.end is None or alert.end > now):
            if series.reached >= len(series.leaked) or life_at(series, alert.start) != life_at(series, limit):
                return None
            return alert.left, limit - alert.start
    return None


def life_at(series: Labelled, when: float) -> float:
    """Start of the life at a time."""
    starts, times = series.history.life_start, series.history.time
    return 0.0 if starts is None else float(starts[min(int(np.searchsorted(times, when)), len(times) - 1)])
