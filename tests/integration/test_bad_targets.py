"""Targets that hang, refuse, lie or answer with something else: each is one failed scrape with its reason."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leakdog.pprof import encode, parse
from leakdog.pprof.profile import Profile

pytestmark = pytest.mark.slow

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


def answer(body: bytes) -> bytes:
    """A whole HTTP answer."""
    return HEAD % len(body) + body


def bomb() -> bytes:
    """A gigabyte of zeros in a megabyte of gzip."""
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(1024)) + packer.flush()


def cpu_profile(heap: bytes) -> bytes:
    """A CPU profile: a real heap profile with the sample types of one."""
    text = gzip.decompress(heap)
    for old, new in ((b"inuse_space", b"cpu_moments"), (b"alloc_space", b"cpu_moments")):
        text = text.replace(old, new)
    for old, new in ((b"inuse_objects", b"cpu_samples_x"), (b"alloc_objects", b"cpu_samples_x")):
        text = text.replace(old, new)
    return gzip.compress(text)


class Canned:
    """A server that gives one answer to every request; `None` means that it never answers."""

    def __init__(self, reply: bytes | None) -> None:
        self._reply = reply
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(connection)
            if self._reply is not None:
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            connection.recv(65536)
            connection.sendall(self._reply or b"")
        except OSError:
            return  # the client has had enough, as it should of a bomb
        finally:
            connection.close()

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()
        for connection in self._held:
            connection.close()


REASONS = {
    "hang": "timeout",
    "refuse": "connect",
    "html": "wrong_type",
    "half": "decode",
    "bomb": "body_too_large",
    "cpu": "wrong_type",
    "empty": "wrong_type",
    "not-http": "http",
    "missing": "http_status",
}


@pytest.fixture(scope="module")
def watched(
    start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any], wait: Callable[..., None]
) -> Iterator[Any]:
    """A daemon that has read one good target and each bad one a few times."""
    good = start_zoo("idle")
    heap = good.get("/debug/pprof/heap")
    closed = Canned(None)
    closed.close()
    servers = {
        "hang": Canned(None),
        "refuse": closed,
        "html": Canned(answer(b"<!doctype html><html><title>Sign in</title></html>")),
        "half": Canned(answer(heap[: len(heap) // 2])),
        "bomb": Canned(answer(bomb())),
        "cpu": Canned(answer(cpu_profile(heap))),
        "empty": Canned(answer(b"")),
        "not-http": Canned(b"220 mail.example ESMTP\r\n"),
        "missing": Canned(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
    }
    addresses = {"good": good.address, **{name: server.address for name, server in servers.items()}}
    jobs = "".join(
        f"  - job_name: {name}\n    static_configs: [{{targets: ['{address}']}}]\n"
        for name, address in addresses.items()
    )
    daemon = start_leakdog(f"global: {{scrape_interval: 1s}}\nstorage: {{path: '{{data}}'}}\nscrape_configs:\n{jobs}")

    def failed() -> float:
        lines = daemon.get("/metrics").decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("leakdog_scrape_failures_total"))

    wait(lambda: failed() >= 3 * len(REASONS), 40, "three failures of each bad target")
    yield daemon
    for server in servers.values():
        server.close()


@pytest.mark.parametrize("bad", REASONS)
def test_a_bad_target_is_down_with_its_reason_and_leaves_no_number(watched: Any, bad: str) -> None:
    """The target is down, says why from the fixed list, and has no value and no snapshot."""
    targets = {target["job"]: target for target in watched.json("/api/v1/targets")["targets"]}
    target = targets[bad]
    assert target["up"] is False
    assert target["last_error"].partition(":")[0] == REASONS[bad], target["last_error"]
    assert target["signals"] == {}
    assert watched.json(f"/api/v1/snapshots?target={bad}/{target['instance']}") == {"snapshots": []}
    series = watched.json(f"/api/v1/series?target={bad}/{target['instance']}&signal=rss")["series"]
    assert series[0]["points"] == []


def test_the_good_target_beside_them_is_read_as_ever(watched: Any) -> None:
    """The good target is up and has values and a snapshot for nearly every second."""
    targets = {target["job"]: target for target in watched.json("/api/v1/targets")["targets"]}
    assert targets["good"]["up"] is True
    assert {"inuse_space", "goroutines", "rss", "open_files"} <= set(targets["good"]["signals"])
    snapshots = watched.json(f"/api/v1/snapshots?target=good/{targets['good']['instance']}&kind=heap")["snapshots"]
    assert len(snapshots) >= 3


def test_a_profile_comes_back_byte_for_byte(watched: Any) -> None:
    """A stored heap profile opens again and holds what the target's own one holds."""
    (snapshot, *_) = watched.json("/api/v1/snapshots?kind=heap")["snapshots"]
    data = watched.get(f"/api/v1/snapshots/{snapshot['id']}/profile.pb.gz")
    assert len(data) == snapshot["size_bytes"]
    profile = parse(data)
    assert isinstance(profile, Profile)
    assert encode(profile)
