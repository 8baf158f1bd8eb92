"""Which instances of a job leak in the same way: in one class and, where both tell theirs, in the same code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from leakdog.detect.state import is_open
from leakdog.model import Leak, LeakClass, Signal, Verdict
from leakdog.pipeline.state import Fleet, Watched


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


class Alike:
    """How the instances of each job do beside each other, as they are now: equal leaks of a job are looked at once."""

    def __init__(self, fleet: Fleet) -> None:
        self._jobs: defaultdict[str, list[Watched]] = defaultdict(list)
        for watched in fleet:
            self._jobs[watched.key.job].append(watched)
        self._found: dict[tuple[str, LeakClass, Signal, str | None], Replicas] = {}

    def of(self, leak: Leak) -> Replicas:
        """The instances of a leak's job."""
        same = leak.key.job, leak.leak_class, leak.signal, _function(leak)
        if same not in self._found:
            self._found[same] = _replicas(self._jobs[leak.key.job], leak)
        return self._found[same]


def _replicas(job: Sequence[Watched], leak: Leak) -> Replicas:
    alike = [watched for watched in job if leaks_like(watched, leak)]
    names = {watched.key for watched in alike}
    others = [watched for watched in job if watched.up and watched.key not in names]
    elsewhere = [any(map(is_open, each.leaks.values())) for each in others]
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
    return len({_function(own), _function(leak)} - {None}) < 2


def _function(leak: Leak) -> str | None:
    """The function that is first among its culprits; None where none is known."""
    return leak.culprits[0].frame.function if leak.culprits else None
