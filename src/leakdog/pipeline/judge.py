"""From new numbers to leaks: feed the series of a target, assess them, and move its leaks from state to state."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from leakdog.attribute.blocked import with_blocked
from leakdog.attribute.classify import classify
from leakdog.attribute.tally import Tally
from leakdog.attribute.trend import Floats, shared_slopes
from leakdog.detect.settings import Settings
from leakdog.detect.state import Doubt, advance, is_open
from leakdog.model import Leak, LeakClass, LeakState, Life, Signal, Unit, Verdict
from leakdog.pipeline.sites import BESIDE, BY_SITE, Sites, judge_sites
from leakdog.pipeline.state import Watched
from leakdog.pipeline.turns import turned
from leakdog.report.words import human_value

# Signals that are tested. Cumulative ones are load, not level; USS is RSS_ANON seen seldom; objects are judged by site.
TESTED = (
    Signal.RSS_ANON,
    Signal.RSS,
    Signal.THREADS,
    Signal.OPEN_FILES,
    Signal.INUSE_SPACE,
    Signal.GOROUTINES,
    Signal.GOROUTINES_LEAKED,
    Signal.HEAP_ALLOC,
    Signal.HEAP_IDLE,
    Signal.HEAP_RELEASED,
    Signal.HEAP_SYS,
    Signal.STACK_INUSE,
    Signal.SYS,
)
# Classes that tell of growth which is no leak: known, shown with the target, never announced.
HARMLESS = frozenset({LeakClass.CACHE, LeakClass.LOAD})
# Signals whose limit is the memory limit. A count has none here.
LIMITED = frozenset({Signal.RSS, Signal.RSS_ANON, Signal.INUSE_SPACE, Signal.HEAP_ALLOC, Signal.SYS})

# Of its limit, what a process has when it may have been killed for its memory: a reading is as old as the interval.
NEAR_LIMIT = 0.8

# Of a block, how much must have passed between two looks: a little less than all of it, as slots have some play.
LOOK_SHARE = 0.9
# Of the blocks in which the resident set leaks, how many must tell another signal for the two to be compared.
TOLD_SHARE = 0.5


def begin_life(watched: Watched, life: Life, now: float, settings: Settings) -> list[Leak]:
    """Forget what was known of the last life. Its leaks have ended with it; they are returned as they now stand."""
    ended = end_leaks(watched, now, settings)
    watched.life = life
    watched.values.clear()
    watched.verdicts, watched.assessments = {}, {}
    watched.absent.clear()
    watched.answered.clear()
    watched.explained.clear()
    watched.load = watched.local_pid = watched.facts_time = watched.assessed = watched.memory_limit = None
    watched.held_heap = watched.blocked = watched.counted = None
    watched.harmless, watched.turns = (), {}
    watched.past.clear()
    watched.module = ""
    for sites in watched.sites.values():
        sites.begin_life()
    return ended


def end_leaks(watched: Watched, now: float, settings: Settings) -> list[Leak]:
    """Move the target's leaks on as its process has ended. Returns those that it has ended, with its last memory."""
    ended = [
        replace(leak, reasons=(*leak.reasons, *_last_memory(watched)))
        for leak in ended_with(watched.leaks.values(), now, settings)
    ]
    watched.leaks |= {leak.leak_class: leak for leak in ended}
    return ended


def ended_with(leaks: Iterable[Leak], now: float, settings: Settings) -> list[Leak]:
    """Of these leaks those that a process has left as it ended, as they now stand."""
    after = [(leak, advance(leak, None, key=leak.key, now=now, settings=settings, alive=False)) for leak in leaks]
    return [ended for leak, ended in after if ended is not None and ended is not leak]


def _last_memory(watched: Watched) -> list[str]:
    """How near to its limit the process was when it was last read: whether it may have been killed for it."""
    resident, limit = watched.values.get(Signal.RSS), watched.memory_limit
    if resident is None or not limit or watched.last_success is None:
        return []
    had = f"{human_value(resident, Unit.BYTES)} of its limit of {human_value(limit, Unit.BYTES)}"
    killed = " and may have been killed for it" if resident >= NEAR_LIMIT * limit else ""
    return [f"when it was last read, the process had {had}{killed}"]


def observe(
    watched: Watched, values: dict[Signal, float], now: float, settings: Settings, tallies: Mapping[Signal, Tally]
) -> None:
    """Feed the values of one pass to the series of the target, and those of its sites to theirs."""
    assert watched.life is not None
    life_start = watched.life.start_time
    told = {signal: values[signal] for signal in TESTED if signal in values}
    if Signal.RSS_ANON in told:
        told.pop(Signal.RSS, None)
    limited = LIMITED if watched.memory_limit is not None else ()
    watched.series.observe(told, now, settings, life_start=life_start, load=watched.load, limited=limited)
    for signal in (each for each in BY_SITE if each in tallies):  # bytes before what is counted beside them
        sites = watched.sites.setdefault(signal, Sites(signal))
        beside = watched.sites[BESIDE[signal]] if signal in BESIDE else None
        load, own = watched.load, watched.own
        sites.observe(tallies[signal], now, settings, life_start=life_start, load=load, own=own, beside=beside)


def judge(
    watched: Watched,
    now: float,
    settings: Settings,
    seconded: AbstractSet[LeakClass] = frozenset(),
    doubted: Mapping[LeakClass, Doubt] = MappingProxyType({}),
) -> list[Leak]:
    """Assess all series of the target and move its leaks on. Returns those that are new or have changed state.

    Leaks of a class in `seconded` (see `Fleet.seconded`) need not hold for as long as others, and those of a class in
    `doubted` (see `replicas.doubts`) hold for longer.

    Nothing can change before the detector's finest block has ended, so until then nothing is assessed.
    """
    if watched.assessed is not None and 0 <= now - watched.assessed < LOOK_SHARE * settings.levels[0].block_seconds:
        return []
    watched.verdicts, watched.assessments = watched.series.judge(_limits(watched, now, settings), now)
    looked, watched.assessed = watched.assessed, now
    judge_sites(watched.sites.values(), now, settings)
    together = growth_together(watched, now, settings)
    seen, leaking = watched.assessments, watched.leaking_sites()
    grown = classify(seen, watched.values, together, watched.held_heap, leaking, watched.verdicts)
    known = seen.get(Signal.GOROUTINES) if watched.blocked else None
    told = with_blocked(grown, watched.blocked, known, now)
    watched.harmless = tuple(each for each in told if each.leak_class in HARMLESS)
    findings = {each.leak_class: each for each in told if each.leak_class not in HARMLESS}
    left = _just_left(watched, findings, looked, now, settings)
    turn = turned(watched, left, findings, now, settings)
    changed = []
    for leak_class in LeakClass:
        before, finding = watched.leaks.get(leak_class), findings.get(leak_class)
        if leak_class in turn.waits or (before is None and finding is None):
            continue
        if leak_class in turn.ends or leak_class in turn.stays:
            changed += _replace(watched, leak_class, turn.stays.get(leak_class))
            continue
        after = advance(
            before,
            finding,
            key=watched.key,
            now=now,
            settings=settings,
            blind=before is not None and _blind(watched, before, now, settings),
            seconded=leak_class in seconded,
            doubt=doubted.get(turn.before(leak_class)),
            stood=turn.since.get(leak_class),
        )
        changed += _replace(watched, leak_class, turn.told(after))
    return changed


def _limits(watched: Watched, now: float, settings: Settings) -> dict[Signal, float]:
    """The value of each signal that has a limit with which the process reaches it, by what grows with it alone.

    Of what a signal counts less may be resident: heap that was never written to takes none of the limit. Where more is
    resident than live heap, the rest is not counted: a Go program under GOMEMLIMIT collects the more the nearer it is.
    """
    limit, resident = watched.memory_limit, _resident(watched, now, settings)
    if limit is None:
        return {}
    if resident is None:
        return dict.fromkeys(LIMITED, limit)
    return {signal: limit + max(0.0, watched.values.get(signal, 0.0) - resident) for signal in LIMITED}


def _resident(watched: Watched, now: float, settings: Settings) -> float | None:
    """What is resident; None where that was not told of late: what has grown since would count as not resident."""
    told = max(map(watched.series.last_time, (Signal.RSS, Signal.RSS_ANON)))
    return watched.values.get(Signal.RSS) if now - told <= settings.resolve_seconds else None


def _just_left(
    watched: Watched, findings: Container[LeakClass], looked: float | None, now: float, settings: Settings
) -> list[Leak]:
    """Leaks that were found at the last look and are not now, though they could be; at the first one, all such."""
    return [
        leak
        for leak_class, leak in watched.leaks.items()
        if leak_class not in findings
        and is_open(leak)
        and (looked is None or leak.updated >= looked)
        and not _blind(watched, leak, now, settings)
    ]


def _blind(watched: Watched, leak: Leak, now: float, settings: Settings) -> bool:
    """Whether a leak cannot be found only because its signal, which is still told, was not read for a while."""
    seen = watched.assessments.get(leak.signal)
    return seen is not None and seen.blind and now - watched.series.last_time(leak.signal) < settings.resolve_seconds


def growth_together(watched: Watched, now: float, settings: Settings) -> dict[Signal, float]:
    """Growth per second of every signal over the look-back in which the resident set leaks; empty where it does not.

    Each assessment has a look-back of its own. Only rates of one span can be added and subtracted, and only such as
    least squares give: Go maps memory in pieces of 4 MiB, which are in what it has and in what it has given back until
    they are used.
    """
    signal = Signal.RSS_ANON if Signal.RSS_ANON in watched.verdicts else Signal.RSS
    if watched.verdicts.get(signal) is not Verdict.LEAK:
        return {}
    look_back = watched.assessments[signal].look_back_seconds
    assert look_back is not None
    block_seconds, lows = _lows(watched, now, look_back, settings)
    told = {each: np.flatnonzero(~np.isnan(low)) for each, low in lows.items()}
    told = {each: blocks for each, blocks in told.items() if len(blocks) >= max(2, TOLD_SHARE * len(lows[each]))}
    if signal not in told:
        return {}
    first, last = max(blocks[0] for blocks in told.values()), min(blocks[-1] for blocks in told.values())
    shared = told[signal][(told[signal] >= first) & (told[signal] <= last)]
    if len(shared) < 2:
        return {}
    values = np.array([np.interp(shared, blocks, lows[each][blocks]) for each, blocks in told.items()])
    return dict(zip(told, shared_slopes(block_seconds * shared, values).tolist(), strict=True))


def _lows(watched: Watched, now: float, look_back: float, settings: Settings) -> tuple[float, dict[Signal, Floats]]:
    """The lows of every signal in a look-back, NaN where a block has none, and how long its blocks are."""
    reaching = (each for each in enumerate(settings.levels) if each[1].length * each[1].block_seconds >= look_back)
    number, level = next(reaching, (len(settings.levels) - 1, settings.levels[-1]))
    count = max(3, round(look_back / level.block_seconds))
    assert watched.series.group is not None
    lows = watched.series.group.panel(number, int(now // level.block_seconds)).lows[:, -count:]
    return level.block_seconds, dict(zip(watched.series.told, lows, strict=True))


def _replace(watched: Watched, leak_class: LeakClass, after: Leak | None) -> list[Leak]:
    """Put the leak as it now stands in its place; a list of it where its state is another than before."""
    before = watched.leaks.pop(leak_class, None)
    if after is None:  # told too, or the store would still have it as pending
        return [] if before is None else [replace(before, state=LeakState.INACTIVE, pending_since=None)]
    watched.leaks[leak_class] = after
    return [] if before is not None and before.told_state is after.told_state else [after]
