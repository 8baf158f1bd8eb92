"""One pass over one target: ask each due source, decode, and bring back numbers and raw profiles.

A pass is all or nothing. A target that hangs, refuses or answers with something else is one failed scrape with one
reason, and no number of it is kept. Only pages that a target may lack are excused: a 404 is remembered as absent until
the process restarts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from leakdog.attribute.blocked import Blocked, most_blocked
from leakdog.attribute.gist import SITES
from leakdog.config.resolve import body_size_limit, scrape_timeout
from leakdog.config.schema import Config, Preset
from leakdog.errors import FetchError, ProfileError, Reason, WrongProfile
from leakdog.fetch.counters import total
from leakdog.fetch.exposition import read_metrics
from leakdog.fetch.http import HttpClient
from leakdog.model import Kind, Observation, RawProfile, Signal, Source
from leakdog.pipeline.cost import charged
from leakdog.pipeline.decode import decoded, limits
from leakdog.pipeline.local import LocalProcesses
from leakdog.pipeline.sites import BY_SITE
from leakdog.pipeline.state import Watched
from leakdog.pipeline.totals import Tallies, by_site, profile_values, profiling_bytes
from leakdog.pipeline.worker import Worker
from leakdog.pprof import memstats
from leakdog.pprof.profile import Profile, ReadProfile

log = logging.getLogger("leakdog.pipeline")

# Statuses by which a server says "there is no such page here", as opposed to "not now" or "not for you".
ABSENT_STATUSES = frozenset({404, 405, 410, 501})
# What a heap profile of Go tells is as old as the last collection, and an idle program collects every two minutes.
COLLECTED_SECONDS = 120.0
METRICS, PROCESS, MEMSTATS = "metrics", "process", "memstats"
# Profiles whose numbers stand in for those of a metrics page.
STAND_IN = frozenset({Kind.HEAP.value, Kind.GOROUTINE.value})


@dataclass(slots=True)
class Gathered:
    """What one pass brought back.

    Attributes:
        answered, absent: optional pages that the target gave, and that it said, or showed, not to have.

    """

    observations: list[Observation] = field(default_factory=list)
    profiles: list[RawProfile] = field(default_factory=list)
    tallies: Tallies = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    blocked: Blocked | None = None

    @property
    def values(self) -> dict[Signal, float]:
        """One value per signal; a later observation is the fresher one."""
        return {signal: value for seen in self.observations for signal, value in seen.values.items()}


class Gatherer:
    """Reads targets. Holds the HTTP client and what the configuration says for all of them."""

    def __init__(
        self, client: HttpClient, config: Config, clock: Callable[[], float], worker: Worker | None = None
    ) -> None:
        self._client = client
        self._worker = worker or Worker()
        self._config = config
        self._clock = clock
        self._local = LocalProcesses(clock)

    async def gather(self, watched: Watched, due: frozenset[str], dense: frozenset[str] = frozenset()) -> Gathered:
        """Ask every due source within the job's scrape_timeout, and the profiles in `dense` besides.

        Those in `dense` come last, in what is left of that time, and a pass is good without them.

        Raises:
            FetchError: one source that must answer did not; nothing of the pass is to be kept.

        """
        timeout = scrape_timeout(self._config, watched.job)
        end = asyncio.get_running_loop().time() + timeout
        try:
            async with asyncio.timeout_at(end):
                got = await self._gather(watched, due)
        except TimeoutError:
            where = watched.target.base_url or f"process {watched.target.pid}"
            raise FetchError(Reason.TIMEOUT, f"reading {where} took longer than {timeout:g} s") from None
        try:
            async with asyncio.timeout_at(end):
                await self._dense(watched, dense, got)
        except (FetchError, TimeoutError) as error:
            log.info("suspect %s was not read densely: %s", watched.key, error or f"no time was left of {timeout:g} s")
        return got

    async def decoded(self, watched: Watched, kind: Kind, data: bytes, sites: int = SITES) -> Profile:
        """A profile of this target, fetched or stored, within the limits of its job; a large one as its gist.

        Raises:
            FetchError: as `decode.decoded`.

        """
        return await decoded(self._worker, kind, data, limits(self._config, watched.job), watched.own, sites)

    async def _dense(self, watched: Watched, kinds: frozenset[str], got: Gathered) -> None:
        """Profiles of a suspect for whoever compares profiles; the series go on with the readings that they know.

        What a collection at a quiet moment leaves is less than what those in the rush do. A series of both would fall
        while a target is a suspect, and grow when it is none any more. A number that only grows within a life is the
        same either way.
        """
        more = Gathered()
        for kind in Kind:
            if kind.value in kinds and watched.wants(kind):
                await self._profile(watched, kind, more, exact=kind is Kind.HEAP)
        got.absent |= more.absent
        got.profiles += more.profiles
        got.blocked = more.blocked or got.blocked
        got.tallies |= {signal: seen for signal, seen in more.tallies.items() if BY_SITE[signal] is not Kind.HEAP}
        known = {*got.values, Signal.INUSE_SPACE, Signal.INUSE_OBJECTS}
        for seen in more.observations:
            got.observations.append(
                replace(seen, values={signal: value for signal, value in seen.values.items() if signal not in known})
            )

    @property
    def heap_age_seconds(self) -> float:
        """How old what a heap profile tells may be at its time."""
        return 0.0 if self._forces_gc() else COLLECTED_SECONDS

    async def goroutine_dump(self, watched: Watched) -> bytes | None:
        """The text dump of all goroutines (`debug=2`), which alone tells who started them. It stops the target for
        a moment, so it is asked for suspects only. None where the target has no goroutine profile.

        Raises:
            FetchError: the target did not give it.

        """
        if watched.target.base_url is None or not watched.wants(Kind.GOROUTINE):
            return None
        return await self._get(watched, f"{watched.job.pprof_path}/{Kind.GOROUTINE.value}", {"debug": ["2"]})

    async def page(
        self,
        watched: Watched,
        name: str,
        params: Mapping[str, Sequence[str]],
        *,
        seconds: float = 0.0,
        limit_bytes: int | None = None,
    ) -> bytes:
        """A page below the job's `pprof_path`, as evidence: not decoded, not asked for regularly.

        Args:
            name: `cmdline`, `allocs`, `profile`, ...
            params: of the URL, beside the job's own.
            seconds: for how long the target gathers before it answers.
            limit_bytes: a longer answer is cut there; None: refused beyond body_size_limit.

        Raises:
            FetchError: the target did not give it.

        """
        cut = {} if limit_bytes is None else {"cut": True}
        path, sent = f"{watched.job.pprof_path}/{name}", {**watched.job.params, **params}
        with charged(watched, path, sent, asyncio.get_running_loop().time) as cost:
            response = await self._client.get(
                f"{watched.target.base_url}{path}",
                params=sent,
                timeout_seconds=seconds + scrape_timeout(self._config, watched.job),
                limit_bytes=limit_bytes or body_size_limit(self._config, watched.job),
                **cut,
            )
            cost.bytes += len(response.data)
        return response.data

    async def _gather(self, watched: Watched, due: frozenset[str]) -> Gathered:
        got = Gathered()
        target = watched.target
        if target.pid is not None and PROCESS in due:
            got.observations.append(await self._local.read(target.pid))
        if target.base_url is None:
            return got
        await self._profiles(watched, due, got)
        if METRICS in due and watched.job.metrics_path and METRICS not in watched.absent:
            due |= await self._metrics(watched, due, got)
        if Kind.HEAP.value in due and Signal.HEAP_ALLOC not in got.values and MEMSTATS not in watched.absent:
            await self._memstats(watched, got)
        _must_have_answered(watched, due, got)
        if PROCESS in due and target.pid is None:
            await self._local_process(watched, got)
        return got

    async def _profiles(self, watched: Watched, due: frozenset[str], got: Gathered) -> None:
        for kind in Kind:
            if kind.value in due and watched.wants(kind):
                await self._profile(watched, kind, got)

    async def _profile(self, watched: Watched, kind: Kind, got: Gathered, *, exact: bool = False) -> None:
        """Fetch and decode one profile, `exact` after a collection; a target without it is noted as such."""
        asked = exact or (kind is Kind.HEAP and self._forces_gc())
        params = {"gc": ["1"]} if asked and "gc" not in watched.job.params else {}
        data = await self._optional(watched, f"{watched.job.pprof_path}/{kind.value}", params, kind.value, got)
        if data is None:
            return
        time = self._clock()
        profile = await self.decoded(watched, kind, data)
        if kind is Kind.GOROUTINE and (limit := watched.job.blocked_goroutines) is not None:
            most = await asyncio.to_thread(most_blocked, profile, watched.own)
            got.blocked = most if most is not None and most.count > limit else None
        got.tallies |= by_site(profile, kind)
        got.observations.append(
            Observation(
                Source.PPROF,
                time,
                profile_values(profile, kind),
                profiling_bytes=profiling_bytes(profile) if kind is Kind.HEAP else None,
                build=profile.build_id,
            )
        )
        got.profiles.append(ReadProfile(kind, time, data, profile))

    async def _metrics(self, watched: Watched, due: frozenset[str], got: Gathered) -> frozenset[str]:
        """Read the metrics page; that there is none, or a web page in its place, is excused where profiles are there.

        Whether they are is found out at once, also where they are not due: after a restart they may not be for long.

        Returns:
            What has been asked for instead.

        """
        data = await self._optional(watched, watched.job.metrics_path, {}, METRICS, got)
        wrong: FetchError | None = None
        try:
            if data is not None:
                counted = total(data, watched.job.load_metrics) if watched.job.load_metrics else None
                got.observations.append(replace(read_metrics(data, self._clock()), load_total=counted))
                return frozenset()
        except FetchError as error:
            if error.reason is not Reason.WRONG_TYPE:
                raise
            wrong = error
        await self._profiles(watched, STAND_IN - due, got)
        if wrong is not None and not got.profiles:
            raise wrong
        got.absent.add(METRICS)
        return STAND_IN

    async def _memstats(self, watched: Watched, got: Gathered) -> None:
        """MemStats from the text form of the heap profile, for a target whose metrics page does not tell them."""
        path = f"{watched.job.pprof_path}/{Kind.HEAP.value}"
        if Kind.HEAP.value in got.absent or not watched.wants(Kind.HEAP):
            return
        data = await self._optional(watched, path, {"debug": ["1"]}, MEMSTATS, got)
        if data is None:
            return
        try:
            values = memstats(data)
        except WrongProfile:  # not a Go program: it has no such text
            got.absent.add(MEMSTATS)
            return
        except ProfileError as error:
            raise FetchError(error.reason, f"reading {path}?debug=1: {error}") from error
        got.observations.append(Observation(Source.PPROF, self._clock(), values))

    async def _local_process(self, watched: Watched, got: Gathered) -> None:
        """Readings of the process behind a loopback address, where it can be told for sure which one it is."""
        if PROCESS in watched.absent:
            return
        try:
            pid = watched.local_pid or await self._local.find(watched, got.observations, self._get)
            if pid is None:
                got.absent.add(PROCESS)
                return
            got.observations.append(await self._local.read(pid))
        except OSError as error:  # as where too many files are open: the next pass may be told
            log.warning("the process of %s was not read: %s", watched.key, error)
            return
        except FetchError as error:
            if error.reason is Reason.TIMEOUT:
                raise
            watched.local_pid = None  # it ended between two passes: look for the new one in the next
            return
        watched.local_pid = pid

    def _forces_gc(self) -> bool:
        """A soak run wants exact live heap at every sample and the target is there to be tested."""
        return self._config.detection.preset is Preset.SOAK

    async def _optional(
        self, watched: Watched, path: str, params: Mapping[str, Sequence[str]], name: str, got: Gathered
    ) -> bytes | None:
        """A page that the target may lack: None and noted as absent if it says so."""
        try:
            data = await self._get(watched, path, params)
        except FetchError as error:
            if error.status not in ABSENT_STATUSES:
                raise
            got.absent.add(name)
            return None
        got.answered.add(name)
        return data

    async def _get(self, watched: Watched, path: str, params: Mapping[str, Sequence[str]]) -> bytes:
        sent = {**watched.job.params, **params}
        with charged(watched, path, sent, asyncio.get_running_loop().time) as cost:
            response = await self._client.get(
                f"{watched.target.base_url}{path}",
                params=sent,
                timeout_seconds=scrape_timeout(self._config, watched.job),
                limit_bytes=body_size_limit(self._config, watched.job),
            )
            cost.bytes += len(response.data)
        return response.data


def _must_have_answered(watched: Watched, due: frozenset[str], got: Gathered) -> None:
    """Fail where a target has nothing of what leakdog reads: an address that is not what was meant."""
    asked = bool(due & {METRICS, *(kind.value for kind in watched.job.profiles)})
    if asked and not got.observations and got.absent:
        pages = " nor ".join(sorted(got.absent - {MEMSTATS, PROCESS}))
        detail = f"{watched.target.base_url} has no {pages} page (404): is this the right port and pprof_path?"
        raise FetchError(Reason.HTTP_STATUS, detail, status=404)
