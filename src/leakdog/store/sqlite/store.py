"""The store in one SQLite file, put together: a lock, a writer, a reader."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeVar

from leakdog.config.schema import EvidenceConfig, RetentionConfig
from leakdog.errors import StoreError
from leakdog.model import Kind, Leak, Life, Scrape, Signal, Snapshot, TargetKey
from leakdog.store.contract import Deleted, EvidenceFile, Readings, StoreStats
from leakdog.store.shelf import FileShelf
from leakdog.store.sqlite import aging, bundles, deletes, reads, thinning
from leakdog.store.sqlite.connection import FILE_NAME, connect_reader, connect_writer, data_bytes
from leakdog.store.sqlite.damage import Damage
from leakdog.store.sqlite.evidence import keep_only_open
from leakdog.store.sqlite.faults import explained
from leakdog.store.sqlite.lock import DirectoryLock
from leakdog.store.sqlite.reader import Reader
from leakdog.store.sqlite.writer import Writer
from leakdog.store.sqlite.writes import Tables, scrape_bytes
from leakdog.store.unnamed import UnnamedFile

T = TypeVar("T")

# Of what may be stored, the shelf's part at most, a quarter, and that of chains that are to go on. The rest is history.
SHELF_SHARE = 4
CHAINS_SHARE = 8


class SqliteStore:
    """Implements `contract.Store` in the file `leakdog.db`. Made by `open`.

    Args:
        lock: on the directory; released by `close`.
        shelf, chains: in the directory; closed by `close`.
        connection: the only one that writes to the file.
        path: the file.
        retention: how long and how much is kept.
        evidence: how much is kept to prove leaks.

    """

    def __init__(
        self,
        lock: DirectoryLock,
        shelf: FileShelf,
        chains: UnnamedFile,
        connection: sqlite3.Connection,
        path: Path,
        retention: RetentionConfig,
        evidence: EvidenceConfig,
    ) -> None:
        self._lock = lock
        self.shelf = shelf
        self._chains = chains
        self._connection = connection
        self._path = path
        self._retention = retention
        self._evidence = evidence
        self._limit = data_bytes(retention.size)
        self._damage = Damage()
        self._tables = Tables(connection, self._limit, chains, self._damage.note, self._shelf_bytes)
        self._writer = Writer(connection, path, self._tables.forget)
        self._reader = Reader(connect_reader(path), path)

    @classmethod
    def open(cls, directory: Path, retention: RetentionConfig, evidence: EvidenceConfig) -> SqliteStore:
        """Open the store in this directory, made with mode 0700 if it is missing; see `open_store`."""
        _make(directory)
        path = directory.absolute() / FILE_NAME
        with ExitStack() as undo:
            lock = DirectoryLock(directory)
            undo.callback(lock.release)
            shelf = FileShelf(path.parent, data_bytes(retention.size) // SHELF_SHARE)
            undo.callback(shelf.close)
            chains = UnnamedFile(path.parent, data_bytes(retention.size) // CHAINS_SHARE)
            undo.callback(chains.close)
            with explained(path, "opening"):
                connection = connect_writer(path, retention.size)
                undo.callback(connection.close)
                store = cls(lock, shelf, chains, connection, path, retention, evidence)
            undo.pop_all()
            return store

    async def append(self, scrape: Scrape) -> tuple[Snapshot, ...]:
        """See `Store.append`."""
        return await self._writer.run(partial(self._tables.append, scrape), scrape_bytes(scrape))

    async def snapshots(
        self,
        *,
        key: TargetKey | None = None,
        kind: Kind | None = None,
        start: float | None = None,
        end: float | None = None,
        limit: int = 1000,
    ) -> list[Snapshot]:
        """See `Store.snapshots`."""
        return await self._reader.run(lambda connection: reads.snapshots(connection, key, kind, start, end, limit))

    async def profile(self, snapshot_id: int) -> bytes | None:
        """See `Store.profile`."""
        return await self._reader.run(partial(reads.profile, snapshot_id=snapshot_id, note=self._damage.note))

    async def readings(
        self, key: TargetKey, signal: Signal, *, start: float | None = None, end: float | None = None
    ) -> Readings:
        """See `Store.readings`."""
        wanted = partial(reads.readings, key=key, signal=signal, start=start, end=end, note=self._damage.note)
        return await self._reader.run(wanted)

    async def latest_life(self, key: TargetKey) -> Life | None:
        """See `Store.latest_life`."""
        return await self._reader.run(lambda connection: reads.latest_life(connection, key))

    async def put_leaks(self, leaks: Sequence[Leak]) -> None:
        """See `Store.put_leaks`."""
        await self._writer.run(partial(self._tables.put_leaks, leaks))

    async def leaks(self) -> list[Leak]:
        """See `Store.leaks`."""
        return await self._reader.run(partial(reads.leaks, note=self._damage.note))

    async def put_evidence(self, leak_id: str, files: Mapping[str, bytes], time: float) -> list[str]:
        """See `Store.put_evidence`."""
        packed = await asyncio.to_thread(lambda: {name: zlib.compress(data) for name, data in files.items()})
        limits = {"leak_bytes": self._evidence.leak_size, "all_bytes": self._evidence.size}
        put = partial(bundles.put, self._connection, leak_id, packed, time, **limits)
        return await self._writer.run(put, sum(map(len, packed.values())))

    async def evidence(self, leak_id: str) -> dict[str, EvidenceFile]:
        """See `Store.evidence`."""
        return await self._reader.run(partial(bundles.read, leak_id=leak_id, note=self._damage.note))

    async def put_states(self, states: Mapping[str, bytes | None]) -> None:
        """See `Store.put_states`."""
        await self._writer.run(partial(self._tables.put_states, states))

    async def states(self, prefix: str = "") -> dict[str, bytes]:
        """See `Store.states`."""
        return await self._reader.run(lambda connection: reads.states(connection, prefix))

    async def state_names(self, prefix: str = "") -> list[str]:
        """See `Store.state_names`."""
        return await self._reader.run(lambda connection: reads.state_names(connection, prefix))

    async def retain(self, now: float) -> Deleted:
        """See `Store.retain`."""
        kept = self._retention
        self.shelf.give_back()
        await self._writer.run(lambda: keep_only_open(self._connection))
        deleted = await self._retain_profiles(now)
        deleted += await self._retain_numbers(now)
        deleted += await self._repeat(self._shrink)
        await self._writer.run(lambda: self._forget(now - kept.seconds(kept.leaks.time)))
        deleted += await self._repeat(lambda: deletes.give_back(self._connection))
        await self._writer.checkpoint()
        return deleted

    async def _retain_profiles(self, now: float) -> Deleted:
        """Delete snapshots that are too old, thin those that have grown old."""
        kept, note = self._retention.profiles, self._damage.note
        before = now - self._retention.seconds(kept.time)
        deleted = await self._repeat(lambda: deletes.expire_snapshots(self._connection, before))
        for seconds, age in ((thinning.DAY, kept.hourly), (thinning.HOUR, kept.dense)):
            for chain_id in await self._reader.run(partial(thinning.unthinned, seconds=seconds, before=now - age)):
                deleted += await self._step(partial(thinning.thin, self._connection, chain_id, seconds, note))
        return deleted

    async def _retain_numbers(self, now: float) -> Deleted:
        """Delete numbers that are too old, fold and seal those that have grown old."""
        kept, note = self._retention.numbers, self._damage.note
        before = now - self._retention.seconds(kept.time)
        deleted = await self._repeat(lambda: deletes.expire_numbers(self._connection, before))
        for block_id in await self._reader.run(partial(aging.outlived, before=before)):
            points = await self._step(partial(aging.trim, self._connection, block_id, before, note))
            deleted += Deleted(points=points)
        for seconds, age in ((aging.FIVE_MINUTES, kept.five_minutes), (aging.RAW, kept.raw)):
            for target_id, due in await self._reader.run(partial(aging.unfolded, seconds=seconds, before=now - age)):
                await self._step(partial(aging.fold_next, self._connection, target_id, seconds, due, note))
        for target_id in await self._reader.run(partial(aging.unsealed, now=now)):
            while await self._step(partial(aging.seal, self._connection, target_id, now, note)):
                pass
        return deleted

    async def stats(self) -> StoreStats:
        """See `Store.stats`."""
        snapshots, points = await self._reader.run(reads.totals)
        sizes = await self._reader.run(reads.sizes)
        return StoreStats(
            size_bytes=self._size(),
            snapshots=snapshots,
            points=points,
            writes_total=self._writer.written,
            write_failures_total=self._writer.failed,
            queue_length=self._writer.waiting,
            failing=self._writer.failing,
            kind_bytes=sizes,
            evidence_bytes=await self._reader.run(bundles.total_bytes),
            shelf_bytes=self._shelf_bytes(),
            damaged_total=len(self._damage),
        )

    async def close(self) -> None:
        """See `Store.close`."""
        if self._writer.closed:
            return
        await self._reader.close()  # before the writer, which then finds itself alone and folds the log away
        await self._writer.close()
        self.shelf.close()
        self._chains.close()
        self._lock.release()

    def _size(self) -> int:
        files = (self._path, Path(f"{self._path}-wal"))
        return self._shelf_bytes() + sum(path.stat().st_size for path in files if path.exists())

    def _shelf_bytes(self) -> int:
        return self.shelf.size_bytes + self._chains.size_bytes

    def _shrink(self) -> Deleted:
        """One step towards the sizes that are allowed, of each kind and of all."""
        kept, sizes, deleted = self._retention, reads.sizes(self._connection), deletes.NOTHING
        for make_room, excess in (
            (deletes.make_room_of_profiles, sizes["profiles"] - (kept.profiles.size or math.inf)),
            (deletes.make_room_of_numbers, sizes["numbers"] - (kept.numbers.size or math.inf)),
            (deletes.make_room, deletes.used_bytes(self._connection) + self._shelf_bytes() - self._limit),
        ):
            if excess > 0 and deleted == deletes.NOTHING:
                deleted = make_room(self._connection, int(min(excess, deletes.STEP_BYTES)))
        return deleted

    def _forget(self, before: float) -> None:
        deletes.expire_leaks(self._connection, before)
        bundles.forget(self._connection)
        deletes.forget_targets(self._connection)
        self._tables.forget_targets()

    async def _step(self, step: Callable[[], T]) -> T:
        """Run a step in its turn among the appends, alone in its transaction."""

        def run() -> T:
            self._tables.forget_blocks()
            return step()

        return await self._writer.run(run, deletes.STEP_BYTES)

    async def _repeat(self, step: Callable[[], Deleted]) -> Deleted:
        """Run a step until it finds nothing more to do."""
        total = deletes.NOTHING
        while (deleted := await self._step(step)) != deletes.NOTHING:
            total += deleted
        return total


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise StoreError(
            f"making the directory {directory}: it is a file: set storage.path to a directory, or move the file away"
        ) from error
    except OSError as error:
        raise StoreError(
            f"making the directory {directory}: {error.strerror}: check the path, or set another storage.path"
        ) from error
