"""Builders and stores for the tests of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leakdog.config.schema import Backend, EvidenceConfig, RetentionConfig, StorageConfig
from leakdog.model import Kind, Leak, LeakClass, LeakState, Life, RawProfile, Scrape, Signal, TargetKey
from leakdog.store import Store, open_store

KEY = TargetKey("shop", "web:8080")


@pytest.fixture(scope="session")
def key() -> TargetKey:
    """The target of scrapes that name none."""
    return KEY


@pytest.fixture(scope="session")
def make_scrape() -> Callable[..., Scrape]:
    """Build a scrape at a slot: one number and one heap profile, unless told otherwise."""

    def build(slot: float, *, body: bytes | None = b"heap", **changes: object) -> Scrape:
        profiles = () if body is None else (RawProfile(Kind.HEAP, slot + 0.5, body),)
        given: dict[str, object] = {
            "key": KEY,
            "slot": slot,
            "time": slot + 0.25,
            "life": Life(start_time=1.0, first_seen=2.0),
            "values": {Signal.RSS: slot * 10},
            "profiles": profiles,
        }
        return Scrape(**(given | changes))  # type: ignore[arg-type]

    return build


@pytest.fixture(scope="session")
def make_leak() -> Callable[..., Leak]:
    """Build a firing heap leak."""

    def build(name: str = "leak", **changes: object) -> Leak:
        given: dict[str, object] = {
            "id": name,
            "key": KEY,
            "signal": Signal.INUSE_SPACE,
            "leak_class": LeakClass.HEAP,
            "state": LeakState.FIRING,
            "since": 100.0,
            "updated": 200.0,
        }
        return Leak(**(given | changes))  # type: ignore[arg-type]

    return build


@pytest.fixture
def open_backend(tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Open a store of a backend, by default without limits that matter, in one directory per test."""

    def build(backend: Backend = Backend.SQLITE, **limits: Any) -> Store:
        proofs = EvidenceConfig(
            leak_size=int(limits.pop("leak_size", 1 << 20)), size=int(limits.pop("evidence_size", 1 << 20))
        )
        retention = RetentionConfig(**({"time": 1e9, "size": 1_000_000_000} | limits))  # type: ignore[arg-type]
        config = StorageConfig(backend=backend, path=str(tmp_path / "data"), retention=retention, evidence=proofs)
        return open_store(config)

    return build  # type: ignore[return-value]


@pytest.fixture(params=list(Backend))
async def store(request: pytest.FixtureRequest, open_backend: Callable[..., Store]) -> AsyncIterator[Store]:
    """A store of each backend in turn."""
    opened = open_backend(request.param)
    yield opened
    await opened.close()
