"""Requests to a server over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def ask() -> Ask:
    """`ask(method, url, **options)`: status and JSON of one request."""

    async def request(method: str, url: str, **options: Any) -> tuple[int, Any]:
        async with aiohttp.ClientSession() as session, session.request(method, url, **options) as response:
            return response.status, await response.json()

    return request
