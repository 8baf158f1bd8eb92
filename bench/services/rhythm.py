"""How the load of each service changes: a pure function of its name and the time, so that a recording needs no plan."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

IDLE = 0.02
SHARES = {"idle": 0.15, "rise": 0.1, "high": 0.3, "bursts": 0.15, "fall": 0.1, "low": 0.2}
STEADY = ("high", "low")
BURST_EVERY, BURST_SECONDS = 90.0, 15.0
RESTART_EVERY = 45 * 60.0
RESTARTED = ("python", "victoria-metrics", "go", "prometheus")


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a day.

    Attributes:
        kind: one of `SHARES`.
        begin, end: unix seconds.
        first, last: load at both, as a share of the service's peak. In bursts it jumps from one to the other.

    """

    kind: str
    begin: float
    end: float
    first: float
    last: float

    def load(self, time: float) -> float:
        """Share of the peak at a time within this phase."""
        if self.kind == "bursts":
            return self.last if (time - self.begin) % BURST_EVERY < BURST_SECONDS else self.first
        return self.first + (self.last - self.first) * (time - self.begin) / (self.end - self.begin)


def day_seconds(service: str) -> float:
    """Length of a service's day: 20 to 40 minutes."""
    return 60.0 * Random(service).randint(20, 40)


def day(service: str, time: float) -> list[Phase]:
    """The phases of the day that holds this time."""
    seconds = day_seconds(service)
    begin = time // seconds * seconds
    draw = Random(f"{service} {begin:.0f}")
    high, low = draw.uniform(0.4, 1.0), draw.uniform(0.1, 0.35)
    loads = {"idle": (IDLE, IDLE), "rise": (IDLE, high), "high": (high, high)}
    loads |= {"bursts": (low, 1.0), "fall": (high, low), "low": (low, low)}
    phases = []
    for kind, share in SHARES.items():
        phases.append(Phase(kind, begin, begin + share * seconds, *loads[kind]))
        begin = phases[-1].end
    return phases


def load(service: str, time: float) -> float:
    """Load of a service, as a share of its peak."""
    phases = day(service, time)
    return next((each for each in phases if time < each.end), phases[-1]).load(time)


def steady(service: str, begin: float, end: float) -> list[Phase]:
    """The phases of even load that lie within a span."""
    found = []
    while begin < end:
        phases = day(service, begin)
        found += [each for each in phases if each.kind in STEADY and begin <= each.begin and each.end <= end]
        begin = (begin // day_seconds(service) + 1) * day_seconds(service)
    return found


def restarted(number: int) -> str:
    """Which service the restart of this number, from 0, is for."""
    return RESTARTED[number % len(RESTARTED)]
