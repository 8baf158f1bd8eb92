"""The services: how each is started, what it is asked, how much it can be asked at most."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import aiohttp

from bench.services import postgres
from bench.services.service import Service, fetch

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
NAMES = ("prometheus", "victoria-metrics", "etcd", "alertmanager", "go", "leakdog", "python")
QUERIES = (
    "go_goroutines",
    "rate(go_memstats_alloc_bytes_total[2m])",
    "sum by (job) (go_memstats_heap_inuse_bytes)",
    "up",
)


def catalogue(folder: Path) -> list[Service]:
    """The services that this machine can run. What they need is written below the folder."""
    at = {name: f"127.0.0.1:{_free_port()}" for name in NAMES}
    paged = [at[name] for name in NAMES if name != "python"]
    made = [
        _prometheus(folder, at["prometheus"], paged),
        _victoria(folder, at["victoria-metrics"]),
        _etcd(folder, at["etcd"]),
        _alertmanager(folder, at["alertmanager"]),
        _go(folder, at["go"]),
        _python(at["python"]),
        *postgres.service(folder),
        _leakdog(folder, at["leakdog"], [address for address in paged if address != at["leakdog"]]),
    ]
    for each in made:
        if not shutil.which(each.command[0]):
            print(f"{each.name} is left out: there is no {each.command[0]} here", file=sys.stderr, flush=True)
    return [each for each in made if shutil.which(each.command[0])]


def _prometheus(folder: Path, address: str, targets: list[str]) -> Service:
    config = folder / "prometheus.yml"
    jobs = [{"job_name": "all", "static_configs": [{"targets": targets}]}]
    config.write_text(json.dumps({"global": {"scrape_interval": "10s"}, "scrape_configs": jobs}))
    command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus'}"]

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        now, query = time.time(), quote(QUERIES[number % len(QUERIES)])
        span = f"start={now - 60 * (1 + number % 60):.0f}&end={now:.0f}&step=15"
        await fetch(http, f"http://{address}/api/v1/query_range?query={query}&{span}")

    command += [f"--web.listen-address={address}"]
    return Service("prometheus", command, ask, 12, 512 * MIB, _metrics(address))


def _victoria(folder: Path, address: str) -> Service:
    command = ["victoria-metrics", f"-storageDataPath={folder / 'victoria'}", f"-httpListenAddr={address}"]

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        if number % 3 == 0:
            query = quote(f'sum(requests{{shard="{number % 50}"}})')
            await fetch(http, f"http://{address}/api/v1/query_range?query={query}&start=-30m&step=30s")
            return
        hour = time.time() // 3600  # pods are renewed, as by deployments
        lines = (f'requests{{shard="{number % 50}",pod="{hour:.0f}-{pod}"}} {random.random()}' for pod in range(40))
        await fetch(http, f"http://{address}/api/v1/import/prometheus", "POST", data="\n".join(lines))

    return Service("victoria-metrics", command, ask, 15, 512 * MIB, _metrics(address))


def _etcd(folder: Path, address: str) -> Service:
    url, peers = f"http://{address}", f"http://127.0.0.1:{_free_port()}"
    command = ["etcd", f"--data-dir={folder / 'etcd'}", "--auto-compaction-retention=10m", "--enable-pprof"]
    command += [f"--listen-client-urls={url}", f"--advertise-client-urls={url}", f"--listen-peer-urls={peers}"]
    command += [f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=default={peers}", "--logger=zap"]

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        key = base64.b64encode(f"key{number // 2 % 1000}".encode()).decode()
        if number % 2:
            value = base64.b64encode(random.randbytes(100 + number % 3000)).decode()
            await fetch(http, f"{url}/v3/kv/put", "POST", json={"key": key, "value": value})
        else:
            await fetch(http, f"{url}/v3/kv/range", "POST", json={"key": key})

    return Service("etcd", [*command, "--log-level=warn"], ask, 15, 512 * MIB, _metrics(address))


def _alertmanager(folder: Path, address: str) -> Service:
    config = folder / "alertmanager.yml"
    config.write_text(json.dumps({"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}))
    command = ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}"]

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        alerts = [{"labels": {"alertname": f"a{number % 300}", "row": str(row)}} for row in range(3)]
        await fetch(http, f"http://{address}/api/v2/alerts", "POST", json=alerts)

    command += ["--cluster.listen-address=", f"--web.listen-address={address}"]
    return Service("alertmanager", command, ask, 10, 128 * MIB, _metrics(address))


def _go(folder: Path, address: str) -> Service:
    binary, go = folder / "goapp", Path(sys.executable).parent / "go"
    if go.exists():
        flags = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
        environment = {**os.environ, **flags, "GOCACHE": str(ROOT / ".cache" / "go-build")}
        source = Path(__file__).parent / "goapp"
        subprocess.run([go, "build", "-o", binary, "."], cwd=source, env=environment, check=True)

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        await fetch(http, f"http://{address}/" + (f"item?id={number % 5000}" if number % 3 else f"work?n={number}"))

    return Service("go", [str(binary), address], ask, 30, 128 * MIB, _metrics(address))


def _python(address: str) -> Service:
    command = [sys.executable, "-m", "bench.services.pyapp", address.rpartition(":")[2]]

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        await fetch(http, f"http://{address}/{number % 5000}")

    return Service("python", command, ask, 20, 128 * MIB)


def _leakdog(folder: Path, address: str, targets: list[str]) -> Service:
    config = folder / "leakdog.yml"
    jobs = [
        {"job_name": "go", "profiles": ["heap", "goroutine"], "static_configs": [{"targets": targets}]},
        {"job_name": "python", "process": {"cmdline": "bench.services.pyapp"}},
        {"job_name": "postgres", "process": {"pidfile": str(folder.absolute() / "postgres" / "postmaster.pid")}},
    ]
    settings = {"global": {"scrape_interval": "30s"}, "storage": {"path": str(folder / "leakdog")}}
    config.write_text(json.dumps({**settings, "scrape_configs": jobs}))
    command = [sys.executable, "-m", "leakdog", "run", "--config", str(config), "--web.listen-address", address]
    pages = ("/api/v1/targets", "/api/v1/leaks", "/metrics", "/")

    async def ask(http: aiohttp.ClientSession, number: int) -> None:
        await fetch(http, f"http://{address}{pages[number % len(pages)]}")

    return Service("leakdog", command, ask, 2, 256 * MIB)


def _metrics(address: str) -> str:
    return f"http://{address}/metrics"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
