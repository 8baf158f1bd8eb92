"""What is posted to the API, and what it answers: JSON alone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")
JSON = "application/json"
# Of an answer that takes seconds, so much is made before whatever else the daemon has to do gets its turn.
TURN_SECONDS = 0.005
_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=True)


def json_response(value: Any) -> web.Response:
    """ASCII JSON."""
    return web.json_response(value, dumps=_ENCODER.encode)


def joined(name: str, texts: Iterable[str]) -> web.Response:
    """A list under a name, of members that are JSON already."""
    return web.Response(text=f'{{"{name}": [{", ".join(texts)}]}}', content_type=JSON)


async def listed(name: str, members: Iterable[Any]) -> web.Response:
    """A list under a name, whose members are made and written in turns with whatever else there is to do."""
    return joined(name, [_ENCODER.encode(each) async for each in in_turns(members)])


async def written(value: Mapping[str, Any], *last: str) -> str:
    """An object as JSON; what is under its `last` names are long lists, written as by `listed`, at its end."""
    parts = [f"{_ENCODER.encode(name)}: {_ENCODER.encode(value[name])}" for name in value if name not in last]
    for name in last:
        texts = [_ENCODER.encode(each) async for each in in_turns(value[name])]
        parts.append(f'"{name}": [{", ".join(texts)}]')
    return f"{{{', '.join(parts)}}}"


async def in_turns(members: Iterable[T]) -> AsyncIterator[T]:
    """The members, and between some and the next whatever else the daemon has to do."""
    until = time.perf_counter() + TURN_SECONDS
    for each in members:
        yield each
        if time.perf_counter() >= until:
            await asyncio.sleep(0)
            until = time.perf_counter() + TURN_SECONDS


def problem(message: str) -> str:
    """What is wrong, as all of the API says it."""
    return _ENCODER.encode({"error": message})


def bad_request(message: str) -> web.HTTPBadRequest:
    """400 with a JSON body that says what is wrong."""
    return web.HTTPBadRequest(text=problem(message), content_type=JSON)


def not_found(message: str) -> web.HTTPNotFound:
    """404 with a JSON body that says what is wrong."""
    return web.HTTPNotFound(text=problem(message), content_type=JSON)


def refused(message: str) -> web.HTTPConflict:
    """409 with a JSON body that says what is in the way."""
    return web.HTTPConflict(text=problem(message), content_type=JSON)


async def read_body(request: web.Request, names: Sequence[str]) -> dict[str, Any]:
    """The JSON object that is posted, with no other names than these; an empty one where nothing is.

    Raises:
        web.HTTPBadRequest: it is another type, no JSON, or no such object.

    """
    if request.content_type != JSON:
        raise bad_request(f"the body must be sent as Content-Type: {JSON}")
    try:
        body: Any = json.loads(await request.read() or b"{}")  # in UTF-8, whatever character set it claims
    except (ValueError, RecursionError):
        raise bad_request("the body is not JSON") from None
    if not isinstance(body, dict) or not body.keys() <= set(names):
        listed = ", ".join(f'"{name}"' for name in names[:-1])
        raise bad_request(f'the body must be an object with {listed} and "{names[-1]}" alone')
    return body
