"""What can be changed from outside: whether a leak is acknowledged, here by its id; `web/functions` has the other."""

from __future__ import annotations

import math
import shlex
import time
from typing import Any

from aiohttp import web

from leakdog.model import Acknowledgement, Leak
from leakdog.pipeline.known import acknowledge, note
from leakdog.pipeline.state import Fleet
from leakdog.store.contract import Store
from leakdog.web.answers import bad_request, json_response, not_found, read_body, refused
from leakdog.web.views import leak_view

PATH = "/api/v1/leaks/{id}/acknowledgement"
NOTE_CHARACTERS = 500
MOST_SECONDS = 10 * 366 * 86400.0
# A page of somebody else that is open in the same browser can send plain forms, but neither this type nor a DELETE
# without asking first, which is never granted.


class Acknowledgements:
    """The handlers. `routes()` is what the server mounts."""

    def __init__(self, fleet: Fleet, store: Store) -> None:
        self._fleet = fleet
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        """To give one and to take it away."""
        return [web.post(PATH, self.give), web.delete(PATH, self.take)]

    async def give(self, request: web.Request) -> web.Response:
        """Acknowledge a leak: `{"note": "...", "for_seconds": 3600}`, both of which may be left out."""
        body, now = await read_body(request, ("note", "for_seconds")), time.time()
        return await self._put(request.match_info["id"], Acknowledgement(now, read_until(body, now), read_note(body)))

    async def take(self, request: web.Request) -> web.Response:
        """Announce the leak again. Where only its functions are known that is refused, with how they are taken back."""
        wanted = request.match_info["id"]
        leak = await self._noted(wanted)
        if leak is not None and leak.acknowledged is not None and leak.acknowledged.by_function:
            raise refused(f"leak {wanted} is acknowledged by its functions: {self._way_back(leak, leak.acknowledged)}")
        return await self._put(wanted, None)

    async def _put(self, wanted: str, given: Acknowledgement | None) -> web.Response:
        leak = acknowledge(self._fleet, wanted, given)
        if given is None:  # its functions may be known all the same, and the answer says so
            leak = await self._noted(wanted)
        if leak is None and any(each.id == wanted for each in self._fleet.leaks()):
            raise refused(f"leak {wanted} is over, and its target is watched no more: it is not announced in any case")
        if leak is None:
            raise not_found(f"no leak has the id {wanted!r}; GET /api/v1/leaks lists them")
        await self._store.put_leaks([leak])
        return json_response(leak_view(leak, self._fleet))

    async def _noted(self, wanted: str) -> Leak | None:
        """The leak of this id with what is known of its functions now, not as of the last pass; None without one."""
        for watched in self._fleet.targets.values():
            if any(leak.id == wanted for leak in watched.leaks.values()):
                changed = note(watched, self._fleet.acknowledged, time.time())
                found = next(leak for leak in watched.leaks.values() if leak.id == wanted)
                await self._store.put_leaks(changed)  # meanwhile a pass may take a suspicion back
                return found
        return None

    def _way_back(self, leak: Leak, given: Acknowledgement) -> str:
        """How to take back the rule by which a leak is acknowledged, and what that does."""
        job, function = leak.key.job, given.function
        if given.configured:
            return (
                f"take {function!r} out of `acknowledged` of job {job!r} in the configuration, and have the daemon "
                "read it again (SIGHUP)"
            )
        jobs = [each.job for each in self._fleet.acknowledged if each.function == function and each.job in ("", job)]
        own = f" --job {shlex.quote(job)}" if "" not in jobs[:1] else ""
        return f"`leakdog ack --function {shlex.quote(function)}{own} --undo` announces all leaks of these again"


def read_note(body: dict[str, Any]) -> str:
    """Its `note`; none if left out.

    Raises:
        web.HTTPBadRequest: it is no short line of text.

    """
    note = body.get("note", "")
    if not isinstance(note, str) or len(note) > NOTE_CHARACTERS or not note.isprintable():
        raise bad_request(f"note: must be one line of at most {NOTE_CHARACTERS} printable characters")
    return note


def read_until(body: dict[str, Any], now: float) -> float | None:
    """When its `for_seconds` are over; None if left out.

    Raises:
        web.HTTPBadRequest: it is no such number.

    """
    seconds = body.get("for_seconds")
    if seconds is None:
        return None
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not number or not 0 < seconds <= MOST_SECONDS or not math.isfinite(seconds):
        raise bad_request(f"for_seconds: must be a number above 0 and at most {MOST_SECONDS:.0f}")
    return now + float(seconds)
