"""What is written, and how: run by the writer, inside its transactions."""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from leakdog.model import Leak, Life, Scrape, Signal, Snapshot, TargetKey
from leakdog.store.codec import dump_leak, ended_at
from leakdog.store.sqlite import blocks
from leakdog.store.sqlite.chains import Chains
from leakdog.store.sqlite.connection import encoded
from leakdog.store.sqlite.damage import Note, logged
from leakdog.store.sqlite.deletes import make_room, used_bytes
from leakdog.store.sqlite.evidence import keep, keep_only_open
from leakdog.store.sqlite.numbers import pack, unpack
from leakdog.store.unnamed import UnnamedFile

log = logging.getLogger("leakdog.store")

# A full store gives up twice what it takes in, so that it comes down to a limit that has been lowered.
ROOM_PER_BYTE = 2
# What the database takes is counted anew once so much of its limit may have been written: to count it for each scrape
# costs a hundredth of the scrape.
COUNTED_SHARE = 1 / 128
# Where the store is full, what leaks no longer need is given up so often, or once in as many seconds as leaks are open:
# it takes two milliseconds of each.
RELEASE_SECONDS = 60.0


class Tables:
    """The writing connection's tables, with the integer ids that it has seen.

    Ids are remembered only as long as they are known to be in the database: `forget` must be called after a
    transaction was rolled back, `forget_targets` after targets were deleted.

    Args:
        connection: the one that writes.
        limit_bytes: how large the database may become, its log not counted, with what is `beside` it.
        file: for chains of profiles that are ready to go on.
        note: takes what is found damaged.
        beside: bytes of other files that count for the limit.

    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        limit_bytes: int,
        file: UnnamedFile,
        note: Note = logged,
        beside: Callable[[], int] = int,
    ) -> None:
        self._connection = connection
        self._limit = limit_bytes
        self._beside = beside
        self._targets: dict[TargetKey, tuple[int, Life]] = {}
        self._signals: dict[Signal, int] = {}
        self._sealed: dict[int, float] = {}
        self._free = self._since = 0  # bytes that the database may grow by, when it was counted; and written since then
        self._full = False
        self._open, self._released = 0, -math.inf  # leaks when it was last looked what they need, and when that was
        self._note = note
        self._chains = Chains(connection, file, note)

    def forget(self) -> None:
        """Look everything up anew."""
        self._signals.clear()
        self._chains.forget()
        self._targets.clear()
        self.forget_blocks()

    def forget_targets(self) -> None:
        """Look up anew which targets there are, and remember nothing of those that are gone."""
        self._targets.clear()
        self._chains.forget_targets()
        self.forget_blocks()

    def forget_blocks(self) -> None:
        """Look up anew which slots are in blocks; must be called after any were sealed or deleted."""
        self._sealed.clear()

    def append(self, scrape: Scrape) -> tuple[Snapshot, ...]:
        """Store a scrape and return its snapshots; see `Store.append`."""
        needed = scrape_bytes(scrape)
        if not self._fits(needed):
            self._tell_full()
            self._release(scrape.time)
            make_room(self._connection, ROOM_PER_BYTE * needed)
        target_id = self._target_id(scrape.key, scrape.life)
        points = self._add_values(target_id, scrape) if scrape.values else 0
        added = [self._chains.add(target_id, scrape, profile) for profile in scrape.profiles]
        self._count(sum(new for _, new in added), points)
        return tuple(snapshot for snapshot, _ in added)

    def put_leaks(self, leaks: Sequence[Leak]) -> None:
        """Store leaks in place of those of the same id, and keep what they need."""
        self._connection.executemany(
            "INSERT INTO leaks (id, ended, body) VALUES (CAST(? AS TEXT), ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, body = excluded.body",
            [(encoded(leak.id), ended_at(leak, None), dump_leak(leak)) for leak in leaks],
        )
        keep(self._connection, leaks)

    def put_states(self, states: Mapping[str, bytes | None]) -> None:
        """Store detector states by name; None deletes."""
        self._since += sum(len(state) for state in states.values() if state is not None)
        self._connection.executemany(
            "DELETE FROM states WHERE name = CAST(? AS TEXT)",
            [(encoded(name),) for name, state in states.items() if state is None],
        )
        self._connection.executemany(
            "INSERT INTO states (name, body) VALUES (CAST(? AS TEXT), ?)"
            " ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            [(encoded(name), state) for name, state in states.items() if state is not None],
        )

    def _fits(self, needed: int) -> bool:
        """Whether there is room for so many bytes more, which are then taken to be written."""
        self._since += needed
        if self._since > COUNTED_SHARE * self._limit or self._free - self._since < self._beside():
            self._free, self._since = self._limit - used_bytes(self._connection), needed
        return self._free - self._since >= self._beside()

    def _release(self, now: float) -> None:
        """Keep no more than open leaks need now, once in a while.

        Each time that a leak is put, its latest profiles are kept: until retention looks these may have become all that
        there are, and room would be made by the newest.
        """
        if abs(now - self._released) >= max(RELEASE_SECONDS, self._open):
            self._open, self._released = keep_only_open(self._connection), now

    def _tell_full(self) -> None:
        """Once: what is gone from charts and lists is missed later, and nothing else tells where it went."""
        if not self._full:
            log.info("storage.retention.size is reached: the oldest makes room for the new; a larger size keeps more")
        self._full = True

    def _target_id(self, key: TargetKey, life: Life) -> int:
        target_id, stored = self._targets.get(key, (0, None))
        if stored != life:
            target_id = self._put_target(key, life)
            self._targets[key] = (target_id, life)
        return target_id

    def _put_target(self, key: TargetKey, life: Life) -> int:
        name = (encoded(key.job), encoded(key.instance))
        self._connection.execute(
            "INSERT INTO targets (job, instance, life_start, first_seen, pid)"
            " VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)"
            " ON CONFLICT (job, instance) DO UPDATE SET"
            " life_start = excluded.life_start, first_seen = excluded.first_seen, pid = excluded.pid",
            (*name, life.start_time, life.first_seen, life.pid),
        )
        (target_id,) = self._connection.execute(
            "SELECT id FROM targets WHERE job = CAST(? AS TEXT) AND instance = CAST(? AS TEXT)", name
        ).fetchone()
        return int(target_id)

    def _signal_id(self, signal: Signal) -> int:
        if signal not in self._signals:
            name = (signal.value,)
            self._connection.execute("INSERT INTO signals (name) VALUES (?) ON CONFLICT DO NOTHING", name)
            (self._signals[signal],) = self._connection.execute(
                "SELECT id FROM signals WHERE name = ?", name
            ).fetchone()
        return self._signals[signal]

    def _add_values(self, target_id: int, scrape: Scrape) -> int:
        """Add the numbers that the slot lacks; how many there were."""
        if scrape.slot <= self._last_sealed(target_id):
            blocks.reopen(self._connection, target_id, scrape.slot, self._note)
            self.forget_blocks()
        values = {self._signal_id(signal): value for signal, value in scrape.values.items()}
        inserted = self._connection.execute(
            "INSERT INTO readings (target_id, slot, time, life_start, numbers) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (target_id, slot) DO NOTHING",
            (target_id, scrape.slot, scrape.time, scrape.life.start_time, pack(values)),
        )
        return len(values) if inserted.rowcount else self._complete(target_id, scrape.slot, values)

    def _last_sealed(self, target_id: int) -> float:
        if target_id not in self._sealed:
            last = blocks.last_slot(self._connection, target_id)
            self._sealed[target_id] = -math.inf if last is None else last
        return self._sealed[target_id]

    def _complete(self, target_id: int, slot: float, values: Mapping[int, float]) -> int:
        place = (target_id, slot)
        (numbers,) = self._connection.execute(
            "SELECT numbers FROM readings WHERE target_id = ? AND slot = ?", place
        ).fetchone()
        stored = unpack(numbers)
        missing = {signal: value for signal, value in values.items() if signal not in stored}
        if missing:
            self._connection.execute(
                "UPDATE readings SET numbers = ? WHERE target_id = ? AND slot = ?",
                (numbers + pack(missing), *place),
            )
        return len(missing)

    def _count(self, snapshots: int, points: int) -> None:
        if snapshots or points:
            self._connection.execute(
                "UPDATE totals SET snapshots = snapshots + ?, points = points + ?", (snapshots, points)
            )


def scrape_bytes(scrape: Scrape) -> int:
    """Roughly what a scrape takes in the database."""
    return 200 + 10 * len(scrape.values) + sum(200 + len(profile.data) for profile in scrape.profiles)
