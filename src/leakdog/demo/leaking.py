"""A service that leaks: every request leaves its session behind."""

from __future__ import annotations

import time

from leakdog.expose import expose

SECONDS_BETWEEN_REQUESTS = 0.05
LIFETIME_SECONDS = 600  # ends by itself if nobody ends it
sessions: dict[int, bytearray] = {}


def handle_request(number: int) -> int:
    """Answer one request."""
    session = remember_session(number)
    return len(session)


def remember_session(number: int) -> bytearray:
    """Keep a session for the next request of the same user. Nothing ever takes it out again: this is the leak."""
    sessions[number] = bytearray(20_000)
    return sessions[number]


def main() -> None:
    """Serve the heap on a free port, print its address, and answer made-up requests."""
    print(expose().url, flush=True)
    end = time.monotonic() + LIFETIME_SECONDS
    number = 0
    while time.monotonic() < end:
        number += 1
        handle_request(number)
        time.sleep(SECONDS_BETWEEN_REQUESTS)


if __name__ == "__main__":
    main()
