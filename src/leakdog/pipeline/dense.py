"""Who is read densely now: suspects, for a while, few at a time. Decisions are pure; the time is an argument.

A leaking build may make suspects of a thousand targets at once. What each costs is bounded by a phase and a cool-down
of its own; what all cost together by how many phases a job may begin within that cool-down. Who gets them is drawn by
lot, anew for each cool-down, so that it is not always the same few, and no memory of who had one is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from leakdog.config.schema import Config, DenseConfig, Preset
from leakdog.model import Kind, LeakState, TargetKey, Verdict
from leakdog.pipeline.state import Fleet, Watched

# Of a job's targets with leaks, so many are asked within so long for goroutine dumps and what else proves a leak: they
# run the same program, and a person can have any other asked.
ASKED_TARGETS, ASKED_SECONDS = 3, 3600.0
KINDS = (Kind.HEAP, Kind.GOROUTINE, Kind.GOROUTINELEAK)
# Instance to the time at which its last dense phase began.
Phases = Mapping[str, float]


def is_dense(fleet: Fleet, watched: Watched, config: Config, now: float) -> bool:
    """Whether this target is to be read densely at `now`; notes the beginning of a phase with the fleet."""
    rank = suspicion(watched)
    if config.detection.preset is Preset.SOAK or rank is None or config.dense.per_job == 0:
        return False
    job, instance = watched.key
    began = recent(fleet.dense.get(job, {}), config.dense, now)
    if instance in began:
        return abs(now - began[instance]) < config.dense.duration
    if len(began) >= config.dense.per_job:
        return False
    suspects = {
        other.key.instance: other_rank
        for other in fleet.targets.values()
        if other.key.job == job and other.up and (other_rank := suspicion(other)) is not None
    }
    if instance not in drawn(job, {**suspects, instance: rank}, began, config.dense, now):
        return False
    fleet.dense[job] = {**began, instance: now}
    fleet.counters.dense_phases[job] += 1
    return True


def may_be_asked(fleet: Fleet, key: TargetKey, now: float) -> bool:
    """Whether few enough other targets of the job were asked for what proves a leak; notes that this one is."""
    of_job = fleet.asked.get(key.job, {})
    asked = {instance: time for instance, time in of_job.items() if abs(now - time) < ASKED_SECONDS}
    if len(asked.keys() - {key.instance}) >= ASKED_TARGETS:
        return False
    fleet.asked[key.job] = {**asked, key.instance: now}
    return True


def suspicion(watched: Watched) -> int | None:
    """How soon a target's turn is, 0 first; None where it is no suspect, or has nothing to be read densely.

    What is suspected comes before what is known: a leak that fires has been looked at. One that somebody knows of
    need not be looked at any more.
    """
    if not any(watched.wants(kind) for kind in KINDS):
        return None
    open_leaks = [leak for leak in watched.leaks.values() if leak.state is not LeakState.RESOLVED or leak.pending_since]
    if any(leak.state is not LeakState.FIRING and leak.acknowledged is None for leak in open_leaks):
        return 0
    if any(leak.acknowledged is None for leak in open_leaks):
        return 2
    grows = Verdict.LEAK in watched.verdicts.values()
    return 1 if grows and not open_leaks else None


def recent(phases: Phases, dense: DenseConfig, now: float) -> dict[str, float]:
    """Phases from whose beginning the cool-down has not passed. A clock that was set back delays nobody for long."""
    return {instance: began for instance, began in phases.items() if abs(now - began) < dense.cool_down}


def drawn(job: str, suspects: Mapping[str, int], began: Phases, dense: DenseConfig, now: float) -> set[str]:
    """Who of a job's suspects may begin a dense phase now.

    Args:
        job: its name.
        suspects: instance to its rank, as `suspicion` gives it.
        began: the job's recent phases: their targets cool down, and each uses up one of `dense.per_job`.
        dense: the budget.
        now: unix seconds.

    """
    turn = int(now // dense.cool_down)
    waiting = [TargetKey(job, instance) for instance in suspects if instance not in began]
    waiting.sort(key=lambda key: (suspects[key.instance], _lot(key, turn)))
    return {key.instance for key in waiting[: max(0, dense.per_job - len(began))]}


def _lot(key: TargetKey, turn: int) -> bytes:
    return hashlib.blake2b("\0".join((*key, str(turn))).encode("utf-8", "surrogatepass"), digest_size=8).digest()
