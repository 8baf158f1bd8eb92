"""The pages people look at: `/`, `/leaks/ID`, `/targets/JOB/INSTANCE` and their style sheet."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

import numpy as np
from aiohttp import web

from leakdog.detect.state import is_open
from leakdog.model import Leak, Signal, TargetKey
from leakdog.pipeline.state import Fleet, Watched
from leakdog.report.leak import drawn
from leakdog.report.ledger import NEEDED, WHOLE, ledgers
from leakdog.report.spans import Spans
from leakdog.report.svg import Growth, trend
from leakdog.store.contract import Readings, Store
from leakdog.web.answers import in_turns
from leakdog.web.document import STYLE, message_page
from leakdog.web.html import leak_page, numbers
from leakdog.web.overview import overview, too_early
from leakdog.web.target import DEFAULT_RANGE, RANGES, Shown, first_signal, target_page

USUAL = ("127.0.0.1:5325", "localhost:5325")  # where the command line looks for a daemon by itself
LEDGER_POINTS = 200  # that is a point for each four pixels


class Pages:
    """The handlers. `routes()` is what the server mounts."""

    def __init__(self, fleet: Fleet, store: Store) -> None:
        self._fleet = fleet
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        """All pages."""
        return [
            web.get("/", self.index),
            web.get("/leaks/{id}", self.leak),
            web.get("/targets/{job:[^/]+}/{instance:[^/]+}", self.target),  # else a brace would be none of a name
            web.get("/style.css", self.style),
        ]

    async def index(self, request: web.Request) -> web.Response:
        """What leaks, and every target; `job=` keeps those of one job, `refresh=off` has it read once."""
        job, refresh = request.query.get("job"), request.query.get("refresh") != "off"
        ready = [watched.ready_at async for watched in in_turns(too_early(self._fleet, job))]
        told = list(self._fleet), self._fleet.leaks(), time.time(), job
        nobody = [name for name in self._fleet.idle if job in (None, name)]
        return _html(overview(*told, refresh=refresh, ready=ready, idle_jobs=nobody))

    async def leak(self, request: web.Request) -> web.Response:
        """One leak with its trend."""
        wanted = request.match_info["id"]
        for leak in self._fleet.leaks():
            if leak.id == wanted:
                now = time.time()
                ended = None if is_open(leak) else leak.resolved_since
                start, end = drawn(leak.since, ended, now)
                readings = await self._store.readings(leak.key, leak.signal, start=start, end=end)
                chart = _chart(readings, leak.signal, [growth_of(leak, self._fleet.targets.get(leak.key))])
                return _html(leak_page(leak, self._fleet, chart, now, _option(request)))
        message = f"No leak has the id {wanted}. It may have been resolved and aged out; the overview lists all."
        return _html(message_page("not found", message), status=404)

    async def target(self, request: web.Request) -> web.Response:
        """One target: `range=` (6h, 1d, 7d, 30d) and `signal=` say what is drawn."""
        key = TargetKey(request.match_info["job"], request.match_info["instance"])
        watched = self._fleet.targets.get(key)
        if watched is None:
            message = f"No target {key} is watched. It may have ended or been removed; the overview lists all."
            return _html(message_page("not found", message), status=404)
        span = request.query.get("range", DEFAULT_RANGE)
        asked = request.query.get("signal")
        if span not in RANGES or asked not in {None, *Signal}:
            message = f"range is one of {', '.join(RANGES)}; signal is one of {', '.join(sorted(Signal))}."
            return _html(message_page("not understood", message), status=400)
        signal = first_signal(watched) if asked is None else Signal(asked)
        now = time.time()
        return _html(target_page(watched, await self._shown(watched, signal, span, now), now, _option(request)))

    async def _shown(self, watched: Watched, signal: Signal | None, span: str, now: float) -> Shown:
        start = now - RANGES[span]
        wanted = {*NEEDED, signal} if signal is not None else set(NEEDED)
        found = {each: await self._store.readings(watched.key, each, start=start) for each in wanted}
        points = {each: (found[each].times, found[each].values) for each in NEEDED}
        times, parts = ledgers(points, LEDGER_POINTS)
        growths = [
            growth_of(leak, watched) for leak in watched.leaks.values() if leak.signal is signal and is_open(leak)
        ]
        chart = "" if signal is None else _chart(found[signal], signal, growths)
        whole = next((found[each] for each in WHOLE if len(found[each].times)), None)
        lives = None if whole is None else whole.life_starts[np.searchsorted(whole.times, times)]
        return Shown(signal, span, chart, times, parts, lives)

    async def style(self, request: web.Request) -> web.Response:
        """The style sheet, light and dark."""
        return web.Response(text=STYLE, content_type="text/css", headers={"Cache-Control": "max-age=3600"})


def growth_of(leak: Leak, watched: Watched | None) -> Growth:
    """The line to draw of a leak: over the look-back whose rate is told, as it may have grown otherwise before."""
    seen = watched.said_of(leak.signal) if watched is not None and is_open(leak) else None
    told = seen is not None and seen.growth_per_second == leak.growth_per_second
    if seen is None or not told or seen.look_back_seconds is None:
        return Growth(leak.since, leak.growth_per_second)
    return Growth(max(leak.since, seen.time - seen.look_back_seconds), leak.growth_per_second)


def _chart(readings: Readings, signal: Signal, growths: Sequence[Growth]) -> str:
    """A signal's trend as a picture and as a table; of what was not read in the time that is shown, a sentence."""
    if not len(readings.times):
        return "<p>Nothing that was read in this time is stored.</p>"
    folded = readings.lows, readings.means, readings.highs
    told = readings.times, readings.values, signal.value, signal.unit, growths
    picture = trend(*told, folded=folded, lives=readings.life_starts)
    spans = Spans.of(readings.times, readings.values, *folded)
    return picture + numbers(spans, signal.unit, banded='class="band"' in picture)


def _option(request: web.Request) -> str:
    """What tells the command line where this daemon is, as its reader has reached it."""
    return "" if request.host in USUAL else f" --server {shlex.quote(f'{request.scheme}://{request.host}')}"


def _html(body: str, status: int = 200) -> web.Response:
    return web.Response(text=body, content_type="text/html", status=status)
