"""Where a leak stands: the states and, in one function, all transitions between them.

inactive --found--> pending --held for hold_seconds--> firing
pending --not found--> inactive
firing --not found for resolve_seconds--> resolved
pending or firing --too little was read to find anything--> as it stands: time in which nobody looked does not count
pending or firing --the process has ended--> resolved: what it left is kept
resolved --found, held again--> firing, the same leak with the same id

What goes on in another class is another leak, with another id; `leakdog.pipeline.turns` says when that takes its place.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import NamedTuple, Protocol

from leakdog.detect.settings import Settings
from leakdog.model import Assessment, Leak, LeakClass, LeakState, Signal, TargetKey

# Of the hold time, how much is enough for a leak that comes back after a restart in the same code, or that fires in
# another replica in the same code. Holding is for what goes by itself within the hour; what has fired once did not.
KNOWN_SHARE = 0.25


class Doubt(NamedTuple):
    """What speaks against a suspicion: it holds for so many hold times, and says why."""

    times: float
    why: str


class Finding(Protocol):
    """Growth with its class, as `leakdog.attribute.classify` gives it."""

    @property
    def leak_class(self) -> LeakClass:
        """What kind of leak it is."""

    @property
    def signal(self) -> Signal:
        """The signal that shows it best."""

    @property
    def assessment(self) -> Assessment:
        """What the detector says of that signal."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Sentences a person can check."""


def advance(
    leak: Leak | None,
    finding: Finding | None,
    *,
    key: TargetKey,
    now: float,
    settings: Settings,
    alive: bool = True,
    blind: bool = False,
    seconded: bool = False,
    doubt: Doubt | None = None,
    stood: float | None = None,
) -> Leak | None:
    """Move one leak of one target on in time.

    Args:
        leak: as it stood; None is inactive.
        finding: of this leak's class; None where the class is not found (any more).
        key: the target.
        now: unix seconds, not before `leak.updated`.
        alive: whether the process still runs; its leaks end with it.
        blind: whether too little was read of late for the leak to be found.
        seconded: whether another replica of the job already fires for the same code.
        doubt: what the other replicas say against it.
        stood: where it was not suspected before: since when the same growth was, in another class.

    Returns:
        The leak as it stands now; None is inactive.

    """
    leak = leak and still_acknowledged(leak, now)
    if not alive:
        return _ended(leak, now)
    if finding is None:
        return _unseen(leak, now) if blind else _missed(leak, now, settings)
    began = now if stood is None else stood
    if leak is None:
        leak = replace(_new(finding, key, now), pending_since=began)
    elif not is_open(leak):
        leak = replace(leak, pending_since=began)
    sure = finding.assessment.sure and doubt is None
    hold = hold_time(finding.assessment.time_to_limit_seconds, settings, sure=sure)
    return _found(_told(leak, finding, now), now, hold, seconded=seconded, doubt=doubt)


def hold_time(left: float | None, settings: Settings, *, sure: bool = False) -> float:
    """Seconds for which a verdict must stand, with so many left to the limit: none where there is no time to wait.

    Nor where it is `sure` (see `Assessment`): what was made of one hour after the other has been held.
    """
    if (sure and settings.at_once_if_sure) or (left is not None and left < settings.at_once_seconds):
        return 0.0
    return settings.hold_seconds


def is_open(leak: Leak | None) -> bool:
    """Whether a leak fires or is suspected, also once more after it had ended."""
    return leak is not None and leak.told_state is not LeakState.RESOLVED


def has_returned(leak: Leak) -> bool:
    """Whether this leak has fired in an earlier life, and the same code grows again: it was no chance then."""
    return leak.state is LeakState.RESOLVED and bool(leak.culprits) and leak.culprits[0].seen_before


def leak_id(key: TargetKey, leak_class: LeakClass) -> str:
    """Ten hexadecimal digits, the same for the same job, instance and class for ever."""
    text = "\0".join((*key, leak_class.value))
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()


def _new(finding: Finding, key: TargetKey, now: float) -> Leak:
    return Leak(
        id=leak_id(key, finding.leak_class),
        key=key,
        signal=finding.signal,
        leak_class=finding.leak_class,
        state=LeakState.PENDING,
        since=now if finding.assessment.onset is None else finding.assessment.onset,
        updated=now,
        pending_since=now,
    )


def _told(leak: Leak, finding: Finding, now: float) -> Leak:
    """The leak with the newest numbers. Its onset stays once it has fired: the start of a leak does not move."""
    seen = finding.assessment
    fresh = leak.state is not LeakState.FIRING and seen.onset is not None
    return replace(
        leak,
        signal=finding.signal,
        updated=now,
        since=seen.onset if fresh and seen.onset is not None else leak.since,
        growth_per_second=seen.growth_per_second,
        interval=seen.interval,
        time_to_limit_seconds=seen.time_to_limit_seconds,
        reasons=finding.reasons,
    )


def _found(leak: Leak, now: float, hold: float, *, seconded: bool, doubt: Doubt | None) -> Leak:
    """Fire once the verdict has stood for the hold time."""
    if leak.state is LeakState.FIRING:
        return replace(leak, resolved_since=None)
    assert leak.pending_since is not None
    held = now - leak.pending_since
    if seconded or has_returned(leak):
        hold *= KNOWN_SHARE
    elif doubt is not None and hold:
        hold *= doubt.times
        leak = replace(leak, reasons=(*leak.reasons, f"{doubt.why}: held {doubt.times:g} times as long"))
    if held < hold:
        return leak
    fired = replace(leak, state=LeakState.FIRING, firing_since=now, resolved_since=None, flat_since=None)
    return replace(fired, returned=leak.returned + 1) if leak.firing_since is not None else fired


def still_acknowledged(leak: Leak, now: float) -> Leak:
    """An acknowledgement ends with its time, or when growth has gone: a leak that comes back then is news.

    The end of a process takes no growth away, as the next one runs the same code, unless that stays flat.
    """
    if leak.acknowledged is None or leak.acknowledged.by_function:
        return leak
    over = leak.acknowledged.until is not None and now >= leak.acknowledged.until
    gone = leak.told_state is LeakState.RESOLVED and not leak.ended_with_process
    return replace(leak, acknowledged=None) if over or gone or leak.flat_since is not None else leak


def _missed(leak: Leak | None, now: float, settings: Settings) -> Leak | None:
    """Pending ends at once. Firing ends once growth has been gone for long enough since it was last found."""
    if leak is None or leak.state is LeakState.PENDING:
        return None
    if leak.state is LeakState.RESOLVED:
        return replace(leak, pending_since=None, time_to_limit_seconds=None)
    if now - leak.updated < settings.resolve_seconds:
        return leak
    return _resolved(leak, now)


def _unseen(leak: Leak | None, now: float) -> Leak | None:
    """Nobody can say that its growth is gone, nor that it has stood in this time: it counts for no hold."""
    if leak is None or not is_open(leak):
        return leak
    since = leak.pending_since
    if leak.state is not LeakState.FIRING and since is not None:
        since += now - leak.updated
    return replace(leak, updated=now, pending_since=since)


def _ended(leak: Leak | None, now: float) -> Leak | None:
    """A process that ends while it is suspected may have been killed for it, so its leak does not pass as if unseen."""
    if leak is None or not is_open(leak):
        return leak
    return replace(_resolved(leak, now), process_ended=now)


def _resolved(leak: Leak, now: float) -> Leak:
    return replace(
        leak, state=LeakState.RESOLVED, updated=now, resolved_since=now, pending_since=None, time_to_limit_seconds=None
    )
