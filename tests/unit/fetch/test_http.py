"""Getting a page: what is sent, what comes back, and one reason for each thing that can go wrong."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from leakdog import __version__
from leakdog.errors import FetchError, Reason
from leakdog.fetch.http import HttpClient

SOON = 0.4  # seconds: the deadline for what never comes
Answer = Callable[..., bytes]


async def failure(get: Any, url: str, **options: Any) -> FetchError:
    """The error that getting a page ends with."""
    with pytest.raises(FetchError) as caught:
        await get(url, **options)
    return caught.value


def split_request(head: bytes) -> tuple[str, dict[str, str]]:
    """First line and headers of a request."""
    first, *lines = head.decode().strip().split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines)


# ---- a page that is there


async def test_a_page_comes_back_whole_with_its_type(serve: Any, get: Any, answer: Answer) -> None:
    """Bytes are those that were sent, a profile's own gzip included."""
    body = b"\x1f\x8b\x08 not unpacked, because no Content-Encoding says so"
    served = await serve(answer(body, Content_Type="application/octet-stream"))
    response = await get(f"{served.url}/debug/pprof/heap")
    assert response.status == 200
    assert response.data == body
    assert response.content_type == "application/octet-stream"
    assert 0 < response.seconds < 10


async def test_a_request_says_who_asks_and_that_gzip_is_understood(serve: Any, get: Any, answer: Answer) -> None:
    """User-Agent holds the version; Accept-Encoding is gzip alone."""
    served = await serve(answer())
    await get(f"{served.url}/metrics")
    first, headers = split_request(served.requests[0])
    assert first == "GET /metrics HTTP/1.1"
    assert headers["User-Agent"] == f"leakdog/{__version__}"
    assert headers["Accept-Encoding"] == "gzip"


async def test_parameters_are_sent_as_often_as_they_have_values(serve: Any, get: Any, answer: Answer) -> None:
    """Lists become repeated parameters, and those already in the URL stay."""
    served = await serve(answer())
    await get(f"{served.url}/heap?a=1", params={"gc": ["1"], "tenant": ["x&y", "z"], "none": []})
    first, _ = split_request(served.requests[0])
    assert first == "GET /heap?a=1&gc=1&tenant=x%26y&tenant=z HTTP/1.1"


async def test_two_pages_of_a_target_take_one_connection(serve: Any, get: Any, answer: Answer) -> None:
    """A connection that is kept open is used again."""

    async def keep_open(peer: Any) -> None:
        await peer.send(answer(b"x"))

    served = await serve(keep_open)
    await get(served.url)
    await get(served.url)
    assert served.connections == 1
    assert len(served.requests) == 2


async def test_cookies_are_not_kept(serve: Any, get: Any, answer: Answer) -> None:
    """What a target sets as a cookie is not sent back to it."""
    served = await serve(answer(Set_Cookie="session=1; Path=/"))
    await get(served.url)
    await get(served.url)
    assert "Cookie" not in split_request(served.requests[1])[1]


async def test_proxies_of_the_environment_are_not_used(
    serve: Any, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that is set, and is not there, makes no difference."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    served = await serve(answer(b"direct"))
    async with HttpClient() as client:
        response = await client.get(served.url, timeout_seconds=10, limit_bytes=100)
    assert response.data == b"direct"


# ---- no connection


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that drops connection requests: its queue of connections not yet accepted is full."""
    with closing(socket.socket()) as server, closing(socket.socket()) as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting.connect(server.getsockname())
        yield int(server.getsockname()[1])


async def test_a_refused_connection_fails_as_connect(get: Any, closed_port: int) -> None:
    """The detail holds the address and the system's word for it."""
    error = await failure(get, f"http://127.0.0.1:{closed_port}/debug/pprof/heap")
    assert error.reason is Reason.CONNECT
    assert error.detail == f"no connection to 127.0.0.1:{closed_port}: Connection refused"
    assert not error.ours


@contextmanager
def no_files_left() -> Iterator[None]:
    """This process may open no file more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_connection_that_could_not_be_asked_for_tells_nothing_of_the_target(get: Any, closed_port: int) -> None:
    """Without a file to spare leakdog says what it lacks, not that nobody listens."""
    with no_files_left():
        error = await failure(get, f"http://127.0.0.1:{closed_port}/debug/pprof/heap")
    assert (error.reason, error.ours) == (Reason.CONNECT, True)
    assert "leakdog itself has none left (Too many open files): raise its limit" in error.detail


async def test_a_name_that_could_not_be_looked_up_for_want_of_files_has_an_address(get: Any, closed_port: int) -> None:
    """The look-up reads files too: without any to spare it is leakdog that lacks something, and not the name.

    The C library says so once it has looked names up, as a daemon has; before that it says that there is no such name.
    """
    socket.getaddrinfo("localhost", closed_port)
    with no_files_left():
        error = await failure(get, f"http://localhost:{closed_port}/debug/pprof/heap")
    assert (error.reason, error.ours) == (Reason.CONNECT, True)


async def test_a_name_whose_every_address_refuses_fails_as_connect(get: Any, closed_port: int) -> None:
    """With several addresses the detail is no list of them."""
    error = await failure(get, f"http://localhost:{closed_port}/")
    assert error.reason is Reason.CONNECT
    assert error.detail == f"no connection to localhost:{closed_port}: Connection refused"


async def test_a_black_hole_fails_before_the_deadline(get: Any, black_hole: int) -> None:
    """Connecting has its own, shorter limit."""
    error = await failure(get, f"http://127.0.0.1:{black_hole}/", timeout_seconds=1)
    assert error.reason is Reason.TIMEOUT
    assert error.detail == f"no connection to 127.0.0.1:{black_hole} in time"


async def test_a_name_without_address_fails_as_dns(get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The detail holds the name and what the resolver said."""

    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = await failure(get, "http://shop-1.example:6060/")
    assert error.reason is Reason.DNS
    assert error.detail == "the name shop-1.example has no address: Name or service not known"


async def test_a_resolver_that_hangs_costs_no_more_than_the_deadline(get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline covers the look-up, and the event loop goes on meanwhile."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(3 * SOON))
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    error = await failure(get, "http://slow.example:6060/", timeout_seconds=SOON)
    ticking.cancel()
    assert error.reason is Reason.TIMEOUT
    assert error.detail == "no answer from slow.example:6060 within 0.4 s"
    assert ticks > 3


@pytest.mark.parametrize("host", ["169.254.169.254", "224.0.0.1", "[fe80::1]", "[ff02::1]", "[::ffff:169.254.169.254]"])
async def test_link_local_and_multicast_addresses_are_not_connected_to(get: Any, host: str) -> None:
    """No packet leaves: the failure is at once and says why."""
    error = await failure(get, f"http://{host}/latest/meta-data")
    assert error.reason is Reason.CONNECT
    assert "is a link-local or multicast address" in error.detail


async def test_a_name_is_checked_where_it_is_connected_to(get: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A harmless name that comes to point at a metadata service is refused."""

    def rebound(*_: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    error = await failure(get, "http://shop-1.example/")
    assert error.reason is Reason.CONNECT
    assert "169.254.169.254 is a link-local" in error.detail


# ---- no answer, or none in time


async def test_a_server_that_never_answers_fails_at_the_deadline(serve: Any, get: Any) -> None:
    """It accepts, reads the request, and that is all."""

    async def hang(peer: Any) -> None:
        await asyncio.Event().wait()

    served = await serve(hang)
    began = time.monotonic()
    error = await failure(get, served.url, timeout_seconds=SOON)
    assert SOON <= time.monotonic() - began < SOON + 2
    assert error.reason is Reason.TIMEOUT
    assert error.detail == f"no answer from {served.url.removeprefix('http://')} within 0.4 s"


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "],
    ids=["body", "header"],
)
async def test_a_slow_drip_does_not_outlast_the_deadline(serve: Any, get: Any, start: bytes) -> None:
    """The deadline is for the whole, however often a byte comes."""

    async def drip(peer: Any) -> None:
        await peer.send(start)
        while True:
            await peer.send(b"x")
            await asyncio.sleep(0.02)

    served = await serve(drip)
    error = await failure(get, served.url, timeout_seconds=SOON)
    assert error.reason is Reason.TIMEOUT
    await asyncio.wait_for(served.closed.wait(), 5)


async def test_cancelling_closes_the_connection(serve: Any, get: Any) -> None:
    """A scrape that is given up leaves no socket behind."""
    asked = asyncio.Event()

    async def hang(peer: Any) -> None:
        asked.set()
        served.closed.set() if not await peer.reader.read(1) else None

    served = await serve(hang)
    task = asyncio.create_task(get(served.url, timeout_seconds=60))
    await asyncio.wait_for(asked.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(served.closed.wait(), 5)


async def test_a_connection_closed_without_an_answer_fails_as_connect(serve: Any, get: Any) -> None:
    """Closed after the request, before a byte."""
    served = await serve(b"")
    error = await failure(get, served.url)
    assert error.reason is Reason.CONNECT
    assert error.detail.endswith("closed the connection without an answer")


# ---- not HTTP


@pytest.mark.parametrize(
    "reply",
    [
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * (1 << 20) + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ],
    ids=["smtp", "tls", "header of a megabyte", "length no number", "two lengths", "no header"],
)
async def test_what_is_not_http_fails_as_http(serve: Any, get: Any, reply: bytes) -> None:
    """Each is told from a page that is merely wrong."""
    served = await serve(reply)
    error = await failure(get, served.url)
    assert error.reason is Reason.HTTP
    assert error.detail == f"{served.url.removeprefix('http://')} does not answer in HTTP as it should"


async def test_endless_headers_fail_as_http(serve: Any, get: Any) -> None:
    """Many small headers are bounded as one large one is, and the connection is closed."""

    async def endless(peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await peer.send(b"X-More: x\r\n" * 50)
            await asyncio.sleep(0.001)

    served = await serve(endless)
    error = await failure(get, served.url)
    assert error.reason is Reason.HTTP
    await asyncio.wait_for(served.closed.wait(), 5)


# ---- statuses


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "503 Service Unavailable", "799"]
)
async def test_another_status_fails_with_it(serve: Any, get: Any, answer: Answer, status: str) -> None:
    """The detail holds page and status in our words, without parameters; `status` holds the number."""
    served = await serve(answer(b"sorry", f"{status[:3]} \x1b[31m anything"))
    error = await failure(get, f"{served.url}/debug/pprof/heap", params={"token": ["secret"]})
    assert error.reason is Reason.HTTP_STATUS
    assert error.status == int(status.split()[0])
    assert error.detail == f"{served.url}/debug/pprof/heap answered {status}"
    assert served.connections == 1


async def test_a_redirect_without_a_place_is_a_status(serve: Any, get: Any, answer: Answer) -> None:
    """302 with no Location leads nowhere."""
    served = await serve(answer(b"", "302 Found"))
    assert (await failure(get, served.url)).status == 302


async def test_user_and_password_of_a_url_are_in_no_error(serve: Any, get: Any, answer: Answer) -> None:
    """They are left out of every detail."""
    served = await serve(answer(b"", "500 Oops"))
    error = await failure(get, served.url.replace("://", "://admin:hunter2@"))
    assert "admin" not in str(error)
    assert "hunter2" not in str(error)


# ---- redirects


def redirecting(answer: Answer, *places: str) -> Any:
    """Behaviour that redirects to one place after the other, then answers."""
    left = list(places)

    async def behave(peer: Any) -> None:
        to = left.pop(0) if left else None
        await peer.send(answer(b"", "302 Found", Location=to) if to else answer(b"arrived"))

    return behave


async def test_redirects_on_the_same_target_are_followed(serve: Any, get: Any, answer: Answer) -> None:
    """Three of them, relative or absolute from the root."""
    served = await serve(redirecting(answer, "/a", "b/", "../c"))
    assert (await get(f"{served.url}/x")).data == b"arrived"
    assert [split_request(head)[0].split()[1] for head in served.requests] == ["/x", "/a", "/b/", "/c"]


async def test_a_fourth_redirect_is_blocked(serve: Any, get: Any, answer: Answer) -> None:
    """A loop ends after three."""
    served = await serve(redirecting(answer, *["/x"] * 10))
    error = await failure(get, f"{served.url}/x")
    assert error.reason is Reason.REDIRECT_BLOCKED
    assert error.detail == f"{served.url}/x redirects more than 3 times"
    assert len(served.requests) == 4


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("http://169.254.169.254/latest/meta-data", "http://169.254.169.254"),
        ("http://user:pass@other.example/", "http://other.example"),
        ("//other.example/x", "http://other.example"),
        ("file:///etc/passwd", "what is no web address"),
        ("unix:///run/docker.sock", "what is no web address"),
        ("gopher://127.0.0.1/", "gopher://127.0.0.1"),
        ("http://[", "what is no web address"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
        ("https://127.0.0.1/", "https://127.0.0.1"),
    ],
)
async def test_a_redirect_elsewhere_is_blocked(serve: Any, get: Any, answer: Answer, location: str, shown: str) -> None:
    """Another host, another port, another scheme or nonsense: not followed, and the detail says where it led."""
    served = await serve(redirecting(answer, location))
    error = await failure(get, f"{served.url}/x")
    assert error.reason is Reason.REDIRECT_BLOCKED
    assert error.detail == (
        f"{served.url}/x redirects to {shown}; only redirects on the same scheme, host and port are followed"
    )


# ---- TLS


async def test_a_certificate_that_nobody_signed_fails_as_tls(serve: Any, get: Any, server_tls: Any) -> None:
    """The detail says what is wrong with it, and no request is sent."""
    served = await serve(b"", tls=server_tls)
    error = await failure(get, f"{served.url}/heap")
    assert error.reason is Reason.TLS
    server = served.url.removeprefix("https://")
    assert error.detail == f"the certificate of {server} is not accepted: self-signed certificate"
    assert served.requests == []


async def test_https_to_a_plain_server_fails_as_tls(serve: Any, get: Any, answer: Answer) -> None:
    """There is no fall back to plain http."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(get, f"https://127.0.0.1:{port}/")
    assert error.reason is Reason.TLS
    assert error.detail.startswith(f"no TLS connection to 127.0.0.1:{port}: ")


async def test_a_handshake_that_hangs_fails_before_the_deadline(get: Any) -> None:
    """A server that accepts and then says nothing is not waited for longer than a connection may take."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = await failure(get, f"https://127.0.0.1:{server.getsockname()[1]}/", timeout_seconds=SOON)
    assert error.reason is Reason.TIMEOUT


# ---- bodies: what a connection does to them; see test_body for what is in them


async def test_a_length_that_promises_too_much_fails_as_decode(serve: Any, get: Any) -> None:
    """The body breaks off, and how far it came is told."""
    served = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf a page")
    error = await failure(get, f"{served.url}/heap")
    assert error.reason is Reason.DECODE
    assert error.detail == f"the answer of {served.url}/heap breaks off after 11 bytes"


async def test_a_length_that_promises_too_little_is_never_half_a_page(serve: Any, get: Any) -> None:
    """What follows the promised bytes is no answer to anything."""

    async def lie(peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfive and more")
        await asyncio.Event().wait()

    served = await serve(lie)
    assert (await failure(get, served.url)).reason in (Reason.HTTP, Reason.DECODE)


async def test_a_reset_in_the_middle_fails_as_decode(serve: Any, get: Any) -> None:
    """A body cut off by a reset is a body cut off."""

    async def reset(peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        await asyncio.sleep(0.05)
        raw = peer.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.writer.transport.abort()

    served = await serve(reset)
    error = await failure(get, served.url)
    assert error.reason is Reason.DECODE
    assert "breaks off after 4 bytes" in error.detail


async def test_a_broken_chunk_is_never_half_a_page(serve: Any, get: Any) -> None:
    """A chunk whose length is no number fails, at the latest at the deadline: aiohttp does not always tell of it."""

    async def garble(peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n")
        await asyncio.sleep(0.05)
        await peer.send(b"zz\r\nmore\r\n")

    served = await serve(garble)
    assert (await failure(get, served.url, timeout_seconds=SOON)).reason in (Reason.DECODE, Reason.TIMEOUT)


async def test_chunks_without_end_are_cut_off_at_the_limit(serve: Any, get: Any) -> None:
    """The connection is closed as soon as the limit is passed."""

    async def endless(peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    served = await serve(endless)
    error = await failure(get, f"{served.url}/heap")
    assert error.reason is Reason.BODY_TOO_LARGE
    assert error.detail == f"the answer of {served.url}/heap is over body_size_limit (1,048,576 bytes)"
    await asyncio.wait_for(served.closed.wait(), 5)


async def test_a_failure_leaves_the_next_page_as_it_was(serve: Any, get: Any, answer: Answer) -> None:
    """A target that has answered badly is asked again on a connection of its own."""
    replies = [b"220 not http\r\n", answer(b"well")]

    async def behave(peer: Any) -> None:
        await peer.send(replies.pop(0))

    served = await serve(behave)
    await failure(get, served.url)
    assert (await get(served.url)).data == b"well"
    assert served.connections == 2
