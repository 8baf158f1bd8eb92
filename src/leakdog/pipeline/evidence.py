"""What proves a leak, collected while there is still somebody to ask: as it fires, as its process ends, on request."""

from __future__ import annotations

import gzip
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from leakdog.errors import FetchError, Reason, StoreCorrupted, StoreError
from leakdog.model import Kind, Leak, Snapshot, TargetKey
from leakdog.pipeline.dense import may_be_asked
from leakdog.pipeline.gather import ABSENT_STATUSES, Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.pipeline")

# Kinds of which the store has profiles from before and after.
STORED = (Kind.HEAP, Kind.GOROUTINE, Kind.GOROUTINELEAK)
# The dump of a hundred thousand goroutines is a hundred megabytes of much the same stacks.
DUMP_BYTES = 4 << 20
CUT = b"\n\ncut here by leakdog: goroutine-latest.pb.gz has all goroutines, grouped by stack\n"
MOST_SNAPSHOTS = 10_000
# Reasons after which the target is not asked for its other pages.
SILENT = frozenset({Reason.CONNECT, Reason.DNS, Reason.TIMEOUT, Reason.TLS})
GZIP_MAGIC = b"\x1f\x8b"


class Page(NamedTuple):
    """A page of a target, and the file that it becomes."""

    file: str
    name: str
    params: Mapping[str, Sequence[str]]
    seconds: float = 0.0
    limit_bytes: int | None = None


ALWAYS = (
    Page("cmdline.txt", "cmdline", {}),
    Page("threadcreate.pb.gz", "threadcreate", {}),
    Page("goroutines.txt", "goroutine", {"debug": ["2"]}, limit_bytes=DUMP_BYTES),
    Page("allocs.pb.gz", "allocs", {}),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is collected on request, as it costs the target something. Seconds are 0 where it is not wanted."""

    mutex: bool = False
    block: bool = False
    profile_seconds: int = 0
    trace_seconds: int = 0

    def pages(self) -> list[Page]:
        """What is asked of the target, the quick ones first."""
        pages = [Page(f"{kind}.pb.gz", kind, {}) for kind in ("mutex", "block") if getattr(self, kind)]
        timed = (("profile.pb.gz", "profile", self.profile_seconds), ("trace.out", "trace", self.trace_seconds))
        return pages + [Page(file, name, {"seconds": [str(n)]}, seconds=n) for file, name, n in timed if n]


@dataclass(slots=True)
class Collected:
    """Names of the files that were stored, and why others were not."""

    stored: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


class Pair(NamedTuple):
    """A snapshot from before the growth and one from after it, of one life; None where there is none."""

    baseline: Snapshot | None
    latest: Snapshot | None


async def pair(store: Store, key: TargetKey, kind: Kind, since: float, end: float | None) -> Pair:
    """The last snapshot until `end`, and of the same life the last one before the growth, or else the first.

    None where the kind was not read in the life that the last snapshot of any kind is of.

    Raises:
        StoreError: it does not answer.

    """
    found = await store.snapshots(key=key, kind=kind, end=end, limit=1)
    last = await store.snapshots(key=key, end=end, limit=1)
    if not found or found[0].life_start != last[0].life_start:
        return Pair(None, None)
    latest = found[0]
    start = min(latest.life_start, since)
    before = [
        each
        for each in await store.snapshots(key=key, kind=kind, start=start, end=min(since, latest.time), limit=1)
        if each.life_start == latest.life_start
    ]
    if not before:
        later = await store.snapshots(key=key, kind=kind, start=since, end=end, limit=MOST_SNAPSHOTS)
        before = [each for each in later if each.life_start == latest.life_start][-1:]
    return Pair(before[0] if before and before[0].id != latest.id else None, latest)


async def readable(store: Store, snapshot: Snapshot | None) -> bytes | None:
    """A snapshot's profile; None where there is none, or what is stored of it is damaged, which the store has told.

    Raises:
        StoreError: it does not answer.

    """
    try:
        return await store.profile(snapshot.id) if snapshot else None
    except StoreCorrupted:
        return None


def gzipped(data: bytes) -> bytes:
    """A profile as `.pb.gz`, whichever way it was sent."""
    return data if data.startswith(GZIP_MAGIC) else gzip.compress(data, mtime=0)


class Collector:
    """Puts evidence into the store. What cannot be had is logged, and changes nothing else."""

    def __init__(self, fleet: Fleet, store: Store, gatherer: Gatherer, clock: Callable[[], float]) -> None:
        self._fleet = fleet
        self._store = store
        self._gatherer = gatherer
        self._clock = clock

    async def fired(self, watched: Watched, leak: Leak) -> None:
        """Keep profiles from before and after, and what only the living process can tell if the job has its turn."""
        await self._profiles(leak, "latest", None)
        if may_be_asked(self._fleet, leak.key, self._clock()):
            await self._ask(watched, leak, ALWAYS)
        else:
            self._fleet.counters.evidence_spared += 1
            log.info("%s is spared the questions that prove leak %s: others of its job were asked", leak.key, leak.id)

    async def ended(self, leak: Leak) -> None:
        """Keep the last profiles of the process with which a leak has ended: what it held then."""
        assert leak.process_ended is not None
        before = math.nextafter(leak.process_ended, 0.0)  # a process that has followed it may have been read by then
        await self._profiles(leak, "exit", before)

    async def asked(self, watched: Watched, leak: Leak, wanted: Wanted) -> Collected:
        """What the process tells now, and what is wanted beside it, in place of what it told before."""
        return await self._ask(watched, leak, (*ALWAYS, *wanted.pages()))

    async def _profiles(self, leak: Leak, name: str, end: float | None) -> None:
        """Copy profiles into the evidence, where retention does not reach them."""
        files: dict[str, bytes] = {}
        try:
            for kind in STORED:
                found = await pair(self._store, leak.key, kind, leak.since, end)
                for which, snapshot in ((name, found.latest), ("baseline", found.baseline)):
                    data = await readable(self._store, snapshot)
                    if data is not None:
                        files[f"{kind.value}-{which}.pb.gz"] = gzipped(data)
            await self._put(leak, files)
        except StoreError as error:
            self._fleet.counters.evidence_missing += 1
            log.error("the profiles that prove leak %s of %s were not kept: %s", leak.id, leak.key, error)

    async def _ask(self, watched: Watched, leak: Leak, pages: Sequence[Page]) -> Collected:
        """Ask for pages one after the other and store each at once, as the next may never come."""
        got = Collected()
        if watched.target.base_url is None or not watched.job.pprof_path:
            got.missing = {page.file: "leakdog reads no profiles of this target" for page in pages}
            return got
        for number, page in enumerate(pages):
            try:
                data = await self._gatherer.page(
                    watched, page.name, page.params, seconds=page.seconds, limit_bytes=page.limit_bytes
                )
                refused = await self._put(leak, {page.file: _as_file(page, data)})
                got.missing |= dict.fromkeys(refused, "there is no room: see storage.evidence in the configuration")
                got.stored += [] if refused else [page.file]
            except (FetchError, StoreError) as error:
                got.missing[page.file] = _why(error)
                # A program in another language than Go has few of these pages, and that is no news.
                absent = isinstance(error, FetchError) and error.status in ABSENT_STATUSES
                level = logging.DEBUG if absent else logging.INFO
                log.log(level, "%s of leak %s of %s is not there: %s", page.file, leak.id, leak.key, error)
                if isinstance(error, FetchError) and error.reason in SILENT:
                    got.missing |= {rest.file: "not asked for after that" for rest in pages[number + 1 :]}
                    break
        self._fleet.counters.evidence_missing += len(got.missing)
        return got

    async def _put(self, leak: Leak, files: Mapping[str, bytes]) -> list[str]:
        """Store files; the names of those for which there is no room.

        Raises:
            StoreError: they cannot be written.

        """
        refused = await self._store.put_evidence(leak.id, files, self._clock())
        self._fleet.counters.evidence_files += len(files) - len(refused)
        if refused:
            log.warning(
                "no room for %s of leak %s of %s: raise storage.evidence", ", ".join(refused), leak.id, leak.key
            )
        return refused


def _why(error: FetchError | StoreError) -> str:
    """Why a page is not there, for whoever asked for it."""
    if not isinstance(error, FetchError):
        return str(error)
    return f"the target has no such page: {error.detail}" if error.status in ABSENT_STATUSES else error.detail


def _as_file(page: Page, data: bytes) -> bytes:
    if page.file == "cmdline.txt":
        return data.replace(b"\0", b" ") + b"\n"
    if page.limit_bytes is not None and len(data) >= page.limit_bytes:
        return data + CUT
    return gzipped(data) if page.file.endswith(".pb.gz") else data
