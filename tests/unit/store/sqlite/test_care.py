"""A store's file looked after from outside the daemon."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.errors import StoreError, StoreLocked, StoreTooNew
from leakdog.model import Kind, Scrape, TargetKey
from leakdog.store import Store
from leakdog.store.sqlite import care, schema
from leakdog.store.sqlite.connection import connect_writer

Scrapes = Callable[..., Scrape]
OTHER = TargetKey("other", "b:1")


@pytest.fixture
async def filled(open_backend: Callable[..., Store], make_scrape: Scrapes, tmp_path: Path) -> Path:
    """A closed store of two targets: three profiles of the one, numbers of both."""
    store = open_backend()
    for slot in (10.0, 20.0, 30.0):
        await store.append(make_scrape(slot, body=b"heap" * 1000))
    await store.append(make_scrape(15.0, key=OTHER, body=None))
    await store.close()
    return next(path.parent for path in tmp_path.rglob("leakdog.db"))


def test_contents_are_counted(filled: Path, key: TargetKey) -> None:
    """Profiles by kind and target, numbers, and from when to when."""
    found = care.contents(filled)
    assert found.profiles == {Kind.HEAP: (3, 12_000)}
    assert found.targets == {key: (3, 3, 12_000), OTHER: (0, 1, 0)}
    assert (found.bytes, found.first is not None) == ((filled / "leakdog.db").stat().st_size, True)


async def test_free_space_is_given_back(filled: Path) -> None:
    """What was deleted no longer takes room."""
    connection = sqlite3.connect(filled / "leakdog.db")
    connection.execute("DELETE FROM profiles")
    connection.commit()
    connection.close()
    before, after = care.compact(filled)
    assert after < before
    assert care.contents(filled).free_bytes == 0


async def test_a_store_in_use_is_not_compacted_but_read(
    open_backend: Callable[..., Store], make_scrape: Scrapes, tmp_path: Path
) -> None:
    """Whoever has it is named."""
    store = open_backend()
    await store.append(make_scrape(10.0))
    directory = next(path.parent for path in tmp_path.rglob("leakdog.db"))
    assert sum(count for count, _ in care.contents(directory).profiles.values()) == 1
    with pytest.raises(StoreLocked, match="a daemon has it open: stop it first, nothing was changed"):
        care.compact(directory)
    await store.close()


@pytest.mark.parametrize("act", [care.contents, care.compact])
def test_an_empty_folder_holds_no_store(tmp_path: Path, act: Callable[[Path], object]) -> None:
    """And none is made."""
    with pytest.raises(StoreError, match=r"holds no store: there is no leakdog\.db"):
        act(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("act", [care.contents, care.compact])
def test_a_folder_that_one_may_not_read_is_told(
    act: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence names the file and what the system says; root may read all, so the system's answer is made."""

    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(StoreError, match=r"opening \S+leakdog.db: Permission denied: read it as the user"):
        act(tmp_path)


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
def test_a_file_of_an_earlier_version_is_brought_up_to_date_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """To read it says how; to compact it is one way, and then it is read."""
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
    connect_writer(tmp_path / "leakdog.db", 1_000_000).close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match=rf"an earlier version of leakdog \(schema {version} of .*storage compact"):
        care.contents(tmp_path)
    care.compact(tmp_path)
    assert care.contents(tmp_path).targets == {}


def test_a_file_of_a_later_version_is_refused(filled: Path) -> None:
    """As the daemon refuses it, before it is found to lack something."""
    with sqlite3.connect(filled / "leakdog.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreTooNew, match="has schema 99"):
        care.contents(filled)
