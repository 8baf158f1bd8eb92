"""What is posted to the API, and what it answers: JSON alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

JSON = "application/json"
_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=True)


def json_response(value: Any) -> web.Response:
    """ASCII JSON."""
    return web.json_response(value, dumps=_ENCODER.encode)


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
