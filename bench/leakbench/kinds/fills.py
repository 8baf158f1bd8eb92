"""Healthy kinds: what fills and stops, or is given back late."""

from __future__ import annotations

import numpy as np

from bench.leakbench.kinds.common import (
    OLD,
    Array,
    Clock,
    Hard,
    Rng,
    Shape,
    age,
    began,
    daily,
    episodes,
    healthy,
    log_uniform,
    ramp,
    saw,
)


@healthy("https://dev.mysql.com/doc/refman/8.0/en/innodb-preload-buffer-pool.html")
def buffer_pool(rng: Rng, clock: Clock) -> Shape:
    """A database's pool of pages after a restart: touched page by page until all of it is resident."""
    starts = began(rng, clock, 72)
    pool = rng.uniform(0.3, 2) * (1 - np.exp(-age(clock, starts) / log_uniform(rng, 1, 12)))
    return Shape(1 + pool, daily(rng, clock, rng.uniform(0, 0.5)), starts, garbage=False)


@healthy("https://dev.mysql.com/doc/refman/8.0/en/innodb-preload-buffer-pool.html", Hard.ALWAYS)
def large_buffer_pool(rng: Rng, clock: Clock) -> Shape:
    """A pool so large, or so little used, that it takes days to fill."""
    starts = began(rng, clock, 72)
    pool = rng.uniform(0.3, 2) * np.minimum(age(clock, starts) / log_uniform(rng, 36, 120), 1)
    return Shape(1 + pool, daily(rng, clock, rng.uniform(0, 0.3)), starts, garbage=False)


@healthy("https://github.com/ben-manes/caffeine/wiki/Eviction")
def bounded_cache(rng: Rng, clock: Clock) -> Shape:
    """A cache of a maximum size in a program that has just started: it fills as requests come, then evicts."""
    load = daily(rng, clock, rng.uniform(0.2, 1.2))
    starts = began(rng, clock, 48)
    filled = _filled(clock, load, starts, log_uniform(rng, 1, 24))
    return Shape(1 + rng.uniform(0.2, 1.5) * filled, load, starts)


def _filled(clock: Clock, load: Array, starts: tuple[float, ...], full: float) -> Array:
    """Filled by the load since the last start, full after that many hours of a load of 1."""
    served = max(-starts[-1], 0) + clock.sum(load * (clock.hours >= starts[-1]))
    return np.where(clock.hours >= starts[-1], np.minimum(served / full, 1), 1.0)


@healthy("https://pages.cs.wisc.edu/~cao/papers/zipf-implications.html")
def whole_catalogue(rng: Rng, clock: Clock) -> Shape:
    """A cache without a bound over a finite catalogue asked for by Zipf's law: fast at first, a long tail, then all."""
    starts = began(rng, clock, 48)
    rank = np.exp(np.linspace(0, np.log(log_uniform(rng, 1e3, 1e6)), 200))
    width = np.gradient(rank) / np.gradient(rank).sum()
    often = rank ** -rng.uniform(0.7, 1.05)
    asked = np.maximum(age(clock, starts), 0) / log_uniform(rng, 0.5, 6)
    seen = np.interp(asked, *_catalogue(often / (often * width).sum(), width, asked.max()))
    return Shape(1 + rng.uniform(0.2, 1.5) * seen, daily(rng, clock, rng.uniform(0, 0.3)), starts)


def _catalogue(often: Array, width: Array, longest: float) -> tuple[Array, Array]:
    """Share of a catalogue seen after so many requests per item, at some places up to the longest time."""
    places = np.concatenate(([0.0], np.exp(np.linspace(np.log(1e-4), np.log(longest + 1), 300))))
    return places, np.asarray((width * (1 - np.exp(-places[:, None] * often))).sum(1))


@healthy("https://openjdk.org/jeps/346")
def committed_heap(rng: Rng, clock: Clock) -> Shape:
    """A Java heap that is committed in some steps up to its maximum within two days, and is then kept."""
    starts = (0.0,)
    steps = np.sort(rng.uniform(0, rng.uniform(4, 48), rng.integers(2, 6)))
    committed = rng.uniform(0.1, 0.4) * (clock.hours[:, None] > steps).sum(1)
    young = rng.uniform(0.05, 0.3) * saw(rng, clock, log_uniform(rng, 0.05, 1))
    return Shape(1 + committed + young, daily(rng, clock, rng.uniform(0, 0.4)), starts, garbage=False)


@healthy("https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html")
def high_water(rng: Rng, clock: Clock) -> Shape:
    """Memory below the top of a native heap is not given back: resident memory is the highest demand so far."""
    load, demand = _demand(rng, clock)
    start = float(rng.uniform(-48, 48))
    first = clock.hours < start
    highest = np.maximum.accumulate(np.maximum(demand, _before(clock, demand, 240 if start > 0 else -start)))
    memory = np.where(first, highest, np.maximum.accumulate(np.where(first, 0, demand)) if start > 0 else highest)
    return Shape(memory, load, (OLD, start) if start > 0 else (start,), garbage=False)


@healthy("https://github.com/golang/go/issues/28466")
def lazily_freed(rng: Rng, clock: Clock) -> Shape:
    """Pages freed with MADV_FREE stay resident until the machine is short of memory, which it seldom is."""
    load, demand = _demand(rng, clock)
    life = float(rng.uniform(24, 240))
    memory = np.maximum.accumulate(np.maximum(demand, _before(clock, demand, life)))
    for at in sorted(at for at, _ in episodes(rng, clock, 120, (1, 2))):
        short = int(at / clock.step)
        memory[short:] = np.maximum.accumulate(demand[short:])
    return Shape(memory, load, (-life,), garbage=False)


def _before(clock: Clock, demand: Array, hours: float) -> float:
    """The highest demand in the hours before the first reading, which were like those after it."""
    return float(demand[: int(hours / clock.step) + 1].max())


def _demand(rng: Rng, clock: Clock) -> tuple[Array, Array]:
    """Load, and a demand for memory with heavy-tailed peaks that do not depend on how often it is read."""
    load = daily(rng, clock, rng.uniform(0.1, 0.6))
    peaks = rng.standard_t(3, int(clock.length * 12) + 1).clip(-3, 10)
    return load, 1 + 0.6 * (load - 1) + 0.04 * peaks[(clock.hours * 12).astype(int)]


@healthy("https://milvus.io/docs/load-and-release.md")
def data_loaded(rng: Rng, clock: Clock) -> Shape:
    """A collection or model loaded within hours at some time, then held: a slope with an end."""
    at, length = rng.uniform(0.07, 0.9) * clock.length, log_uniform(rng, 0.3, 10)
    memory = 1 + rng.uniform(0.15, 1) * ramp(clock, at, length)
    return Shape(memory, daily(rng, clock, rng.uniform(0, 0.4)))


@healthy("https://github.com/kubernetes/kubernetes/issues/43916", Hard.ALWAYS)
def page_cache(rng: Rng, clock: Clock) -> Shape:
    """A container that reads and writes files: the kernel caches pages up to the container's limit, then reclaims."""
    starts = began(rng, clock, 72)
    ceiling = rng.uniform(2, 4)
    load = daily(rng, clock, rng.uniform(0, 0.8))
    filled = _filled(clock, load, starts, log_uniform(rng, 4, 40))
    reclaim = 0.03 * saw(rng, clock, log_uniform(rng, 0.1, 2)) * (filled >= 1)
    return Shape(1 + (ceiling - 1) * 0.97 * (filled - reclaim), load, starts, ceiling=ceiling, garbage=False)


@healthy("https://github.com/golang/go/issues/16930")
def heap_after_batch(rng: Rng, clock: Clock) -> Shape:
    """A large batch doubles a Go heap; the collector's goal falls at once, resident memory over minutes to hours."""
    memory = np.ones(clock.points)
    back = log_uniform(rng, 0.1, 4)
    for at, length in episodes(rng, clock, rng.uniform(12, 96), (0.1, 2)):
        height = rng.uniform(0.2, 1)
        gone = np.exp(-np.maximum(clock.hours - at - length, 0) / back)
        memory = np.maximum(memory, 1 + height * ramp(clock, at, length) * gone)
    return Shape(memory, daily(rng, clock, rng.uniform(0, 0.5)))


@healthy("https://docs.fluentbit.io/manual/administration/backpressure")
def log_buffers(rng: Rng, clock: Clock) -> Shape:
    """A log shipper keeps what it cannot deliver while its destination is down, up to a bound, and drains later."""
    memory = np.ones(clock.points)
    load = daily(rng, clock, rng.uniform(0, 0.8))
    full = rng.uniform(0.3, 1.5)
    for at, length in episodes(rng, clock, rng.uniform(48, 200), (0.2, 6)):
        kept = np.minimum(ramp(clock, at, length) * length / log_uniform(rng, 0.5, 6), 1)
        memory += full * kept * (1 - ramp(clock, at + length, 0.1 * length))
    return Shape(np.minimum(memory, 1 + full), load)


@healthy("https://www.golang.design/under-the-hood/en/part4memory/ch13gc/pacing/")
def idle(rng: Rng, clock: Clock) -> Shape:
    """A Go program with next to nothing to do: a collection every two minutes, and else nothing."""
    return Shape(1 + rng.uniform(0, 0.2) * saw(rng, clock, 1 / 30))
