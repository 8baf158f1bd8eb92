"""One process that plays many Go targets: serves profiles and a metrics page on a port of all loopback addresses.

`python -m bench.targets FOLDER PORT`: FOLDER is one of `bench.bodies`. 127.0.0.2, 127.0.0.3 and so on are all this
machine, so each address makes one target, and each answers with one round of pages after the other.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from aiohttp import web

from bench.bodies import PAGES


def addresses(count: int, port: int) -> list[str]:
    """`host:port` of so many targets."""
    return [f"127.{1 + number // 62500}.{number // 250 % 250}.{2 + number % 250}:{port}" for number in range(count)]


def app(folder: Path) -> web.Application:
    """The routes of a Go program; each target is on a round of its own."""
    made = web.Application()

    def serve(name: str) -> object:
        bodies = [path.read_bytes() for path in sorted(folder.glob(f"{name}-*.gz"))]
        asked: Counter[str] = Counter()
        packed = {"Content-Encoding": "gzip"} if name == "metrics" else {}

        async def answer(request: web.Request) -> web.Response:
            asked[request.host] += 1
            return web.Response(body=bodies[asked[request.host] % len(bodies)], headers=packed)

        return answer

    made.add_routes([web.get(path, serve(name)) for name, path in PAGES.items()])
    return made


def main() -> None:
    """Serve until ended by the parent."""
    web.run_app(app(Path(sys.argv[1])), host="0.0.0.0", port=int(sys.argv[2]), print=None, access_log=None)


if __name__ == "__main__":
    main()
