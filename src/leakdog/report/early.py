"""Targets of which it is too early to say: when that will have passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leakdog.model import Verdict
from leakdog.report.leak import unix_time
from leakdog.report.words import human_duration, human_time


def too_early(target: Mapping[str, Any]) -> bool:
    """Whether nothing can be said of a target yet, which is in the shape of the API."""
    return all(each["verdict"] == Verdict.TOO_EARLY for each in (target.get("verdicts") or {}).values())


def ready_at(target: Mapping[str, Any]) -> float | None:
    """When something can be said of such a target; None: not known."""
    said = [each.get("ready_at") for each in (target.get("verdicts") or {}).values()]
    return min((unix_time(each) for each in said if each), default=None)


def expected(ready: Iterable[float | None], now: float) -> str:
    """When the first of some targets can be judged, and when the last; empty where it is known of none.

    Args:
        ready: when each can be, unix seconds; None: not known.
        now: unix seconds.

    """
    known = sorted(each for each in ready if each is not None)
    if not known:
        return ""
    first, last = (_at(known[place], now) for place in (0, -1))
    if first == last:
        return f"a verdict can be expected {first}"
    return f"the first verdict can be expected {first}, the last {last}"


def _at(time: float, now: float) -> str:
    wait = time - now
    return f"in {human_duration(round(wait))} ({human_time(time)})" if wait >= 1 else "with the next readings"
