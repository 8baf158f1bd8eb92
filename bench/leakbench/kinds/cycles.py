"""Healthy kinds: what comes round again, by the clock or by how much was written."""

from __future__ import annotations

import numpy as np

from bench.leakbench.kinds.common import (
    DAY,
    Clock,
    Hard,
    Rng,
    Shape,
    daily,
    episodes,
    healthy,
    log_uniform,
    plateau,
    saw,
)


@healthy("https://github.com/facebook/rocksdb/wiki/MemTable")
def memtables(rng: Rng, clock: Clock) -> Shape:
    """Memtables fill and are flushed, each column family on its own."""
    memory = np.ones(clock.points)
    for _ in range(rng.integers(2, 6)):
        memory += rng.uniform(0.05, 0.3) * saw(rng, clock, log_uniform(rng, 0.5, 20), 0.3)
    return Shape(memory, daily(rng, clock, rng.uniform(0, 0.4)), garbage=False)


@healthy("https://docs.datastax.com/en/cassandra/1.2/cassandra/dml/dml_compact_c.html")
def compaction(rng: Rng, clock: Clock) -> Shape:
    """Size-tiered compaction: every fourth run merges four times as much, and takes longer."""
    every, before = log_uniform(rng, 0.7, 4), int(rng.integers(256))
    memory = np.ones(clock.points)
    for number, at in enumerate(np.arange(rng.uniform(0, every), clock.length, every), before):
        tier = next(tier for tier in range(4, -1, -1) if number % 4**tier == 0)
        length = every * min(0.1 * 3**tier, 3.0)
        memory += 0.06 * 2**tier * plateau(clock, at, length, length / 2)
    return Shape(memory, daily(rng, clock, rng.uniform(0, 0.4)))


@healthy("https://github.com/prometheus/prometheus/issues/12286")
def tsdb_head(rng: Rng, clock: Clock) -> Shape:
    """A time-series database cuts its head every two hours; series of a roll-out stay for two or three more cuts."""
    phase = (clock.hours / 2 + rng.uniform()) % 1
    memory = 1 + rng.uniform(0.1, 0.35) * phase + rng.uniform(0.05, 0.25) * (phase < 0.1)
    for at, held in episodes(rng, clock, rng.uniform(12, 60), (4, 8)):
        memory += rng.uniform(0.05, 0.4) * plateau(clock, at, held, 0.2)
    return Shape(memory, daily(rng, clock, rng.uniform(0, 0.2)))


@healthy("https://blog.gceasy.io/2021/10/15/interesting-garbage-collection-patterns/")
def old_generation(rng: Rng, clock: Clock) -> Shape:
    """Garbage gathers in a Java heap's old generation until a full collection, twice a day or every other day."""
    load = daily(rng, clock, rng.uniform(0, 0.6))
    return Shape(1 + rng.uniform(0.2, 0.8) * saw(rng, clock, log_uniform(rng, 6, 40)), load, garbage=False)


@healthy(
    "https://www.besthub.dev/articles/"
    "jvm-gc-optimization-reducing-fullgc-frequency-and-resolving-memory-leaks-4a0abf1de298",
    Hard.ALWAYS,
)
def rare_full_collection(rng: Rng, clock: Clock) -> Shape:
    """A Java heap so large that it is fully collected once in three to ten days."""
    return Shape(1 + rng.uniform(0.2, 0.8) * saw(rng, clock, log_uniform(rng, 72, 240)), garbage=False)


@healthy("https://github.com/python/cpython/issues/98801")
def reference_cycles(rng: Rng, clock: Clock) -> Shape:
    """Large objects in Python's reference cycles wait for the oldest generation to be collected, at odd times."""
    usual = log_uniform(rng, 0.1, 3)
    ends = np.cumsum(rng.lognormal(np.log(usual), 0.8, int(2 * clock.length / usual) + 100))
    last = np.concatenate(([0.0], ends))[np.searchsorted(ends, clock.hours)]
    waiting = np.minimum(rng.uniform(0.1, 0.5) * (clock.hours - last) / usual, 1.5)
    return Shape(1 + waiting, daily(rng, clock, rng.uniform(0, 0.5)), garbage=False)


@healthy("https://www.dragonflydb.io/guides/redis-bgsave-memory-spike")
def snapshots_fork(rng: Rng, clock: Clock) -> Shape:
    """Copy-on-write while a snapshot is written, every hour or few: the more is written, the more is copied."""
    period, length = rng.uniform(1, 8), rng.uniform(0.1, 0.8)
    load = daily(rng, clock, 0.4)
    phase = (clock.hours + rng.uniform(0, period)) % period
    return Shape(1 + rng.uniform(0.1, 0.8) * load * np.where(phase < length, phase / length, 0), load, garbage=False)


@healthy("https://github.com/google/cadvisor/issues/3081")
def slab(rng: Rng, clock: Clock) -> Shape:
    """Directory entries cached by the kernel and charged to a container: they gather for hours and are then dropped."""
    phase = saw(rng, clock, rng.uniform(8, 30))
    return Shape(1 + rng.uniform(0.3, 0.7) * phase ** rng.uniform(0.5, 1), garbage=False)


@healthy("https://github.com/sidekiq-cron/sidekiq-cron/issues/168")
def scheduled_jobs(rng: Rng, clock: Clock) -> Shape:
    """Imports by the clock, every hour to every six: some minutes of much memory each."""
    every, length = float(rng.choice([1, 2, 3, 6])), rng.uniform(0.08, 0.6)
    phase = (clock.hours + rng.uniform(0, every)) % every
    memory = 1 + rng.uniform(0.1, 1.2) * (phase < length)
    return Shape(memory, daily(rng, clock, rng.uniform(0, 0.5)))


@healthy("https://github.com/restic/restic/issues/450")
def backup_window(rng: Rng, clock: Clock) -> Shape:
    """A backup each night, which keeps an index in memory, and once a week a clean-up that needs twice as much."""
    memory, night, length = np.ones(clock.points), rng.uniform(0, DAY), rng.uniform(0.5, 4)
    height, weekday = rng.uniform(0.15, 0.8), rng.integers(7)
    for number in range(int(clock.length / DAY) + 1):
        begin = night + number * DAY + rng.normal(0, 0.2)
        memory += height * plateau(clock, begin, length, 0.6 * length)
        if number % 7 == weekday:
            memory += 2 * height * plateau(clock, begin + length, 1.5 * length, length)
    return Shape(memory, daily(rng, clock, rng.uniform(0, 0.5), 0.6))


@healthy("https://www.postgresql.org/docs/current/runtime-config-resource.html")
def autovacuum(rng: Rng, clock: Clock) -> Shape:
    """Vacuum of tables, each when enough rows have died: its memory grows to a bound, held until it ends."""
    memory, bound = np.ones(clock.points), rng.uniform(0.05, 0.5)
    load = daily(rng, clock, rng.uniform(0.1, 0.8))
    for _ in range(rng.integers(1, 4)):
        for at, length in episodes(rng, clock, rng.uniform(3, 48), (0.1, 5)):
            memory += bound * plateau(clock, at, length, rng.uniform(0.2, 1) * length)
    return Shape(memory, load, garbage=False)


@healthy("https://github.com/openresty/lua-ssl-nginx-module")
def tls_sessions(rng: Rng, clock: Clock) -> Shape:
    """TLS sessions gather with the handshakes until their key is rotated, every 8 to 24 hours, and all are dropped."""
    load = daily(rng, clock, rng.uniform(0.2, 1))
    every, first = float(rng.choice([8, 12, 24])), rng.uniform(0, 24)
    served = clock.sum(load)
    dropped = np.floor((clock.hours + first) / every) * every - first
    held = served - np.interp(dropped, clock.hours, served)
    missing = np.maximum(-dropped, 0) * load[0]
    return Shape(1 + rng.uniform(0.1, 0.6) * (held + missing) / every, load, garbage=False)


@healthy("https://docs.celeryq.dev/en/stable/userguide/optimizing.html")
def backlog_by_day(rng: Rng, clock: Clock) -> Shape:
    """Workers slower than the day's peak and faster than its mean: a queue from noon on, empty again by night."""
    load = daily(rng, clock, rng.uniform(0.4, 1.2), rng.uniform(0.5, 1))
    capacity = load.mean() + rng.uniform(0.3, 0.8) * (np.quantile(load, 0.98) - load.mean())
    queue = clock.sum(load - capacity)
    queue -= np.minimum.accumulate(np.minimum(queue, 0))
    return Shape(1 + rng.uniform(0.2, 1) * queue / max(np.quantile(queue, 0.99), 1e-9), load)
