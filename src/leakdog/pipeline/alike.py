"""Which instances of a job leak in the same way: in one class and, where both tell theirs, in the same code."""

from __future__ import annotations

from typing import NamedTuple

from leakdog.model import Leak, LeakState, Verdict
from leakdog.pipeline.state import Fleet, Watched

OPEN = (LeakState.PENDING, LeakState.FIRING)


class Replicas(NamedTuple):
    """The instances of a leak's job.

    Attributes:
        up: how many are.
        leaking: those that leak, or are suspected to, in the same way.
        others: those that are up and do not.
        elsewhere: of the others, how many leak, or are suspected to, in another way.
        unjudged: of the others, of how many it is too early to say.

    """

    up: int
    leaking: list[str]
    others: list[str]
    elsewhere: int
    unjudged: int


def replicas(fleet: Fleet, leak: Leak) -> Replicas:
    """How the instances of a leak's job do beside each other."""
    job = [watched for watched in fleet if watched.key.job == leak.key.job]
    alike = [watched for watched in job if leaks_like(watched, leak)]
    names = {watched.key for watched in alike}
    others = [watched for watched in job if watched.up and watched.key not in names]
    elsewhere = [any(own.state in OPEN for own in each.leaks.values()) for each in others]
    early = [each.verdicts.get(leak.signal, Verdict.TOO_EARLY) is Verdict.TOO_EARLY for each in others]
    return Replicas(
        up=sum(bool(watched.up) for watched in job),
        leaking=[watched.key.instance for watched in alike],
        others=[watched.key.instance for watched in others],
        elsewhere=sum(elsewhere),
        unjudged=sum(young and not leaks for young, leaks in zip(early, elsewhere, strict=True)),
    )


def leaks_like(watched: Watched, leak: Leak) -> bool:
    """Whether a target leaks, or is suspected to, in this class: and in this code, where both tell theirs."""
    own = watched.leaks.get(leak.leak_class)
    if own is None or not watched.leaks_as(leak.leak_class):
        return False
    told = {each.culprits[0].frame.function for each in (own, leak) if each.culprits}
    return len(told) < 2
