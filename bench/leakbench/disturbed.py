"""Disturbed series, to learn from and never to judge with: what happens to any program, laid over any kind.

Kinds begin as their generator has it. Here some are seen only from some day on, start with a spike, or swing by the day
and wander for reasons that nobody tells, so that a network does not take for granted what generators have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.leakbench.corpus import T0, Labelled
from bench.leakbench.kinds.common import DAY, Array, Clock, Rng, log_uniform, wander
from bench.leakbench.seen import Bools

LATER, SPIKED, SWUNG = 0.35, 0.25, 0.5  # how likely each is
MOST_LATER = 8 * DAY  # hours after which a series is first seen
FAST_CUT, LEAST_BEFORE, LEAST_HEALTHY = 0.7, 0.75, 6.0  # how likely, and hours that are seen of fast series at least
FAST_SELDOM, FAST_EVERY = 0.25, (2, 4, 5, 10)  # how likely, and which of the readings are left
LEAST_READINGS = 60
MOST_SWING, MOST_WANDER = 0.35, 0.06


def disturbed(corpus: Sequence[Labelled], seed: int) -> list[Labelled]:
    """The same series, disturbed at random."""
    return [_disturbed(each, np.random.default_rng([seed, 78, number])) for number, each in enumerate(corpus)]


def begun_later(corpus: Sequence[Labelled], seed: int) -> list[Labelled]:
    """Fast leaks, and what is read as often, of which most are first seen at some time before the leak begins.

    Otherwise that a day has gone would tell that a leak may begin. Some are read more seldom.
    """
    rngs = (np.random.default_rng([seed, 79, number]) for number in range(len(corpus)))
    return [_fast_later(each, rng) for each, rng in zip(corpus, rngs, strict=True)]


def _fast_later(each: Labelled, rng: Rng) -> Labelled:
    if rng.random() < FAST_SELDOM:
        each = _seldom(each, int(rng.choice(FAST_EVERY)))
    if rng.random() > FAST_CUT:
        return each
    hours = each.step / 3600
    if each.leaks:
        onset = float((each.leaked > 0).argmax()) * hours
        return _from(each, onset - log_uniform(rng, LEAST_BEFORE, onset))
    return _from(each, rng.uniform(0, len(each.leaked) * hours - LEAST_HEALTHY))


def _seldom(each: Labelled, every: int) -> Labelled:
    """Only every so many readings of it."""
    return _kept(each, np.arange(len(each.history.time)) % every == 0)


def _disturbed(each: Labelled, rng: Rng) -> Labelled:
    if rng.random() < SPIKED:
        each = _spiked(each, rng)
    if rng.random() < SWUNG:
        each = _swung(each, rng)
    return _from(each, rng.uniform(0, MOST_LATER)) if rng.random() < LATER else each


def _spiked(each: Labelled, rng: Rng) -> Labelled:
    """At its start a process loads, replays or compiles, and holds several times as much for some hours."""
    gone = (each.history.time - each.history.time[0]) / 3600
    return _times(each, 1 + log_uniform(rng, 0.3, 9) * np.exp(-gone / log_uniform(rng, 1, 8)))


def _swung(each: Labelled, rng: Rng) -> Labelled:
    """It follows the day, each day to another degree, and wanders."""
    clock = Clock(each.step / 3600, len(each.leaked))
    days = int(clock.length // DAY) + 2
    size = rng.uniform(0.03, MOST_SWING) * np.exp(rng.normal(0, 0.15, days))
    swing = np.interp(clock.hours, np.arange(days) * DAY, size) * np.cos(2 * np.pi * (clock.hours / DAY + rng.random()))
    wanders = wander(rng, clock, log_uniform(rng, 3, 24), rng.uniform(0.005, MOST_WANDER))
    seen = np.minimum(((each.history.time - T0) / each.step).round().astype(int), clock.points - 1)
    return _times(each, np.exp(swing + wanders)[seen])


def _from(each: Labelled, hours: float) -> Labelled:
    """It runs, and may leak, before anybody looks: until so many hours have gone."""
    begin = T0 + hours * 3600
    seen = each.history.time >= begin
    if seen.sum() < LEAST_READINGS:
        return each
    before = float(each.leaked[min(int((begin - T0) / each.step), len(each.leaked) - 1)])
    return replace(_kept(each, seen), leaked=np.maximum(each.leaked - before, 0) / (1 + before))


def _kept(each: Labelled, which: Bools) -> Labelled:
    """Some of its readings."""
    history = each.history
    kept = replace(
        history,
        time=history.time[which],
        value=history.value[which],
        load=None if history.load is None else history.load[which],
        life_start=None if history.life_start is None else history.life_start[which],
    )
    return replace(each, history=kept)


def _times(each: Labelled, by: Array) -> Labelled:
    return replace(each, history=replace(each.history, value=each.history.value * by))
