"""Healthy kinds: what follows the load, the clients, the builds."""

from __future__ import annotations

import numpy as np

from bench.leakbench.kinds.common import (
    OLD,
    Clock,
    Hard,
    Rng,
    Shape,
    age,
    daily,
    healthy,
    lag,
    levels,
    lives,
    log_uniform,
    ramp,
)


@healthy("https://news.shopify.com/preparing-the-back-end-for-black-friday-and-cyber-monday", Hard.ALONE)
def business_grows(rng: Rng, clock: Clock) -> Shape:
    """More customers over days, and memory in proportion: a launch, a move of tenants, a season."""
    begin, length = rng.uniform(0.07, 0.6) * clock.length, log_uniform(rng, 12, 120)
    load = daily(rng, clock, rng.uniform(0.1, 0.8)) * (1 + rng.uniform(0.2, 1.5) * ramp(clock, begin, length))
    return Shape(1 + rng.uniform(0.2, 0.9) * (lag(clock, load, log_uniform(rng, 0.1, 1)) - 1), load)


@healthy("https://shopify.engineering/bfcm-readiness-2025", Hard.ALONE)
def holiday(rng: Rng, clock: Clock) -> Shape:
    """A sale or a holiday: within hours twice to four times the load, for one to four days."""
    begin, rise, days = rng.uniform(0.1, 0.8) * clock.length, rng.uniform(2, 24), rng.uniform(24, 96)
    leap = ramp(clock, begin, rise) * (1 - ramp(clock, begin + days, rng.uniform(4, 36)))
    load = daily(rng, clock, rng.uniform(0.2, 0.8)) * (1 + rng.uniform(1, 3) * leap)
    return Shape(1 + rng.uniform(0.2, 0.7) * (lag(clock, load, log_uniform(rng, 0.1, 1)) - 1), load)


@healthy("https://github.com/brettwooldridge/HikariCP")
def connection_pool(rng: Rng, clock: Clock) -> Shape:
    """A pool that grows at once and shrinks when connections have been idle for long."""
    load = daily(rng, clock, rng.uniform(0.4, 1.2), rng.uniform(0.4, 1))
    idle = max(1, int(log_uniform(rng, 0.2, 6) / clock.step))
    padded = np.concatenate((np.full(idle - 1, load[0]), load))
    held = np.lib.stride_tricks.sliding_window_view(padded, idle).max(1)
    return Shape(1 + rng.uniform(0.2, 0.8) * (held - 1), load)


@healthy("https://www.mintlify.com/ben-manes/caffeine/core/eviction")
def ttl_cache(rng: Rng, clock: Clock) -> Shape:
    """Entries that expire some hours after they were written: memory is the load of the past hours."""
    load = daily(rng, clock, rng.uniform(0.5, 1.5), rng.uniform(0.2, 0.8))
    kept = max(1, int(rng.uniform(1, 12) / clock.step))
    total = np.cumsum(np.concatenate((np.full(kept, load[0]), load)))
    return Shape(1 + rng.uniform(0.2, 0.8) * ((total[kept:] - total[:-kept]) / kept - 1), load)


@healthy("https://coredns.io/plugins/cache")
def dns_cache(rng: Rng, clock: Clock) -> Shape:
    """Names asked for within the last hour: more with the load, but ever fewer new ones, and a capacity."""
    load = daily(rng, clock, rng.uniform(0.4, 1.4), rng.uniform(0.4, 1))
    names = 1 - np.exp(-rng.uniform(0.3, 2) * lag(clock, load, 0.5))
    return Shape(1 + np.minimum(rng.uniform(0.3, 1.2) * names, rng.uniform(0.3, 1)), load)


@healthy("https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/")
def autoscaled(rng: Rng, clock: Clock) -> Shape:
    """One of some replicas: each time one is added or removed, the load of all the others changes at once."""
    asked = daily(rng, clock, rng.uniform(0.5, 1.4), rng.uniform(0.4, 1)) * rng.uniform(3, 12)
    wanted = np.clip(np.ceil(asked / rng.uniform(0.7, 1.1)), 2, rng.integers(8, 20))
    window = max(1, int(5 / 60 / clock.step))
    padded = np.concatenate((np.full(window - 1, wanted[0]), wanted))
    load = asked / np.lib.stride_tricks.sliding_window_view(padded, window).max(1)
    return Shape(1 + rng.uniform(0.2, 0.9) * (lag(clock, load, log_uniform(rng, 0.05, 1)) - 1), load)


@healthy("https://argoproj.github.io/argo-rollouts/features/canary")
def canary_steps(rng: Rng, clock: Clock) -> Shape:
    """A new build gets more of the traffic in steps, minutes to hours apart, and then all of it."""
    plans = ((0.05, 0.1, 0.25, 0.5, 1.0), (0.2, 0.4, 0.6, 0.8, 1.0), (0.01, 0.1, 0.5, 1.0))
    start, pause = rng.uniform(0.07, 0.8) * clock.length, log_uniform(rng, 0.1, 4)
    weights = plans[rng.integers(len(plans))]
    number = np.clip((age(clock, (OLD, start)) / pause).astype(int), 0, len(weights) - 1)
    share = np.where(clock.hours < start, 1.0, np.array(weights)[number])
    load = daily(rng, clock, rng.uniform(0, 0.6)) * share
    return Shape(1 + rng.uniform(0.2, 0.7) * (lag(clock, load, 0.2) - 1), load, (OLD, start))


@healthy("https://docs.huihoo.com/kubernetes/1.6/docs/concepts/workloads/controllers/deployment/index.html")
def rolling_builds(rng: Rng, clock: Clock) -> Shape:
    """A deployment every half day to few days, each build with a level and a warm-up of its own."""
    starts = lives(rng, clock, 10, 60)
    warm = -rng.uniform(0.05, 0.5) * np.exp(-age(clock, starts) / log_uniform(rng, 0.3, 6))
    return Shape(levels(rng, clock, starts, 0.85, 1.25) + warm, daily(rng, clock, rng.uniform(0, 0.6)), starts)


@healthy("https://websockets.readthedocs.io/en/stable/topics/memory.html")
def open_connections(rng: Rng, clock: Clock) -> Shape:
    """Memory for each open connection; clients come at random and stay for minutes to days: it wanders."""
    count, stay = log_uniform(rng, 30, 1000), log_uniform(rng, 1, 16)
    begin = -10 * stay
    come = rng.uniform(begin, clock.length, rng.poisson(count / stay * (clock.length - begin)))
    go = come + rng.lognormal(np.log(stay) - 0.5, 1.0, len(come))
    here = np.searchsorted(np.sort(come), clock.hours) - np.searchsorted(np.sort(go), clock.hours)
    return Shape(1 + rng.uniform(0.3, 1) * (here / count - 1), daily(rng, clock, rng.uniform(0, 0.2)))
