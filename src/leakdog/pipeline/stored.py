"""The stored profiles of a target that an explanation is made of; those that cannot be read are left out and told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from leakdog.errors import FetchError, ProfileError, StoreCorrupted
from leakdog.model import Kind, Snapshot
from leakdog.pipeline.gather import Gatherer
from leakdog.pipeline.state import Watched
from leakdog.pprof.profile import Profile
from leakdog.report.words import human_time
from leakdog.store.contract import Store

# Of a large profile the gist is compared, with so many sites: more than are told apart in a comparison.
SITES = 4096
# Profiles compared for one explanation: enough for a slope with an interval, few enough to decode in a blink.
PROFILES = 12
# So many of them may be unreadable, and half: each may have cost the process that decodes it, which others wait for.
MOST_UNREAD = 3

Profiles = tuple[list[Profile], list[float]]


class StoredProfiles:
    """Those of one target, for one explanation.

    Attributes:
        unread: in words, those that were wanted and could not be read so far, and why.

    All methods raise `FetchError` or `ProfileError` where too many of those that are wanted cannot be read.
    """

    def __init__(self, store: Store, gatherer: Gatherer, watched: Watched) -> None:
        self._store = store
        self._gatherer = gatherer
        self._watched = watched
        self.unread: list[str] = []

    async def spread(self, kind: Kind, start: float, end: float) -> Profiles:
        """A few profiles of this life, spread evenly over that time, oldest first, and their times."""
        return await self.at(kind, np.linspace(start, end, PROFILES).tolist())

    async def at(self, kind: Kind, moments: Iterable[float]) -> Profiles:
        """Of this life, the last profile until each of these times, unix seconds; oldest first, and their times."""
        chosen: dict[float, Snapshot] = {}
        for moment in moments:
            chosen |= {each.time: each for each in await self._last(kind, moment)}
        return await self._readable([chosen[time] for time in sorted(chosen)])

    async def last(self, kind: Kind, end: float) -> Profile | None:
        """The last one of this life until then, if there is one and it can be read."""
        profiles, _ = await self._readable(await self._last(kind, end))
        return next(iter(profiles), None)

    async def of_life_before(self, kind: Kind) -> tuple[list[Profile], list[float], float]:
        """A few profiles of the life before this one, spread evenly over it, oldest first, and when it began."""
        watched = self._watched
        assert watched.life is not None
        stored = await self._store.snapshots(key=watched.key, kind=kind, end=watched.life.first_seen)
        earlier = [each for each in stored if not self._of_this_life(each)]
        life = [each for each in reversed(earlier) if each.life_start == earlier[0].life_start]
        if not life:
            return [], [], 0.0
        chosen = [life[number] for number in np.unique(np.linspace(0, len(life) - 1, PROFILES).round().astype(int))]
        return *await self._readable(chosen), life[0].life_start

    async def _last(self, kind: Kind, end: float) -> list[Snapshot]:
        found = await self._store.snapshots(key=self._watched.key, kind=kind, end=end, limit=1)
        return [each for each in found if self._of_this_life(each)]

    def _of_this_life(self, snapshot: Snapshot) -> bool:
        return self._watched.life is not None and snapshot.life_start == self._watched.life.start_time

    async def _readable(self, snapshots: Sequence[Snapshot]) -> Profiles:
        """The profiles of those that can be read, and their times."""
        profiles, times, lost = [], [], 0
        for snapshot in snapshots:
            try:
                profiles.append(await self._decoded(snapshot))
                times.append(snapshot.time)
            except (FetchError, ProfileError, StoreCorrupted) as error:
                lost += not isinstance(error, StoreCorrupted)  # that costs nothing, and the store has told it
                if lost > min(MOST_UNREAD, max(1, len(snapshots) // 2)):
                    raise
                which = f"the {snapshot.kind.value} profile of {human_time(snapshot.time)} ({error})"
                self.unread += [] if which in self.unread else [which]
        return profiles, times

    async def _decoded(self, snapshot: Snapshot) -> Profile:
        data = await self._store.profile(snapshot.id)
        if data is None:
            raise ProfileError(f"snapshot {snapshot.id} was deleted by retention while it was needed")
        return await self._gatherer.decoded(self._watched, snapshot.kind, data, SITES)
