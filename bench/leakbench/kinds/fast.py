"""Leaks that reach their limit within minutes to hours, read every 30 s, over what healthy programs do meanwhile.

A series is a view of a healthy one, one to two days long, and then the leak; it ends where the limit is reached, as
the process does.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from bench.leakbench.kinds.common import KINDS, Array, Clock, Hard, Rng, log_uniform, wander
from bench.leakbench.kinds.sample import Sample, make

SHORT = 30.0
TWO_WEEKS = Clock(SHORT / 3600, 14 * 2880)
HOUR = 120  # readings
HEALTHY_HOURS = 72
SOONEST, LATEST = 1 / 3, 6.0  # hours from onset to limit
UNSEEN = 0.25  # share of missed scrapes above which a leak is not counted: nobody could have seen it
Growth = Callable[[Rng, Array, Array], Array]


def leader_fills(_rng: Rng, gone: Array, _load: Array) -> Array:
    """A server that leads its cluster keeps what nobody fetches, evenly, and is full after some hours.

    https://github.com/hashicorp/nomad/issues/27013
    """
    return gone


def slow_reader(rng: Rng, gone: Array, load: Array) -> Array:
    """A client that stopped reading: its output buffer takes all that is published, more when there is more to do.

    https://www.netdata.cloud/guides/redis/redis-client-output-buffer-limit/
    """
    rate = load * np.exp(wander(rng, Clock(1 / HOUR, len(gone)), 0.3, 0.4))
    total = np.cumsum(rate)
    return np.asarray(total / max(float(np.interp(1, gone, total)), 1e-9))


def watch_spam(rng: Rng, gone: Array, _load: Array) -> Array:
    """Clients that open watches in a loop, each failure bringing more of them: it gets faster.

    https://github.com/etcd-io/etcd/issues/8387
    """
    return np.asarray(gone ** rng.uniform(1.3, 2))


def arena_jumps(rng: Rng, gone: Array, _load: Array) -> Array:
    """Threads that each fill an arena of the native heap of their own: jumps of unlike size at odd times.

    https://github.com/Dicklesworthstone/mcp_agent_mail_rust/issues/161
    """
    count = rng.integers(15, 60)
    at = np.sort(rng.uniform(0, gone[-1], int(count * gone[-1]) + 1))
    jumps = np.concatenate(([0.0], np.cumsum(rng.exponential(1.0, len(at)))))
    return np.asarray(jumps[np.searchsorted(at, gone)] / count)


LEAKS: dict[str, Growth] = {each.__name__: each for each in (leader_fills, slow_reader, watch_spam, arena_jumps)}
GROUNDS = sorted(name for name, kind in KINDS.items() if not kind.leaks and kind.hard is not Hard.ALWAYS)


def quick(kind: str, seed: int, number: int) -> Sample | None:
    """A fast leak, or a healthy series read as often; None where the leak drawn is out of range or hardly scraped."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), number, int(SHORT)])
    if kind not in LEAKS:
        return _view(make(kind, seed, number, TWO_WEEKS), int(rng.integers(264 * HOUR)), HEALTHY_HOURS * HOUR)
    ground = make(GROUNDS[rng.integers(len(GROUNDS))], seed, number, TWO_WEEKS)
    before = int(rng.uniform(24, 48) * HOUR)
    begin = int(rng.integers(TWO_WEEKS.points - before - 10 * HOUR))
    return _leak(rng, kind, _view(ground, begin, before + 10 * HOUR), before)


def _leak(rng: Rng, kind: str, ground: Sample, onset: int) -> Sample | None:
    """The leak laid over a healthy series, cut where the limit is reached."""
    value = ground.value
    room_above = float(np.nanmax(value)) * rng.uniform(1.15, 3)
    level = float(np.median(value[:onset][~np.isnan(value[:onset])][-HOUR:]))
    hours = log_uniform(rng, SOONEST, LATEST)
    gone = np.arange(len(value) - onset) / HOUR / hours
    leaked = np.zeros(len(value))
    leaked[onset:] = LEAKS[kind](rng, gone, ground.load[onset:]) * (room_above - level)
    over = np.flatnonzero(np.nan_to_num(value + leaked) >= room_above)
    if not len(over) or not SOONEST <= (over[0] - onset) / HOUR <= LATEST:
        return None
    end = int(over[0]) + 1
    if np.isnan(value[onset:end]).mean() > UNSEEN:
        return None
    return Sample(
        kind=kind,
        leaks=True,
        value=(value + leaked)[:end],
        load=ground.load[:end],
        start=ground.start[:end],
        limit=room_above,
        leaked=leaked[:end] / level,
        reached=end - 1,
    )


def _view(sample: Sample, begin: int, points: int) -> Sample:
    """Part of a healthy series."""
    part = slice(begin, begin + points)
    return Sample(
        kind=sample.kind,
        leaks=False,
        value=sample.value[part],
        load=sample.load[part],
        start=sample.start[part] - begin,
        limit=sample.limit,
        leaked=np.zeros(points),
        reached=points,
    )
