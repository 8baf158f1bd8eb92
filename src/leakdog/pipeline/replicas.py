"""What the other replicas of a job say against a suspicion: they run the same code, and do not grow.

Nothing is suppressed for it. What is doubted holds for longer, and says why; a limit that is near, what has fired
before, and what is proved are not doubted.
"""

from __future__ import annotations

from collections.abc import Iterator

from leakdog.detect.state import Doubt, has_returned
from leakdog.model import Leak, LeakClass, LeakState, Signal, Unit, Verdict
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.words import human_value

# So many others must be at rest: one or two may be so by chance.
LEAST_OTHERS = 3
# Of the suspect's work per second, how much they must do at least: an idle replica shows nothing.
LOAD_SHARE = 0.5
# Hold times that a suspect takes which grows alone; and which, as it has begun later, may only be on its way to what
# the others hold at rest.
ALONE, FILLING = 2.0, 4.0
AT_REST = frozenset({Verdict.STEADY, Verdict.SETTLING})


def doubts(fleet: Fleet, watched: Watched) -> dict[LeakClass, Doubt]:
    """Of each class in which a target is suspected, what its replicas say against it, where they do."""
    found = {leak_class: _doubt(fleet, watched, leak) for leak_class, leak in watched.leaks.items() if _open(leak)}
    return {leak_class: doubt for leak_class, doubt in found.items() if doubt is not None}


def _open(leak: Leak) -> bool:
    """Whether it is a suspicion, or a new one of what was resolved; what comes back in the same code is none."""
    return leak.pending_since is not None and leak.state is not LeakState.FIRING and not has_returned(leak)


def _doubt(fleet: Fleet, watched: Watched, leak: Leak) -> Doubt | None:
    if _is_proved(watched, leak):
        return None
    job = [each for each in fleet.targets.values() if each.key.job == leak.key.job and each is not watched]
    if any(each.leaks_as(leak.leak_class) for each in job):
        return None
    levels = list(_at_rest(job, watched, leak))
    if len(levels) < LEAST_OTHERS:
        return None
    others = f"{len(levels)} replicas of the same build, watched since before it began,"
    own = watched.said_of(leak.signal)
    if own is not None and own.level is not None and own.level < min(levels) and _is_younger(watched, job):
        least = human_value(min(levels), leak.signal.unit)
        return Doubt(FILLING, f"{others} have run for longer and rest at {least} or more, which it has not reached")
    return Doubt(ALONE, f"{others} do not grow")


def _is_proved(watched: Watched, leak: Leak) -> bool:
    """Whether more than growth speaks for it: too many goroutines at one line, or goroutines proved dead."""
    holds_goroutines = leak.signal.unit is Unit.COUNT and leak.leak_class in (LeakClass.GOROUTINE, LeakClass.THREADS)
    return holds_goroutines and (watched.blocked is not None or watched.values.get(Signal.GOROUTINES_LEAKED, 0.0) > 0)


def _at_rest(job: list[Watched], watched: Watched, leak: Leak) -> Iterator[float]:
    """The levels of those replicas that would show the leak, were it in the code, and do not."""
    for each in job:
        seen = each.said_of(leak.signal)
        if seen is None or seen.verdict not in AT_REST or seen.level is None:
            continue
        if not each.up or each.build != watched.build or each.life is None or each.life.first_seen > leak.since:
            continue
        if watched.load and each.load is not None and each.load < LOAD_SHARE * watched.load:
            continue
        yield seen.level


def _is_younger(watched: Watched, job: list[Watched]) -> bool:
    """Whether it has started after all of them."""
    starts = [each.life.start_time for each in job if each.life is not None and each.up]
    return watched.life is not None and watched.life.start_time > max(starts)
