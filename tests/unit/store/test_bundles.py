"""What proves leaks, in memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from leakdog.config.schema import EvidenceConfig
from leakdog.model import Leak, LeakState
from leakdog.store.bundles import Bundles


def noise(size: int) -> bytes:
    """Bytes that do not compress."""
    return random.Random(size).randbytes(size)


def test_what_is_put_again_takes_its_own_room() -> None:
    """A file in place of one of the same name is counted for what it takes more."""
    kept = Bundles(EvidenceConfig(leak_size=2500, size=2500))
    for time in (1.0, 2.0):
        assert kept.put("a", {"heap": noise(2000)}, time, {}) == []
    assert kept.of("a")["heap"].time == 2.0
    assert kept.of("a")["heap"].data == noise(2000)
    assert kept.put("a", {"more": noise(1000)}, 3.0, {}) == ["more"]


def test_what_ended_first_makes_room_first(make_leak: Callable[..., Leak]) -> None:
    """Open leaks keep theirs, and so do those that nobody has told of."""
    kept, ended = Bundles(EvidenceConfig(leak_size=3000, size=6100)), replace(make_leak(), state=LeakState.RESOLVED)
    leaks = {"early": replace(ended, resolved_since=5.0), "late": replace(ended, resolved_since=9.0)}
    for name in ("unknown", "late", "early"):
        assert kept.put(name, {"heap": noise(2000)}, 1.0, leaks) == []
    assert kept.put("next", {"heap": noise(1900)}, 1.0, leaks) == []
    assert [name for name in ("unknown", "late", "early", "next") if kept.of(name)] == ["unknown", "late", "next"]


def test_those_of_other_leaks_are_deleted() -> None:
    """With their leaks, and take nothing then."""
    kept = Bundles(EvidenceConfig())
    kept.put("a", {"heap": noise(100)}, 1.0, {})
    kept.put("b", {"heap": noise(300)}, 1.0, {})
    kept.keep({"b"})
    assert kept.of("a") == {}
    assert 300 <= kept.size_bytes < 350
