"""Random mixtures, to learn from and never to judge with: what programs do, put together in ways that no kind is.

A detector that has only seen kinds learns the kinds. Here load, warm-up, fills, steps, cycles, jobs, restarts,
wandering and sampling come and go at random, each over the range in which programs show it, with a leak laid over one
half of the series.
"""

from __future__ import annotations

import numpy as np

from bench.leakbench.kinds.common import (
    DAY,
    OLD,
    Array,
    Clock,
    Rng,
    Shape,
    after,
    age,
    daily,
    lag,
    levels,
    lives,
    log_uniform,
    plateau,
    ramp,
    saw,
    wander,
)
from bench.leakbench.kinds.sample import TWO_WEEKS, Sample, finished


def mixture(seed: int, number: int, clock: Clock = TWO_WEEKS) -> Sample:
    """One series, the same for the same seed, number and clock."""
    rng = np.random.default_rng([seed, 77, number])
    leaks = rng.random() < 0.5
    starts = _starts(rng, clock)
    load = _load(rng, clock)
    memory = 1 + rng.uniform(0, 1) * (lag(clock, load, log_uniform(rng, 0.02, 2)) - 1)
    for likely, part in _PARTS:
        if rng.random() < likely:
            memory = memory + part(rng, clock, starts, load)
    leaked = _leaked(rng, clock, load) if leaks else None
    memory = np.maximum(memory, 0.1)
    how = rng.random()
    if how < 0.12:
        memory = _sampled(rng, clock, memory)
    elif how < 0.2:
        memory = _high_water(rng, clock, memory, starts)
    elif how < 0.4:
        memory = memory * (1 + rng.uniform(0.2, 1) * saw(rng, clock, log_uniform(rng, 0.1, 8)))
    return finished("mixture", Shape(memory, load, starts, leaked, garbage=how >= 0.4), rng, clock)


def _starts(rng: Rng, clock: Clock) -> tuple[float, ...]:
    often = rng.random()
    if often < 0.15:
        later = lives(rng, clock, *rng.choice([(8, 30), (20, 60), (48, 160)]))[1:]
    elif often < 0.35:
        later = tuple(sorted(rng.uniform(DAY / 4, clock.length - DAY / 4, rng.integers(1, 4))))
    else:
        later = ()
    return (OLD if rng.random() < 0.4 else 0.0, *(float(each) for each in later))


def _load(rng: Rng, clock: Clock) -> Array:
    swing = rng.uniform(0.05, 0.9) if rng.random() < 0.6 else 0.0
    load = daily(rng, clock, swing, rng.uniform(0.3, 1) if rng.random() < 0.5 else 1.0)
    if rng.random() < 0.15:
        for _ in range(rng.integers(1, 4)):
            begin, up, held = rng.uniform(0, clock.length), log_uniform(rng, 1, 48), log_uniform(rng, 1, 72)
            load = load + rng.uniform(0.2, 1.5) * (ramp(clock, begin, up) - ramp(clock, begin + up + held, up))
    if rng.random() < 0.08:
        grows = after(clock, rng.uniform(-clock.length, clock.length))
        load = load * (1 + rng.uniform(0.1, 0.6) * grows / clock.length)
    if rng.random() < 0.08:
        load = load * np.where(clock.hours > rng.uniform(0, clock.length), rng.uniform(0.5, 2), 1)
    return load


def _wander(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    return wander(rng, clock, log_uniform(rng, 6, 60), rng.uniform(0.01, 0.12))


def _warm_up(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    return -rng.uniform(0.02, 0.4) * np.exp(-age(clock, starts) / log_uniform(rng, 0.1, 1))


def _settles(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    return rng.uniform(0.1, 3) * (1 - np.exp(-age(clock, starts) / log_uniform(rng, 0.3, 15)))


def _logarithm(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    tau = log_uniform(rng, 0.1, 2)
    return rng.uniform(0.1, 1.5) * np.log1p(age(clock, starts) / tau) / np.log1p(clock.length / tau)


def _fill(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    """A cache that fills with time or with what is served, and is full."""
    old = age(clock, starts)
    if rng.random() < 0.5:
        served = clock.sum(load)
        begin = np.interp(clock.hours - old, clock.hours, served, left=-1e9)
        old = served - begin
    return rng.uniform(0.1, 2) * np.minimum(old / log_uniform(rng, 1, 36), 1)


def _steps(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    out = np.zeros(clock.points)
    for _ in range(rng.integers(1, 4)):
        begin, size = rng.uniform(0, clock.length), rng.choice([1, 1, -0.5]) * log_uniform(rng, 0.04, 0.8)
        out += size * ramp(clock, begin, log_uniform(rng, 0.1, 6))
    return out


def _cycles(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    bend = rng.choice([0.5, 1, 1, 2])
    return rng.uniform(0.1, 1) * saw(rng, clock, log_uniform(rng, 4, 60)) ** bend


def _teeth(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    """Garbage of an old generation that is collected once in many hours: up to several times what is alive."""
    return log_uniform(rng, 0.5, 6) * saw(rng, clock, log_uniform(rng, 8, 240), rng.uniform(0, 0.3))


def _jobs(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    every = DAY * rng.choice([0.25, 0.5, 1, 1, 1, 2, 7])
    up, held, size = log_uniform(rng, 0.2, 6), log_uniform(rng, 0.2, 6), rng.uniform(0.1, 1.5)
    begins = np.arange(rng.uniform(-every, 0), clock.length, every)
    jobs = [plateau(clock, begin + rng.normal(0, 0.25), up + held, up) for begin in begins]
    return size * lag(clock, np.sum(jobs, axis=0), log_uniform(rng, 0.05, 3))


def _deploys(rng: Rng, clock: Clock, starts: tuple[float, ...], load: Array) -> Array:
    return levels(rng, clock, starts, -0.3, 0.3)


_PARTS = (
    (0.12, _wander),
    (0.9, _warm_up),
    (0.15, _settles),
    (0.08, _logarithm),
    (0.12, _fill),
    (0.15, _steps),
    (0.12, _cycles),
    (0.08, _teeth),
    (0.12, _jobs),
    (0.06, _deploys),
)


def _leaked(rng: Rng, clock: Clock, load: Array) -> Array:
    """A tenth of the baseline in 2 to 150 hours, from some time on: evenly, with load, faster, or in fits."""
    begin = 0.0 if rng.random() < 0.2 else rng.uniform(0, rng.choice([2, 4, 9]) * DAY)
    tenth, since, how = log_uniform(rng, 2, 150), after(clock, begin), rng.random()
    if how < 0.45:
        leaked = since
    elif how < 0.55:
        leaked = clock.sum(load * (clock.hours >= begin))
    elif how < 0.65:
        leaked = tenth * (since / tenth) ** rng.uniform(1.2, 2.2)
    elif how < 0.83:
        works = saw(rng, clock, log_uniform(rng, 1, 20)) < rng.uniform(0.1, 0.9)
        leaked = clock.sum(works * (clock.hours >= begin) / max(works.mean(), 0.05))
    else:
        every = log_uniform(rng, 0.5, 12)
        times = np.cumsum(rng.uniform(0.5, 1.5, int(2 * clock.length / every)) * every)
        sizes = every * rng.uniform(0.5, 1.5, len(times)) * (times >= begin)
        leaked = np.concatenate(([0.0], np.cumsum(sizes)))[np.searchsorted(times, clock.hours)]
    return np.minimum(0.1 * leaked / tenth, 60)


def _sampled(rng: Rng, clock: Clock, memory: Array) -> Array:
    """One site of a heap profile: of few sampled objects, each of which lives for a while."""
    count = log_uniform(rng, 8, 300)
    spread = np.sqrt(count * memory)
    some = wander(rng, clock, log_uniform(rng, 0.25, 24), 0.9) + 0.2 * rng.standard_normal(clock.points)
    return np.asarray(np.maximum(np.round(count * memory + spread * some), 0.2) / count)


def _high_water(rng: Rng, clock: Clock, memory: Array, starts: tuple[float, ...]) -> Array:
    """Resident memory that is given back slowly or never."""
    demand = memory * (1 + rng.uniform(0.01, 0.06) * np.clip(rng.standard_t(3, clock.points), -3, 10))
    keep, out, top = rng.choice([1.0, 0.9995, 0.998]), np.empty(clock.points), 0.0
    young = np.diff(age(clock, starts), prepend=0.0) < 0
    for place, now in enumerate(demand):
        top = now if young[place] else max(now, 1 + (top - 1) * keep if top > 1 else top)
        out[place] = top
    return out
