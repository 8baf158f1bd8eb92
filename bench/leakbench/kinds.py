"""Kinds of series, each drawn from what a real program, runtime, database or kernel does, with the source named.

A kind is a function of a random generator and the time axis. It gives memory relative to a baseline of 1, the load
that was served, when the process restarted, and for kinds that leak the leaked part. What all kinds share (noise,
missed scrapes, bursts, the unit) is added by `make`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rng = np.random.Generator
STEP = 300.0
HOUR = 12  # points
DAY = 288
POINTS = 14 * DAY
AXIS = np.arange(POINTS, dtype=float)
OLD = -(10**6)  # started long before the first point


@dataclass(frozen=True)
class Shape:
    """One series before noise: memory, load, starts of lives (first entry is the first life's), leaked share."""

    memory: Array
    load: Array = field(default_factory=lambda: np.ones(POINTS))
    starts: tuple[int, ...] = (OLD,)
    leaked: Array | None = None


@dataclass(frozen=True)
class Sample:
    """One labelled series: (n,) arrays; `leaked` is the leaked share of the baseline, all zero for healthy ones."""

    kind: str
    leaks: bool
    value: Array
    load: Array
    start: Array
    limit: float
    leaked: Array


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def wander(rng: Rng, tau: float, spread: float) -> Array:
    """First-order autoregressive noise with a memory of `tau` points."""
    keep = np.exp(-1 / tau)
    steps = rng.standard_normal(POINTS) * np.sqrt(1 - keep**2)
    out = np.empty(POINTS)
    last = rng.standard_normal()
    for place, step in enumerate(steps):
        out[place] = last = keep * last + step
    return spread * out


def daily(rng: Rng, swing: float, weekend: float = 1.0) -> Array:
    """Load of a working day: a broad hump from morning to evening, days of their own height, weekends lower."""
    day = (AXIS / DAY + rng.uniform()) % 1
    width = rng.uniform(0.1, 0.25)
    hump = np.exp(-0.5 * ((day - 0.55) / width) ** 2)
    number = (AXIS / DAY).astype(int)
    height = rng.normal(1, 0.07, 16)[number]
    quiet = np.where((number + rng.integers(7)) % 7 >= 5, weekend, 1.0)
    load = 1 + swing * (hump * height * quiet - 0.4)
    smooth = np.convolve(np.pad(load, 12, mode="edge"), np.ones(25) / 25, mode="valid")
    return np.maximum(smooth, 0.05)


def after(onset: float) -> Array:
    """Points since the onset, zero before it."""
    return np.maximum(AXIS - onset, 0)


def pace(rng: Rng, slowest: float = 72, fastest: float = 3) -> float:
    """Leaked share per point: 10 % of the baseline in so many hours."""
    return 0.1 / (log_uniform(rng, fastest, slowest) * HOUR)


def lives(rng: Rng, shortest: float, longest: float) -> tuple[int, ...]:
    """Starts of lives, hours apart."""
    starts, at = [OLD], 0.0
    while (at := at + rng.uniform(shortest, longest) * HOUR) < POINTS - HOUR:
        starts.append(int(at))
    return tuple(starts)


def age_of(starts: tuple[int, ...]) -> Array:
    """Points since the last start."""
    known = np.array(starts)
    return AXIS - known[np.searchsorted(known, AXIS, side="right") - 1]


def fall_at(leaked: Array, starts: tuple[int, ...]) -> Array:
    """Leaked memory is gone after each restart."""
    out = leaked.copy()
    for start in starts[1:]:
        out[start:] = leaked[start:] - leaked[start]
    return np.maximum(out, 0)


# ---- kinds that leak


def map_growth(rng: Rng) -> Shape:
    """A map never evicted: the table doubled when full (Go runtime, load factor 13/16)."""
    onset = rng.uniform(0, 3 * DAY)
    leaked = pace(rng) * after(onset)
    table = 2 ** np.ceil(np.log2(np.maximum(leaked, 0.01) / 0.8125))
    return Shape(1 + 0.8 * leaked + 0.2 * table * (leaked > 0), daily(rng, rng.uniform(0, 0.4)), leaked=leaked)


def retry_storms(rng: Rng) -> Shape:
    """Goroutines left behind by timeouts, which come in storms (goleak's examples; heavy-tailed bursts)."""
    onset = rng.uniform(0, 3 * DAY)
    gaps = rng.exponential(rng.uniform(0.5, 4) * HOUR, 2000)
    at = onset + np.cumsum(gaps)
    sizes = np.minimum(rng.pareto(1.6, 2000) + 0.2, 8)
    rate = np.zeros(POINTS)
    inside = at < POINTS
    np.add.at(rate, at[inside].astype(int), sizes[inside])
    leaked = np.cumsum(rate) * pace(rng, 72, 8) * gaps.mean() / sizes.mean()
    return Shape(1 + leaked, leaked=leaked)


def sessions(rng: Rng) -> Shape:
    """Sessions never closed: grows by day, hardly at night (leak in proportion to daily load)."""
    load = daily(rng, rng.uniform(0.6, 1.4), rng.uniform(0.3, 1))
    rate = np.where(rng.uniform(0, 3 * DAY) <= AXIS, load, 0)
    leaked = np.cumsum(rate) * pace(rng, 72, 8)
    coupling = rng.uniform(0, 0.5)
    return Shape(1 + coupling * (load - 1) + leaked, load, leaked=leaked)


def bad_deploy(rng: Rng) -> Shape:
    """The build that leaks is the second or third (level, warm-up and leak change at a restart)."""
    starts = (OLD, *sorted(int(x) for x in rng.uniform(2 * DAY, 8 * DAY, rng.integers(1, 3))))
    level = np.repeat(rng.uniform(0.9, 1.2, len(starts)), np.diff((0, *starts[1:], POINTS)))
    warm = -0.2 * np.exp(-age_of(starts) / log_uniform(rng, 2, 12))
    leaked = pace(rng, 48) * after(starts[-1])
    return Shape(level + warm + leaked, daily(rng, rng.uniform(0, 0.5)), starts, leaked)


def churn_of_series(rng: Rng) -> Shape:
    """Head of a time-series database: series churn at each roll-out, never dropped (Prometheus, tsdb head block)."""
    roll = np.sort(rng.uniform(0, POINTS, rng.integers(12, 40)))
    onset = rng.uniform(0, 2 * DAY)
    sizes = rng.uniform(0.3, 1.7, len(roll)) * (roll > onset)
    leaked = (sizes[:, None] * np.clip((AXIS - roll[:, None]) / (2 * HOUR), 0, 1)).sum(0)
    leaked *= pace(rng, 72, 10) * POINTS / len(roll)
    head = 0.15 * ((AXIS / (2 * HOUR) + rng.uniform()) % 1)
    return Shape(1 + leaked + head, leaked=leaked)


def arena_fragments(rng: Rng) -> Shape:
    """Native heap that fragments: many small rises, seldom a small fall (glibc malloc arenas)."""
    onset = rng.uniform(0, 2 * DAY)
    jumps = rng.random(POINTS) < 1 / rng.uniform(4, 24)
    sizes = rng.exponential(1, POINTS) - 0.25
    walk = np.cumsum(jumps * sizes * (onset <= AXIS))
    leaked = np.maximum.accumulate(np.maximum(walk, 0)) * pace(rng, 72, 8) / (jumps.mean() * 0.75)
    return Shape(1 + leaked + wander(rng, 6, 0.004), leaked=leaked)


def quadratic_index(rng: Rng) -> Shape:
    """A list scanned by each request that adds to it: slower and larger together (accidental quadratic growth)."""
    since = after(rng.uniform(0, 3 * DAY))
    span = log_uniform(rng, 24, 120) * HOUR
    leaked = 0.1 * (since / span) + 0.1 * (since / span) ** 2
    return Shape(1 + leaked, daily(rng, rng.uniform(0, 0.3)), leaked=leaked)


def short_lives(rng: Rng) -> Shape:
    """Killed by a memory limit again and again: a leak that no single life shows for long (OOM restarts)."""
    starts = lives(rng, 16, 40)
    leaked = pace(rng, 24, 6) * AXIS
    warm = -0.15 * np.exp(-age_of(starts) / log_uniform(rng, 2, 10))
    return Shape(1 + warm + fall_at(leaked, starts), daily(rng, rng.uniform(0, 0.3)), starts, leaked)


def tight_heap(rng: Rng) -> Shape:
    """Leak under GOMEMLIMIT or -Xmx: the saw's teeth get smaller as live memory nears the limit (JVM, Go)."""
    leaked = pace(rng) * after(rng.uniform(0, 3 * DAY))
    period = log_uniform(rng, 1, 24)
    phase = np.cumsum(1 / (period * rng.uniform(0.8, 1.2, POINTS))) % 1
    top = rng.uniform(1.6, 3)
    return Shape(1 + leaked + phase * np.maximum(top - 1 - leaked, 0.03), leaked=leaked)


def resumed(rng: Rng) -> Shape:
    """A feature that leaks is switched on, off and on again for days (feature flags)."""
    rate, at = np.zeros(POINTS), rng.uniform(0, 2 * DAY)
    while at < POINTS:
        on = rng.uniform(12, 72) * HOUR
        rate[int(at) : int(at + on)] = 1
        at += on + rng.uniform(6, 48) * HOUR
    leaked = np.cumsum(rate) * pace(rng, 48, 6)
    return Shape(1 + leaked, daily(rng, rng.uniform(0, 0.5)), leaked=leaked)


# ---- kinds that are healthy


def shared_buffers(rng: Rng) -> Shape:
    """A buffer pool touched page by page until all is resident (PostgreSQL shared_buffers, InnoDB buffer pool)."""
    start = int(rng.uniform(-DAY, 3 * DAY))
    starts = (start,) if start < 0 else (OLD, start)
    tau = log_uniform(rng, 2, 30) * HOUR
    pool = rng.uniform(0.3, 2) * (1 - np.exp(-age_of(starts) / tau))
    return Shape(1 + pool, daily(rng, rng.uniform(0, 0.5)), starts)


def lru_by_load(rng: Rng) -> Shape:
    """A cache with a bound that fills as requests come (groupcache, Caffeine)."""
    load = daily(rng, rng.uniform(0.2, 1.2))
    start = int(rng.uniform(0, 2 * DAY))
    served = np.cumsum(load * (start <= AXIS))
    full = log_uniform(rng, 1, 30) * HOUR
    cache = rng.uniform(0.2, 1.5) * np.minimum(served / full, 1)
    return Shape(1 + cache * (start <= AXIS), load, (OLD, start) if start > 0 else (0,))


def jvm_steps(rng: Rng) -> Shape:
    """A committed heap that grows in steps to its maximum, and a full collection now and then (JVM)."""
    start = 0
    steps = np.sort(rng.exponential(rng.uniform(4, 30) * HOUR, 6).cumsum())
    committed = 0.25 * np.minimum((AXIS[:, None] > steps).sum(1), rng.integers(1, 5))
    period = rng.uniform(10, 50) * HOUR
    tenured = rng.uniform(0.1, 0.6) * ((AXIS / period + rng.uniform()) % 1)
    return Shape(1 + committed + tenured, daily(rng, rng.uniform(0, 0.4)), (start,))


def memtables(rng: Rng) -> Shape:
    """Memtables fill and are flushed, each column family on its own (RocksDB, Cassandra)."""
    memory = np.ones(POINTS)
    for _ in range(rng.integers(2, 6)):
        period = log_uniform(rng, 0.5, 20) * HOUR
        phase = np.cumsum(1 / (period * rng.uniform(0.7, 1.3, POINTS))) + rng.uniform()
        memory += rng.uniform(0.05, 0.3) * (phase % 1)
    return Shape(memory, daily(rng, rng.uniform(0, 0.4)))


def weekly_report(rng: Rng) -> Shape:
    """A report each week holds much for some hours (cron)."""
    memory = np.ones(POINTS)
    at = rng.uniform(0, 7 * DAY)
    up, hold, height = rng.uniform(1, 6) * HOUR, rng.uniform(0.5, 4) * HOUR, rng.uniform(0.2, 1)
    while at < POINTS:
        inside = (at <= AXIS) & (at + up + hold > AXIS)
        memory += height * np.where(inside, np.minimum((AXIS - at) / up, 1), 0)
        at += 7 * DAY
    return Shape(memory, daily(rng, rng.uniform(0, 0.5), 0.6))


def business_grows(rng: Rng) -> Shape:
    """Load grows by days, memory with it (a launch, a migration of tenants)."""
    begin, length = rng.uniform(DAY, 9 * DAY), rng.uniform(0.5, 5) * DAY
    factor = 1 + rng.uniform(0.2, 1.5) * np.clip((AXIS - begin) / length, 0, 1)
    load = daily(rng, rng.uniform(0.1, 0.8)) * factor
    lag = np.exp(-1 / log_uniform(rng, 1, 12))
    served, last = np.empty(POINTS), load[0]
    for place, each in enumerate(load):
        served[place] = last = lag * last + (1 - lag) * each
    return Shape(1 + rng.uniform(0.2, 0.9) * (served - 1), load)


def snapshots_fork(rng: Rng) -> Shape:
    """Copy-on-write while a snapshot is written, each hour or few (Redis BGSAVE)."""
    period = rng.uniform(1, 8) * HOUR
    phase = (AXIS + rng.uniform(0, period)) % period
    length = rng.uniform(2, 10)
    return Shape(1 + rng.uniform(0.1, 0.8) * np.where(phase < length, phase / length, 0), daily(rng, 0.4))


def pool_of_connections(rng: Rng) -> Shape:
    """A pool that grows at once and shrinks late (HikariCP idleTimeout, database/sql)."""
    load = daily(rng, rng.uniform(0.4, 1.2), rng.uniform(0.4, 1))
    memory, held = np.empty(POINTS), load[0]
    shrink = np.exp(-1 / (log_uniform(rng, 0.5, 8) * HOUR))
    for place, each in enumerate(load):
        held = max(each, shrink * held + (1 - shrink) * each)
        memory[place] = held
    return Shape(1 + rng.uniform(0.2, 0.8) * (memory - 1), load)


def slab(rng: Rng) -> Shape:
    """Kernel caches charged to a group: fill for hours, dropped when short (dentries, cgroup v2)."""
    out, at = np.zeros(POINTS), -rng.uniform(0, DAY)
    while at < POINTS:
        length = rng.uniform(8, 40) * HOUR
        inside = (at <= AXIS) & (at + length > AXIS)
        out += np.where(inside, rng.uniform(0.3, 0.7) * np.clip((AXIS - at) / length, 0, 1) ** rng.uniform(0.5, 1), 0)
        at += length
    return Shape(1 + out)


def high_water(rng: Rng) -> Shape:
    """Resident memory that is not given back: the highest demand so far (malloc trim threshold)."""
    demand = daily(rng, rng.uniform(0.1, 0.6)) * (1 + 0.04 * rng.standard_t(3, POINTS).clip(-3, 10))
    start = int(rng.uniform(-2 * DAY, 2 * DAY))
    first = max(start, 0)
    memory = np.maximum.accumulate(demand)
    memory[first:] = np.maximum.accumulate(demand[first:])
    return Shape(memory, np.ones(POINTS), (start,) if start <= 0 else (OLD, start))


def rolling_builds(rng: Rng) -> Shape:
    """A deploy each day or so, each build with a level and a warm-up of its own (continuous delivery)."""
    starts = lives(rng, 10, 60)
    level = np.repeat(rng.uniform(0.85, 1.25, len(starts)), np.diff((0, *starts[1:], POINTS)))
    warm = -rng.uniform(0.05, 0.5) * np.exp(-age_of(starts) / (log_uniform(rng, 0.3, 6) * HOUR))
    return Shape(level + warm, daily(rng, rng.uniform(0, 0.6)), starts)


def seasons(rng: Rng) -> Shape:
    """Memory that follows strong daily and weekly load with a delay of hours (caches with a time to live)."""
    load = daily(rng, rng.uniform(0.5, 1.5), rng.uniform(0.2, 0.8))
    keep = np.exp(-1 / (rng.uniform(1, 8) * HOUR))
    memory, last = np.empty(POINTS), load[0]
    for place, each in enumerate(load):
        memory[place] = last = keep * last + (1 - keep) * each
    return Shape(1 + rng.uniform(0.2, 0.8) * (memory - 1), load)


def index_load(rng: Rng) -> Shape:
    """A data set loaded within hours at some time, then held: a slope with an end (search index, model reload)."""
    at, length = rng.uniform(DAY, 12 * DAY), log_uniform(rng, 0.3, 10) * HOUR
    return Shape(1 + rng.uniform(0.15, 1) * np.clip((AXIS - at) / length, 0, 1), daily(rng, rng.uniform(0, 0.4)))


LEAKING: tuple[Callable[[Rng], Shape], ...] = (
    map_growth, retry_storms, sessions, bad_deploy, churn_of_series, arena_fragments, quadratic_index, short_lives,
    tight_heap, resumed,
)  # fmt: skip
HEALTHY: tuple[Callable[[Rng], Shape], ...] = (
    shared_buffers, lru_by_load, jvm_steps, memtables, weekly_report, business_grows, snapshots_fork,
    pool_of_connections, slab, high_water, rolling_builds, seasons, index_load,
)  # fmt: skip
KINDS = {each.__name__: each for each in (*LEAKING, *HEALTHY)}


def make(kind: str, seed: int, number: int) -> Sample:
    """One series of a kind: the same for the same seed and number."""
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind), number])
    shape = KINDS[kind](rng)
    baseline = log_uniform(rng, 4e6, 8e9)
    noise = log_uniform(rng, 5e-4, 0.015) * rng.standard_normal(POINTS)
    noise += wander(rng, log_uniform(rng, 3, 100), log_uniform(rng, 5e-4, 0.02))
    value = baseline * np.maximum(shape.memory * (1 + noise), 0.02)
    for _ in range(rng.poisson(6)):
        at, length = int(rng.integers(POINTS)), int(rng.integers(1, 10))
        value[at : at + length] += baseline * rng.uniform(0.2, 1.5)
    if rng.random() < 0.25:
        phase = np.cumsum(1 / (log_uniform(rng, 0.3, 6) * rng.uniform(0.8, 1.2, POINTS))) % 1
        value *= 1 + rng.uniform(0.2, 0.9) * phase
    missing = rng.random(POINTS) < 0.01
    for _ in range(rng.poisson(1)):
        at = int(rng.integers(POINTS))
        missing[at : at + int(rng.uniform(0.5, 10) * HOUR)] = True
    starts = np.array(shape.starts)
    load = shape.load * (1 + 0.03 * rng.standard_normal(POINTS)) * (1 + wander(rng, 6, 0.02))
    leaked = np.zeros(POINTS) if shape.leaked is None else shape.leaked
    return Sample(
        kind=kind,
        leaks=shape.leaked is not None,
        value=np.where(missing, np.nan, value),
        load=load,
        start=starts[np.searchsorted(starts, AXIS, side="right") - 1].astype(float),
        limit=baseline * rng.uniform(3, 7),
        leaked=leaked,
    )
