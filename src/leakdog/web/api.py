"""`/api/v1`: JSON over what the pipeline holds and what the store keeps."""

from __future__ import annotations

import asyncio
import gzip
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from leakdog.model import Kind, LeakState, Signal, TargetKey
from leakdog.pipeline.alike import Alike
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.replicas import grouped
from leakdog.store.contract import Store
from leakdog.web.answers import JSON, bad_request, in_turns, joined, json_response, listed, not_found, written
from leakdog.web.views import leak_view, series_view, sites_view, snapshot_view, target_view

DEFAULT_SNAPSHOTS = 1000
MAX_SNAPSHOTS = 10_000
GZIP_MAGIC = b"\x1f\x8b"


class Api:
    """The handlers. `routes()` is what the server mounts."""

    def __init__(self, fleet: Fleet, store: Store) -> None:
        self._fleet = fleet
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        """All paths under /api/v1."""
        return [
            web.get("/api/v1/targets", self.targets),
            web.get("/api/v1/sites", self.sites),
            web.get("/api/v1/leaks", self.leaks),
            web.get("/api/v1/leaks/{id}", self.leak),
            web.get("/api/v1/series", self.series),
            web.get("/api/v1/snapshots", self.snapshots),
            web.get("/api/v1/snapshots/{id}/profile.pb.gz", self.profile),
        ]

    async def targets(self, request: web.Request) -> web.Response:
        """Every target with its last scrape, latest values and verdicts; and the jobs of which no process was found."""
        told = {"jobs_without_process": self._fleet.idle, "targets": map(target_view, self._fleet)}
        return web.Response(text=await written(told, "targets"), content_type=JSON)

    async def leaks(self, request: web.Request) -> web.Response:
        """Pending, firing and resolved leaks; `state=` keeps one of these, `by=job` puts equal ones together."""
        wanted = request.query.get("state")
        states = [state.value for state in LeakState if state is not LeakState.INACTIVE]
        if wanted is not None and wanted not in states:
            raise bad_request(f"state: {wanted!r} is not one of {', '.join(states)}")
        found = [leak for leak in self._fleet.leaks() if wanted in (None, leak.told_state.value)]
        alike = Alike(self._fleet)
        views = (leak_view(leak, self._fleet, alike) for leak in found)
        match request.query.get("by"):
            case None:
                return await listed("leaks", views)
            case "job":
                groups = grouped([view async for view in in_turns(views)])
                return joined("jobs", [await written(group, "leaks") for group in groups])
            case other:
                raise bad_request(f"by: {other!r} is not job")

    async def leak(self, request: web.Request) -> web.Response:
        """One leak by its id."""
        for leak in self._fleet.leaks():
            if leak.id == request.match_info["id"]:
                return json_response(leak_view(leak, self._fleet))
        raise not_found(f"no leak has the id {request.match_info['id']!r}; GET /api/v1/leaks lists them")

    async def sites(self, request: web.Request) -> web.Response:
        """The code in which one target's memory and goroutines are, each site judged for itself: `target=`."""
        return json_response(sites_view(self._needed(request.query)))

    async def series(self, request: web.Request) -> web.Response:
        """Stored points of one target: `target=JOB/INSTANCE`, `signal=` (all that are known if left out)."""
        key = self._key(request.query)
        if key is None:
            raise _without_target()
        start, end = _time(request.query, "from"), _until(request.query)
        name = request.query.get("signal")
        signals = [_member(Signal, name, "signal")] if name else sorted(Signal)
        found = {signal: await self._store.readings(key, signal, start=start, end=end) for signal in signals}
        told = [series_view(key, *each) for each in found.items() if name or len(each[1].times)]
        return joined("series", [await written(each, "points", "folded") for each in told])

    async def snapshots(self, request: web.Request) -> web.Response:
        """Stored profiles, newest first: `target=`, `kind=`, `from=`, `to=`, `limit=`."""
        kind = request.query.get("kind")
        found = await self._store.snapshots(
            key=self._key(request.query),
            kind=_member(Kind, kind, "kind") if kind else None,
            start=_time(request.query, "from"),
            end=_until(request.query),
            limit=_limit(request.query),
        )
        return await listed("snapshots", map(snapshot_view, found))

    async def profile(self, request: web.Request) -> web.Response:
        """The profile that the target sent, gzipped; see `Store.profile` for what of it is kept."""
        raw = request.match_info["id"]
        data = await self._store.profile(int(raw)) if raw.isascii() and raw.isdecimal() and len(raw) < 19 else None
        if data is None:
            raise not_found(f"no stored snapshot has the id {raw!r}; GET /api/v1/snapshots lists them")
        body = data if data.startswith(GZIP_MAGIC) else await asyncio.to_thread(gzip.compress, data, mtime=0)
        return web.Response(
            body=body,
            content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="leakdog-{raw}.pb.gz"'},
        )

    def _needed(self, query: Mapping[str, str]) -> Watched:
        key = self._key(query)
        if key is None:
            raise _without_target()
        if key not in self._fleet.targets:
            raise bad_request(f"target: {key} is watched no more")
        return self._fleet.targets[key]

    def _key(self, query: Mapping[str, str]) -> TargetKey | None:
        """The target that `target=` names: one that is watched, or that has left a leak. No others are looked for."""
        name = query.get("target")
        if name is None:
            return None
        known = [*self._fleet.targets, *self._fleet.departed]
        job, _, instance = name.partition("/")
        if TargetKey(job, instance) in known:
            return TargetKey(job, instance)
        matches = [key for key in known if name in (key.instance, str(key))]
        if len(matches) > 1:
            jobs = ", ".join(sorted(key.job for key in matches))
            raise bad_request(f"target: {name!r} is watched by several jobs ({jobs}); give JOB/INSTANCE")
        if not matches:
            raise bad_request(
                f"target: {name!r} is not watched; give JOB/INSTANCE as `leakdog targets` and /api/v1/targets list it"
            )
        return matches[0]


def _without_target() -> web.HTTPBadRequest:
    return bad_request("target: missing; give target=JOB/INSTANCE")


def _member(enum: Any, name: str, what: str) -> Any:
    try:
        return enum(name)
    except ValueError:
        raise bad_request(f"{what}: {name!r} is not one of {', '.join(each.value for each in enum)}") from None


def _time(query: Mapping[str, str], name: str) -> float | None:
    """RFC 3339 or unix seconds."""
    text = query.get(name)
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _date(name, text).timestamp()
    if not math.isfinite(seconds):
        raise bad_request(f"{name}: {text!r} is neither RFC 3339 nor unix seconds")
    return seconds


def _until(query: Mapping[str, str]) -> float | None:
    """The end of a range, with all of its millisecond: times are told cut to those, and what is told is to be found."""
    end = _time(query, "to")
    return None if end is None else math.floor(end * 1000 + 0.001) / 1000 + 0.000999


def _date(name: str, text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that was not escaped arrives as a space
    except ValueError:
        raise bad_request(f"{name}: {text!r} is neither RFC 3339 nor unix seconds") from None
    if when.tzinfo is None:
        raise bad_request(f"{name}: {text!r} has no time zone; add Z for UTC")
    return when


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(DEFAULT_SNAPSHOTS))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_SNAPSHOTS):
        raise bad_request(f"limit: {text!r} is not a whole number from 1 to {MAX_SNAPSHOTS}")
    return int(text)
