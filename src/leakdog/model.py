"""The nouns of leakdog, as frozen values.

Times are unix seconds (float), sizes bytes, rates per second, everywhere below the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class TargetKey(NamedTuple):
    """What identifies a target: two targets with one key are the same process to watch."""

    job: str
    instance: str

    def __str__(self) -> str:
        """`job/instance`, as the command line takes it."""
        return f"{self.job}/{self.instance}"


@dataclass(frozen=True, slots=True)
class Target:
    """One process to watch, as discovery found it.

    Attributes:
        key: job and instance; for HTTP the instance is `host:port`, for a local process `name[pid]` or as the job says.
        labels: further labels from the configuration or from discovery, without `job` and `instance`.
        base_url: `scheme://host:port` where the process serves HTTP, or None.
        pid: process id where it is a local process, or None.

    """

    key: TargetKey
    labels: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    pid: int | None = None


class Source(StrEnum):
    """Where readings come from."""

    PPROF = "pprof"
    METRICS = "metrics"
    PROCESS = "process"


class Kind(StrEnum):
    """Kind of a profile: the last part of its path below `pprof_path`."""

    HEAP = "heap"
    GOROUTINE = "goroutine"
    GOROUTINELEAK = "goroutineleak"
    ALLOCS = "allocs"
    THREADCREATE = "threadcreate"
    BLOCK = "block"
    MUTEX = "mutex"


class Unit(StrEnum):
    """Unit of a signal."""

    BYTES = "bytes"
    COUNT = "count"


class Signal(StrEnum):
    """One number over time of a target."""

    RSS = "rss"  # resident set, file pages included
    RSS_ANON = "rss_anon"  # resident set without file-backed pages: what can leak
    RSS_SHMEM = "rss_shmem"  # resident pages shared with other processes, or of tmpfs
    USS = "uss"  # pages no other process shares
    THREADS = "threads"
    OPEN_FILES = "open_files"
    INUSE_SPACE = "inuse_space"  # heap profile, scaled by its producer; as of the last completed collection
    INUSE_OBJECTS = "inuse_objects"
    ALLOC_SPACE = "alloc_space"  # cumulative: only grows within a life, its rate is the best measure of load
    ALLOC_OBJECTS = "alloc_objects"
    GOROUTINES = "goroutines"
    GOROUTINES_LEAKED = "goroutines_leaked"  # from goroutineleak: proved by the collector, never to wake
    HEAP_ALLOC = "heap_alloc"  # MemStats from here on: live heap and garbage not yet collected
    HEAP_LIVE = "heap_live"  # of it, what the last collection found alive
    HEAP_OBJECTS = "heap_objects"
    HEAP_INUSE = "heap_inuse"  # spans in use, fragmentation included
    HEAP_IDLE = "heap_idle"  # spans not in use
    HEAP_RELEASED = "heap_released"  # of the idle, given back to the system
    HEAP_SYS = "heap_sys"
    STACK_INUSE = "stack_inuse"
    SYS = "sys"  # all that the Go runtime has from the system
    TOTAL_ALLOC = "total_alloc"  # cumulative

    @property
    def unit(self) -> Unit:
        """Bytes or a count."""
        return Unit.COUNT if self in _COUNTS else Unit.BYTES

    @property
    def cumulative(self) -> bool:
        """Whether it can only grow within a life (its rate, not its value, says something)."""
        return self in _CUMULATIVE


_COUNTS = frozenset(
    {
        Signal.THREADS,
        Signal.OPEN_FILES,
        Signal.INUSE_OBJECTS,
        Signal.ALLOC_OBJECTS,
        Signal.GOROUTINES,
        Signal.GOROUTINES_LEAKED,
        Signal.HEAP_OBJECTS,
    }
)
_CUMULATIVE = frozenset({Signal.ALLOC_SPACE, Signal.ALLOC_OBJECTS, Signal.TOTAL_ALLOC})


@dataclass(frozen=True, slots=True)
class Observation:
    """What one source told of one target at one time. A number that is not known is absent, never zero.

    Attributes:
        values: signal to value, all finite and not negative.
        start_time: when the process started, where the source tells.
        pid: process id, where the source tells.
        memory_limit: bytes (GOMEMLIMIT, cgroup), where the source tells.
        profiling_bytes: bytes that the process has allocated so far for being profiled, where the source tells.
        load_total: work that the process has done so far, in any unit, where the source is asked for it.
        build: what tells the program's build from others, where the source tells.
        module: the program's main module, where the source tells.

    """

    source: Source
    time: float
    values: Mapping[Signal, float]
    start_time: float | None = None
    pid: int | None = None
    memory_limit: float | None = None
    profiling_bytes: float | None = None
    load_total: float | None = None
    build: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True)
class RawProfile:
    """A profile's bytes exactly as the target sent them (after HTTP content encoding, before gunzip)."""

    kind: Kind
    time: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a target's process. No fit spans two lives.

    Attributes:
        start_time: the process's own start where known, else `first_seen`.
        first_seen: when leakdog first read it.
        pid: where known.

    """

    start_time: float
    first_seen: float
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class Scrape:
    """All that one pass over one target found, stored in one transaction.

    Attributes:
        slot: the scheduled time; `(key, slot)` is unique, so storing one twice is harmless.
        time: when the readings were taken.

    """

    key: TargetKey
    slot: float
    time: float
    life: Life
    values: Mapping[Signal, float]
    profiles: tuple[RawProfile, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One stored profile, without its bytes. `size_bytes` counts the profile as fetched."""

    id: int
    key: TargetKey
    kind: Kind
    time: float
    size_bytes: int
    life_start: float


class Verdict(StrEnum):
    """What the detector says of one series at one time."""

    TOO_EARLY = "too_early"  # not enough of the life has been seen; `ready_at` says when
    STEADY = "steady"  # no growth that asks for attention
    SETTLING = "settling"  # growth that slows down: warm-up, or a cache still filling
    LOAD = "load"  # growth that load explains
    LEAK = "leak"  # growth that will not stop


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the detector says of one series at one time.

    Attributes:
        growth_per_second, interval: in a second over `look_back_seconds`, and its 90 % interval; None when too early.
        level: robust current value (a low, not a mean).
        z: how many standard errors the growth is above zero.
        onset: when the growth began.
        time_to_limit_seconds, time_to_limit_interval: at this growth, and its 80 % interval; None without a limit.
        ready_at: for `too_early`, when a verdict can be expected.
        blind: nothing could be examined, for want of readings.
        counts: growth over `look_back_seconds` is as much as `min_growth_*` asks; less is not worth telling.
        sure: it has stood for as long as was needed: what was made of all hours so far is sure of it.
        reasons: sentences a person can check against the chart.

    """

    signal: Signal
    time: float
    verdict: Verdict
    growth_per_second: float | None = None
    interval: tuple[float, float] | None = None
    level: float | None = None
    z: float | None = None
    look_back_seconds: float | None = None
    onset: float | None = None
    time_to_limit_seconds: float | None = None
    time_to_limit_interval: tuple[float, float] | None = None
    ready_at: float | None = None
    reasons: tuple[str, ...] = ()
    blind: bool = False
    counts: bool = True
    sure: bool = False


class Frame(NamedTuple):
    """One frame of a call stack, as the profile names it. `line` is 0 where it is not known."""

    function: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class SiteTrend:
    """One of the sites of a target that are followed as series of their own.

    Attributes:
        stack_id, frame: as a culprit's, and where to look.
        signal, value: of the total that the site is a part of, and what it holds now, in the signal's unit.
        assessment: what the detector says of the site alone; None before the first.
        caller: what tells it from others of the target at the same line; None where there are none, or nothing does.

    """

    stack_id: str
    frame: Frame
    signal: Signal
    value: float
    assessment: Assessment | None = None
    caller: Frame | None = None

    @property
    def leaks(self) -> bool:
        """Whether the detector calls its growth a leak."""
        return self.assessment is not None and self.assessment.verdict is Verdict.LEAK


class LeakClass(StrEnum):
    """What kind of growth it is. The last two are growth, but no leak."""

    HEAP = "heap"
    GOROUTINE = "goroutine"
    NATIVE = "native"  # memory outside the Go heap: cgo, mmap
    NOT_RETURNED = "not_returned"  # freed by the program, kept by its runtime
    THREADS = "threads"
    FILES = "files"
    CACHE = "cache"
    LOAD = "load"


class LeakState(StrEnum):
    """Where a leak stands. Transitions live in `detect/state.py`."""

    INACTIVE = "inactive"  # nothing to say; not listed
    PENDING = "pending"  # the detector says leak, the hold time has not passed
    FIRING = "firing"
    RESOLVED = "resolved"  # was firing, and growth has ended; or the process has, while it was suspected or fired


@dataclass(frozen=True, slots=True)
class Culprit:
    """A site that explains a share of a leak's growth.

    Attributes:
        stack_id: stable short hash of the site (function names, normalised; no addresses, no lines).
        frame: where to look: the innermost frame that is neither runtime nor standard library.
        share: of the growth explained by all sites, 0 to 1.
        share_interval: 90 % interval of it, low and high, with the error of sampling; None where not known.
        growth_per_second: in the leak's unit.
        stack: leaf first.
        created_by: for goroutines, the frame that started them, where known.
        note: in words, what else is known ("proved by the garbage collector", "grows in step with open files").
        seen_before: whether it grew before the last restart too.
        new_in_build: the present build, where the site was not there in the one before; else empty.

    """

    stack_id: str
    frame: Frame
    share: float
    growth_per_second: float
    stack: tuple[Frame, ...]
    created_by: Frame | None = None
    note: str = ""
    share_interval: tuple[float, float] | None = None
    seen_before: bool = False
    new_in_build: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody knows of a leak: it stays listed, and is not announced.

    Attributes:
        until: when it ends at the latest; before that when growth has gone, but not with the process alone.
        note: in the words of whoever gave it.
        configured: given by the job's configuration, and only as long as that says so.
        function: the regular expression of functions by which it was given, there or by `KnownFunctions`.

    """

    since: float
    until: float | None = None
    note: str = ""
    configured: bool = False
    function: str = ""

    @property
    def by_function(self) -> bool:
        """Whether it holds for what leaks, and only as long as that is said to be known; else for this leak."""
        return self.configured or bool(self.function)


@dataclass(frozen=True, slots=True)
class Leak:
    """A tracked finding: one per target and class. `id` is stable over time and restarts of the daemon.

    Attributes:
        since: estimated onset of the growth.
        pending_since, firing_since, resolved_since: when each state was entered, where it was.
        returned: how often it has fired again after it had been resolved.
        flat_since: start of the process that has been watched for long enough without this growth; None: not yet.
        process_ended: when a process that grew like this was last seen to have ended; None: none has.

    """

    id: str
    key: TargetKey
    signal: Signal
    leak_class: LeakClass
    state: LeakState
    since: float
    updated: float
    pending_since: float | None = None
    firing_since: float | None = None
    resolved_since: float | None = None
    growth_per_second: float | None = None
    interval: tuple[float, float] | None = None
    time_to_limit_seconds: float | None = None
    reasons: tuple[str, ...] = ()
    culprits: tuple[Culprit, ...] = ()
    acknowledged: Acknowledgement | None = None
    returned: int = 0
    flat_since: float | None = None
    process_ended: float | None = None

    @property
    def ended_with_process(self) -> bool:
        """Whether it is over with its process, and not because it grew no more; not of one that is suspected again."""
        return self.told_state is LeakState.RESOLVED and self.resolved_since == self.process_ended is not None

    @property
    def told_state(self) -> LeakState:
        """The state that people are told: one that was over and is suspected again is no more over than a new one."""
        return LeakState.PENDING if self.state is LeakState.RESOLVED and self.pending_since is not None else self.state
