"""The only place where a leak moves from one state to the next."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Protocol

from leakdog.detect.settings import Settings
from leakdog.model import Assessment, Leak, LeakClass, LeakState, Signal, TargetKey


class Finding(Protocol):
    """Growth that is a leak, as attribution classes it."""

    @property
    def leak_class(self) -> LeakClass:
        """Its class."""
        ...

    @property
    def signal(self) -> Signal:
        """The signal that shows it best."""
        ...

    @property
    def assessment(self) -> Assessment:
        """What the detector says of that signal."""
        ...

    @property
    def reasons(self) -> tuple[str, ...]:
        """In words."""
        ...


def advance(
    leak: Leak | None, finding: Finding | None, *, key: TargetKey, now: float, settings: Settings, alive: bool
) -> Leak | None:
    """The leak as it stands at `now`, given what is found now; None is `inactive`.

    inactive → pending at a finding; pending → firing when it has been found for the hold time; pending → inactive when
    it is not found; firing → resolved when it has not been found for the hold time, or at once when the process has
    ended; resolved → firing through pending when it is found again: the same leak, with the same id.
    """
    if finding is None or not alive:
        return _unfound(leak, now, settings, alive)
    seen = _seen(leak, finding, key, now)
    if leak is None or leak.state in (LeakState.RESOLVED, LeakState.INACTIVE):
        return replace(seen, state=LeakState.PENDING, pending_since=now, firing_since=None, resolved_since=None)
    if leak.state is LeakState.PENDING and now - (leak.pending_since or now) >= settings.hold_seconds:
        return replace(seen, state=LeakState.FIRING, firing_since=now)
    return seen


def leak_id(key: TargetKey, leak_class: LeakClass) -> str:
    """Stable over time, restarts and versions: a hash of what the leak is of."""
    text = "\0".join((key.job, key.instance, leak_class.value)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=6).hexdigest()


def _seen(leak: Leak | None, finding: Finding, key: TargetKey, now: float) -> Leak:
    """The leak with what is found now. The onset is kept once the leak is known: it is history."""
    found = finding.assessment
    onset = found.onset if found.onset is not None else now
    fresh = Leak(
        leak_id(key, finding.leak_class), key, finding.signal, finding.leak_class, LeakState.PENDING, onset, now
    )
    known = leak if leak is not None and leak.state is not LeakState.RESOLVED else None
    return replace(
        leak or fresh,
        signal=finding.signal,
        since=min(known.since, onset) if known else onset,
        updated=now,
        growth_per_second=found.growth_per_second,
        interval=found.interval,
        time_to_limit_seconds=found.time_to_limit_seconds,
        reasons=finding.reasons,
    )


def _unfound(leak: Leak | None, now: float, settings: Settings, alive: bool) -> Leak | None:
    """The leak where nothing is found, or nothing lives."""
    if leak is None or leak.state in (LeakState.PENDING, LeakState.INACTIVE):
        return None
    if leak.state is LeakState.RESOLVED or (alive and now - leak.updated < settings.hold_seconds):
        return leak
    return replace(leak, state=LeakState.RESOLVED, resolved_since=now, time_to_limit_seconds=None)
