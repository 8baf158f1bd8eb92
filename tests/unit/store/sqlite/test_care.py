"""A store's file looked after from outside the daemon."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from leakdog.errors import StoreError, StoreLocked
from leakdog.model import Kind, Scrape, Signal, TargetKey
from leakdog.store import Store
from leakdog.store.sqlite import care

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


def test_everything_can_be_read_out(filled: Path, key: TargetKey) -> None:
    """Profiles as they were stored, newest first; numbers signal by signal."""
    assert [(snapshot.key, data) for snapshot, data in care.profiles(filled)] == [(key, b"heap" * 1000)] * 3
    numbers = dict(care.readings(filled, key))
    assert set(numbers) <= set(Signal)
    assert all(len(found.times) == 3 for found in numbers.values())


def told(directory: Path) -> list[str]:
    """Faults, or why the file cannot be read at all: SQLite says the one or the other."""
    try:
        return care.faults(directory)
    except StoreError as error:
        return [str(error)]


def test_a_sound_file_has_no_faults(filled: Path) -> None:
    """And a damaged one has."""
    assert care.faults(filled) == []
    file = filled / "leakdog.db"
    data = bytearray(file.read_bytes())
    data[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    file.write_bytes(data)
    assert told(filled) != []


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
    with pytest.raises(StoreLocked, match="in use by another leakdog"):
        care.compact(directory)
    await store.close()


@pytest.mark.parametrize("act", [care.contents, care.faults, care.compact, lambda path: list(care.profiles(path))])
def test_an_empty_folder_holds_no_store(tmp_path: Path, act: Callable[[Path], object]) -> None:
    """And none is made."""
    with pytest.raises(StoreError, match=r"holds no store: there is no leakdog\.db"):
        act(tmp_path)
    assert list(tmp_path.iterdir()) == []
