"""The tables, as numbered migrations: `PRAGMA user_version` is how many of them a file has been through."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from leakdog.errors import StoreError, StoreTooNew

APPLICATION_ID = 0x4C45414B  # "LEAK": tells our files from other programs' databases

# What a row takes, by table: its data, and what was measured beside it; and the kind that it counts for.
_SIZES = (
    ("readings", "numbers", "80", "numbers"),
    ("blocks", "data", "160", "numbers"),
    ("profiles", "data", "60", "profiles"),
    ("leaks", "body", "40", "leaks"),
    ("states", "body", "length({row}.name) * 2 + 40", "leaks"),
)


def _counted(table: str, data: str, beside: str, kind: str) -> str:
    """Triggers that keep what a table takes in `sizes`."""
    new, old = (f"length({row}.{data}) + {beside.format(row=row)}" for row in ("new", "old"))
    change = f"length(new.{data}) - length(old.{data})"
    return "".join(
        f"    CREATE TRIGGER {table}_{name} AFTER {event} ON {table} BEGIN\n"  # noqa: S608  # names from above
        f"        UPDATE sizes SET bytes = bytes {by} WHERE kind = '{kind}'; END;\n"
        for name, event, by in (
            ("added", "INSERT", f"+ {new}"),
            ("changed", f"UPDATE OF {data}", f"+ {change}"),
            ("deleted", "DELETE", f"- ({old})"),
        )
    )


# Append only: a migration that has been released never changes. Each runs in a transaction of its own.
MIGRATIONS = (
    """
    -- One row for each key seen; its life is that of the last scrape appended.
    CREATE TABLE targets (
        id INTEGER PRIMARY KEY,
        job TEXT NOT NULL,
        instance TEXT NOT NULL,
        life_start REAL NOT NULL,
        first_seen REAL NOT NULL,
        pid INTEGER,
        UNIQUE (job, instance)
    );
    CREATE TABLE signals (
        id INTEGER PRIMARY KEY CHECK (id < 256),
        name TEXT NOT NULL UNIQUE
    );
    -- All numbers of one slot: records of nine bytes, signal id (1) and value (float64, little endian).
    CREATE TABLE readings (
        target_id INTEGER NOT NULL REFERENCES targets (id),
        slot REAL NOT NULL,
        time REAL NOT NULL,
        life_start REAL NOT NULL,
        numbers BLOB NOT NULL,
        PRIMARY KEY (target_id, slot)
    ) WITHOUT ROWID;
    CREATE INDEX readings_by_time ON readings (target_id, time);
    -- AUTOINCREMENT: an id that someone noted never comes to mean another snapshot.
    CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        target_id INTEGER NOT NULL REFERENCES targets (id),
        slot REAL NOT NULL,
        kind TEXT NOT NULL,
        time REAL NOT NULL,
        life_start REAL NOT NULL,
        size_bytes INTEGER NOT NULL,
        UNIQUE (target_id, slot, kind)
    );
    CREATE INDEX snapshots_by_target ON snapshots (target_id, time);
    CREATE INDEX snapshots_by_time ON snapshots (time);
    -- Apart from snapshots, so that listing them reads no profile.
    CREATE TABLE profiles (
        snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
        data BLOB NOT NULL
    );
    CREATE TABLE leaks (
        id TEXT PRIMARY KEY,
        ended REAL,
        body TEXT NOT NULL
    );
    CREATE TABLE states (
        name TEXT PRIMARY KEY,
        body BLOB NOT NULL
    );
    -- Counting rows would read the whole file.
    CREATE TABLE totals (
        snapshots INTEGER NOT NULL,
        points INTEGER NOT NULL
    );
    INSERT INTO totals VALUES (0, 0);
    """,
    """
    -- Profiles of one kind of one life. Either one body as it was sent, or links (see store/pack): snapshot n of a
    -- chain has the id chain * 256 + n, and is read by following the links up to its own. `kept`: retention leaves it.
    CREATE TABLE chains (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        target_id INTEGER NOT NULL REFERENCES targets (id),
        kind TEXT NOT NULL,
        life_start REAL NOT NULL,
        first_slot REAL NOT NULL,
        first_time REAL NOT NULL,
        as_sent INTEGER NOT NULL,
        kept INTEGER NOT NULL DEFAULT 0
    );
    ALTER TABLE snapshots RENAME TO old_snapshots;
    ALTER TABLE profiles RENAME TO old_profiles;
    DROP INDEX snapshots_by_target;
    DROP INDEX snapshots_by_time;
    -- What is listed. The last profile of a chain keeps those before it, also when they are listed no more.
    CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY,
        slot REAL NOT NULL,
        time REAL NOT NULL,
        size_bytes INTEGER NOT NULL
    );
    CREATE TABLE profiles (
        id INTEGER PRIMARY KEY,
        data BLOB NOT NULL
    );
    -- Ids begin above all that were given out, so that none comes to mean another snapshot.
    INSERT INTO chains (id, target_id, kind, life_start, first_slot, first_time, as_sent)
        SELECT id + (SELECT max(id) FROM old_snapshots), target_id, kind, life_start, slot, time, 1
        FROM old_snapshots ORDER BY id;
    INSERT INTO snapshots SELECT (id + (SELECT max(id) FROM old_snapshots)) * 256, slot, time, size_bytes
        FROM old_snapshots ORDER BY id;
    INSERT INTO profiles SELECT (snapshot_id + (SELECT max(id) FROM old_snapshots)) * 256, data
        FROM old_profiles ORDER BY snapshot_id;
    DROP TABLE old_profiles;
    DROP TABLE old_snapshots;
    CREATE INDEX chains_by_target ON chains (target_id, kind, first_slot);
    CREATE INDEX chains_by_time ON chains (first_time);
    CREATE VIEW listed AS
        SELECT s.id, s.slot, s.time, s.size_bytes, c.id AS chain_id,
            c.target_id, c.kind, c.life_start, c.first_slot, c.first_time, c.kept
        FROM chains AS c JOIN snapshots AS s ON s.id BETWEEN c.id * 256 AND c.id * 256 + 255;
    """,
    """
    -- Rows of readings that have grown old (see store/series): as they were read (seconds = 0), or one for each span of
    -- so many seconds.
    CREATE TABLE blocks (
        id INTEGER PRIMARY KEY,
        target_id INTEGER NOT NULL REFERENCES targets (id),
        seconds INTEGER NOT NULL,
        first_slot REAL NOT NULL,
        last_slot REAL NOT NULL,
        first_time REAL NOT NULL,
        last_time REAL NOT NULL,
        row_count INTEGER NOT NULL,
        points INTEGER NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX blocks_by_target ON blocks (target_id, seconds, last_time);
    CREATE INDEX blocks_by_time ON blocks (last_time);
    -- Of the snapshots of a chain only the last in so many seconds is left.
    ALTER TABLE chains ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX chains_by_thinned ON chains (thinned, first_time);
    -- Adding up what a table takes would read the whole of it. What a row takes beside its data was measured.
    CREATE TABLE sizes (
        kind TEXT PRIMARY KEY,
        bytes INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO sizes VALUES
        ('numbers', (SELECT coalesce(sum(length(numbers) + 80), 0) FROM readings)),
        ('profiles', (SELECT coalesce(sum(length(data) + 60), 0) FROM profiles)),
        ('leaks', (SELECT coalesce(sum(length(body) + 40), 0) FROM leaks)
            + (SELECT coalesce(sum(length(body) + length(name) * 2 + 40), 0) FROM states));
"""  # noqa: S608  # names are from the table above
    + "".join(_counted(*each) for each in _SIZES),
    """
    -- Files that prove a leak, compressed (zlib). They go with the leak and count for no size of retention.
    CREATE TABLE evidence (
        id INTEGER PRIMARY KEY,
        leak_id TEXT NOT NULL,
        name TEXT NOT NULL,
        time REAL NOT NULL,
        data BLOB NOT NULL,
        UNIQUE (leak_id, name)
    );
    ALTER TABLE totals ADD COLUMN evidence_bytes INTEGER NOT NULL DEFAULT 0;
    """,
    """
    -- Blocks have a second form (see store/series/block.py), which versions before this one take for damage.
    """,
    """
    -- Functions that were acknowledged are among the states, where versions before this one would delete them.
    """,
)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the tables up to date; a migration that was cut short has left nothing and runs again.

    Raises:
        StoreTooNew: a later version of leakdog has been here.
        StoreError: the file is another program's.
        sqlite3.Error: as SQLite gives it.

    """
    version = _version(connection, path)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number};"
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {script}; {marks} COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """That the tables are those which this version reads.

    Raises:
        StoreTooNew: a later version of leakdog has been here.
        StoreError: an earlier one has, or the file is another program's.

    """
    version = _version(connection, path)
    if version < len(MIGRATIONS):
        raise StoreError(
            f"{path} was written by an earlier version of leakdog (schema {version} of {len(MIGRATIONS)}): start the "
            f"daemon on it once, or run `leakdog storage compact {path.parent}`; either brings it up to date"
        )


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise StoreError(f"{path} is another program's database: use another storage.path")
    if version > len(MIGRATIONS):
        raise StoreTooNew(
            f"{path} has schema {version}, and this version of leakdog knows {len(MIGRATIONS)}: "
            "install the later version again, or use another storage.path"
        )
    return int(version)
