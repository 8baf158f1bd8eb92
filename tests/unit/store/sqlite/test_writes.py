"""Writing: ids that are remembered, and room that is made."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

import pytest

from leakdog.model import Life, Scrape, Signal, TargetKey
from leakdog.store.sqlite.writes import Tables, scrape_bytes
from leakdog.store.unnamed import UnnamedFile


def test_ids_are_looked_up_anew_after_a_rollback(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """A target and a signal whose transaction was undone are stored again."""
    tables = Tables(connection, 10**12, file)
    connection.execute("BEGIN")
    tables.append(make_scrape(60.0))
    connection.execute("ROLLBACK")
    tables.forget()
    tables.append(make_scrape(60.0))
    assert connection.execute("SELECT instance FROM targets").fetchall() == [("web:8080",)]
    assert connection.execute("SELECT name FROM signals").fetchall() == [("rss",)]


def test_known_target_is_not_written_again(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """The target's row is written when its life changes, not at each scrape."""
    tables = Tables(connection, 10**12, file)
    seen: list[str] = []
    connection.set_trace_callback(lambda sql: seen.append(sql) if "INTO targets" in sql else None)
    for slot in (1.0, 2.0, 3.0):
        tables.append(make_scrape(slot))
    tables.append(make_scrape(4.0, life=Life(3.5, 3.75)))
    assert len(seen) == 2


def test_ids_survive_a_new_connection(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """Tables that start without memory find the ids that are stored."""
    for slot in (1.0, 2.0):
        Tables(connection, 10**12, file).append(make_scrape(slot))
    assert connection.execute("SELECT DISTINCT target_id FROM readings").fetchall() == [(1,)]


def test_full_store_takes_in_no_more_than_it_gives_up(
    connection: sqlite3.Connection,
    make_scrape: Callable[..., Scrape],
    file: UnnamedFile,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At the limit, each append deletes the oldest to make room, and the file stops growing. That is told once."""
    caplog.set_level(logging.INFO)
    tables = Tables(connection, 1_000_000, file)
    sizes = []
    for slot in range(60):
        tables.append(make_scrape(float(slot), body=bytes(50_000)))
        sizes.append(connection.execute("PRAGMA page_count").fetchone()[0] * 1024)
    kept = [time for (time,) in connection.execute("SELECT time FROM snapshots ORDER BY time")]
    assert max(sizes) <= 1_000_000
    assert [message.partition(":")[0] for message in caplog.messages] == ["storage.retention.size is reached"]
    assert 15 <= len(kept) <= 20
    assert kept == [60.5 - number for number in range(len(kept), 0, -1)]


def test_scrape_bytes_is_about_what_the_file_grows_by(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """The estimate is within a third of the truth."""
    tables = Tables(connection, 10**12, file)
    scrapes = [make_scrape(float(slot), body=bytes(6000), values=dict.fromkeys(Signal, 1.0)) for slot in range(300)]
    before = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute("BEGIN")
    for scrape in scrapes:
        tables.append(scrape)
    connection.execute("COMMIT")
    grown = (connection.execute("PRAGMA page_count").fetchone()[0] - before) * 1024
    assert 0.75 * grown <= sum(map(scrape_bytes, scrapes)) <= 1.33 * grown


def test_names_that_differ_after_a_nul_are_different(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """SQLite's text functions stop at NUL; the keys do not."""
    tables = Tables(connection, 10**12, file)
    for name in ("a\0x", "a\0y"):
        tables.append(make_scrape(1.0, key=TargetKey(name, name)))
    assert connection.execute("SELECT count(*) FROM targets").fetchone() == (2,)


def test_nothing_is_remembered_of_a_target_that_is_gone(
    connection: sqlite3.Connection, make_scrape: Callable[..., Scrape], file: UnnamedFile
) -> None:
    """Targets that come and go under ever new names do not fill the memory; what is known of the others stays."""
    tables = Tables(connection, 10**12, file)
    for name in ("a", "b"):
        tables.append(make_scrape(1.0, key=TargetKey("shop", name), body=b"x"))
    gone, stays = connection.execute("SELECT id FROM targets ORDER BY instance").fetchall()
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DELETE FROM targets WHERE id = ?", gone)
    tables.forget_targets()
    assert {target_id for target_id, _ in tables._chains._latest_slots} == {*stays}
