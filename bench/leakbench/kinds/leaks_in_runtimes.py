"""Kinds that leak: what a language's runtime or its libraries keep."""

from __future__ import annotations

import numpy as np

from bench.leakbench.kinds.common import (
    DAY,
    Clock,
    Rng,
    Shape,
    after,
    daily,
    leaking,
    log_uniform,
    onset,
    pace,
    saw,
    wander,
)


@leaking("https://github.com/golang/go/issues/20135")
def map_growth(rng: Rng, clock: Clock) -> Shape:
    """A Go map that is only added to: entries in a line, and a table that doubles when it is full."""
    entries = pace(rng) * after(clock, onset(rng, clock))
    table = 2 ** np.ceil(np.log2(np.maximum(entries, 0.01) / 0.8125))
    leaked = 0.8 * entries + 0.2 * table * (entries > 0)
    return Shape(np.ones(clock.points), daily(rng, clock, rng.uniform(0, 0.4)), leaked=leaked)


@leaking("https://github.com/relistan/go-director/issues/5")
def unstopped_tickers(rng: Rng, clock: Clock) -> Shape:
    """A Go ticker made in each round of a loop and never stopped: slow, even, for months."""
    leaked = pace(rng, 168, 24) * after(clock, onset(rng, clock))
    return Shape(np.ones(clock.points), leaked=leaked)


@leaking("https://github.com/cockroachdb/cockroach/issues/75143")
def unclosed_bodies(rng: Rng, clock: Clock) -> Shape:
    """Bodies of HTTP answers not closed on a path that is taken more or less often: two goroutines stay for each."""
    load = daily(rng, clock, rng.uniform(0.1, 0.8))
    often = np.exp(wander(rng, clock, rng.uniform(2, 12), 0.5))
    leaked = clock.sum(load * often * (clock.hours >= onset(rng, clock))) * pace(rng, 72, 8)
    return Shape(1 + rng.uniform(0, 0.3) * (load - 1), load, leaked=leaked)


@leaking("https://www.uber.com/en-BD/blog/leakprof-featherlight-in-production-goroutine-leak-detection/")
def stuck_goroutines(rng: Rng, clock: Clock) -> Shape:
    """A goroutine for each request that times out waits for ever to send on a channel: it leaks in busy hours only."""
    load = daily(rng, clock, rng.uniform(0.5, 1.2), rng.uniform(0.4, 1))
    timeouts = np.maximum(load - np.quantile(load, rng.uniform(0.3, 0.7)), 0)
    rate = timeouts / timeouts.mean() * (clock.hours >= onset(rng, clock))
    return Shape(1 + rng.uniform(0, 0.4) * (load - 1), load, leaked=clock.sum(rate) * pace(rng, 72, 8))


@leaking("https://github.com/PowerDNS/pdns/pull/8908")
def arena_fragments(rng: Rng, clock: Clock) -> Shape:
    """A native heap with many malloc arenas, which fragment: small rises at odd times, seldom a small fall."""
    rises = rng.poisson(clock.step / rng.uniform(0.3, 2), clock.points)
    sizes = np.where(rises > 0, rng.gamma(np.maximum(rises, 1), 1.0) - 0.25 * rises, 0)
    walk = np.maximum(np.cumsum(sizes * (clock.hours >= onset(rng, clock))), 0)
    kept = np.minimum.accumulate(walk[::-1])[::-1]
    unit = pace(rng, 72, 8) * clock.length / max(kept[-1], 1e-9)
    return Shape(1 + (walk - kept) * unit, leaked=kept * unit, garbage=False)


@leaking("https://github.com/status-im/status-go/issues/1116")
def cgo_strings(rng: Rng, clock: Clock) -> Shape:
    """C strings made by Go for each call and never freed: the native heap grows by whole blocks, with the requests."""
    load = daily(rng, clock, rng.uniform(0, 0.7))
    lost = clock.sum(load * (clock.hours >= onset(rng, clock))) * pace(rng, 72, 6)
    block = log_uniform(rng, 0.001, 0.03)
    return Shape(1 + rng.uniform(0, 0.3) * (load - 1), load, leaked=block * np.floor(lost / block))


@leaking("https://github.com/python/cpython/issues/102618")
def instances_cached(rng: Rng, clock: Clock) -> Shape:
    """functools.cache on a method keeps every instance: fast while most arguments are new, then ever slower."""
    load = daily(rng, clock, rng.uniform(0, 0.5))
    served = clock.sum(load * (clock.hours >= onset(rng, clock)))
    leaked = 0.1 * (served / log_uniform(rng, 6, 48)) ** rng.uniform(0.75, 1)
    return Shape(np.ones(clock.points), load, leaked=leaked)


@leaking("https://mail-archive.com/users@tomcat.apache.org/msg145649.html")
def class_loaders(rng: Rng, clock: Clock) -> Shape:
    """A web application redeployed without a restart some times on each working day: the old classes stay."""
    at = np.arange(0, clock.length, DAY / rng.integers(2, 6))
    at = at + rng.uniform(0, 4, len(at))
    working = ((at / DAY + rng.uniform(0, 7)) % 7 < 5) & (at % DAY < 14)
    sizes = rng.uniform(0.5, 1.5, len(at)) * working * (at > onset(rng, clock))
    leaked = (sizes[:, None] * (clock.hours >= at[:, None])).sum(0)
    leaked *= pace(rng, 48, 10) * clock.length / max(leaked[-1], 1.0)
    return Shape(np.ones(clock.points), daily(rng, clock, rng.uniform(0, 0.5), 0.7), leaked=leaked)


@leaking("https://github.com/theturtle32/WebSocket-Node/issues/105")
def node_listeners(rng: Rng, clock: Clock) -> Shape:
    """Closures of closed connections stay reachable in V8's old space, which is swept once in a while."""
    load = daily(rng, clock, rng.uniform(0.1, 0.8))
    leaked = clock.sum(load * (clock.hours >= onset(rng, clock))) * pace(rng, 72, 6)
    garbage = rng.uniform(0.2, 0.8) * saw(rng, clock, log_uniform(rng, 0.2, 3))
    return Shape(1 + garbage, load, leaked=leaked, garbage=False)


@leaking("https://go.dev/doc/gc-guide")
def tight_heap(rng: Rng, clock: Clock) -> Shape:
    """A leak under a memory limit that the collector keeps: the saw's teeth get smaller as live memory comes near."""
    leaked = pace(rng) * after(clock, onset(rng, clock))
    top = rng.uniform(1.6, 3)
    teeth = saw(rng, clock, log_uniform(rng, 0.1, 2)) * np.maximum(top - 1 - leaked, 0.03)
    return Shape(1 + teeth, starts=(-DAY * 3,), leaked=leaked, garbage=False)
