"""Which code is behind a leak: take a few stored profiles of its life and ask `attribute` what grew between them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from leakdog.attribute.companions import companions
from leakdog.attribute.goroutines import goroutine_culprits
from leakdog.attribute.growth import culprits
from leakdog.errors import LeakdogError
from leakdog.model import Culprit, Kind, Leak, LeakClass, Snapshot
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Fleet, Watched
from leakdog.pprof import Profile, parse
from leakdog.store.contract import Store

log = logging.getLogger("leakdog.pipeline")

# Profiles compared for one explanation: enough for a slope with an interval, few enough to decode in a blink.
PROFILES = 12
# Snapshots listed to choose those from.
LISTED = 2000


class Explainer:
    """Finds culprits for leaks from what the store holds."""

    def __init__(self, fleet: Fleet, store: Store, gatherer: Gatherer) -> None:
        self._fleet = fleet
        self._store = store
        self._gatherer = gatherer

    async def explain(self, watched: Watched, leak: Leak, now: float) -> Leak:
        """The leak with its culprits as far as they are known; the same object if nothing came of it."""
        try:
            found = await self._culprits(watched, leak, now)
        except LeakdogError as error:
            self._fleet.counters.explain_failures += 1
            log.warning("naming the code behind leak %s of %s: %s", leak.id, leak.key, error)
            return leak
        return replace(leak, culprits=found) if found and found != leak.culprits else leak
