"""What is known of a leak beside what the detector says: acknowledgements, and that a fix holds."""

from __future__ import annotations

import re
from dataclasses import replace

from leakdog.model import Acknowledgement, Leak, LeakState, Verdict
from leakdog.pipeline.state import Fleet, Watched

# Of what is known of a leak's growth, how much must be that of acknowledged functions.
MOSTLY = 0.5
FLAT = frozenset({Verdict.STEADY, Verdict.SETTLING, Verdict.LOAD})


def acknowledge(fleet: Fleet, leak_id: str, given: Acknowledgement | None) -> Leak | None:
    """Put an acknowledgement to the leak of this id, or take it away. The leak as it now stands, None without one."""
    for watched in fleet:
        for leak_class, leak in watched.leaks.items():
            if leak.id == leak_id:
                watched.leaks[leak_class] = after = replace(leak, acknowledged=given)
                return after
    return None


def noted(watched: Watched, leak: Leak, now: float) -> Leak:
    """The leak with what the configuration and the present life say of it; the same object if that is nothing new."""
    acknowledged, flat_since = _acknowledged(watched, leak, now), _flat_since(watched, leak, now)
    if (acknowledged, flat_since) == (leak.acknowledged, leak.flat_since):
        return leak
    return replace(leak, acknowledged=acknowledged, flat_since=flat_since)


def _acknowledged(watched: Watched, leak: Leak, now: float) -> Acknowledgement | None:
    """Of two, what a person has said counts before what is configured."""
    before = leak.acknowledged
    if before is not None and not before.configured:
        return before
    whole = sum(culprit.share for culprit in leak.culprits)
    for pattern in watched.job.acknowledged:
        theirs = sum(each.share for each in leak.culprits if re.search(pattern, each.frame.function))
        if theirs > MOSTLY * whole:
            note = f"configured: {pattern}"
            return before if before and before.note == note else Acknowledgement(now, note=note, configured=True)
    return None


def _flat_since(watched: Watched, leak: Leak, now: float) -> float | None:
    """Start of a later process that has not grown for as long as it took to find the leak in the one before."""
    life, found = watched.life, watched.assessments.get(leak.signal)
    if leak.state is not LeakState.RESOLVED or leak.pending_since is not None or leak.firing_since is None:
        return None
    if life is None or found is None or found.verdict not in FLAT or life.start_time <= leak.firing_since:
        return None
    return life.start_time if now - life.start_time >= leak.firing_since - leak.since else None
