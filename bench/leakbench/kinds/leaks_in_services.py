"""Kinds that leak: what a service keeps of its requests, clients, jobs and builds."""

from __future__ import annotations

import numpy as np

from bench.leakbench.kinds.common import (
    OLD,
    Clock,
    Rng,
    Shape,
    after,
    age,
    daily,
    lag,
    leaking,
    levels,
    lives,
    log_uniform,
    onset,
    pace,
    plateau,
    ramp,
)


@leaking("https://github.com/etcd-io/etcd/issues/8387")
def retry_storms(rng: Rng, clock: Clock) -> Shape:
    """Watches opened anew whenever the network fails, the old ones never cancelled: storms of very unlike size."""
    between = rng.uniform(0.5, 4)
    at = onset(rng, clock) + np.cumsum(rng.exponential(between, int(3 * clock.length / between)))
    sizes = np.minimum(rng.pareto(1.6, len(at)) + 0.2, 8)
    inside = at < clock.length
    rate = np.zeros(clock.points)
    np.add.at(rate, (at[inside] / clock.step).astype(int), sizes[inside])
    leaked = np.cumsum(rate) * pace(rng, 72, 8) * between / sizes.mean()
    return Shape(np.ones(clock.points), leaked=leaked)


@leaking("https://github.com/OpenLiberty/open-liberty/issues/26771")
def sessions(rng: Rng, clock: Clock) -> Shape:
    """Sessions that expire stay in a map: it grows by day, hardly at night, less at weekends."""
    load = daily(rng, clock, rng.uniform(0.6, 1.4), rng.uniform(0.3, 1))
    leaked = clock.sum(load * (clock.hours >= onset(rng, clock))) * pace(rng, 72, 8)
    return Shape(1 + rng.uniform(0, 0.5) * (load - 1), load, leaked=leaked)


@leaking("https://github.com/prometheus/client_golang/issues/1340")
def label_churn(rng: Rng, clock: Clock) -> Shape:
    """Metrics labelled by instance or request: each roll-out brings new label values, and none is ever dropped."""
    roll = np.sort(rng.uniform(0, clock.length, rng.integers(15, 50)))
    sizes = rng.uniform(0.3, 1.7, len(roll)) * (roll > onset(rng, clock))
    leaked = (sizes[:, None] * np.clip((clock.hours - roll[:, None]) / 2, 0, 1)).sum(0)
    leaked *= pace(rng, 72, 10) * clock.length / len(roll)
    return Shape(np.ones(clock.points), daily(rng, clock, rng.uniform(0, 0.4)), leaked=leaked)


@leaking("https://github.com/pgjdbc/pgjdbc/issues/3122")
def prepared_statements(rng: Rng, clock: Clock) -> Shape:
    """Statements prepared on each connection of a pool and never deallocated: more connections, faster growth."""
    load = daily(rng, clock, rng.uniform(0.3, 1))
    pool = np.maximum(load, lag(clock, load, rng.uniform(1, 6)))
    leaked = clock.sum(pool * (clock.hours >= onset(rng, clock))) * pace(rng, 72, 8)
    return Shape(1 + rng.uniform(0.1, 0.4) * (pool - 1), load, leaked=leaked)


@leaking("https://docs.nats.io/using-nats/developing-with-nats/events/slow")
def slow_consumer(rng: Rng, clock: Clock) -> Shape:
    """A consumer a little slower than what comes in on average: its queue grows by day and falls less by night."""
    load = daily(rng, clock, rng.uniform(0.2, 0.9))
    surplus = (load - load.mean() * rng.uniform(0.7, 0.97)) * (clock.hours >= onset(rng, clock))
    queue = clock.sum(surplus)
    queue -= np.minimum(np.minimum.accumulate(queue), 0)
    kept = np.minimum.accumulate(queue[::-1])[::-1]
    unit = pace(rng, 72, 10) * clock.length / max(kept[-1], 1e-9)
    return Shape(1 + (queue - kept) * unit, load, leaked=kept * unit)


@leaking("https://github.com/http-kit/http-kit/issues/326")
def close_wait(rng: Rng, clock: Clock) -> Shape:
    """Sockets whose peer has gone are never closed: each keeps its buffers, one now and then."""
    share = log_uniform(rng, 0.001, 0.01)
    rate = pace(rng, 96, 10) * clock.step / share
    closed = rng.poisson(rate, clock.points) * (clock.hours >= onset(rng, clock))
    return Shape(np.ones(clock.points), daily(rng, clock, rng.uniform(0, 0.3)), leaked=share * np.cumsum(closed))


@leaking("https://github.com/cockroachdb/cockroach/issues/149658")
def bad_build(rng: Rng, clock: Clock) -> Shape:
    """The second or third build leaks: level, warm-up and leak change at a restart."""
    starts = (OLD, *sorted(rng.uniform(clock.length / 7, clock.length / 2, rng.integers(1, 3))))
    warm = -0.2 * np.exp(-age(clock, starts) / log_uniform(rng, 0.2, 1))
    leaked = pace(rng, 48) * after(clock, starts[-1])
    return Shape(levels(rng, clock, starts, 0.9, 1.2) + warm, daily(rng, clock, rng.uniform(0, 0.5)), starts, leaked)


@leaking("https://github.com/failsafe-go/failsafe-go/issues/134")
def adoption(rng: Rng, clock: Clock) -> Shape:
    """A context kept for each request while ever more requests come: the leak gets faster with the load."""
    growth = 1 + rng.uniform(0.5, 3) * ramp(clock, 0, clock.length)
    load = daily(rng, clock, rng.uniform(0, 0.5)) * growth / growth.mean()
    leaked = clock.sum(load * (clock.hours >= onset(rng, clock))) * pace(rng, 72, 8)
    return Shape(1 + rng.uniform(0, 0.3) * (load - load[0]), load, leaked=leaked)


@leaking("https://github.com/opstrace/opstrace/issues/443")
def killed_again(rng: Rng, clock: Clock) -> Shape:
    """Killed at its memory limit again and again: a leak that no single life shows for long."""
    starts = lives(rng, clock, 16, 40)
    warm = -0.15 * np.exp(-age(clock, starts) / log_uniform(rng, 0.2, 0.8))
    return Shape(1 + warm, daily(rng, clock, rng.uniform(0, 0.3)), starts, pace(rng, 24, 6) * clock.hours)


@leaking("https://github.com/hashicorp/nomad/issues/27013")
def leader_only(rng: Rng, clock: Clock) -> Shape:
    """A server leaks while it leads its cluster, and rests while another one does."""
    rate, at = np.zeros(clock.points), onset(rng, clock)
    while at < clock.length:
        led = rng.uniform(12, 72)
        rate += (clock.hours >= at) & (clock.hours < at + led)
        at += led + rng.uniform(6, 48)
    leaked = clock.sum(rate) * pace(rng, 48, 6)
    return Shape(np.ones(clock.points), daily(rng, clock, rng.uniform(0, 0.5)), leaked=leaked)


@leaking("https://github.com/getsentry/seer/pull/2502")
def task_worker(rng: Rng, clock: Clock) -> Shape:
    """A worker that keeps something of each task; tasks come in batches some times a day, and need memory meanwhile."""
    every, length = rng.uniform(4, 12), rng.uniform(0.5, 2)
    at = np.arange(rng.uniform(0, every), clock.length, every)
    at = at + rng.normal(0, 0.2, len(at))
    work = np.sum([plateau(clock, begin, length, 0.1) for begin in at], axis=0)
    leaked = clock.sum(work * (clock.hours >= onset(rng, clock))) * pace(rng, 72, 8) * every / length
    return Shape(1 + rng.uniform(0.05, 0.5) * work, lag(clock, 0.3 + work * every / length * 0.7, 0.1), leaked=leaked)


@leaking("https://github.com/kubernetes/kubernetes/issues/64137")
def cron_cgroups(rng: Rng, clock: Clock) -> Shape:
    """A node agent that keeps a control group of every finished job: a step at each full hour, small ones between."""
    share = rng.uniform(0.2, 0.9)
    begin = onset(rng, clock)
    hourly = np.maximum(np.floor(clock.hours) - np.floor(begin), 0)
    leaked = pace(rng, 96, 8) * (share * hourly + (1 - share) * after(clock, begin))
    return Shape(np.ones(clock.points), leaked=leaked * (clock.hours >= begin))
