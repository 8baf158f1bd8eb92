"""One process that plays many Go targets: serves profiles and a metrics page on a port of all loopback addresses.

`python -m bench.targets FOLDER PORT`: FOLDER holds `heap.pb.gz` and `goroutine.pb.gz`. 127.0.0.2, 127.0.0.3 and so on
are all this machine, so each address makes one target.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from aiohttp import web

METRICS = """process_start_time_seconds {start}
process_resident_memory_bytes 84000000
process_open_fds 12
go_goroutines 41
go_memstats_heap_alloc_bytes 41000000
go_memstats_heap_inuse_bytes 50000000
go_memstats_heap_idle_bytes 20000000
go_memstats_heap_released_bytes 10000000
go_memstats_heap_sys_bytes 70000000
go_memstats_stack_inuse_bytes 1000000
go_memstats_sys_bytes 80000000
go_memstats_alloc_bytes_total {allocated}
"""


def app(folder: Path) -> web.Application:
    """The routes of a Go program, with the same answers for all targets."""
    began = time.time()
    made = web.Application()

    def body(name: str) -> object:
        data = (folder / f"{name}.pb.gz").read_bytes()

        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=data, content_type="application/octet-stream")

        return answer

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(text=METRICS.format(start=began - 3600, allocated=int((time.time() - began) * 1e6)))

    made.add_routes([web.get(f"/debug/pprof/{name}", body(name)) for name in ("heap", "goroutine")])
    made.add_routes([web.get("/metrics", metrics)])
    return made


def main() -> None:
    """Serve until ended by the parent, for an hour at most."""
    runner_app = app(Path(sys.argv[1]))

    async def started(_: web.Application) -> None:
        print("ready", flush=True)

    runner_app.on_startup.append(started)
    web.run_app(runner_app, host="0.0.0.0", port=int(sys.argv[2]), print=None, access_log=None)


if __name__ == "__main__":
    main()
