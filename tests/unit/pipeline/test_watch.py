"""The pass as a whole: a failure changes nothing but what is told of it, a restart begins anew, a leak is announced."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from leakdog.attribute.case import Finding
from leakdog.config.schema import Config, DenseConfig, DetectionConfig, IntervalsConfig, ProcessConfig, ScrapeConfig
from leakdog.detect.cells import Floats
from leakdog.detect.settings import PRODUCTION, settings_for
from leakdog.errors import FetchError, Reason, StoreError
from leakdog.model import (
    Acknowledgement,
    Assessment,
    Culprit,
    Frame,
    Kind,
    Leak,
    LeakClass,
    LeakState,
    Observation,
    Scrape,
    Signal,
    Snapshot,
    Source,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline import watch
from leakdog.pipeline.gather import METRICS, PROCESS, Gathered
from leakdog.pipeline.known import acknowledge
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pipeline.watch import SOURCES, Pipeline, due_sources
from leakdog.pprof import DEFAULT_LIMITS, ValueType, encode
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ReadProfile
from leakdog.store import Store, open_store

CULPRIT = Culprit("0b0c", Frame("cart.Put", "put.go", 8), 0.9, 1.0, ())
START = 10_000.0
SPACE = ValueType("inuse_space", "bytes")


@dataclass
class Script:
    """Stands in for gatherer and explainer: gives the next observation or error, and names one culprit."""

    now: float = START
    next: Gathered | FetchError = field(default_factory=Gathered)
    asked: list[frozenset[str]] = field(default_factory=list)
    dense: list[frozenset[str]] = field(default_factory=list)
    explained: list[float] = field(default_factory=list)
    busy: bool = False

    async def gather(self, watched: Watched, due: frozenset[str], dense: frozenset[str]) -> Gathered:
        """Give what the script says."""
        self.asked.append(due)
        self.dense.append(dense)
        if isinstance(self.next, FetchError):
            raise self.next
        return self.next

    async def explain(self, watched: Watched, leak: Leak, now: float) -> Leak:
        """Name one culprit."""
        self.explained.append(now)
        return replace(leak, culprits=(CULPRIT,))

    def tells(self, values: dict[Signal, float], **facts: float) -> None:
        """The next pass sees these values."""
        self.next = Gathered([Observation(Source.METRICS, self.now, values, **facts)])


@dataclass
class Proofs:
    """Stands in for the collector: what was to be kept, and when."""

    script: Script
    kept: list[tuple[str, LeakState]] = field(default_factory=list)

    async def fired(self, watched: Watched, leak: Leak) -> None:
        """Note a leak that has begun to fire."""
        self.kept.append(("fired", leak.state))

    async def ended(self, leak: Leak) -> None:
        """Note a leak whose process has ended."""
        self.kept.append(("ended", leak.state))


class Broken:
    """A store that takes nothing."""

    shelf = None

    async def append(self, scrape: Scrape) -> tuple[Snapshot, ...]:
        """Refuse."""
        raise StoreError("the disk is full")

    async def put_leaks(self, leaks: list[Leak]) -> None:
        """Refuse."""
        raise StoreError("the disk is full")


@pytest.fixture
async def store(config: Config) -> AsyncIterator[Store]:
    """A store in memory."""
    made = open_store(config.storage)
    yield made
    await made.close()


def build(
    config: Config, script: Script, store: Store | Broken, proofs: Proofs | None = None
) -> tuple[Pipeline, Fleet]:
    """A pipeline that runs the script."""
    fleet = Fleet()
    settings = settings_for(config.detection)
    made = Pipeline(fleet, config, settings, script, script, store, lambda: script.now, proofs)  # type: ignore[arg-type]
    return made, fleet


def profile_of(module: str) -> ReadProfile:
    """A heap profile of a program whose package `main` is in this module."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    builder.sample([1], [builder.location(1, (Frame("main.main", f"{module}/main.go", 9),))])
    profile = builder.build(SPACE, 1)
    return ReadProfile(Kind.HEAP, START, gzip.compress(encode(profile)), profile)


def leak_of(watched: Watched) -> Leak:
    """A leak of its heap that is pending."""
    since = {"since": START, "updated": START, "pending_since": START}
    return Leak("9f1c", watched.key, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.PENDING, **since)


async def grow(
    pipeline: Pipeline, script: Script, watched: Watched, seconds: int, rate: float = 1e6, start_time: float = START
) -> None:
    """One pass a second of a heap that grows by `rate` bytes per second."""
    for _ in range(seconds):
        script.now += 1
        script.tells({Signal.INUSE_SPACE: 5e7 + rate * (script.now - start_time)}, start_time=start_time)
        await pipeline.scrape(watched, script.now)


async def test_a_good_pass_is_stored_and_shown(config: Config, store: Store, watched: Watched) -> None:
    """Values, life and limit of the target are those of the pass, and the store has them."""
    script = Script()
    pipeline, fleet = build(config, script, store)
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=9000.0, memory_limit=1e9)
    await pipeline.scrape(watched, START)
    assert (watched.up, watched.last_error, watched.last_success) == (True, "", START)
    assert (watched.values, watched.memory_limit) == ({Signal.INUSE_SPACE: 5e7}, 1e9)
    assert watched.life is not None
    assert watched.life.start_time == 9000.0
    assert (await store.readings(watched.key, Signal.INUSE_SPACE)).values.tolist() == [5e7]
    assert fleet.counters.scrapes == 1


async def test_a_failed_pass_changes_nothing_but_what_is_told_of_it(
    config: Config, store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """The target is down with its reason, counted once per pass and logged once; values and store stay."""
    script = Script()
    pipeline, fleet = build(config, script, store)
    script.tells({Signal.INUSE_SPACE: 5e7})
    await pipeline.scrape(watched, START)
    script.next = FetchError(Reason.TIMEOUT, "too slow")
    with caplog.at_level(logging.INFO):
        for second in (1, 2, 3):
            await pipeline.scrape(watched, START + second)
    assert (watched.up, watched.last_error) == (False, "timeout: too slow")
    assert watched.values == {Signal.INUSE_SPACE: 5e7}
    assert len((await store.readings(watched.key, Signal.INUSE_SPACE)).values) == 1
    assert fleet.counters.failures == {Reason.TIMEOUT: 3}
    assert caplog.text.count("is down") == 1
    script.tells({Signal.INUSE_SPACE: 5e7})
    with caplog.at_level(logging.INFO):
        await pipeline.scrape(watched, START + 4)
    assert caplog.text.count("is up again") == 1


@pytest.mark.parametrize(("process", "told"), [(ProcessConfig(user="shop"), 0), (ProcessConfig(name="etcd"), 1)])
async def test_one_of_all_processes_of_a_user_ends_without_a_word(
    config: Config, store: Store, watched: Watched, caplog: pytest.LogCaptureFixture, process: ProcessConfig, told: int
) -> None:
    """Some do each minute; one that was named is down."""
    script = Script()
    pipeline, _ = build(config, script, store)
    watched.job = replace(watched.job, process=process)
    script.next = FetchError(Reason.PROCESS_GONE, "process 7 has ended")
    with caplog.at_level(logging.INFO):
        await pipeline.scrape(watched, START)
    assert (watched.up, caplog.text.count("is down")) == (False, told)


async def test_growth_becomes_a_leak_with_its_code(config: Config, store: Store, watched: Watched) -> None:
    """A heap that grows for a minute and a half fires, is explained, and stands in the store."""
    script = Script()
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 95)
    leak = watched.leaks[LeakClass.HEAP]
    assert leak.state is LeakState.FIRING
    assert leak.growth_per_second == pytest.approx(1e6, rel=0.05)
    assert leak.culprits == (CULPRIT,)
    assert [stored.state for stored in await store.leaks()] == [LeakState.FIRING]


async def test_an_acknowledgement_given_during_a_pass_is_stored(
    config: Config, store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the code is looked for, in vain: the leak as it was found before is not put in its place."""
    pipeline, fleet = build(config, script := Script(), store)
    fleet.targets[watched.key] = watched
    given = Acknowledgement(START, note="known")

    async def explain(watched: Watched, leak: Leak, now: float) -> Leak:
        acknowledge(fleet, leak.id, given)
        return leak

    monkeypatch.setattr(script, "explain", explain)
    while not watched.explained:
        await grow(pipeline, script, watched, 1)
    assert [leak.acknowledged for leak in await store.leaks()] == [given]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_page_that_was_there_is_not_given_up_at_once(
    config: Config, store: Store, watched: Watched, restarted: bool
) -> None:
    """A proxy may answer 404 for a while, whenever it was last asked; what is given up stays so for this process."""
    pipeline, _ = build(config, script := Script(), store)
    hold = settings_for(config.detection).hold_seconds

    async def passes(seconds: float, *, there: bool, start: float = START) -> None:
        script.now += seconds
        script.tells({Signal.INUSE_SPACE: 5e7}, start_time=start)
        script.next.answered, script.next.absent = ({METRICS}, set()) if there else ({"heap"}, {METRICS})
        await pipeline.scrape(watched, script.now)

    await passes(1, there=True)
    await passes(2 * hold, there=False, start=START + 10 * restarted)
    assert (METRICS in watched.absent) == restarted
    if not restarted:
        await passes(1, there=True)
        await passes(2 * hold, there=False)
        await passes(hold - 1, there=False)
        assert METRICS not in watched.absent
        await passes(1, there=False)
        assert METRICS in watched.absent


async def test_a_leak_that_goes_on_is_no_news(
    config: Config, store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells of a new state or a new first culprit, not of every time that the same code was found."""
    pipeline, _ = build(config, script := Script(), store)
    with caplog.at_level(logging.INFO, "leakdog.pipeline"):
        await grow(pipeline, script, watched, 180)
    assert len(script.explained) > 2
    assert {each.levelno for each in caplog.records if " is firing " in each.getMessage()} == {logging.WARNING}
    assert [message.rpartition(" is ")[2] for message in caplog.messages] == [
        "pending (heap): cart.Put",
        "firing (heap): cart.Put",
    ]


async def test_a_leak_is_explained_ever_less_often(config: Config, store: Store, watched: Watched) -> None:
    """While a leak goes on, the pauses between two explanations grow with its age."""
    script = Script()
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 300)
    pauses = [later - earlier for earlier, later in zip(script.explained, script.explained[1:], strict=False)]
    assert pauses[0] >= 10
    assert pauses[-1] > 2 * pauses[0]


async def test_a_leak_is_explained_though_the_clock_was_ahead_once(
    config: Config, store: Store, watched: Watched
) -> None:
    """Its code would else be asked for when that time comes, which may be in a year."""
    script = Script()
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 1)
    watched.explained[LeakClass.HEAP] = START + 1e7
    await grow(pipeline, script, watched, 95)
    assert script.explained


async def test_a_leak_whose_code_is_known_does_not_wait_behind_others(
    config: Config, store: Store, watched: Watched
) -> None:
    """While other targets are explained it goes on without; before its code is known it is asked for all the same."""
    script = Script(busy=True)
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 300)
    assert len(script.explained) == 1
    (leak,) = watched.leaks.values()
    assert (leak.state, leak.culprits) == (LeakState.FIRING, (CULPRIT,))
    script.busy = False
    await grow(pipeline, script, watched, 1)
    assert len(script.explained) == 2


async def test_a_leak_of_a_new_life_is_not_told_with_the_code_of_the_last(
    config: Config, store: Store, watched: Watched
) -> None:
    """It may be of another build: its code is asked for at once, though other targets are explained."""
    script = Script(busy=True)
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 95)
    script.now += 1
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=script.now)
    await pipeline.scrape(watched, script.now)
    began = script.now
    await grow(pipeline, script, watched, 95, start_time=began)
    assert watched.leaks[LeakClass.HEAP].state is LeakState.FIRING
    assert [time > began for time in script.explained] == [False, True]


async def test_a_restart_ends_the_leak_and_begins_a_life(config: Config, store: Store, watched: Watched) -> None:
    """Another start time resolves the leak at once; the new life starts with nothing known."""
    script = Script()
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 95)
    script.now += 1
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=script.now)
    await pipeline.scrape(watched, script.now)
    assert watched.leaks[LeakClass.HEAP].state is LeakState.RESOLVED
    assert watched.life is not None
    assert watched.life.start_time == script.now
    assert [stored.state for stored in await store.leaks()] == [LeakState.RESOLVED]


@pytest.mark.parametrize("gone", [True, False])
async def test_the_log_calls_nothing_fixed_that_ended_with_its_process(
    config: Config, store: Store, watched: Watched, caplog: pytest.LogCaptureFixture, gone: bool
) -> None:
    """Of a process that has gone for a while, or has another in its place, the leak is over, and not resolved."""
    pipeline, _ = build(config, script := Script(), store)
    await grow(pipeline, script, watched, 95)
    script.now += 60
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=script.now)
    if gone:
        script.next = FetchError(Reason.PROCESS_GONE, "process 7 has ended")
    with caplog.at_level(logging.INFO, "leakdog.pipeline"):
        await pipeline.scrape(watched, script.now)
    told = [message.rpartition(" is ")[2] for message in caplog.messages if message.startswith("leak ")]
    assert told[-1:] == ["over, as its process has ended (heap): cart.Put"]


async def test_a_store_that_fails_does_not_stop_the_watching(config: Config, watched: Watched) -> None:
    """With a full disk leaks are found all the same."""
    script = Script()
    pipeline, _ = build(config, script, Broken())
    await grow(pipeline, script, watched, 95)
    assert watched.leaks[LeakClass.HEAP].state is LeakState.FIRING
    assert watched.up is True


class Lost:
    """Numbers that were put away on a disk that has broken since."""

    shape = (2, 0)

    def read(self) -> Floats:
        """Fail."""
        raise StoreError("reading back what the detector knows: I/O error; it starts afresh")


def lose(watched: Watched) -> None:
    """Put a target's series away on such a disk."""
    group = watched.series.group
    assert group is not None
    for cells in (*group.rings, *filter(None, group.found._numbers)):
        cells._held = Lost()


async def test_what_changes_seldom_is_put_away_between_passes(config: Config, store: Store, watched: Watched) -> None:
    """After a pass the long rings lie in the store's shelf, and the next goes on with them."""
    config = replace(config, detection=DetectionConfig())
    script, away = Script(), []
    store.shelf = lambda cells, most: away.append(most) or cells  # type: ignore[misc]
    pipeline, _ = build(config, script, store)
    signals = (Signal.INUSE_SPACE, Signal.HEAP_ALLOC, Signal.RSS, Signal.THREADS, Signal.OPEN_FILES)
    for _ in range(40):
        script.now += 300
        script.tells(dict.fromkeys(signals, script.now), start_time=START - 86_400)
        await pipeline.scrape(watched, script.now)
    courses = watched.series.group.course  # type: ignore[union-attr]
    lows = 6 * PRODUCTION.levels[1].length * 4  # of 5 minutes: five signals and the load
    assert {*away} == {lows, courses.read().nbytes}  # type: ignore[union-attr]


async def test_series_begin_anew_where_what_was_put_away_is_lost(
    config: Config, store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once, the pass is a good one, and the leak is found again."""
    script = Script()
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 95)
    lose(watched)
    caplog.clear()  # of its leak, which fires before
    with caplog.at_level(logging.ERROR):
        await grow(pipeline, script, watched, 3)
    assert [each.message for each in caplog.records] == [
        "the series of shop/10.0.0.7:6060: reading back what the detector knows: I/O error; it starts afresh"
    ]
    assert watched.up is True
    assert {*watched.verdicts.values()} == {Verdict.TOO_EARLY}
    await grow(pipeline, script, watched, 95)
    assert watched.verdicts[Signal.INUSE_SPACE] is Verdict.LEAK


def test_nothing_is_said_of_series_that_are_forgotten(watched: Watched) -> None:
    """Neither of what grows and is no leak: it would be told of series that there are no more."""
    said = Assessment(Signal.RSS, START, Verdict.SETTLING)
    watched.verdicts, watched.assessments = {Signal.RSS: said.verdict}, {Signal.RSS: said}
    watched.harmless = (Finding(LeakClass.CACHE, Signal.RSS, said, ()),)
    watched.forget_series()
    assert (watched.verdicts, watched.assessments, watched.harmless) == ({}, {}, ())


async def test_series_that_are_lost_cost_a_replica_none_of_its_own(
    config: Config, store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """A suspect asks what its replicas say; one that cannot be read back says nothing."""
    script = Script()
    pipeline, fleet = build(config, script, store)
    other = Watched(replace(watched.target, key=TargetKey("shop", "10.0.0.8:6060")), watched.job)
    fleet.targets = {each.key: each for each in (watched, other)}
    await grow(pipeline, script, other, 95, rate=0.0)
    lose(other)
    await grow(pipeline, script, watched, 95)
    assert [each.message for each in caplog.records if "read" in each.message] == []
    assert [each.levelno for each in caplog.records if each.levelno > logging.WARNING] == []
    assert watched.verdicts[Signal.INUSE_SPACE] is Verdict.LEAK


async def test_load_is_the_rate_of_what_was_allocated_for_work(config: Config, store: Store, watched: Watched) -> None:
    """The exact count goes before the sampled one, and what was allocated to be profiled is taken off."""
    script = Script()
    pipeline, _ = build(config, script, store)
    for second, (total, profiling) in enumerate([(1e6, 0.0), (3e6, 5e5), (4e6, 5e5)]):
        script.now = START + second
        values = {Signal.TOTAL_ALLOC: total, Signal.ALLOC_SPACE: 7 * total}
        script.tells(values, start_time=START, profiling_bytes=profiling)
        await pipeline.scrape(watched, script.now)
        assert watched.load == [None, 1.5e6, 1e6][second]


async def test_a_configured_limit_goes_before_what_the_target_tells(
    config: Config, store: Store, watched: Watched
) -> None:
    """`memory_limit` in the configuration is believed first, else the smallest that is told."""
    script = Script()
    pipeline, _ = build(config, script, store)
    script.tells({Signal.RSS: 1.0}, memory_limit=1e9)
    watched.job = replace(watched.job, memory_limit=500)
    await pipeline.scrape(watched, START)
    assert watched.memory_limit == 500


async def test_a_limit_belongs_to_a_life(config: Config, store: Store, watched: Watched) -> None:
    """A process started anew without a limit has none, whatever the one before had."""
    pipeline, _ = build(config, script := Script(), store)
    script.tells({Signal.RSS: 1.0}, start_time=9000.0, memory_limit=1e9)
    await pipeline.scrape(watched, START)
    assert watched.memory_limit == 1e9
    script.tells({Signal.RSS: 1.0}, start_time=9900.0)
    await pipeline.scrape(watched, START + 1)
    assert watched.memory_limit is None


async def test_a_pass_in_which_nothing_was_asked_says_nothing(
    config: Config, store: Store, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """Where only pages are due that the target lacks, it is neither up nor down for that."""
    pipeline, _ = build(config, script := Script(), store)
    script.tells({Signal.RSS: 1.0})
    await pipeline.scrape(watched, START)
    script.next = FetchError(Reason.CONNECT, "refused")
    await pipeline.scrape(watched, START + 1)
    script.next = Gathered()
    await pipeline.scrape(watched, START + 2)
    assert (watched.up, watched.last_success) == (False, START)
    assert "is up again" not in caplog.text


async def test_load_is_what_the_job_counts(config: Config, store: Store, watched: Watched) -> None:
    """The rate of its counters, through a counter that is set back and a page without them; not what is allocated."""
    watched.job = replace(watched.job, load_metrics=("http_requests_total",))
    pipeline, _ = build(config, script := Script(), store)
    loads = []
    for second, counted in enumerate([1000.0, 1010.0, None, 1050.0, 7.0, 12.0]):
        script.now = START + second
        script.tells({Signal.TOTAL_ALLOC: 1e6 * second}, start_time=START)
        script.next.observations = [replace(script.next.observations[0], load_total=counted)]
        await pipeline.scrape(watched, script.now)
        loads.append(watched.load)
    assert loads == [None, 10.0, 10.0, 20.0, 20.0, 5.0]
    script.now += 1
    script.tells({Signal.TOTAL_ALLOC: 0.0}, start_time=script.now + 100)
    script.next.observations = [replace(script.next.observations[0], load_total=900.0)]
    await pipeline.scrape(watched, script.now)
    assert watched.load is None


async def test_lives_are_remembered_with_their_builds(config: Config, store: Store, watched: Watched) -> None:
    """A build that is told later is that of the life; the first source that tells one is believed."""
    pipeline, _ = build(config, script := Script(), store)
    script.tells({Signal.RSS: 1.0}, start_time=START)
    await pipeline.scrape(watched, START)
    assert watched.build == ""
    for start, told in ((START, "b1"), (START, "b1 by another name"), (START + 50, "b2")):
        script.now += 1
        script.tells({Signal.RSS: 1.0}, start_time=start)
        script.next.observations = [replace(script.next.observations[0], build=told)]
        await pipeline.scrape(watched, script.now)
    assert [life.build for life in watched.lives] == ["b1", "b2"]


async def test_the_own_module_is_as_configured_else_as_told(config: Config, store: Store, watched: Watched) -> None:
    """The metrics page goes before a profile, the configuration before both; a new life may run another program, which
    is known as soon as its first profile."""
    pipeline, _ = build(config, script := Script(), store)
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=900.0)
    (seen,) = script.next.observations
    page, new = replace(seen, module="go.etcd.io/etcd/v3"), replace(seen, start_time=9e8)
    etcd, shop = profile_of("go.etcd.io/etcd"), profile_of("github.com/acme/shop")
    passes = [(seen, [etcd]), (page, [etcd]), (seen, [etcd]), (seen, []), (new, [shop])]
    passes.append((replace(new, start_time=10e8), []))
    owned = []
    for slot, (told, profiles) in enumerate(passes):
        script.now, script.next = START + slot, Gathered([told], list(profiles))
        await pipeline.scrape(watched, script.now)
        owned.append(watched.own)
    first, then = ("go.etcd.io/etcd",), ("go.etcd.io/etcd/v3",)
    assert owned == [first, then, then, then, ("github.com/acme/shop",), ()]
    watched.job = replace(watched.job, own_code=("go.etcd.io",))
    assert watched.own == ("go.etcd.io",)


async def test_the_main_module_is_looked_for_until_it_is_known(
    config: Config, store: Store, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile tells it at first; what is known is not looked for in each pass."""
    pipeline, _ = build(config, script := Script(), store)
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=900.0)
    script.next.profiles = [profile_of("github.com/acme/shop")]
    await pipeline.scrape(watched, START)
    monkeypatch.setattr(watch, "main_module", lambda profile: pytest.fail("was looked for"))
    script.now += 1
    await pipeline.scrape(watched, script.now)
    assert watched.module == "github.com/acme/shop"


async def test_a_leak_that_may_have_come_back_is_explained(config: Config, store: Store, watched: Watched) -> None:
    """Whether it is in the same code as before is asked while it is held, not when it fires."""
    pipeline, _ = build(config, script := Script(), store)
    script.tells({Signal.RSS: 1.0}, start_time=START)
    resolved = replace(leak_of(watched), state=LeakState.RESOLVED, firing_since=START - 50, resolved_since=START - 10)
    for pending_since, explained in ((None, 0), (START, 1)):
        watched.leaks[LeakClass.HEAP] = replace(resolved, pending_since=pending_since)
        watched.assessed = START  # nothing is judged: the leak stays as it is
        await pipeline.scrape(watched, START)
        assert len(script.explained) == explained


async def test_a_pid_alone_tells_a_restart(config: Config, store: Store, watched: Watched) -> None:
    """Another process id is another life, even if a page of it tells the old start time."""
    pipeline, _ = build(config, script := Script(), store)
    await grow(pipeline, script, watched, 95)
    watched.facts = replace(watched.facts, pid=7)
    assert watched.life is not None
    watched.life = replace(watched.life, pid=7)
    script.now += 1
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=START, pid=8)
    await pipeline.scrape(watched, script.now)
    assert watched.leaks[LeakClass.HEAP].state is LeakState.RESOLVED


async def test_a_suspicion_that_passes_is_taken_back_in_the_store(
    config: Config, store: Store, watched: Watched
) -> None:
    """A pending leak that comes to nothing does not stand in the store as pending, to fire after a restart."""
    pipeline, _ = build(config, script := Script(), store)
    while LeakClass.HEAP not in watched.leaks:
        await grow(pipeline, script, watched, 1)
    level = watched.values[Signal.INUSE_SPACE]
    while LeakClass.HEAP in watched.leaks:
        script.now += 1
        script.tells({Signal.INUSE_SPACE: level / 2}, start_time=START)
        await pipeline.scrape(watched, script.now)
    assert [leak.state for leak in await store.leaks()] == [LeakState.INACTIVE]


async def test_everything_is_read_at_first_then_what_is_due(config: Config, store: Store, watched: Watched) -> None:
    """The first good pass asks all sources; later ones only those whose slot it is."""
    script = Script()
    pipeline, _ = build(config, script, store)
    script.tells({Signal.RSS: 1.0})
    await pipeline.scrape(watched, START + 1)
    await pipeline.scrape(watched, START + 2)
    assert script.asked[0] == frozenset(SOURCES)
    assert "goroutineleak" not in script.asked[1]


def test_each_source_has_its_own_interval(config: Config) -> None:
    """A source is due in every k-th slot, where k is its interval in slots; goroutineleak in every tenth."""
    job = replace(config.scrape_configs[0], intervals=IntervalsConfig(heap=5.0))
    slots = [due_sources(config, job, START + second) for second in range(20)]
    assert sum("heap" in due for due in slots) == 4
    assert sum("goroutineleak" in due for due in slots) == 2
    assert all({METRICS, PROCESS, "goroutine"} <= due for due in slots)


async def test_a_suspect_is_read_densely_for_a_while(config: Config, store: Store, watched: Watched) -> None:
    """From when its leak is pending until the phase is over, and only what is not due anyway."""
    script = Script()
    production = replace(config, detection=DetectionConfig(), dense=DenseConfig(duration=20.0, cool_down=1000.0))
    pipeline, fleet = build(production, script, store)
    fleet.targets[watched.key] = watched
    script.tells({Signal.RSS: 1.0})
    for second in range(60):
        script.now = START + second
        if second == 10:
            watched.leaks[LeakClass.HEAP] = leak_of(watched)
        watched.assessed = script.now  # nothing is judged: the leak stays as it is
        await pipeline.scrape(watched, script.now)
    assert all(not dense & due for due, dense in zip(script.asked, script.dense, strict=True))
    asked_heap = [second for second, dense in enumerate(script.dense) if "heap" in dense]
    assert asked_heap == [second for second in range(10, 30) if second % 5]
    assert [second for second, due in enumerate(script.asked) if "heap" in due] == [*range(0, 60, 5)]


async def test_a_target_of_profiles_alone_is_read_in_every_slot(config: Config, store: Store, watched: Watched) -> None:
    """Where there is no metrics page and no process of this machine, the heap is all that tells."""
    script = Script()
    pipeline, _ = build(replace(config, detection=DetectionConfig()), script, store)
    script.tells({Signal.INUSE_SPACE: 5e7})
    script.next.absent |= {METRICS}
    for second in range(10):
        await pipeline.scrape(watched, START + second)
    assert all("heap" in due for due in script.asked)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (LeakState.RESOLVED, FetchError(Reason.CONNECT, "no answer")),
        (LeakState.FIRING, FetchError(Reason.TIMEOUT, "no answer")),
        (LeakState.FIRING, FetchError(Reason.CONNECT, "no file to ask with", ours=True)),
    ],
)
async def test_a_leak_ends_when_nobody_listens_any_more(
    config: Config, store: Store, watched: Watched, state: LeakState, error: FetchError
) -> None:
    """A refused connection for the hold time means that the process is gone; a slow or unasked target may leak on."""
    script = Script()
    pipeline, _ = build(config, script, store)
    await grow(pipeline, script, watched, 95)
    script.next = error
    for _ in range(15):
        script.now += 1
        await pipeline.scrape(watched, script.now)
    assert watched.leaks[LeakClass.HEAP].state is state
    assert [stored.state for stored in await store.leaks()] == [state]


async def test_a_leak_ends_though_its_process_was_gone_before_leakdog_was_started(
    config: Config, store: Store, watched: Watched
) -> None:
    """It was restored as it fired, and would do so for ever where nobody answers any more."""
    script = Script(next=FetchError(Reason.CONNECT, "no answer"))
    pipeline, _ = build(config, script, store)
    watched.leaks[LeakClass.HEAP] = replace(leak_of(watched), state=LeakState.FIRING)
    states = []
    for _ in range(20):
        script.now += 1
        await pipeline.scrape(watched, script.now)
        states.append(watched.leaks[LeakClass.HEAP].state)
    hold = int(settings_for(config.detection).hold_seconds)
    assert states == [LeakState.FIRING] * hold + [LeakState.RESOLVED] * (20 - hold)


class Slow(Broken):
    """A store whose disk hangs."""

    async def append(self, scrape: Scrape) -> tuple[Snapshot, ...]:
        """Never come back."""
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_pass_keeps_its_place_until_it_is_stored(config: Config, watched: Watched) -> None:
    """A disk that hangs holds up no more passes, and their bodies in memory, than there are places."""
    script = Script()
    script.tells({Signal.RSS: 1.0})
    few = replace(config, global_=replace(config.global_, max_concurrent_scrapes=3))
    pipeline, _ = build(few, script, Slow())
    passes = [asyncio.create_task(pipeline.scrape(replace(watched), script.now)) for _ in range(9)]
    await asyncio.sleep(0.05)
    assert len(script.asked) == 3
    for each in passes:
        each.cancel()
    await asyncio.gather(*passes, return_exceptions=True)


async def test_evidence_is_kept_once_as_a_leak_fires_and_as_its_process_ends(
    config: Config, store: Store, watched: Watched
) -> None:
    """Neither a suspicion nor the passes after it cost the target anything."""
    script = Script()
    proofs = Proofs(script)
    pipeline, _ = build(config, script, store, proofs)
    while LeakClass.HEAP not in watched.leaks:
        await grow(pipeline, script, watched, 1)
    assert proofs.kept == []
    await grow(pipeline, script, watched, 60)
    assert proofs.kept == [("fired", LeakState.FIRING)]
    script.now += 1
    script.tells({Signal.INUSE_SPACE: 5e7}, start_time=script.now)
    await pipeline.scrape(watched, script.now)
    assert proofs.kept[1:] == [("ended", LeakState.RESOLVED)]


async def test_a_suspect_that_dies_leaves_its_evidence(config: Config, store: Store, watched: Watched) -> None:
    """A process that is gone before the leak was certain: it stays listed and stored as resolved."""
    script = Script()
    proofs = Proofs(script)
    pipeline, _ = build(config, script, store, proofs)
    while LeakClass.HEAP not in watched.leaks:
        await grow(pipeline, script, watched, 1)
    assert watched.leaks[LeakClass.HEAP].state is LeakState.PENDING
    script.now += 100
    script.next = FetchError(Reason.CONNECT, "refused")
    await pipeline.scrape(watched, script.now)
    await pipeline.scrape(watched, script.now + 1)
    assert proofs.kept == [("ended", LeakState.RESOLVED)]
    (stored,) = await store.leaks()
    assert (stored.state, stored.process_ended) == (LeakState.RESOLVED, script.now)
    assert watched.leaks[LeakClass.HEAP] == stored


@pytest.mark.parametrize("when", ["asked", "explained", "refused"])
async def test_a_pass_that_outlasts_its_target_tells_nothing(
    config: Config, store: Store, watched: Watched, when: str
) -> None:
    """A target that is removed while it is read has been ended in the store: a late pass does not reopen its leak."""
    script = Script()
    proofs = Proofs(script)
    pipeline, fleet = build(config, script, store, proofs)
    await grow(pipeline, script, watched, 1)
    fleet.targets[watched.key] = watched
    watched.leaks = {LeakClass.HEAP: leak_of(watched)}
    gather, explain = script.gather, script.explain

    async def gathered(*asked: object) -> Gathered:
        if when != "explained":
            fleet.remove(watched.key)
        return await gather(*asked)  # type: ignore[arg-type]

    async def explained(*asked: object) -> Leak:
        fleet.remove(watched.key)
        return await explain(*asked)  # type: ignore[arg-type]

    script.gather, script.explain = gathered, explained  # type: ignore[method-assign, assignment]
    if when == "refused":
        script.next = FetchError(Reason.CONNECT, "refused")
        script.now += 1e6
    await pipeline.scrape(watched, script.now)
    assert watched.removed
    assert (await store.leaks(), proofs.kept) == ([], [])


def test_the_order_of_leaks_stands_still() -> None:
    """Firing ones first, then those that began last; a new reading of one does not move it."""
    fleet, key = Fleet(), TargetKey("shop", "a:1")
    fleet.targets[key] = Watched(Target(key), ScrapeConfig(job_name="shop"))
    old = Leak("1", key, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.FIRING, since=1.0, updated=90.0)
    new = Leak("2", key, Signal.GOROUTINES, LeakClass.GOROUTINE, LeakState.FIRING, since=5.0, updated=80.0)
    held = Leak("3", key, Signal.THREADS, LeakClass.THREADS, LeakState.PENDING, since=9.0, updated=99.0)
    fleet.targets[key].leaks = {leak.leak_class: leak for leak in (held, old, new)}
    assert [leak.id for leak in fleet.leaks()] == ["2", "1", "3"]


def test_what_is_near_its_limit_is_listed_first() -> None:
    """The soonest at the top, however new others are; a limit that is days away tells none of them apart."""
    fleet, key = Fleet(), TargetKey("shop", "a:1")
    fleet.targets[key] = Watched(Target(key), ScrapeConfig(job_name="shop"))
    left = {LeakClass.HEAP: 7200.0, LeakClass.NATIVE: 600.0, LeakClass.FILES: None, LeakClass.THREADS: 864000.0}
    since = {LeakClass.HEAP: 1.0, LeakClass.NATIVE: 2.0, LeakClass.FILES: 3.0, LeakClass.THREADS: 4.0}
    fleet.targets[key].leaks = {
        each: Leak(
            each.value, key, Signal.RSS, each, LeakState.FIRING, since[each], 90.0, time_to_limit_seconds=left[each]
        )
        for each in left
    }
    waits = Leak("waits", key, Signal.RSS, LeakClass.GOROUTINE, LeakState.PENDING, 9.0, 90.0, time_to_limit_seconds=1.0)
    fleet.targets[key].leaks[waits.leak_class] = waits
    assert [leak.id for leak in fleet.leaks()] == ["native", "heap", "threads", "files", "waits"]


@pytest.mark.parametrize("found", [True, False])
async def test_the_log_tells_of_what_is_suspected_again(
    config: Config,
    store: Store,
    watched: Watched,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    found: bool,
) -> None:
    """As of any suspicion, when it begins and when it is taken back."""
    pipeline, _ = build(config, script := Script(), store)
    await grow(pipeline, script, watched, 95)
    leak = watched.leaks[LeakClass.HEAP]
    ended = {"state": LeakState.RESOLVED, "resolved_since": script.now - 20, "process_ended": script.now - 20}
    again = None if found else script.now - 10
    watched.leaks[LeakClass.HEAP] = replace(leak, **ended, updated=script.now - 1, pending_since=again)
    if not found:
        monkeypatch.setattr("leakdog.pipeline.judge.classify", lambda *_: [])
    caplog.clear()  # of its leak, which has fired before
    with caplog.at_level(logging.INFO, "leakdog.pipeline"):
        await grow(pipeline, script, watched, 3)
    told = [message.rpartition(" is ")[2] for message in caplog.messages if message.startswith("leak ")]
    assert told == [f"{'pending again' if found else 'no longer suspected'} (heap): cart.Put"]
