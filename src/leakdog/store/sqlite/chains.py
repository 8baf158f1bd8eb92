"""Profiles into chains: which chain goes on, and in what state it is. Run by the writer, inside its transactions."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from leakdog.errors import ProfileError, StoreCorrupted
from leakdog.model import RawProfile, Scrape, Snapshot
from leakdog.pprof.profile import ReadProfile
from leakdog.store.pack import Chain, Parts, opened, replayed
from leakdog.store.sqlite.damage import CHAIN, Note, logged
from leakdog.store.sqlite.ready import Going, Ready, Series
from leakdog.store.unnamed import UnnamedFile

# The id of a snapshot is that of its chain times this, and its place there; SQL has it as a number.
PLACES = 256

# A chain ends after so many profiles, as to read one is to follow all before it; and after so many seconds of slots
# or times, as it is deleted whole, and a slot is searched for no further back.
LINKS = 64
SPAN_SECONDS = 43200.0

# A larger body is stored as it was sent: a chain takes a hundred times as much memory while it goes on.
LARGEST_BODY = 256 << 10

_STORED = """
    SELECT id, time, size_bytes, life_start FROM listed WHERE target_id = :target AND kind = :kind
    AND first_slot BETWEEN :slot - :span AND :slot AND slot = :slot
"""
_LATEST_SLOT = """
    SELECT max(slot) FROM listed WHERE target_id = :target AND kind = :kind AND first_slot >=
    (SELECT max(first_slot) - :span FROM chains WHERE target_id = :target AND kind = :kind)
"""
_OPEN = """
    SELECT c.id, c.life_start, c.first_slot, c.first_time, p.id % 256 + 1, s.slot, s.time FROM chains AS c
    JOIN profiles AS p ON p.id BETWEEN c.id * 256 AND c.id * 256 + 255 LEFT JOIN snapshots AS s ON s.id = p.id
    WHERE NOT c.as_sent AND NOT c.thinned AND c.id = (SELECT id FROM chains WHERE target_id = :target AND kind = :kind
    ORDER BY first_slot DESC, id DESC LIMIT 1) ORDER BY p.id DESC LIMIT 1
"""
_GOES_ON = "SELECT 1 FROM chains WHERE id = ? AND NOT thinned"
_BEGIN = """
    INSERT INTO chains (target_id, kind, life_start, first_slot, first_time, as_sent)
    VALUES (:target, :kind, :life, :slot, :time, :as_sent)
"""


class Chains:
    """The chains of a writing connection. `forget` must be called after a transaction was rolled back.

    Args:
        connection: the one that writes.
        file: for chains that are ready to go on.
        note: takes what is found damaged.

    """

    def __init__(self, connection: sqlite3.Connection, file: UnnamedFile, note: Note = logged) -> None:
        self._connection = connection
        self._note = note
        self._ready = Ready(file)
        self._latest_slots: dict[tuple[int, str], float] = {}

    def forget(self) -> None:
        """Read everything anew."""
        self._ready.clear()
        self._latest_slots.clear()

    def forget_targets(self) -> None:
        """Let go of what is remembered of targets that are gone."""
        there = {target_id for (target_id,) in self._connection.execute("SELECT id FROM targets")}
        self._latest_slots = {series: slot for series, slot in self._latest_slots.items() if series[0] in there}
        self._ready.keep(there)

    def add(self, target_id: int, scrape: Scrape, profile: RawProfile) -> tuple[Snapshot, bool]:
        """The snapshot of this profile, and whether it is new; what the slot has already stays."""
        row = {
            "target": target_id,
            "kind": profile.kind.value,
            "slot": scrape.slot,
            "time": profile.time,
            "life": scrape.life.start_time,
            "span": SPAN_SECONDS,
        }
        stored = self._stored(row)
        if stored is not None:
            return Snapshot(stored[0], scrape.key, profile.kind, *stored[1:]), False
        snapshot_id, data = self._packed(row, profile)
        size = len(profile.data)
        self._connection.execute("INSERT INTO profiles VALUES (?, ?)", (snapshot_id, data))
        self._connection.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?)", (snapshot_id, scrape.slot, profile.time, size)
        )
        return Snapshot(snapshot_id, scrape.key, profile.kind, profile.time, size, scrape.life.start_time), True

    def _stored(self, row: dict[str, Any]) -> tuple[int, float, int, float] | None:
        """Id, time, size and life of what the slot has. A slot later than all is new without a search."""
        series, slot = (row["target"], row["kind"]), row["slot"]
        if series not in self._latest_slots:
            (latest,) = self._connection.execute(_LATEST_SLOT, row).fetchone()
            self._latest_slots[series] = -math.inf if latest is None else latest
        if slot > self._latest_slots[series]:
            self._latest_slots[series] = slot
            return None
        found: tuple[int, float, int, float] | None = self._connection.execute(_STORED, row).fetchone()
        return found

    def _packed(self, row: dict[str, Any], profile: RawProfile) -> tuple[int, bytes]:
        """The id of a snapshot of this profile, and what is stored for it."""
        series, slot = (row["target"], row["kind"]), row["slot"]
        parts = _parts(profile)
        if parts is None:
            self._ready.drop(series)
            return self._begin(row, as_sent=True) * PLACES, profile.data
        going, chain = self._open(row, parts) or (self._begun(row), Chain())
        link = chain.append(parts).dump()
        snapshot_id, going = going.chain_id * PLACES + going.length, going.then(slot, row["time"])
        if going.length < LINKS and slot == self._latest_slots[series]:
            self._ready.put(series, going, chain)
        else:
            self._ready.drop(series)
        return snapshot_id, link

    def _begun(self, row: dict[str, Any]) -> Going:
        chain_id = self._begin(row, as_sent=False)
        return Going(chain_id, row["life"], row["slot"], row["time"], 0, -math.inf, -math.inf)

    def _begin(self, row: dict[str, Any], *, as_sent: bool) -> int:
        return int(self._connection.execute(_BEGIN, row | {"as_sent": as_sent}).lastrowid or 0)

    def _open(self, row: dict[str, Any], parts: Parts) -> tuple[Going, Chain] | None:
        """The chain that this profile goes on with; None where it begins one."""
        series = row["target"], row["kind"]
        going = self._going(series, row)
        if going is None or not _goes_on(row, going):
            return None
        try:
            chain = self._ready.chain(series) or self._read(going.chain_id)
        except StoreCorrupted as error:
            self._note(CHAIN, going.chain_id, error)
            return None
        return (going, chain) if chain.takes(parts) else None

    def _going(self, series: Series, row: dict[str, Any]) -> Going | None:
        """The latest chain of a series, as it is remembered, where it was not deleted or thinned since, or stored."""
        going = self._ready.going(series)
        if going is not None and self._connection.execute(_GOES_ON, (going.chain_id,)).fetchone():
            return going
        self._ready.drop(series)
        found = self._connection.execute(_OPEN, row).fetchone()
        return None if found is None or None in found else Going(*found)  # its last snapshot may be listed no more

    def _read(self, chain_id: int) -> Chain:
        rows = self._connection.execute(
            "SELECT data FROM profiles WHERE id BETWEEN ? AND ? ORDER BY id",
            (chain_id * PLACES, chain_id * PLACES + PLACES - 1),
        )
        return replayed(data for (data,) in rows)


def _goes_on(row: dict[str, Any], going: Going) -> bool:
    """Whether a profile can be the next of a chain: of its life, after its last, and not too far from its first."""
    if going.length == LINKS or going.life_start != row["life"]:
        return False
    slot, time = row["slot"], row["time"]
    near = max(slot - going.first_slot, time - going.first_time) <= SPAN_SECONDS
    return bool(near and going.last_slot < slot and going.last_time < time)


def _parts(profile: RawProfile) -> Parts | None:
    """A profile's parts; None where it is none, or one that is stored as it was sent."""
    read = profile.profile if isinstance(profile, ReadProfile) else None
    try:
        return opened(profile.data, read) if len(profile.data) <= LARGEST_BODY else None
    except ProfileError:
        return None
