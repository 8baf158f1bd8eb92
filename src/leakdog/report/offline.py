"""Verdicts on profiles that lie in files: the engine of the daemon, on a time scale that fits them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.code import Own
from leakdog.attribute.goroutines import goroutine_culprits
from leakdog.attribute.growth import culprits
from leakdog.attribute.module import main_module
from leakdog.attribute.table import MAX_POINTS
from leakdog.detect.conclude import unsure
from leakdog.detect.grid import History
from leakdog.detect.replay import replay
from leakdog.detect.settings import SOAK, stretched
from leakdog.detect.state import leak_id
from leakdog.detect.words import span
from leakdog.model import Assessment, Culprit, Leak, LeakClass, LeakState, Signal, TargetKey, Verdict
from leakdog.pprof.profile import Profile
from leakdog.report.chance import Chance, chance_of_growth
from leakdog.report.diff import ever
from leakdog.report.words import plural

SURE, LIKELY = 3.0, 2.0  # standard errors of sampling that growth is: where it is told as such, and not as steady
COMPARED = 12  # profiles that are laid beside each other to name the code
# Nothing comes after the last of them: a verdict need not stand for a while first. So the longer looks ask for more.
SHORT, *LONG = SOAK.looks
# Profiles that fill the shortest look-back, a block each, whose first and last may be seen in part. A scan, which looks
# on, has its first verdict sooner.
LEAST = SHORT.blocks + 2
ENOUGH = 2 * SHORT.blocks  # and the next longer one
SETTINGS = replace(
    SOAK, hold_seconds=0.0, looks=(replace(SHORT, least=0.5), *(replace(look, least=1.0) for look in LONG))
)
# What the ids of leaks are made from, wherever the files lie: a code host knows a leak again by its id.
SAME = TargetKey("analyze", "files")
SIGNALS = {Signal.INUSE_SPACE: LeakClass.HEAP, Signal.GOROUTINES: LeakClass.GOROUTINE}
Floats = NDArray[np.float64]


class Taken(NamedTuple):
    """A profile, where it lies, and when it was taken, unix seconds."""

    name: str
    time: float
    profile: Profile


@dataclass(frozen=True, slots=True)
class Finding:
    """What is said of one signal.

    Attributes:
        count: profiles that tell it.
        leak: where it leaks, with the code behind it.
        suspected: whether it surely or likely grows, and too few profiles tell of it to say that this is no leak.
        chance: whether it grows as a leak does, and no more than the luck of sampling may explain.
        error: one standard error of its growth per second that comes of sampling.

    """

    signal: Signal
    count: int
    assessment: Assessment
    leak: Leak | None = None
    suspected: bool = False
    chance: bool = False
    error: float = 0.0


def unjudged(findings: Iterable[Finding]) -> bool:
    """Whether nothing can be said: every signal was told by too few profiles, or one that grows was."""
    found = list(findings)
    early = all(finding.assessment.verdict is Verdict.TOO_EARLY for finding in found)
    return early or any(finding.suspected for finding in found)


def analyze(taken: Sequence[Taken], name: str = "files", own: Own = (), key: TargetKey = SAME) -> list[Finding]:
    """Judge heap and goroutine profiles, each kind by itself; other profiles tell nothing of leaks.

    `name` is what they are called together; they are of no job. The ids of leaks are made from `key`.
    Of several at one time the last counts. A fall of all that was ever allocated is a restart, for other kinds too. The
    own code is what is called `own`, else its main module where a profile tells it.
    """
    found = []
    for signal, leak_class in SIGNALS.items():
        each_time = {
            each.time: each for each in sorted(taken, key=lambda each: each.time) if _tells(each.profile, signal)
        }
        if each_time:
            told = list(each_time.values())
            found.append(_judge(told, lives(told, taken), signal, leak_class, name, own, key))
    return found


def _judge(
    taken: list[Taken], starts: Floats, signal: Signal, leak_class: LeakClass, name: str, own: Own, key: TargetKey
) -> Finding:
    times = np.array([each.time for each in taken])
    if len(taken) < LEAST:
        seen = f"{plural(len(taken), 'profile')} over {span(float(times[-1] - times[0]))}"
        few = f"too early to say: {seen}; at least {LEAST} tell"
        return Finding(signal, len(taken), Assessment(signal, float(times[-1]), Verdict.TOO_EARLY, reasons=(few,)))
    history = History(
        str(signal),
        times,
        np.array([_total(each.profile, signal) for each in taken]),
        life_start=starts if len(set(starts)) > 1 else None,
    )
    factor = float(np.median(np.diff(times))) / SETTINGS.levels[0].block_seconds
    settings = stretched(SETTINGS, factor)
    (result,) = replay([history], signal, settings)
    assert result.last is not None
    said, fires = result.last, [alert for alert in result.alerts if alert.end is None]
    error = 0.0
    if fires and signal is Signal.INUSE_SPACE:
        luck, error = _luck(taken, float(starts[-1]), fires[0].assessment, said)
        if luck.errors < SURE:
            likely = luck.errors >= LIKELY
            told = _by_chance(said, luck.errors, Verdict.TOO_EARLY if likely else Verdict.STEADY)
            return Finding(signal, len(taken), told, suspected=likely, chance=True, error=error)
    if not fires:
        verdict = Verdict.STEADY if said.verdict is Verdict.LEAK else said.verdict
        if unsure(said, settings):
            early = _too_early(said, int((starts == starts[-1]).sum()), len(taken))
            return Finding(signal, len(taken), early, suspected=True)
        return Finding(signal, len(taken), replace(said, verdict=verdict))
    leak = Leak(
        id=leak_id(key, leak_class),
        key=TargetKey("", name),
        signal=signal,
        leak_class=leak_class,
        state=LeakState.FIRING,
        # As it was when it fired: the last look sees no further back than it remembers.
        since=fires[0].assessment.onset or fires[0].start,
        updated=float(times[-1]),
        firing_since=fires[0].start,
        growth_per_second=said.growth_per_second,
        interval=said.interval,
        reasons=said.reasons,
        culprits=_culprits(
            [each for each, start in zip(taken, starts, strict=True) if start == starts[-1]], signal, own
        ),
    )
    return Finding(signal, len(taken), replace(said, verdict=Verdict.LEAK), leak, error=error)


def _luck(taken: Sequence[Taken], started: float, found: Assessment, said: Assessment) -> tuple[Chance, float]:
    """How far growth, also since it was found, may be the luck of sampling, and what that makes of its rate.

    The rate is told over a look-back of its own: what is sampled in a quarter of the time is twice as uncertain.
    """
    since = max(found.time - (found.look_back_seconds or 0.0), started)
    within = [each for each in taken if each.time >= since]
    chosen = [within[int(i)] for i in np.linspace(0, len(within) - 1, min(len(within), MAX_POINTS)).round()]
    profiles, seconds = [each.profile for each in chosen], chosen[-1].time - chosen[0].time
    luck = chance_of_growth(profiles, _space(profiles))
    return luck, luck.of_whole / (seconds * min(said.look_back_seconds or seconds, seconds)) ** 0.5


def _by_chance(said: Assessment, errors: float, verdict: Verdict) -> Assessment:
    """The same where what grows may be the luck of sampling."""
    why = f"it may be chance, as memory is sampled: no stack grew by more than {errors:.1f} standard errors of that"
    if verdict is Verdict.TOO_EARLY:
        why = f"too early to say: {why}; profiles over a longer time tell"
    return replace(said, verdict=verdict, reasons=(why, *said.reasons))


def _too_early(said: Assessment, count: int, of: int) -> Assessment:
    """The same where it grows and may be a leak, as `count` profiles since the last restart tell, of so many."""
    since = " since it was started anew" if count < of else ""
    why = f"too early to say: it grows, and {count} profiles{since} do not tell whether that goes on; {ENOUGH} do"
    return replace(said, verdict=Verdict.TOO_EARLY, reasons=(why, *said.reasons))


def _tells(profile: Profile, signal: Signal) -> bool:
    return _column(profile, signal) is not None


def _column(profile: Profile, signal: Signal) -> int | None:
    types = [kind.type for kind in profile.sample_types]
    wanted = ("inuse_space", "space") if signal is Signal.INUSE_SPACE else ("goroutine", "goroutines")
    return next((types.index(name) for name in wanted if name in types), None)


def _total(profile: Profile, signal: Signal) -> float:
    column = _column(profile, signal)
    assert column is not None
    return float(profile.values[:, column].astype(np.float64).sum())


def lives(taken: Sequence[Taken], beside: Sequence[Taken] = ()) -> Floats:
    """Start of each profile's process: the first profile of a life is as old as its process, for all that is known.

    Args:
        taken: in the order of their times.
        beside: profiles of the same process, in any order: those of the heap tell of restarts that others do not.

    """
    allocated = {each.time: value for each in (*beside, *taken) if (value := ever(each.profile)) is not None}
    restarts = [later for earlier, later in pairwise(sorted(allocated)) if allocated[later] < allocated[earlier]]
    times = np.array([each.time for each in taken])
    begins = np.array([min([times[0], *restarts]), *restarts])
    starts: Floats = begins[np.searchsorted(begins, times, "right") - 1]
    return starts


def _culprits(taken: Sequence[Taken], signal: Signal, own: Own) -> tuple[Culprit, ...]:
    chosen = [taken[int(i)] for i in np.unique(np.linspace(0, len(taken) - 1, COMPARED).astype(int))]
    profiles, times = [each.profile for each in chosen], [each.time for each in chosen]
    module = "" if own else main_module(profiles[-1])
    own = (module,) if module else own
    if signal is Signal.GOROUTINES:
        return goroutine_culprits(profiles, times, own=own)
    return culprits(profiles, times, sample_type=_space(profiles), own=own)


def _space(profiles: Sequence[Profile]) -> str:
    """Name of the sample type that tells live heap in them."""
    names = {kind.type for profile in profiles for kind in profile.sample_types}
    return "inuse_space" if "inuse_space" in names else "space"
