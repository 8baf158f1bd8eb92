"""One labelled series of a kind, with what all kinds share: noise, bursts, garbage, restarts, lost scrapes, a limit."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from bench.leakbench.kinds.common import DAY, KINDS, OLD, Array, Clock, Rng, Shape, age, log_uniform, saw, wander

STEP = 300.0
POINTS = 14 * 288
TWO_WEEKS = Clock(STEP / 3600, POINTS)


@dataclass(frozen=True)
class Sample:
    """One labelled series.

    Attributes:
        value: (n,) bytes, NaN where a scrape is missing.
        load: (n,) about 1.
        start: (n,) start of the life, in readings since the first one.
        limit: bytes; above all that the program needs when it does not leak.
        leaked: (n,) share of the baseline lost so far, also in earlier lives; all zero for a healthy kind.
        reached: the reading at which the limit is reached but for noise and bursts, or n.

    """

    kind: str
    leaks: bool
    value: Array
    load: Array
    start: Array
    limit: float
    leaked: Array
    reached: int


def make(kind: str, seed: int, number: int, clock: Clock = TWO_WEEKS) -> Sample:
    """One series of a kind: the same for the same seed, number and clock."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), number])
    return finished(kind, KINDS[kind].shape(rng, clock), rng, clock)


def finished(kind: str, shape: Shape, rng: Rng, clock: Clock) -> Sample:
    """A shape with what all kinds share."""
    starts = shape.starts or _restarts(rng, clock)
    baseline = log_uniform(rng, 4e6, 8e9)
    leaked = np.zeros(clock.points) if shape.leaked is None else shape.leaked
    garbage = _garbage(rng, clock) if shape.garbage else np.ones(clock.points)
    steady = shape.memory * (_warm(rng, clock, starts) if shape.starts is None else 1.0)
    clean = (steady + _since_start(clock, leaked, starts)) * garbage
    noise, bursts = 1 + _noise(rng, clock), _bursts(rng, clock)
    highest = float((steady * garbage * noise + bursts).max())
    limit = shape.ceiling or max(rng.uniform(1.5, 5), rng.uniform(1.05, 1.5) * highest)
    noisy = np.maximum(clean * noise + bursts, 0.02)
    if shape.ceiling is not None:
        noisy = np.minimum(noisy, 0.999 * limit)
    over = np.flatnonzero((clean >= limit) & (leaked > 0))
    return Sample(
        kind=kind,
        leaks=shape.leaked is not None,
        value=np.where(_missing(rng, clock), np.nan, baseline * noisy),
        load=_load(rng, clock, shape),
        start=np.round((clock.hours - age(clock, starts)) / clock.step),
        limit=baseline * limit,
        leaked=leaked,
        reached=int(over[0]) if len(over) else clock.points,
    )


def _restarts(rng: Rng, clock: Clock) -> tuple[float, ...]:
    """Seen from its start, or old; one in four restarts once or twice."""
    first = 0.0 if rng.random() < 0.4 else OLD
    later = rng.uniform(DAY / 2, clock.length - DAY / 2, rng.integers(1, 3)) if rng.random() < 0.25 else ()
    return (first, *sorted(float(each) for each in later))


def _warm(rng: Rng, clock: Clock, starts: tuple[float, ...]) -> Array:
    """A process that has just started needs less."""
    return np.asarray(1 - rng.uniform(0.05, 0.4) * np.exp(-age(clock, starts) / log_uniform(rng, 0.1, 1)))


def _since_start(clock: Clock, leaked: Array, starts: tuple[float, ...]) -> Array:
    """What leaked in the present life; the rest is gone with the process."""
    before = np.interp(clock.hours - age(clock, starts) - clock.step / 2, clock.hours, leaked)
    return np.maximum(leaked - np.where(clock.hours >= (starts[1] if len(starts) > 1 else np.inf), before, 0), 0)


def _garbage(rng: Rng, clock: Clock) -> Array:
    """One in four has a garbage collector whose cycles are of a minute to an hour, and double memory at most."""
    if rng.random() >= 0.25:
        return np.ones(clock.points)
    return np.asarray(1 + rng.uniform(0.2, 0.9) * saw(rng, clock, log_uniform(rng, 0.02, 1)))


def _noise(rng: Rng, clock: Clock) -> Array:
    white = log_uniform(rng, 5e-4, 0.015) * rng.standard_normal(clock.points)
    return white + wander(rng, clock, log_uniform(rng, 0.25, 8), log_uniform(rng, 5e-4, 0.02))


def _bursts(rng: Rng, clock: Clock) -> Array:
    """Large requests: some minutes, every other day."""
    out = np.zeros(clock.points)
    for _ in range(rng.poisson(clock.length / 56)):
        begin = rng.uniform(0, clock.length)
        out += rng.uniform(0.2, 1.5) * ((clock.hours >= begin) & (clock.hours < begin + rng.uniform(0.08, 0.8)))
    return out


def _missing(rng: Rng, clock: Clock) -> np.ndarray:
    """One scrape in a hundred, and now and then hours on end."""
    missing = rng.random(clock.points) < 0.01
    for _ in range(rng.poisson(clock.length / 336)):
        begin = rng.uniform(0, clock.length)
        missing |= (clock.hours >= begin) & (clock.hours < begin + rng.uniform(0.5, 10))
    return np.asarray(missing)


def _load(rng: Rng, clock: Clock, shape: Shape) -> Array:
    """The load as it is measured."""
    load = np.ones(clock.points) if shape.load is None else shape.load
    return np.asarray(load * (1 + 0.03 * rng.standard_normal(clock.points)) * (1 + wander(rng, clock, 0.5, 0.02)))
