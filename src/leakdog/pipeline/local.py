"""Which process of this machine a target on a loopback address is, where that can be told for sure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

from leakdog.errors import FetchError
from leakdog.fetch.process import command_line, find_listener, is_loopback, read_process
from leakdog.model import Observation
from leakdog.pipeline.state import Watched

# Asks a target for a page by its path and parameters.
Ask = Callable[[Watched, str, Mapping[str, Sequence[str]]], Awaitable[bytes]]

# Between when a process began and when it says it did.
START_SECONDS = 5


async def find_local(
    watched: Watched, observations: Sequence[Observation], clock: Callable[[], float], ask: Ask
) -> int | None:
    """The pid that listens on the target's loopback address, if what the target says of itself agrees.

    A listener may be a tunnel (ssh, kubectl, docker-proxy): its memory is not the target's.

    Args:
        watched: the target.
        observations: what this pass has told of it so far.
        clock: the time.
        ask: how it is asked what it was started as, where it does not tell when.

    """
    url = urlsplit(watched.target.base_url or "")
    if not url.hostname or not is_loopback(url.hostname):
        return None
    pid = await asyncio.to_thread(find_listener, url.hostname, url.port or (443 if url.scheme == "https" else 80))
    if pid is None:
        return None
    told = [seen.start_time for seen in observations if seen.start_time is not None]
    if told:
        try:
            seen = await asyncio.to_thread(read_process, pid, clock())
        except FetchError:
            return None
        return pid if seen.start_time is not None and abs(seen.start_time - told[-1]) < START_SECONDS else None
    if not watched.job.pprof_path:
        return None
    try:
        said = await ask(watched, f"{watched.job.pprof_path}/cmdline", {})
    except FetchError:
        return None
    return pid if said and said == await asyncio.to_thread(command_line, pid) else None
