"""What asking a target for a page costs it, counted with the target by what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from leakdog.config.schema import ScrapeConfig
from leakdog.errors import FetchError, Reason
from leakdog.model import Kind
from leakdog.pipeline.state import Cost, Watched

# What pages are called that are asked for in their text form.
TEXTS = {Kind.HEAP.value: "memstats", Kind.GOROUTINE.value: "goroutine_dump"}
Params = Mapping[str, Sequence[str]]
# How an answer of status 200 fails: it had begun, and so the collection before it was done.
BEGUN = frozenset({Reason.BODY_TOO_LARGE, Reason.DECODE})


@contextmanager
def charged(watched: Watched, path: str, params: Params, clock: Callable[[], float]) -> Iterator[Cost]:
    """Count one request, also where its answer does not come. The block adds the answer's bytes to what it is given.

    A collection is counted with an answer alone: an error page needs none, and of a request that was given up nobody
    knows.
    """
    cost = watched.cost[asked_for(watched.job, path, params)]
    cost.requests += 1
    forced = forces_collection(path, params)
    began = clock()
    try:
        yield cost
        cost.collections += forced
    except FetchError as error:
        cost.collections += forced and error.reason in BEGUN
        raise
    finally:
        cost.seconds += clock() - began


def asked_for(job: ScrapeConfig, path: str, params: Params) -> str:
    """What a request asks a target for: `metrics`, a profile's kind, or the name of a text form."""
    if path == job.metrics_path:
        return "metrics"
    page = path.rpartition("/")[2]
    return TEXTS.get(page, page) if "debug" in params else page


def forces_collection(path: str, params: Params) -> bool:
    """Whether Go collects garbage before it answers: for each goroutineleak profile, and for a heap with `gc`."""
    page = path.rpartition("/")[2]
    return page == Kind.GOROUTINELEAK or (page == Kind.HEAP and any(value.strip("0") for value in params.get("gc", ())))
