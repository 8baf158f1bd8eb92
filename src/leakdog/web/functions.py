"""Functions whose leaks are known: listed, given and taken back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator

from aiohttp import web

from leakdog.detect.state import is_open
from leakdog.model import Acknowledgement, Leak
from leakdog.pipeline.functions import FUNCTIONS, KnownFunctions, dump_functions, wrong
from leakdog.pipeline.known import is_theirs, note
from leakdog.pipeline.state import Fleet
from leakdog.store.contract import Store
from leakdog.web.acknowledge import read_note, read_until
from leakdog.web.answers import bad_request, in_turns, json_response, not_found, read_body
from leakdog.web.views import Json, rfc3339

PATH = "/api/v1/acknowledged"
MOST = 100
JOB_CHARACTERS = 200


class Functions:
    """The handlers. `routes()` is what the server mounts."""

    def __init__(self, fleet: Fleet, store: Store) -> None:
        self._fleet = fleet
        self._store = store
        self._turn = asyncio.Lock()  # each change is made to the list that the one before has stored

    def routes(self) -> list[web.RouteDef]:
        """To list them, to add to them, and to take from them."""
        return [web.get(PATH, self.listed), web.post(PATH, self.give), web.delete(PATH, self.take)]

    async def listed(self, request: web.Request) -> web.Response:
        """All of them: those of the configuration of jobs that have targets, then those that were given here."""
        jobs = {watched.job.job_name: watched.job.acknowledged for watched in self._fleet}
        configured = [_configured_view(job, pattern) for job, patterns in jobs.items() for pattern in patterns]
        given = _holding(self._fleet.acknowledged, time.time())
        return json_response({"acknowledged": configured + [_view(each) for each in given]})

    async def give(self, request: web.Request) -> web.Response:
        """Acknowledge what leaks in functions: `{"function": "REGEX"}`, with `job`, `note` and `for_seconds` if wanted.

        One that was given before for the same job is replaced.
        """
        body, now = await read_body(request, ("function", "job", "note", "for_seconds")), time.time()
        function, job = body.get("function"), "" if body.get("job") is None else body["job"]
        if not isinstance(function, str):
            raise bad_request("function: must be a regular expression of functions, as text")
        if why := wrong(function):
            raise bad_request(f"function: {why}")
        if not isinstance(job, str) or len(job) > JOB_CHARACTERS or not job.isprintable():
            raise bad_request(f"job: must be the name of a job, of at most {JOB_CHARACTERS} printable characters")
        given = KnownFunctions(function, now, job, read_until(body, now), read_note(body))
        async with self._turn:
            others = [each for each in _holding(self._fleet.acknowledged, now) if not _same(each, function, job)]
            if len(others) >= MOST:
                raise bad_request(f"{MOST} are given already: take some back, or name them in the configuration")
            await self._put([*others, given], now)
        leaks = _open(leak for leak in self._leaks() if _is_by(given, leak))
        return json_response(_view(given) | {"leaks": leaks, "leaks_by_id": self._by_id(function, job)})

    async def take(self, request: web.Request) -> web.Response:
        """Announce again what leaks in functions: those given for `?function=` and, where it was for one, `job=`."""
        function, job, now = request.query.get("function", ""), request.query.get("job", ""), time.time()
        async with self._turn:
            held = _holding(self._fleet.acknowledged, now)
            found = [each for each in held if _same(each, function, job)]
            if not found:
                by_id = "" if wrong(function) else ", ".join(self._by_id(function, job))
                by_id = f"; by its id: {by_id} (`leakdog ack ID --undo`)" if by_id else ""
                raise not_found(
                    f"nothing was acknowledged by the function {function!r}{f' of job {job!r}' if job else ''}{by_id}: "
                    f"`leakdog ack --list` (GET {PATH}) lists what was; what is configured is taken from "
                    "`acknowledged` of its job"
                )
            changed = await self._put([each for each in held if each not in found], now)
        return json_response(_view(found[0]) | {"leaks": _open(leak for leak in changed if not leak.acknowledged)})

    def _leaks(self) -> Iterator[Leak]:
        return (leak for watched in self._fleet.targets.values() for leak in watched.leaks.values())

    def _by_id(self, function: str, job: str) -> list[str]:
        """Ids of open leaks of these functions that were acknowledged each by itself, which counts before this."""
        meant = Acknowledgement(0.0, function=function)
        own = (leak for leak in self._leaks() if leak.acknowledged is not None and not leak.acknowledged.by_function)
        return _open(leak for leak in own if job in ("", leak.key.job) and is_theirs(leak, meant))

    async def _put(self, functions: list[KnownFunctions], now: float) -> list[Leak]:
        """Store the list, then have it hold for all leaks there are; those that it changes."""
        await self._store.put_states({FUNCTIONS: dump_functions(functions)})
        self._fleet.acknowledged = tuple(functions)
        targets = in_turns([*self._fleet.targets.values()])  # thousands of leaks and a hundred functions take seconds
        noted = [(each, leak.leak_class) async for each in targets for leak in note(each, functions, now)]
        changed = [each.leaks[of] for each, of in noted if of in each.leaks]  # as they stand now: passes went on
        await self._store.put_leaks(changed)
        return changed


def _holding(functions: Iterable[KnownFunctions], now: float) -> list[KnownFunctions]:
    """Those whose time is not over."""
    return [each for each in functions if each.holds(now)]


def _open(leaks: Iterable[Leak]) -> list[str]:
    """Ids of those that fire or are suspected."""
    return [leak.id for leak in leaks if is_open(leak)]


def _same(each: KnownFunctions, function: str, job: str) -> bool:
    return (each.function, each.job) == (function, job)


def _is_by(each: KnownFunctions, leak: Leak) -> bool:
    """Whether the leak is acknowledged by these functions, and not as one leak or by the configuration."""
    by = leak.acknowledged
    theirs = by is not None and by.by_function and not by.configured and by.function == each.function
    return theirs and each.job in ("", leak.key.job)


def _view(each: KnownFunctions) -> Json:
    return {
        "function": each.function,
        "job": each.job or None,
        "since": rfc3339(each.since),
        "until": rfc3339(each.until),
        "note": each.note,
        "configured": False,
    }


def _configured_view(job: str, pattern: str) -> Json:
    return {"function": pattern, "job": job, "since": None, "until": None, "note": "", "configured": True}
