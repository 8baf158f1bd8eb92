"""HTTP to a target: bytes within limits of time and size, or one reason why not. It never decodes profiles.

Targets are untrusted: each limit is enforced while the answer comes in, redirects stay on the target, nothing that a
target sends (cookies, other places to go) is kept, and addresses that are no target's are not connected to.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType, TracebackType

import aiohttp
from yarl import URL

from leakdog import __version__
from leakdog.errors import FetchError, Reason
from leakdog.fetch.body import read_body
from leakdog.fetch.connect import Resolver, open_socket

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A connection that takes this share of the whole time to be made will not bring a profile in the rest.
CONNECT_SHARE = 0.8
# Idle connections are kept for scrapes every few seconds, and let go for those every minute.
KEEPALIVE_SECONDS = 5
# What this system or process has too little of to make a connection.
SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
MORE_FILES = "raise its limit of open files (LimitNOFILE in the unit), or lower max_concurrent_scrapes"
# Statuses in our words: those of the target are anything up to 8 kB.
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
NO_PARAMS: Mapping[str, Sequence[str]] = MappingProxyType({})


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
            resolver=Resolver(),
            socket_factory=open_socket,
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
        await self.close()

    async def close(self) -> None:
        """Close all connections, those in use too."""
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, Sequence[str]] = NO_PARAMS,
        timeout_seconds: float,
        limit_bytes: int,
        cut: bool = False,
    ) -> Response:
        """The page at `url`, whole. Cancelling it closes the connection.

        Args:
            url: http or https.
            params: added to the URL, each name as often as it has values.
            timeout_seconds: for everything from the look-up of the name to the last byte.
            limit_bytes: of the body, as it comes and after HTTP's content encoding is taken off.
            cut: take a larger body up to its limit, instead of refusing it.

        Raises:
            FetchError: anything but a complete answer of status 200.

        """
        assert self._session is not None, "HttpClient is used outside its context"
        at = URL(url).extend_query([(name, value) for name, values in params.items() for value in values])
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(timeout_seconds):
                data, content_type = await _follow(self._session, at, timeout_seconds, limit_bytes, cut=cut)
        except TimeoutError:
            raise FetchError(Reason.TIMEOUT, f"no answer from {_server(at)} within {timeout_seconds:g} s") from None
        return Response(200, data, content_type, clock() - began)


async def _follow(
    session: aiohttp.ClientSession, url: URL, timeout_seconds: float, limit_bytes: int, *, cut: bool
) -> tuple[bytes, str]:
    """Body and content type of the page, after redirects that stay on the target."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SHARE * timeout_seconds)
    at = url
    for _ in range(MAX_REDIRECTS + 1):
        try:
            async with session.get(at, allow_redirects=False, timeout=timeout) as response:
                if response.status == 200:
                    return await read_body(response, _page(at), limit_bytes, cut=cut), response.content_type
                at = _elsewhere(response, at)
        except (aiohttp.ClientError, OSError) as error:
            raise _explained(error, at) from error
    raise FetchError(Reason.REDIRECT_BLOCKED, f"{_page(url)} redirects more than {MAX_REDIRECTS} times")


def _elsewhere(response: aiohttp.ClientResponse, url: URL) -> URL:
    """Where an answer other than 200 says to go on, if that is on the same target."""
    location = response.headers.get("Location")
    if response.status not in REDIRECTS or location is None:
        detail = f"{_page(url)} answered {response.status} {_PHRASES.get(response.status, '')}".rstrip()
        raise FetchError(Reason.HTTP_STATUS, detail, status=response.status)
    try:
        to = url.join(URL(location))
        inside = to.origin() == url.origin()
        where = str(to.origin())[:100]
    except ValueError:  # of another kind than http, without a host, or no URL at all
        inside, where = False, "what is no web address"
    if not inside:
        detail = f"{_page(url)} redirects to {where}; only redirects on the same scheme, host and port are followed"
        raise FetchError(Reason.REDIRECT_BLOCKED, detail)
    return to


def _explained(error: aiohttp.ClientError | OSError, url: URL) -> FetchError:
    """The reason behind what aiohttp or the socket says, before there was an answer."""
    server = _server(url)
    match error:
        case aiohttp.ClientConnectorCertificateError():
            said = getattr(error.certificate_error, "verify_message", None) or error.certificate_error
            return FetchError(Reason.TLS, f"the certificate of {server} is not accepted: {said}")
        case aiohttp.ClientConnectorError() if error.os_error.errno in SHORTAGES:
            detail = f"no connection to {server}: leakdog itself has none left ({_said(error.os_error)}): {MORE_FILES}"
            return FetchError(Reason.CONNECT, detail, ours=True)
        case aiohttp.ClientConnectorDNSError():
            return FetchError(Reason.DNS, f"the name {url.host} has no address: {_said(error.os_error)}")
        case aiohttp.ClientSSLError():
            said = (getattr(error.os_error, "reason", None) or "handshake failed").replace("_", " ").lower()
            return FetchError(Reason.TLS, f"no TLS connection to {server}: {said}")
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return FetchError(Reason.TIMEOUT, f"no connection to {server} in time")
        case aiohttp.ClientConnectorError():
            return FetchError(Reason.CONNECT, f"no connection to {server}: {_said(error.os_error)}")
        case aiohttp.ServerDisconnectedError() | OSError():
            return FetchError(Reason.CONNECT, f"{server} closed the connection without an answer")
        case _:
            return FetchError(Reason.HTTP, f"{server} does not answer in HTTP as it should")


def _said(error: OSError) -> str:
    """The system's words for an error, without what asyncio wraps around them."""
    if error.errno and not isinstance(error, socket.gaierror):  # which counts in numbers of its own
        return os.strerror(error.errno)
    return error.strerror or str(error)


def _server(url: URL) -> str:
    """`host:port` of a URL, fit for a log."""
    host = url.host_subcomponent or ""
    return f"{host}:{url.port}" if url.port else host


def _page(url: URL) -> str:
    """A URL fit for a log: without user, password and query."""
    return str(url.with_user(None).with_query(None))
