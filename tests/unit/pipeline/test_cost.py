"""What asking a target costs it is counted, by what was asked for."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from leakdog.errors import FetchError, Reason
from leakdog.pipeline.cost import asked_for, charged, forces_collection
from leakdog.pipeline.state import Cost, Watched


def test_a_request_is_counted_also_where_it_fails(watched: Watched) -> None:
    """With its time; bytes are those of answers."""
    ticks = itertools.count().__next__
    with charged(watched, "/debug/pprof/heap", {"gc": ["1"]}, ticks) as cost:
        cost.bytes += 700
    with pytest.raises(OSError, match="no answer"), charged(watched, "/debug/pprof/heap", {}, ticks):
        raise OSError("no answer")
    assert dict(watched.cost) == {"heap": Cost(requests=2, bytes=700, collections=1, seconds=2.0)}


@pytest.mark.parametrize(
    ("reason", "collections"),
    [
        (Reason.HTTP_STATUS, 0),
        (Reason.CONNECT, 0),
        (Reason.TIMEOUT, 0),
        (Reason.BODY_TOO_LARGE, 1),
        (Reason.DECODE, 1),
    ],
)
def test_a_collection_is_counted_where_an_answer_began(watched: Watched, reason: Reason, collections: int) -> None:
    """An error page is made without one, and whether a target that was given up did one is not known."""
    with pytest.raises(FetchError), charged(watched, "/debug/pprof/goroutineleak", {}, float):
        raise FetchError(reason, "why")
    assert watched.cost["goroutineleak"] == Cost(requests=1, collections=collections)


@pytest.mark.parametrize(
    ("path", "params", "name"),
    [
        ("/debug/pprof/heap", {}, "heap"),
        ("/debug/pprof/heap", {"gc": ["1"]}, "heap"),
        ("/debug/pprof/heap", {"debug": ["1"]}, "memstats"),
        ("/debug/pprof/goroutine", {"debug": ["2"]}, "goroutine_dump"),
        ("/debug/pprof/cmdline", {}, "cmdline"),
        ("/metrics", {}, "metrics"),
    ],
)
def test_a_request_has_a_name(watched: Watched, path: str, params: dict[str, list[str]], name: str) -> None:
    """From a short list: it becomes a label."""
    assert asked_for(watched.job, path, params) == name


def test_a_metrics_page_is_one_wherever_it_is(watched: Watched) -> None:
    """The job says where."""
    assert asked_for(replace(watched.job, metrics_path="/internal/heap"), "/internal/heap", {}) == "metrics"


@pytest.mark.parametrize(("gc", "forced"), [("1", True), ("0", False), ("", False), ("00", False)])
def test_gc_is_a_number_above_zero(gc: str, forced: bool) -> None:
    """As Go reads it, and of the heap alone; a goroutineleak profile always collects."""
    assert forces_collection("/debug/pprof/heap", {"gc": [gc]}) is forced
    assert not forces_collection("/debug/pprof/goroutine", {"gc": [gc]})
    assert forces_collection("/debug/pprof/goroutineleak", {"gc": [gc]})
