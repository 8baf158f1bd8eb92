"""What proves a leak: as one archive, and asked anew of the target while it is still there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from leakdog.model import Kind, Leak, LeakState, Signal, TargetKey
from leakdog.pipeline.evidence import STORED, Collected, Wanted, gzipped, pair, readable
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.archive import Packing, archive
from leakdog.report.evidence import Exhibits, bundle
from leakdog.store.contract import EvidenceFile, Store
from leakdog.web.answers import bad_request, json_response, not_found, read_body, refused
from leakdog.web.views import leak_view

PATH = "/api/v1/leaks/{id}/evidence"
# Longer ones cost the target more than they tell: both slow it down, and a trace is megabytes a second.
MOST_SECONDS = {"profile_seconds": 60, "trace_seconds": 30}
FLAGS = ("mutex", "block")
# Targets that are asked at the same time, whoever asks for them.
MOST_ASKED = 4
TYPES = {Packing.GZ: "application/gzip", Packing.ZST: "application/zstd"}

Ask = Callable[[Watched, Leak, Wanted], Awaitable[Collected]]
# The latest profile of a target less its baseline, gzipped; None where they cannot be compared.
Compare = Callable[[TargetKey, Kind, bytes, bytes], Awaitable[bytes | None]]
Pair = tuple[bytes | None, bytes | None]


class Evidence:
    """The handlers. `routes()` is what the server mounts.

    `ask` asks a target; None: none is ever asked. `compare` tells two profiles' difference; None: none is told.
    """

    def __init__(self, fleet: Fleet, store: Store, ask: Ask | None, compare: Compare | None = None) -> None:
        self._fleet = fleet
        self._store = store
        self._ask = ask
        self._compare = compare
        self._asking: set[TargetKey] = set()

    def routes(self) -> list[web.RouteDef]:
        """To have it, and to have the target asked."""
        return [web.post(PATH, self.collect), web.get(PATH + ".tar.{packing}", self.download)]

    async def collect(self, request: web.Request) -> web.Response:
        """Ask the target now: `{"mutex": true, "block": true, "profile_seconds": 10, "trace_seconds": 5}`, any of it.

        A target that does not answer is no error here: what is missing is told with the reason.
        """
        wanted = _wanted(await read_body(request, (*FLAGS, *MOST_SECONDS)))
        leak = self._leak(request)
        watched = self._fleet.targets.get(leak.key)
        if self._ask is None or watched is None or not watched.up:
            return json_response({"stored": [], "missing": {"*": _why_not(leak.key, watched)}})
        if leak.key in self._asking:
            raise refused(f"{leak.key} is being asked already; wait until that has ended")
        if len(self._asking) >= MOST_ASKED:
            raise refused(f"{MOST_ASKED} targets are being asked already; wait until one of them has answered")
        self._asking.add(leak.key)
        try:
            got = await self._ask(watched, leak, wanted)
        finally:
            self._asking.discard(leak.key)
        return json_response({"stored": got.stored, "missing": got.missing})

    async def download(self, request: web.Request) -> web.Response:
        """All that proves a leak, as one archive."""
        raw = request.match_info["packing"]
        if raw not in list(Packing):
            raise not_found(
                f"no archive ends in .tar.{raw!r}; there are {', '.join(f'.tar.{each}' for each in Packing)}"
            )
        packing, leak = Packing(raw), self._leak(request)
        exhibits = await self._exhibits(leak)
        name = f"leakdog-{leak.id}"
        data = await asyncio.to_thread(lambda: archive(bundle(exhibits), name, time.time(), packing))
        return web.Response(
            body=data,
            content_type=TYPES[packing],
            headers={"Content-Disposition": f'attachment; filename="{name}.tar.{packing}"'},
        )

    def _leak(self, request: web.Request) -> Leak:
        wanted = request.match_info["id"]
        for leak in self._fleet.leaks():
            if leak.id == wanted:
                return leak
        raise not_found(f"no leak has the id {wanted!r}; GET /api/v1/leaks lists them")

    async def _exhibits(self, leak: Leak) -> Exhibits:
        """What there is of a leak: of one that has ended, up to its end; of one that goes on, up to now."""
        kept = await self._store.evidence(leak.id)
        end = leak.resolved_since if leak.told_state is LeakState.RESOLVED else None
        start = leak.since - (leak.updated - leak.since)
        series = {}
        for signal in Signal:
            readings = await self._store.readings(leak.key, signal, start=start, end=end)
            if len(readings.times):
                series[signal.value] = (readings.times, readings.values)
        pairs = {kind: await self._pair(leak, kind, kept, end) for kind in STORED}
        compared = {kind.value: await self._difference(leak, kind, *both) for kind, both in pairs.items()}
        return Exhibits(
            leak=leak_view(leak, self._fleet),
            series=series,
            pairs={kind.value: both for kind, both in pairs.items()},
            differences={kind: data for kind, data in compared.items() if data is not None},
            kept=_others(leak, kept),
            collected={name: file.time for name, file in kept.items()},
        )

    async def _difference(self, leak: Leak, kind: Kind, baseline: bytes | None, latest: bytes | None) -> bytes | None:
        """What lies between the two; None where it cannot be told, and both are there to be looked at."""
        if self._compare is None or baseline is None or latest is None or baseline == latest:
            return None
        return await self._compare(leak.key, kind, baseline, latest)

    async def _pair(self, leak: Leak, kind: Kind, kept: dict[str, EvidenceFile], end: float | None) -> Pair:
        """Profiles from before and after: of a process that has ended, those that were kept then."""
        told = {name: kept.get(f"{kind.value}-{name}.pb.gz") for name in ("baseline", "latest", "exit")}
        baseline, latest = told["baseline"], told["exit"] if leak.ended_with_process else told["latest"]
        if latest is not None and leak.ended_with_process:
            return baseline.data if baseline else None, latest.data
        found = await pair(self._store, leak.key, kind, leak.since, end)
        stored = [await readable(self._store, each) for each in found]
        either = [gzipped(data) if data else None for data in stored]
        data = [file.data if file else None for file in (baseline, latest)]
        return either[0] or data[0], either[1] or data[1]


def _others(leak: Leak, kept: dict[str, EvidenceFile]) -> dict[str, bytes]:
    """What was kept beside the pairs; the last profiles of a process are such only if another has followed it."""
    exits = () if leak.ended_with_process else ("-exit.pb.gz",)
    stored = tuple(f"{kind.value}-" for kind in STORED)
    return {
        name: file.data
        for name, file in kept.items()
        if not name.startswith(stored) or (exits and name.endswith(exits))
    }


def _why_not(key: TargetKey, watched: Watched | None) -> str:
    if watched is None:
        return f"{key} is watched no more"
    return f"{key} does not answer: {watched.last_error}" if watched.last_error else f"{key} has not been read yet"


def _wanted(body: dict[str, Any]) -> Wanted:
    for name, value in body.items():
        most = MOST_SECONDS.get(name)
        if most is None and not isinstance(value, bool):
            raise bad_request(f"{name}: must be true or false")
        if most is not None and (type(value) is not int or not 0 <= value <= most):
            raise bad_request(f"{name}: must be a whole number of seconds up to {most}")
    return Wanted(**body)
