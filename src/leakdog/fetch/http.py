"""HTTP to a target: bytes within limits of time and size, or one reason why not. It never decodes profiles.

Targets are untrusted: each limit is enforced while the answer comes in, redirects stay on the target, and addresses
that only a confused configuration would mean (link-local, multicast) are not connected to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp
from yarl import URL

from leakdog import __version__
from leakdog.errors import FetchError, Reason

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A connection that takes this share of the whole time to be made will not bring a profile in the rest.
CONNECT_SHARE = 0.8
# Idle connections are kept for scrapes every few seconds, and let go for those every minute.
KEEPALIVE_SECONDS = 15
# As many concatenated gzip streams as HTTP clients commonly accept; each may be empty, so bytes do not bound them.
MAX_GZIP_MEMBERS = 1024
GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Response:
    """A page of a target. `data` is without HTTP's content encoding, `seconds` from request to last byte."""

    status: int
    data: bytes
    content_type: str
    seconds: float


class HttpClient:
    """Asks targets for pages. One serves a whole daemon; use it as an async context manager."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpClient:
        """Open the connection pool in the running event loop."""
        connector = aiohttp.TCPConnector(
            limit=0,  # the pipeline bounds how many targets are read at a time
            keepalive_timeout=KEEPALIVE_SECONDS,
            socket_factory=_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": f"leakdog/{__version__}", "Accept-Encoding": "gzip"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        assert self._session is not None
        await self._session.close()

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, Sequence[str]] | None = None,
        timeout_seconds: float,
        limit_bytes: int,
    ) -> Response:
        """The page at `url`, whole.

        Args:
            url: http or https.
            params: added to the URL, each name as often as it has values.
            timeout_seconds: for everything from the look-up of the name to the last byte.
            limit_bytes: of the body, as it comes and after HTTP's content encoding is taken off.

        Raises:
            FetchError: anything but a complete answer of status 200.

        """
        where = URL(url)
        query = [(name, value) for name, values in (params or {}).items() for value in values]
        began = time.monotonic()
        try:
            async with asyncio.timeout(timeout_seconds):
                status, data, content_type = await self._follow(where, query, timeout_seconds, limit_bytes)
        except TimeoutError:
            detail = f"no complete answer from {_shown(where)} within {timeout_seconds:g} s"
            raise FetchError(Reason.TIMEOUT, detail) from None
        return Response(status, data, content_type, time.monotonic() - began)

    async def _follow(
        self, url: URL, query: list[tuple[str, str]], timeout_seconds: float, limit_bytes: int
    ) -> tuple[int, bytes, str]:
        """Ask, and follow redirects as long as they stay on the target."""
        at = url.update_query(query) if query else url
        for _ in range(MAX_REDIRECTS + 1):
            try:
                async with self._request(at, timeout_seconds) as response:
                    if response.status not in REDIRECTS:
                        data = await _body(response, at, limit_bytes)
                        return response.status, data, response.content_type
                    at = _redirected(at, response)
            except (aiohttp.ClientError, ConnectionError, ValueError) as error:
                raise _explained(error, at) from error
        raise FetchError(Reason.REDIRECT_BLOCKED, f"{_shown(url)} redirects more than {MAX_REDIRECTS} times")

    def _request(self, url: URL, timeout_seconds: float) -> Any:
        assert self._session is not None, "HttpClient is used outside its context"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SHARE * timeout_seconds)
        return self._session.get(url, allow_redirects=False, timeout=timeout)


async def _body(response: aiohttp.ClientResponse, url: URL, limit_bytes: int) -> bytes:
    """The body of a 200, with HTTP's content encoding taken off as it comes in."""
    if response.status != 200:
        detail = f"{_shown(url)} answered {response.status} {response.reason or ''}".rstrip()
        raise FetchError(Reason.HTTP_STATUS, detail, status=response.status)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise FetchError(
            Reason.DECODE, f"{_shown(url)} answered with content encoding {encoding!r}; gzip was asked for"
        )
    unpack = _Gunzip(limit_bytes) if "gzip" in encoding else None
    body, received = bytearray(), 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        body += unpack.feed(chunk) if unpack else chunk
        if received > limit_bytes or len(body) > limit_bytes:
            detail = f"the answer of {_shown(url)} is larger than body_size_limit ({limit_bytes:,} bytes)"
            raise FetchError(Reason.BODY_TOO_LARGE, detail)
    if unpack:
        unpack.finish()
    return bytes(body)


class _Gunzip:
    """Takes gzip off a stream, never producing much more than `limit_bytes` in all."""

    def __init__(self, limit_bytes: int) -> None:
        self._room = limit_bytes + 1
        self._members = 1
        self._stream = zlib.decompressobj(GZIP)

    def feed(self, data: bytes) -> bytes:
        """What the next bytes of the stream stand for, cut off just past the limit."""
        out = bytearray()
        try:
            while data and len(out) < self._room:
                if self._stream.eof:
                    self._next_member()
                out += self._stream.decompress(data, self._room - len(out))
                data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        except zlib.error as error:
            raise FetchError(Reason.DECODE, f"the answer's gzip encoding is broken: {error}") from error
        self._room -= len(out)
        return bytes(out)

    def finish(self) -> None:
        """Check that the last stream has come to its end."""
        if not self._stream.eof:
            raise FetchError(Reason.DECODE, "the answer's gzip encoding breaks off before its end")

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MAX_GZIP_MEMBERS:
            raise FetchError(Reason.BODY_TOO_LARGE, f"the answer has more than {MAX_GZIP_MEMBERS} gzip members")
        self._stream = zlib.decompressobj(GZIP)


def _redirected(url: URL, response: aiohttp.ClientResponse) -> URL:
    """Where a redirect leads, if it stays on the target."""
    location = response.headers.get("Location", "")
    to = url.join(URL(location))
    if to.scheme not in ("http", "https") or to.origin() != url.origin():
        where = to.origin() if to.scheme in ("http", "https") and to.host else to.scheme or "nowhere"
        raise FetchError(Reason.REDIRECT_BLOCKED, f"{_shown(url)} redirects to {where}; only its own host is followed")
    return to


def _explained(error: Exception, url: URL) -> FetchError:
    """The reason behind what aiohttp or the socket says."""
    where = f"{url.host}:{url.port}"
    match error:
        case aiohttp.ClientConnectorDNSError():
            return FetchError(Reason.DNS, f"the name {url.host} has no address: {error.os_error.strerror or error}")
        case aiohttp.ClientConnectorCertificateError():
            return FetchError(Reason.TLS, f"the certificate of {where} is not accepted: {error.certificate_error}")
        case aiohttp.ClientConnectorSSLError() | aiohttp.ClientSSLError():
            return FetchError(Reason.TLS, f"no TLS connection to {where}: {error}")
        case aiohttp.ServerTimeoutError():
            return FetchError(Reason.TIMEOUT, f"no connection to {where} in time")
        case aiohttp.ClientPayloadError():
            return FetchError(Reason.DECODE, f"the answer of {_shown(url)} broke off")
        case aiohttp.ClientConnectorError():
            return FetchError(Reason.CONNECT, f"no connection to {where}: {error.os_error.strerror or error.os_error}")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
            return FetchError(Reason.CONNECT, f"{where} closed the connection without an answer")
        case _:
            return FetchError(Reason.HTTP, f"{where} does not answer in HTTP as expected: {type(error).__name__}")


def _shown(url: URL) -> str:
    """A URL fit for a log: without user, password and query."""
    return str(url.with_user(None).with_query(None))


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that may be connected to.

    Checked here, after the name was looked up, so that a name cannot be pointed at another address afterwards.
    """
    family, kind, protocol, _, where = address
    ip = ipaddress.ip_address(str(where[0]).partition("%")[0])
    plain = getattr(ip, "ipv4_mapped", None) or ip
    if plain.is_link_local or plain.is_multicast:
        raise FetchError(
            Reason.CONNECT, f"{ip} is a link-local or multicast address; leakdog does not connect to those"
        )
    return socket.socket(family, kind, protocol)
