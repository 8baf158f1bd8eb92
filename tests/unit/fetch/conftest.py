"""Servers on loopback that answer as badly as a test asks, a client that is closed after each test, and children."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from leakdog.fetch.http import HttpClient, Response

TESTDATA = Path(__file__).parent / "testdata"
DEADLINE_SECONDS = 10.0  # for what is to come; tests of what never comes give a shorter one
LIMIT_BYTES = 1 << 20


@dataclass(slots=True)
class Peer:
    """One connection as the server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes

    async def send(self, data: bytes) -> None:
        """Send, and wait while the client does not take more."""
        self.writer.write(data)
        await self.writer.drain()


Behave = Callable[[Peer], Awaitable[None]]


@dataclass(slots=True)
class Served:
    """A server that runs.

    Attributes:
        requests: heads of the requests so far.
        connections: how many clients have connected.
        closed: set when a client has closed its connection, or reset it.

    """

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)


Serve = Callable[..., Awaitable[Served]]
Get = Callable[..., Awaitable[Response]]


class Servers:
    """Starts servers, and ends them with all their connections."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, behave: Behave | bytes, *, tls: ssl.SSLContext | None = None) -> Served:
        """A server that answers each request with these bytes and closes, or as the function does."""
        served = Served("")

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            served.connections += 1
            try:
                await self._converse(served, behave, reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                served.closed.set()
            except asyncio.CancelledError:
                return  # the test is over
            finally:
                writer.close()
                self._tasks.discard(task)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        self._servers.append(server)
        scheme = "https" if tls else "http"
        served.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return served

    @staticmethod
    async def _converse(
        served: Served, behave: Behave | bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            served.requests.append(head)
            peer = Peer(reader, writer, head)
            if isinstance(behave, bytes):
                await peer.send(behave)
                return
            await behave(peer)
            if writer.is_closing():
                return

    async def stop(self) -> None:
        """End all servers and what they still do."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:
            server.close()
            await server.wait_closed()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server on loopback; see `Servers.start`."""
    servers = Servers()
    yield servers.start
    await servers.stop()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    """A client as the daemon has one."""
    async with HttpClient() as client:
        yield client


@pytest.fixture
def get(client: HttpClient) -> Get:
    """Gets a page, unless told otherwise within ten seconds and a megabyte."""

    async def get(url: str, **options: object) -> Response:
        limits = {"timeout_seconds": DEADLINE_SECONDS, "limit_bytes": LIMIT_BYTES}
        return await client.get(url, **{**limits, **options})  # type: ignore[arg-type]

    return get


@pytest.fixture
def server_tls() -> ssl.SSLContext:
    """TLS of a server whose certificate nobody has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TESTDATA / "self-signed.crt", TESTDATA / "self-signed.key")
    return context


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """Makes a whole answer from a body, a status and headers."""

    def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
        fields = {
            "Content-Length": str(len(body)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body

    return answer


class Child(subprocess.Popen[str]):
    """A Python program that runs until its standard input ends."""

    def first_line(self) -> str:
        """What it says once it is ready."""
        assert self.stdout is not None
        return self.stdout.readline().strip()


@pytest.fixture
def run() -> Iterator[Callable[..., Child]]:
    """Starts Python programs; each ends when its standard input does."""
    with ExitStack() as stack:

        def run(code: str, *arguments: str) -> Child:
            command = [sys.executable, "-c", code, *arguments]
            return stack.enter_context(Child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

        yield run
