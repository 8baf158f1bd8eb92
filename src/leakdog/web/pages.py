"""The pages people look at: `/`, `/leaks/ID` and their style sheet."""

from __future__ import annotations

import time

from aiohttp import web

from leakdog.pipeline.state import Fleet
from leakdog.report.svg import Growth, trend
from leakdog.store.contract import Store
from leakdog.web.html import STYLE, leak_page, message_page, overview


class Pages:
    """The handlers. `routes()` is what the server mounts."""

    def __init__(self, fleet: Fleet, store: Store) -> None:
        self._fleet = fleet
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        """All pages."""
        return [web.get("/", self.index), web.get("/leaks/{id}", self.leak), web.get("/style.css", self.style)]

    async def index(self, request: web.Request) -> web.Response:
        """What leaks, and every target."""
        return _html(overview(list(self._fleet), self._fleet.leaks(), time.time()))

    async def leak(self, request: web.Request) -> web.Response:
        """One leak with its trend."""
        wanted = request.match_info["id"]
        for leak in self._fleet.leaks():
            if leak.id == wanted:
                readings = await self._store.readings(leak.key, leak.signal)
                growth = Growth(leak.since, leak.growth_per_second)
                chart = trend(readings.times, readings.values, leak.signal.value, leak.signal.unit, [growth])
                return _html(leak_page(leak, self._fleet, chart, time.time()))
        message = f"No leak has the id {wanted}. It may have been resolved and aged out; the overview lists all."
        return _html(message_page("not found", message), status=404)

    async def style(self, request: web.Request) -> web.Response:
        """The style sheet, light and dark."""
        return web.Response(text=STYLE, content_type="text/css", headers={"Cache-Control": "max-age=3600"})


def _html(body: str, status: int = 200) -> web.Response:
    return web.Response(text=body, content_type="text/html", status=status)
