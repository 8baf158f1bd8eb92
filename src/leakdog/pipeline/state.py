"""What the daemon holds in memory of each target, and of all of them: the one mutable thing in leakdog.

The pipeline writes it; pages, API and metrics only read.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from leakdog.attribute.before import Before
from leakdog.attribute.blocked import Blocked
from leakdog.attribute.case import Finding
from leakdog.attribute.code import Own
from leakdog.attribute.held import Held
from leakdog.config.schema import ScrapeConfig
from leakdog.detect.group import Group
from leakdog.detect.settings import PRODUCTION
from leakdog.detect.state import is_open
from leakdog.errors import Reason, StoreError
from leakdog.model import (
    Assessment,
    Kind,
    Leak,
    LeakClass,
    LeakState,
    Life,
    Signal,
    SiteTrend,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.functions import KnownFunctions
from leakdog.pipeline.lives import Facts
from leakdog.pipeline.signals import Signals
from leakdog.pipeline.sites import BESIDE, Sites

# Targets that come and go under ever new names must not fill the memory: so many that had a leak are remembered.
MOST_DEPARTED = 1000
# Lives of which the build is remembered.
LIVES = 10
# Nearer to its limit than what fires at once, a leak is listed before others.
NEAR_SECONDS = PRODUCTION.at_once_seconds


class Lived(NamedTuple):
    """One life of a target as it is remembered. `build` is empty where not known."""

    start_time: float
    build: str = ""


@dataclass(slots=True)
class Cost:
    """What it has cost targets to be watched.

    Attributes:
        bytes: of answers, after HTTP's content encoding was taken off.
        collections: garbage collections that were asked for, where an answer came; see `leakdog.pipeline.cost`.
        seconds: from a request to the end of its answer, or to its failure.

    """

    requests: int = 0
    bytes: int = 0
    collections: int = 0
    seconds: float = 0.0

    def add(self, more: Cost) -> None:
        """Count what came on top."""
        self.requests += more.requests
        self.bytes += more.bytes
        self.collections += more.collections
        self.seconds += more.seconds


@dataclass(slots=True)
class Watched:
    """One target and all that is known of it now.

    Attributes:
        up: how the last pass went; None before the first.
        first_scrape, last_scrape: time of the first and of the last pass, good or bad, since the daemon knows it.
        values: latest value of each signal in this life.
        load: work per second up to the last pass: bytes that it allocated, or what the job's `load_metrics` count.
        verdicts: what the detector says of each signal; `assessments` say it in full, and are made when asked for.
        counted: those counters' sum as it was told last, with the time.
        lives: the last few, the present one last.
        past: what the life before tells of sites, by kind of profile, once somebody has asked.
        blocked: goroutines at one line that are more than the job allows, as of the last goroutine profile.
        held_heap: what leaked goroutines hold of the heap by their stacks; None: not known.
        cost: what was asked of it since the daemon knows it, by what that was: a profile's kind, `metrics` and so on.
        absent: optional pages this target answered 404 to, asked again after a restart.
        answered: optional pages that it gave in this life, and since when they are lacking: infinite, they are not.
        turns: by class, since when what fires in another is found in it; see `leakdog.pipeline.turns`.
        harmless: what grows and is no leak, as of the last look: a cache that fills, or load.
        module: the program's main module, as far as its metrics page or its profiles tell.
        removed: watched no more: a pass that is still under way tells nothing of it.

    """

    target: Target
    job: ScrapeConfig
    up: bool | None = None
    last_error: str = ""
    first_scrape: float | None = None
    last_scrape: float | None = None
    last_success: float | None = None
    last_duration_seconds: float | None = None
    life: Life | None = None
    facts: Facts = field(default_factory=Facts)
    facts_time: float | None = None
    memory_limit: float | None = None
    values: dict[Signal, float] = field(default_factory=dict)
    load: float | None = None
    counted: tuple[float, float] | None = None
    absent: set[str] = field(default_factory=set)
    answered: dict[str, float] = field(default_factory=dict)
    local_pid: int | None = None
    sites: dict[Signal, Sites] = field(default_factory=dict)
    series: Signals = field(default_factory=Signals)
    verdicts: Mapping[Signal, Verdict] = field(default_factory=dict)
    assessments: Mapping[Signal, Assessment] = field(default_factory=dict)
    assessed: float | None = None
    leaks: dict[LeakClass, Leak] = field(default_factory=dict)
    turns: dict[LeakClass, float] = field(default_factory=dict)
    harmless: tuple[Finding, ...] = ()
    explained: dict[LeakClass, float] = field(default_factory=dict)
    held_heap: Held | None = None
    blocked: Blocked | None = None
    lives: list[Lived] = field(default_factory=list)
    past: dict[Kind, Before | None] = field(default_factory=dict)
    cost: defaultdict[str, Cost] = field(default_factory=lambda: defaultdict(Cost))
    module: str = ""
    removed: bool = False

    @property
    def own(self) -> Own:
        """What the program's own code is called: as the job says, else as the program tells; none: not known."""
        return self.job.own_code or ((self.module,) if self.module else ())

    @property
    def key(self) -> TargetKey:
        """Identity of the target."""
        return self.target.key

    @property
    def too_early(self) -> bool:
        """Whether nothing can be said of any of its signals yet."""
        return all(verdict is Verdict.TOO_EARLY for verdict in self.verdicts.values())

    @property
    def ready_at(self) -> float | None:
        """When something can be said of the signal that was told first, while it is too early to; None: not known."""
        first = next(iter(self.assessments), None)
        found = None if first is None else self.said_of(first)
        return found.ready_at if found else None

    @property
    def build(self) -> str:
        """What is running now; empty where not known."""
        return self.lives[-1].build if self.lives else ""

    def remember_life(self, start_time: float, build: str) -> None:
        """Note the present life, or its build once that is known."""
        if self.lives and self.lives[-1].start_time == start_time:
            build = self.lives.pop().build or build
        self.lives = [*self.lives, Lived(start_time, build)][-LIVES:]

    def note_pages(self, answered: Collection[str], absent: Collection[str], now: float, patience: float) -> None:
        """Note what it has and lacks. What it had is only lacking once it has been for so many seconds.

        Whatever stands before it, or a page that says that it is busy, may answer for it for a while. Some pages are
        asked for seldom: how long ago one was given says nothing.
        """
        self.answered |= dict.fromkeys((name for name in answered if name not in absent), math.inf)
        for name in absent:
            since = self.answered.get(name, -math.inf)
            if now - since >= patience:
                self.absent.add(name)
            elif since > now:
                self.answered[name] = now

    def forget_series(self) -> None:
        """Know nothing of its signals and sites but what is told from now on."""
        self.series, self.sites = Signals(), {}
        self.verdicts, self.assessments, self.assessed, self.harmless = {}, {}, None, ()

    def said_of(self, signal: Signal) -> Assessment | None:
        """What the detector says of a signal; None where it says nothing, or where that cannot be read back.

        The target's own next pass reads the same, tells of the failure, and begins its series anew.
        """
        try:
            return self.assessments.get(signal)
        except StoreError:
            return None

    def said(self) -> dict[Signal, Assessment]:
        """The same of all signals of which it says something, in their order."""
        found = {signal: self.said_of(signal) for signal in sorted(self.assessments)}
        return {signal: seen for signal, seen in found.items() if seen is not None}

    def groups(self) -> list[Group]:
        """The series of its signals and of its sites."""
        groups = [self.series.group, *(sites.group for sites in self.sites.values())]
        return [group for group in groups if group is not None]

    def leaking_sites(self) -> dict[Signal, SiteTrend]:
        """Of each signal, the site that leaks fastest, where one leaks; by objects only where none does by bytes."""
        found: dict[Signal, SiteTrend] = {}
        for signal in sorted(self.sites, key=lambda each: each in BESIDE):
            fastest = self.sites[signal].fastest()
            if fastest is not None:
                found.setdefault(fastest.signal, fastest)
        return found

    def leaks_as(self, leak_class: LeakClass) -> bool:
        """Whether it leaks in this way, or is suspected to."""
        return is_open(self.leaks.get(leak_class))

    def wants(self, kind: Kind) -> bool:
        """Whether this profile is configured and the target has not said that it has none."""
        return bool(self.job.pprof_path) and kind in self.job.profiles and kind.value not in self.absent


def _left(leak: Leak) -> float:
    """Seconds to the limit where that is near; of all others, which are not told apart by it, more than that."""
    left = leak.time_to_limit_seconds
    return NEAR_SECONDS if left is None else min(left, NEAR_SECONDS)


def _aged(leak: Leak, before: float) -> bool:
    """Whether a leak has ended before this, and is not suspected again."""
    ended = leak.updated if leak.resolved_since is None else leak.resolved_since
    return leak.told_state is LeakState.RESOLVED and ended < before


@dataclass(slots=True)
class Counters:
    """What the daemon has done since it started."""

    scrapes: int = 0
    failures: Counter[Reason] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    lag_seconds: float = 0.0
    explain_failures: int = 0
    decoder_deaths: int = 0
    dense_phases: Counter[str] = field(default_factory=Counter)
    evidence_files: int = 0
    evidence_missing: int = 0
    evidence_spared: int = 0


@dataclass(slots=True)
class Fleet:
    """All watched targets, by key, with the counters and the state of the configuration.

    Attributes:
        departed: leaks of targets that are watched no more: all ended, listed until they have aged.
        past_cost: of each job, what was asked of targets that are watched no more.
        dense: of each job, the targets that were read densely of late, and when each began to be.
        asked: of each job, the targets that were asked of late for what proves a leak, and when.
        acknowledged: functions whose leaks are known, beside those that the configuration names.
        idle: jobs of which processes were looked for, and none was found.

    """

    targets: dict[TargetKey, Watched] = field(default_factory=dict)
    past_cost: defaultdict[tuple[str, str], Cost] = field(default_factory=lambda: defaultdict(Cost))
    dense: dict[str, dict[str, float]] = field(default_factory=dict)
    asked: dict[str, dict[str, float]] = field(default_factory=dict)
    departed: dict[TargetKey, list[Leak]] = field(default_factory=dict)
    acknowledged: tuple[KnownFunctions, ...] = ()
    idle: tuple[str, ...] = ()
    counters: Counters = field(default_factory=Counters)
    reload_successful: bool = True
    reload_success_time: float = 0.0
    ready: bool = False

    def __iter__(self) -> Iterator[Watched]:
        """Targets in order of job and instance."""
        return iter([self.targets[key] for key in sorted(self.targets)])

    def remove(self, key: TargetKey) -> Watched:
        """Watch a target no more; what it has cost stays with its job."""
        watched = self.targets.pop(key)
        watched.removed = True
        for asked, cost in watched.cost.items():
            self.past_cost[key.job, asked].add(cost)
        return watched

    def cost(self) -> dict[tuple[str, str], Cost]:
        """What was asked of the targets of each job, by job and by what it was. Only grows."""
        whole: defaultdict[tuple[str, str], Cost] = defaultdict(Cost)
        for at, cost in self.past_cost.items():
            whole[at].add(cost)
        for key, watched in self.targets.items():
            for asked, cost in watched.cost.items():
                whole[key.job, asked].add(cost)
        return dict(whole)

    def seconded(self, watched: Watched) -> frozenset[LeakClass]:
        """Classes in which a target is suspected of what another instance of its job fires for: by the same code."""
        suspected = {
            leak.leak_class: leak.culprits[0].frame.function
            for leak in watched.leaks.values()
            if leak.pending_since is not None and leak.state is not LeakState.FIRING and leak.culprits
        }
        if not suspected:
            return frozenset()
        fires = (
            leak
            for other in self.targets.values()
            if other.key.job == watched.key.job and other is not watched
            for leak in other.leaks.values()
            if leak.state is LeakState.FIRING and leak.culprits
        )
        return frozenset(
            leak.leak_class for leak in fires if suspected.get(leak.leak_class) == leak.culprits[0].frame.function
        )

    def depart(self, key: TargetKey, leaks: Iterable[Leak]) -> None:
        """Go on listing the leaks of a target that is watched no more; of too many, those that ended last."""
        if ended := [leak for leak in leaks if leak.state is LeakState.RESOLVED]:
            self.departed[key] = ended
        while len(self.departed) > MOST_DEPARTED:
            del self.departed[min(self.departed, key=lambda key: max(leak.updated for leak in self.departed[key]))]

    def forget(self, before: float) -> None:
        """List no more the leaks that ended before a time."""
        for watched in self.targets.values():
            watched.leaks = {name: leak for name, leak in watched.leaks.items() if not _aged(leak, before)}
        young = {key: [leak for leak in leaks if not _aged(leak, before)] for key, leaks in self.departed.items()}
        self.departed = {key: leaks for key, leaks in young.items() if leaks}

    def leaks(self) -> list[Leak]:
        """Firing ones first, then what is suspected, then resolved; in each what is near its limit, then the newest."""
        order = [LeakState.FIRING, LeakState.PENDING, LeakState.RESOLVED]
        found = [leak for each in self.targets.values() for leak in each.leaks.values() if leak.state in order]
        found += [leak for leaks in self.departed.values() for leak in leaks if leak.state in order]
        return sorted(found, key=lambda leak: (order.index(leak.told_state), _left(leak), -leak.since, leak.id))
