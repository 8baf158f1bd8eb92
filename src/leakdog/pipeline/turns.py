"""Growth that is found in another class than before is one leak, and is told once.

Classes have bounds, and what lies at one is found now on this side of it, now on that. A suspicion goes on in the other
class as if nothing had been. A leak that fires goes on in its own until the other one has stood for the hold time; only
then that one fires, and takes its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from leakdog.attribute.case import Finding
from leakdog.detect.settings import Settings
from leakdog.detect.state import is_open, still_acknowledged
from leakdog.model import Leak, LeakClass, LeakState
from leakdog.pipeline.state import Watched


@dataclass(frozen=True, slots=True)
class Turn:
    """What has turned into another class at one look.

    Attributes:
        since: by class that is found anew, from when on its growth has stood, be it in another class.
        known: what people have said of it there.
        waits: classes that are found anew, and are not told while what they were before fires.
        stays: leaks that fire meanwhile, by class.
        ends: classes of leaks that fired, and are told in another class from now on.

    """

    since: Mapping[LeakClass, float]
    known: Leak | None = None
    waits: Collection[LeakClass] = ()
    stays: Mapping[LeakClass, Leak] = field(default_factory=dict)
    ends: Collection[LeakClass] = ()

    def before(self, leak_class: LeakClass) -> LeakClass:
        """The class in which growth that is found in this one was known before."""
        return leak_class if self.known is None or leak_class not in self.since else self.known.leak_class

    def told(self, leak: Leak | None) -> Leak | None:
        """A leak that is found anew, with what people have said of the same growth in another class."""
        if leak is None or leak.leak_class not in self.since or self.known is None:
            return leak
        return replace(
            leak, since=min(leak.since, self.known.since), acknowledged=leak.acknowledged or self.known.acknowledged
        )


def turned(
    watched: Watched, left: Collection[Leak], found: Mapping[LeakClass, Finding], now: float, settings: Settings
) -> Turn:
    """What has turned from the classes of the leaks that were just left into those that are found; notes since when.

    Args:
        watched: the target. The leaks of those classes that are found and were not before are not in `watched.leaks`,
            or have ended.
        left: leaks that were found at the look before this one, and are not now.
        found: what is found now, without what is no leak.
        now: unix seconds.
        settings: of the target.

    """
    fresh = [each for each in found if not is_open(watched.leaks.get(each))] if left else []
    fires = {each.leak_class: each for each in left if each.state is LeakState.FIRING}
    watched.turns = {each: watched.turns.get(each, now) for each in fresh} if fires else {}
    if not fires:
        known = min(left, key=lambda each: each.pending_since or 0.0, default=None)
        since = now if known is None or known.pending_since is None else known.pending_since
        return Turn(dict.fromkeys(fresh, since), known and still_acknowledged(known, now))
    known = still_acknowledged(next(iter(fires.values())), now)
    hold = settings.hold_seconds or settings.seconds(settings.looks[0])  # with none they would take turns at each look
    stood = {each: since for each, since in watched.turns.items() if now - since >= hold}
    if stood:
        return Turn(stood, known, watched.turns.keys() - stood.keys(), ends=fires)
    left_seconds = [each.assessment.time_to_limit_seconds for name, each in found.items() if name in watched.turns]
    soonest = min((each for each in left_seconds if each is not None), default=None)
    stays = {name: _stays(leak, soonest, now) for name, leak in fires.items()} if fresh else {}
    return Turn({}, known, watched.turns.keys(), stays)


def _stays(leak: Leak, left_seconds: float | None, now: float) -> Leak:
    """A leak whose growth is found in another class: it goes on, and so does the time to the limit."""
    left = leak.time_to_limit_seconds if left_seconds is None else left_seconds
    return replace(still_acknowledged(leak, now), updated=now, resolved_since=None, time_to_limit_seconds=left)
