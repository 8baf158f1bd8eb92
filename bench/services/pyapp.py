"""A Python service with a bounded cache: `python -m bench.services.pyapp PORT`."""

from __future__ import annotations

import asyncio
import functools
import json
import random
import sys

from aiohttp import web

CACHED = 3000


@functools.lru_cache(maxsize=CACHED)
def page(number: int) -> str:
    """A document of 0.5 to 8 kB, the same for the same number."""
    draw = random.Random(number)
    rows = [{"key": draw.random(), "name": "x" * 20} for _ in range(draw.randint(10, 150))]
    return json.dumps({"id": number, "rows": rows})


async def answer(request: web.Request) -> web.Response:
    """Reads a document, changes it, and waits as for a backend."""
    document = json.loads(page(int(request.match_info["number"])))
    document["sum"] = sum(row["key"] for row in document["rows"])
    await asyncio.sleep(random.expovariate(10))
    return web.json_response(document)


def main() -> None:
    """Serve until ended."""
    app = web.Application()
    app.add_routes([web.get("/{number}", answer)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
