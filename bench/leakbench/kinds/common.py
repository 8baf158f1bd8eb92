"""What kinds are made of: a clock, noise, load, lives. All times are hours, all memory is relative to the baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Array = npt.NDArray[np.float64]
Rng = np.random.Generator
DAY = 24.0
OLD = -2160.0  # started long before the first point: 90 days


@dataclass(frozen=True)
class Clock:
    """When a series is read: `points` readings, `step` hours apart."""

    step: float
    points: int

    @cached_property
    def hours(self) -> Array:
        """(points,) hours since the first reading."""
        return self.step * np.arange(self.points, dtype=float)

    @property
    def length(self) -> float:
        """Hours from the first reading to the last."""
        return self.step * self.points

    def sum(self, rate: Array) -> Array:
        """What a rate per hour has come to at each reading."""
        return np.asarray(np.cumsum(rate) * self.step)


@dataclass(frozen=True)
class Shape:
    """One series before noise.

    Attributes:
        memory: (points,) without what leaks.
        load: (points,) about 1; None for an even load of 1.
        starts: starts of lives in hours, the first one at or before 0; None where restarts may be laid over it.
        leaked: (points,) share of the baseline that is lost, as if nothing restarted; None for a healthy kind.
        ceiling: the memory limit, where the kind says it; the kernel keeps the value below.
        garbage: a collector's saw may be laid over it: false for native heaps, the kernel, and what has its own.

    """

    memory: Array
    load: Array | None = None
    starts: tuple[float, ...] | None = None
    leaked: Array | None = None
    ceiling: float | None = None
    garbage: bool = True


class Hard(Enum):
    """When one series alone cannot tell a kind from a leak, so that its figures are told apart from the rest."""

    NO = "no"
    ALONE = "without load"
    ALWAYS = "always"


@dataclass(frozen=True)
class Kind:
    """A kind: what it is and where it was seen are the first lines of the function's docstring."""

    shape: Callable[[Rng, Clock], Shape]
    leaks: bool
    source: str
    hard: Hard = Hard.NO

    @property
    def name(self) -> str:
        """The function's name."""
        return self.shape.__name__

    @property
    def what(self) -> str:
        """What happens, in one sentence."""
        return " ".join((self.shape.__doc__ or "").split())


KINDS: dict[str, Kind] = {}
Made = Callable[[Callable[[Rng, Clock], Shape]], Callable[[Rng, Clock], Shape]]


def leaking(source: str) -> Made:
    """Register a kind that leaks; the source is a public page that reports or documents it."""
    return _register(source, True, Hard.NO)


def healthy(source: str, hard: Hard = Hard.NO) -> Made:
    """Register a kind that does not leak."""
    return _register(source, False, hard)


def _register(source: str, leaks: bool, hard: Hard) -> Made:
    def register(shape: Callable[[Rng, Clock], Shape]) -> Callable[[Rng, Clock], Shape]:
        KINDS[shape.__name__] = Kind(shape, leaks, source, hard)
        return shape

    return register


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def lag(clock: Clock, values: Array, tau: float) -> Array:
    """What follows values with a delay of `tau` hours, at rest at first."""
    keep = np.exp(-clock.step / tau)
    return np.asarray(lfilter([1 - keep], [1, -keep], values, zi=[keep * values[0]])[0])


def wander(rng: Rng, clock: Clock, tau: float, spread: float) -> Array:
    """First-order autoregressive noise that forgets in `tau` hours."""
    keep = np.exp(-clock.step / tau)
    steps = rng.standard_normal(clock.points) * np.sqrt(1 - keep**2)
    noise = lfilter([1], [1, -keep], steps, zi=[keep * rng.standard_normal()])[0]
    return np.asarray(spread * noise)


def daily(rng: Rng, clock: Clock, swing: float, weekend: float = 1.0) -> Array:
    """Load of working days: a broad hump from morning to evening, days of their own height, weekends lower."""
    days = clock.hours / DAY + rng.uniform()
    width = rng.uniform(0.1, 0.25)
    number = days.astype(int)
    height = rng.normal(1, 0.07, number[-1] + 1)[number]
    quiet = np.where((number + rng.integers(7)) % 7 >= 5, weekend, 1.0)
    hump = np.exp(-0.5 * ((days % 1 - 0.55) / width) ** 2)
    return np.maximum(lag(clock, 1 + swing * (hump * height * quiet - 0.4), 1.0), 0.05)


def saw(rng: Rng, clock: Clock, period: float, wobble: float = 0.2) -> Array:
    """Phase from 0 to 1 of cycles of about `period` hours, each longer or shorter by up to that share."""
    lengths = period * rng.uniform(1 - wobble, 1 + wobble, int(clock.length / period / (1 - wobble)) + 3)
    ends = np.cumsum(lengths) - rng.uniform(0, lengths[0])
    number = np.searchsorted(ends, clock.hours, side="right")
    return np.asarray(1 - (ends[number] - clock.hours) / lengths[number])


def episodes(rng: Rng, clock: Clock, between: float, lengths: tuple[float, float]) -> list[tuple[float, float]]:
    """Begins and lengths of what happens now and then, on average every `between` hours."""
    count = rng.poisson(clock.length / between)
    return [(rng.uniform(0, clock.length), log_uniform(rng, *lengths)) for _ in range(count)]


def ramp(clock: Clock, begin: float, length: float) -> Array:
    """From 0 to 1 within so many hours."""
    return np.clip((clock.hours - begin) / length, 0, 1)


def plateau(clock: Clock, begin: float, length: float, rise: float) -> Array:
    """Up within `rise` hours, held, gone after `length`."""
    inside = (clock.hours >= begin) & (clock.hours < begin + length)
    return inside * ramp(clock, begin, rise)


def after(clock: Clock, onset: float) -> Array:
    """Hours since the onset, zero before it."""
    return np.maximum(clock.hours - onset, 0)


def onset(rng: Rng, clock: Clock) -> float:
    """Leaks begin within the first fifth."""
    return float(rng.uniform(0, clock.length / 5))


def pace(rng: Rng, slowest: float = 72, fastest: float = 3) -> float:
    """Leaked share per hour: a tenth of the baseline in so many hours."""
    return 0.1 / log_uniform(rng, fastest, slowest)


def lives(rng: Rng, clock: Clock, shortest: float, longest: float) -> tuple[float, ...]:
    """Starts of lives of so many hours; the first began long ago."""
    starts, at = [OLD], 0.0
    while (at := at + rng.uniform(shortest, longest)) < clock.length - 1:
        starts.append(at)
    return tuple(starts)


def began(rng: Rng, clock: Clock, latest: float) -> tuple[float, ...]:
    """One start: up to a day before the first reading, or up to `latest` hours after it."""
    start = float(rng.uniform(-DAY, latest))
    return (start,) if start < 0 else (OLD, start)


def age(clock: Clock, starts: tuple[float, ...]) -> Array:
    """Hours since the last start."""
    known = np.array(starts)
    return clock.hours - known[np.searchsorted(known, clock.hours, side="right") - 1]


def levels(rng: Rng, clock: Clock, starts: tuple[float, ...], low: float, high: float) -> Array:
    """A level of its own for each life."""
    number = np.searchsorted(np.array(starts), clock.hours, side="right") - 1
    return np.asarray(rng.uniform(low, high, len(starts))[number])
