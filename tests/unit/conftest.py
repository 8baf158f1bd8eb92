"""What all unit tests have in common."""

from collections.abc import AsyncIterator

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
