"""What is known of a leak beside what the detector says: acknowledgements, and that a fix holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from leakdog.model import Acknowledgement, Leak, LeakState, Verdict
from leakdog.pipeline.functions import KnownFunctions
from leakdog.pipeline.state import Fleet, Watched

# Of what is known of a leak's growth, how much must be that of acknowledged functions.
MOSTLY = 0.5
# Of a name as long as a target likes, two repeats in an expression would take minutes: of 200 characters, in one that
# anybody gave, a hundredth of a second, and a fifth of one where the name and the expression were made for it. One that
# is configured may look further.
CHARACTERS, CONFIGURED_CHARACTERS = 200, 1024
# Answers that are remembered, as each pass asks the same again.
ANSWERS = 1024
FLAT = frozenset({Verdict.STEADY, Verdict.SETTLING, Verdict.LOAD})
# Of a leak's growth, what a later process must stay below to be flat: one that grows as fast is only not found yet.
FLAT_SHARE = 0.5


def acknowledge(fleet: Fleet, leak_id: str, given: Acknowledgement | None) -> Leak | None:
    """Put an acknowledgement to the leak of this id, or take it away. The leak as it now stands, None without one."""
    for watched in fleet.targets.values():
        for leak_class, leak in watched.leaks.items():
            if leak.id == leak_id:
                watched.leaks[leak_class] = after = replace(leak, acknowledged=given)
                return after
    return None


def note(watched: Watched, functions: Iterable[KnownFunctions], now: float) -> list[Leak]:
    """Put down what else is known of the target's leaks. Returns those of which something is new.

    `functions` are those that were acknowledged while the daemon ran, beside those of the job's configuration.
    """
    if not watched.leaks:  # of most targets, in each pass
        return []
    known = [*_configured(watched, now), *_given(watched, functions, now)]
    before = list(watched.leaks.values())
    watched.leaks = {leak_class: _noted(watched, leak, known, now) for leak_class, leak in watched.leaks.items()}
    return [leak for leak, old in zip(watched.leaks.values(), before, strict=True) if leak is not old]


def _configured(watched: Watched, now: float) -> Iterator[Acknowledgement]:
    for pattern in watched.job.acknowledged:
        yield Acknowledgement(now, note=f"configured: {pattern}", configured=True, function=pattern)


def _given(watched: Watched, functions: Iterable[KnownFunctions], now: float) -> Iterator[Acknowledgement]:
    for each in functions:
        if each.job in ("", watched.key.job) and each.holds(now):
            yield Acknowledgement(now, each.until, each.note, function=each.function)


def _noted(watched: Watched, leak: Leak, known: Iterable[Acknowledgement], now: float) -> Leak:
    """The leak with what is known of its functions and of the present life; the same object if that is nothing new."""
    acknowledged, flat_since = _acknowledged(leak, known), _flat_since(watched, leak, now)
    if (acknowledged, flat_since) == (leak.acknowledged, leak.flat_since):
        return leak
    return replace(leak, acknowledged=acknowledged, flat_since=flat_since)


def _acknowledged(leak: Leak, known: Iterable[Acknowledgement]) -> Acknowledgement | None:
    """What was said of this leak counts before what is known of functions; of these the first that fits."""
    before = leak.acknowledged
    if before is not None and not before.by_function:
        return before
    given = next((each for each in known if is_theirs(leak, each)), None)
    return before if before and given and replace(before, since=given.since) == given else given


def is_theirs(leak: Leak, given: Acknowledgement) -> bool:
    """Whether a leak is mostly that of the functions that are meant."""
    most = CONFIGURED_CHARACTERS if given.configured else CHARACTERS
    theirs = sum(each.share for each in leak.culprits if _is_in(given.function, each.frame.function[:most]))
    return theirs > MOSTLY * sum(culprit.share for culprit in leak.culprits)


@lru_cache(ANSWERS)
def _is_in(pattern: str, function: str) -> bool:
    """Whether a function is meant by an expression."""
    return re.search(pattern, function) is not None


def _flat_since(watched: Watched, leak: Leak, now: float) -> float | None:
    """Start of a later process that has not grown as fast for as long as it took to find the leak in the one before."""
    life, found = watched.life, watched.said_of(leak.signal)
    if leak.state is not LeakState.RESOLVED or leak.pending_since is not None or leak.firing_since is None:
        return None
    if life is None or found is None or found.verdict not in FLAT or life.start_time <= leak.firing_since:
        return None
    if (found.growth_per_second or 0.0) > FLAT_SHARE * (leak.growth_per_second or math.inf):
        return None
    return life.start_time if now - life.start_time >= leak.firing_since - leak.since else None
