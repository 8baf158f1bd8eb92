"""What is held of all targets."""

from dataclasses import replace

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Leak, LeakClass, LeakState, Signal, Target, TargetKey
from leakdog.pipeline.state import Fleet, Watched

KEY = TargetKey("shop", "a")
FIRING = Leak("fires", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, 1000.0, 2000.0)


def test_leaks_are_listed_by_how_urgent_they_are() -> None:
    """What is suspected again after it was over stands with what is suspected."""
    over = replace(FIRING, id="over", state=LeakState.RESOLVED, resolved_since=1500.0, since=1100.0)
    leaks = [
        over,
        replace(over, id="again", pending_since=1900.0, since=1800.0),
        replace(FIRING, id="suspected", state=LeakState.PENDING),
        replace(FIRING, id="newer", since=1200.0),
        FIRING,
        replace(FIRING, id="near", time_to_limit_seconds=60.0, since=900.0),
    ]
    keys = [TargetKey("shop", leak.id) for leak in leaks]
    targets = {
        key: Watched(Target(key), ScrapeConfig(job_name="shop"), leaks={LeakClass.NATIVE: leak})
        for key, leak in zip(keys, leaks, strict=True)
    }
    told = [leak.id for leak in Fleet(targets).leaks()]
    assert told == ["near", "newer", "fires", "again", "suspected", "over"]
