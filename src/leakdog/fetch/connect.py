"""How connections are made: names looked up off the event loop, and addresses refused that are no target's."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

# Names looked up at the same time. A name server that hangs holds one each for up to half a minute, so there must be
# enough of them that other names still get their turn.
MAX_LOOKUPS = 32


class ForbiddenAddressError(OSError):
    """An address that leakdog does not connect to. It is an OSError so that a name's other addresses are tried."""


class Resolver(AbstractResolver):
    """Looks names up as the system does, each in a thread of its own that neither the event loop nor exit waits for.

    The loop's own pool of threads is small and also decodes profiles and reads processes: a few names that take half a
    minute to fail would hold all of that up.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(MAX_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of a name.

        Raises:
            OSError: it has none.

        """
        async with self._slots:
            found = await _look_up(host, port, family)
        return [
            ResolveResult(
                hostname=host, host=where[0], port=port, family=of_family, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for of_family, _, protocol, _, where in found
        ]

    async def close(self) -> None:
        """Nothing to close: threads that still wait for an answer end by themselves, or with the process."""


async def _look_up(host: str, port: int, family: int) -> list[Any]:
    """`getaddrinfo` in a daemon thread."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def settle(found: list[Any], error: Exception | None) -> None:
        if answer.done():  # nobody waits any more
            return
        if error is None:
            answer.set_result(found)
        else:
            answer.set_exception(error)

    def work() -> None:
        found: list[Any] = []
        failure: Exception | None = None
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except UnicodeError:  # what Python says of a label that is empty or longer than 63 characters
            failure = OSError(f"{host!r} is not a host name")
        except OSError as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, found, failure)

    threading.Thread(target=work, name="leakdog-lookup", daemon=True).start()
    return await answer


def open_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket for an address (as `getaddrinfo` tells it) that may be connected to.

    Checked at this last moment, after the name was looked up, so that a name cannot be pointed elsewhere in between.

    Raises:
        ForbiddenAddressError: link-local, where clouds serve credentials, or multicast.

    """
    family, kind, protocol, _, where = address
    ip = ipaddress.ip_address(str(where[0]).partition("%")[0])
    plain = getattr(ip, "ipv4_mapped", None) or ip
    if plain.is_link_local or plain.is_multicast:
        raise ForbiddenAddressError(f"{plain} is a link-local or multicast address, where no target can be")
    return socket.socket(family, kind, protocol)
