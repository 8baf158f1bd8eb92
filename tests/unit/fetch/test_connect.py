"""Names are looked up beside the event loop, and some addresses are never connected to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from leakdog.fetch.connect import MAX_LOOKUPS, ForbiddenAddressError, Resolver, open_socket


def info(address: str, port: int = 80) -> tuple[Any, ...]:
    """What `getaddrinfo` tells of an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, 6, "", (address, port, 0, 0) if ":" in address else (address, port))


async def test_a_name_is_resolved_to_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its family, and the port that was asked for."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [info("::1", 6060), info("127.0.0.1", 6060)])
    found = await Resolver().resolve("shop-1", 6060)
    assert [(one["host"], one["port"], one["family"]) for one in found] == [
        ("::1", 6060, socket.AF_INET6),
        ("127.0.0.1", 6060, socket.AF_INET),
    ]


async def test_a_name_without_address_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says passes through."""

    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror, match="Temporary failure"):
        await Resolver().resolve("shop-1", 6060)


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "double..dot"])
async def test_what_is_no_host_name_is_an_os_error(name: str) -> None:
    """Python has another kind of error for it, which nobody up the way expects."""
    with pytest.raises(OSError, match="is not a host name"):
        await Resolver().resolve(name, 80)


async def test_look_ups_that_hang_leave_others_their_turn_and_do_not_hold_up_exit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They run at the same time up to a bound, in threads that a process does not wait for."""
    release = threading.Event()
    running: list[threading.Thread] = []

    def hang(host: str, *_: object) -> list[Any]:
        running.append(threading.current_thread())
        release.wait(10)
        return [info("127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    resolver = Resolver()
    tasks = [asyncio.create_task(resolver.resolve(f"slow-{number}", 80)) for number in range(MAX_LOOKUPS + 5)]
    for _ in range(200):
        await asyncio.sleep(0.005)
        if len(running) >= MAX_LOOKUPS:
            break
    assert len(running) == MAX_LOOKUPS
    assert all(thread.daemon for thread in running)
    release.set()
    assert len(await asyncio.wait_for(asyncio.gather(*tasks), 10)) == MAX_LOOKUPS + 5


async def test_an_answer_that_nobody_waits_for_any_more_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that was given up ends without a word."""
    release = threading.Event()
    asked = threading.Event()
    threads: list[threading.Thread] = []

    def hang(*_: object) -> list[Any]:
        threads.append(threading.current_thread())
        asked.set()
        release.wait(10)
        return [info("127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    task = asyncio.create_task(Resolver().resolve("slow", 80))
    assert await asyncio.to_thread(asked.wait, 5)
    task.cancel()
    await asyncio.wait([task])
    (thread,) = threads  # that of another test may still be ending
    assert thread.name == "leakdog-lookup"
    release.set()
    await asyncio.to_thread(thread.join, 5)
    await asyncio.sleep(0)
    assert task.cancelled()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "192.0.2.1", "::1", "fd00::1", "2001:db8::1"])
def test_addresses_where_targets_are_get_a_socket(address: str) -> None:
    """This machine, private and public networks."""
    with open_socket(info(address)) as made:
        assert made.family == (socket.AF_INET6 if ":" in address else socket.AF_INET)
        assert made.type == socket.SOCK_STREAM


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "::ffff:169.254.169.254",
        "::ffff:224.0.0.1",
    ],
)
def test_link_local_and_multicast_addresses_get_none(address: str) -> None:
    """Nor do they in the clothes of version 6."""
    with pytest.raises(ForbiddenAddressError, match="link-local or multicast"):
        open_socket(info(address))


async def test_a_name_with_one_forbidden_address_is_reached_by_another(
    serve: Any, get: Any, answer: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine's own name often has a link-local address beside its real ones."""
    served = await serve(answer(b"page"))
    port = int(served.url.rpartition(":")[2])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [info("fe80::1", port), info("127.0.0.1", port)])
    assert (await get(f"http://this-machine.example:{port}/")).data == b"page"
