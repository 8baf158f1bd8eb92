"""Chains that are kept ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from leakdog.store.pack import Chain, closed, opened
from leakdog.store.sqlite import ready
from leakdog.store.sqlite.ready import Ready

HEAP = (Path(__file__).parents[2] / "pprof" / "testdata" / "etcd-heap.pb.gz").read_bytes()


def chain() -> Chain:
    """A chain of one profile."""
    made = Chain()
    made.append(opened(HEAP))
    return made


def put(kept: Ready, count: int) -> None:
    """Keep so many chains, of targets of these numbers."""
    for number in range(count):
        kept.put((number, "heap"), 100 + number, 1, chain())


def there(kept: Ready, count: int) -> int:
    """How many of these chains are still kept."""
    return sum(kept.take((number, "heap"), 100 + number, 1) is not None for number in range(count))


def test_a_chain_is_taken_out_as_it_was_put() -> None:
    """Once: who takes it puts it back with its new link."""
    kept, one = Ready(), chain()
    kept.put((1, "heap"), 7, 3, one)
    assert kept.take((1, "heap"), 7, 3) is one
    assert kept.take((1, "heap"), 7, 3) is None


@pytest.mark.parametrize(("chain_id", "length"), [(8, 3), (7, 2)])
def test_another_chain_of_the_series_is_none(chain_id: int, length: int) -> None:
    """One that has gone on otherwise, or ended, is not built on, and kept no longer."""
    kept = Ready()
    kept.put((1, "heap"), 7, 3, chain())
    assert kept.take((1, "heap"), chain_id, length) is None
    assert kept.take((1, "heap"), 7, 3) is None


def test_chains_are_packed_before_any_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the room of three chains as they are there is room for eight, and for no hundred."""
    monkeypatch.setattr(ready, "READY_BYTES", 3 * chain().size_bytes)
    few, many = Ready(), Ready()
    put(few, 8)
    assert there(few, 8) == 8
    put(many, 100)
    assert 8 <= there(many, 100) < 30


def test_a_packed_chain_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its profile comes back, and it can go on."""
    monkeypatch.setattr(ready, "READY_BYTES", int(1.5 * chain().size_bytes))
    kept = Ready()
    put(kept, 2)
    for number in range(2):
        found = kept.take((number, "heap"), 100 + number, 1)
        assert found is not None
        assert closed(found.profile()) == closed(opened(HEAP))


def test_the_last_chain_is_kept_whatever_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large one goes on without being read again, with room for none."""
    monkeypatch.setattr(ready, "READY_BYTES", 1)
    kept = Ready()
    put(kept, 3)
    assert there(kept, 3) == 1


def test_what_a_series_had_before_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it was packed: a target that is restarted time and again drives no other out."""
    monkeypatch.setattr(ready, "READY_BYTES", 3 * chain().size_bytes)
    kept = Ready()
    put(kept, 8)
    for number in range(200):
        kept.put((number % 4, "heap"), 1000 + number, 1, chain())
    assert sum(kept.take((number, "heap"), 100 + number, 1) is not None for number in range(4, 8)) == 4


def test_nothing_is_kept_once_all_is_forgotten() -> None:
    """After a rollback, what is in memory may be ahead of what is stored."""
    kept = Ready()
    put(kept, 2)
    kept.clear()
    assert there(kept, 2) == 0
