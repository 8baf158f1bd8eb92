"""Targets that hang, refuse, lie or answer with something else: each is one failed scrape with its reason."""

from __future__ import annotations

import contextlib
import gzip
import socket
import socketserver
import threading
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leakdog.pprof import parse
from leakdog.report.raw import render

pytestmark = pytest.mark.slow

MIB = 1 << 20
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:9/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

# What each bad target does, and the reason that is to be given.
REASONS = {
    "hang": "timeout",
    "drip": "timeout",
    "refuse": "connect",
    "html": "wrong_type",
    "half": "decode",
    "cut": "decode",
    "bomb": "body_too_large",
    "crowd": "body_too_large",
    "cpu": "wrong_type",
    "goroutines": "wrong_type",
    "empty": "wrong_type",
    "not-http": "http",
    "missing": "http_status",
    "elsewhere": "redirect_blocked",
}

LATE = {name for name, reason in REASONS.items() if reason == "timeout"}


def answer(body: bytes) -> bytes:
    """A whole HTTP answer."""
    return HEAD % len(body) + body


def bomb() -> bytes:
    """A quarter of a gigabyte of zeros in a quarter of a megabyte of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(256)) + packer.flush()


def crowd() -> bytes:
    """Eight million empty samples in 16 kB of gzip: small as bytes, half a gigabyte as objects."""
    return gzip.compress(b"\x12\x00" * 8_000_000)


@contextlib.contextmanager
def serving(reply: bytes | None, pause_seconds: float = 0) -> Iterator[str]:
    """The address of a server that gives one answer to every request, at once or byte by byte; of None, never."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        """Answers one connection."""

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client may have had enough, as it should of some
                self.request.recv(65536)
                if reply is None:
                    over.wait()
                    return
                step = 1 if pause_seconds else len(reply)
                for start in range(0, len(reply), step):
                    self.request.sendall(reply[start : start + step])
                    over.wait(pause_seconds)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield "{}:{}".format(*server.server_address)
        finally:
            over.set()
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """An address that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*taken.getsockname())


def bad_targets(good: Any) -> dict[str, contextlib.AbstractContextManager[str]]:
    """All bad targets; what is almost right is made of a good one's answers."""
    heap, page = good.get("/debug/pprof/heap"), b"<!doctype html><html><title>Sign in</title></html>"
    return {
        "hang": serving(None),
        "drip": serving(answer(heap), pause_seconds=0.05),
        "refuse": refusing(),
        "html": serving(answer(page)),
        "half": serving(answer(heap[: len(heap) // 2])),
        "cut": serving(answer(heap)[: -len(heap) // 2]),
        "bomb": serving(answer(bomb())),
        "crowd": serving(answer(crowd())),
        "cpu": serving(answer(good.get("/debug/pprof/profile?seconds=1"))),
        "goroutines": serving(answer(good.get("/debug/pprof/goroutine"))),
        "empty": serving(answer(b"")),
        "not-http": serving(b"220 mail.example ESMTP\r\n"),
        "missing": serving(MISSING),
        "elsewhere": serving(ELSEWHERE),
    }


@pytest.fixture(scope="module")
def watched(
    start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any], wait: Callable[..., None]
) -> Iterator[Any]:
    """A daemon that has read one good target, one that gives the same heap for ever, and each bad one a few times."""
    good = start_zoo("churn")
    with contextlib.ExitStack() as stack:
        addresses = {name: stack.enter_context(target) for name, target in bad_targets(good).items()}
        addresses["good"] = good.address
        addresses["same"] = stack.enter_context(serving(answer(good.get("/debug/pprof/heap"))))
        jobs = "".join(
            f"  - job_name: {name}\n    static_configs: [{{targets: ['{address}']}}]\n"
            for name, address in addresses.items()
        )
        jobs += "    profiles: [heap]\n    metrics_path: ''\n"  # of the last one, which has nothing else
        daemon = start_leakdog(
            f"global: {{scrape_interval: 2s}}\nstorage: {{path: '{{data}}'}}\nscrape_configs:\n{jobs}"
        )

        def read_a_few_times() -> bool:
            targets = daemon.json("/api/v1/targets")["targets"]
            down = {target["job"] for target in targets if target["up"] is False}
            # On a busy machine a large one may once be too late.
            late = {target["job"] for target in targets if (target["last_error"] or "").startswith("timeout")}
            stored = [snapshot["job"] for snapshot in daemon.json("/api/v1/snapshots?kind=heap")["snapshots"]]
            return down == set(REASONS) and late == LATE and stored.count("good") >= 5 and stored.count("same") >= 5

        wait(read_a_few_times, 120, "all bad targets to be down and the good ones to be read five times")
        yield daemon


def target_of(daemon: Any, job: str) -> dict[str, Any]:
    """What the daemon says of the one target of a job."""
    (target,) = [target for target in daemon.json("/api/v1/targets")["targets"] if target["job"] == job]
    return dict(target)


@pytest.mark.parametrize("bad", REASONS)
def test_a_bad_target_is_down_with_its_reason_and_leaves_no_number(watched: Any, bad: str) -> None:
    """The target is down, says why from the fixed list, and has no value, no series and no snapshot."""
    target = target_of(watched, bad)
    assert target["up"] is False
    assert target["last_error"].partition(":")[0] == REASONS[bad], target["last_error"]
    assert (target["last_success"], target["signals"], target["verdicts"]) == (None, {}, {})
    name = f"target={bad}/{target['instance']}"
    assert watched.json(f"/api/v1/snapshots?{name}") == {"snapshots": []}
    series = watched.json(f"/api/v1/series?{name}")["series"]
    assert [found["signal"] for found in series if found["points"]] == []


@pytest.mark.parametrize("reason", sorted(set(REASONS.values())))
def test_failures_are_counted_by_reason(watched: Any, reason: str) -> None:
    """Each reason that occurred has its counter on the metrics page."""
    (line,) = [
        line
        for line in watched.get("/metrics").decode().splitlines()
        if line.startswith(f'leakdog_scrape_failures_total{{reason="{reason}"}}')
    ]
    assert float(line.split()[-1]) > 0


def test_the_good_target_beside_them_is_read_as_ever(watched: Any) -> None:
    """The good target is up and has values, snapshots and no failure."""
    target = target_of(watched, "good")
    assert (target["up"], target["last_error"]) == (True, "")
    assert {"inuse_space", "goroutines", "rss", "open_files"} <= set(target["signals"])
    snapshots = watched.json(f"/api/v1/snapshots?target=good/{target['instance']}&kind=heap")["snapshots"]
    assert len(snapshots) >= 5


def test_bombs_do_not_swell_the_daemon(watched: Any) -> None:
    """With bombs among its targets the daemon stays under a quarter of a gigabyte, what one of them unpacks to."""
    page = watched.get("/metrics").decode().splitlines()
    (line,) = [line for line in page if line.startswith("process_resident_memory_bytes ")]
    assert float(line.split()[1]) < 256 * MIB


def test_a_stored_profile_comes_back_whole(watched: Any) -> None:
    """What the API gives says what the target sent; how it was written and compressed is not kept."""
    instance = target_of(watched, "same")["instance"]
    with urllib.request.urlopen(f"http://{instance}/debug/pprof/heap", timeout=10) as response:
        sent = response.read()
    snapshots = watched.json(f"/api/v1/snapshots?target=same/{instance}")["snapshots"]
    assert len(snapshots) >= 5
    for snapshot in snapshots:
        assert (snapshot["kind"], snapshot["size_bytes"]) == ("heap", len(sent))
        given = watched.get(f"/api/v1/snapshots/{snapshot['id']}/profile.pb.gz")
        assert render(parse(given)) == render(parse(sent))
