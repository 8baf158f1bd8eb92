"""A service that does not leak, though its memory moves: a cache that fills to its bound, and much short-lived work."""

from __future__ import annotations

import time
from collections import OrderedDict

from leakdog.expose import expose

SECONDS_BETWEEN_REQUESTS = 0.05
LIFETIME_SECONDS = 600  # ends by itself if nobody ends it
CACHED_PAGES = 400
cache: OrderedDict[int, bytearray] = OrderedDict()


def handle_request(number: int) -> int:
    """Answer one request: some work that is thrown away, and a page that is cached."""
    work = [bytearray(1_000) for _ in range(100 + number % 100)]
    return len(work) + len(cached_page(number))


def cached_page(number: int) -> bytearray:
    """A page from the cache, which drops the oldest once it is full."""
    cache[number] = bytearray(20_000)
    while len(cache) > CACHED_PAGES:
        cache.popitem(last=False)
    return cache[number]


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
