"""What all unit tests have in common."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import settings

from leakdog.config.schema import Backend, StorageConfig
from leakdog.store import Store, open_store

# A busy machine is not a failure.
settings.register_profile("leakdog", deadline=None)
settings.load_profile("leakdog")


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """A store in memory."""
    made = open_store(StorageConfig(backend=Backend.MEMORY))
    yield made
    await made.close()


@pytest.fixture
def turns() -> Callable[[Awaitable[Any]], Awaitable[tuple[int, Any]]]:
    """How often others get their turn while something is awaited, and what it gives."""

    async def counted(work: Awaitable[Any]) -> tuple[int, Any]:
        number = 0

        async def count() -> None:
            nonlocal number
            while True:
                number += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(count())
        given = await work
        other.cancel()
        return number, given

    return counted
