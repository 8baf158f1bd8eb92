"""Shapes of the API as data: what is not known is null, never zero."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leakdog.config.schema import ScrapeConfig
from leakdog.detect.group import Group
from leakdog.detect.settings import SOAK
from leakdog.model import (
    Assessment,
    Culprit,
    Frame,
    Kind,
    Leak,
    LeakClass,
    LeakState,
    Signal,
    SiteTrend,
    Snapshot,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.sites import Sites
from leakdog.pipeline.state import Cost, Fleet, Watched
from leakdog.store.contract import Readings
from leakdog.web.views import (
    LEAKING,
    OTHERS,
    culprit_view,
    leak_view,
    rfc3339,
    series_view,
    site_view,
    sites_view,
    snapshot_view,
    target_view,
    verdict_view,
)

KEY = TargetKey("shop", "10.0.0.7:6060")
FRAME = Frame("cart.Put", "put.go", 8)


def test_a_time_is_rfc_3339_in_utc() -> None:
    """Milliseconds and a Z; none stays none."""
    assert rfc3339(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"
    assert rfc3339(0.0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(None) is None


@given(st.floats(0, 2**33))
def test_every_time_is_of_one_width(time: float) -> None:
    """Times sort as text as they do as times."""
    assert len(rfc3339(time) or "") == len("2023-11-14T22:13:20.250Z")


def test_a_target_that_was_never_read_has_no_numbers() -> None:
    """Null and empty, not zero."""
    view = target_view(Watched(Target(KEY, base_url="http://a:1"), ScrapeConfig(job_name="shop")))
    assert {name: value for name, value in view.items() if value not in (None, {}, [], "")} == {
        "job": "shop",
        "instance": "10.0.0.7:6060",
        "url": "http://a:1",
    }


def test_what_has_no_profiles_says_so() -> None:
    """The target, its sites and its leak; not a leak that no profile would tell more of, nor one of a target gone."""
    watched = Watched(Target(KEY, base_url="http://a:1"), ScrapeConfig(job_name="shop", pprof_path=""))
    leak = Leak("9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=1.0, updated=2.0)
    views = [target_view(watched), sites_view(watched), leak_view(leak, Fleet({KEY: watched}))]
    assert all("`pprof_path` of job 'shop' is empty" in view["unprofiled"] for view in views)
    kept = replace(leak, leak_class=LeakClass.NOT_RETURNED)
    assert leak_view(kept, Fleet({KEY: watched}))["unprofiled"] is None
    assert leak_view(leak, Fleet())["unprofiled"] is None


def test_a_leak_tells_that_its_target_is_down() -> None:
    """With why and since when; not where it is up or watched no more, nor of one that ended with its process."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=False, last_error="dns: gone", last_success=90.0)
    leak = Leak("9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=1.0, updated=2.0)
    down = {"last_error": "dns: gone", "last_success": "1970-01-01T00:01:30.000Z"}
    assert leak_view(leak, Fleet({KEY: watched}))["down"] == down
    ended = replace(leak, state=LeakState.RESOLVED, resolved_since=3.0, process_ended=3.0)
    assert leak_view(ended, Fleet({KEY: watched}))["down"] is None
    assert leak_view(replace(ended, pending_since=4.0), Fleet({KEY: watched}))["down"] == down
    watched.up = True
    assert leak_view(leak, Fleet({KEY: watched}))["down"] is None
    assert leak_view(leak, Fleet())["down"] is None


def test_sites_tell_when_their_profile_was_read() -> None:
    """It may be older than the target's last answer: profiles are read more seldom than numbers."""
    group = Group(SOAK, 0)
    group.observe(60.0, [], life_start=1.0, load=None)
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=False, last_success=90.0)
    watched.sites = {Signal.INUSE_SPACE: Sites(Signal.INUSE_SPACE, group=group)}
    view = sites_view(watched)
    assert view["sites"]["inuse_space"]["time"] == "1970-01-01T00:01:00.000Z"
    assert (view["up"], view["last_success"]) == (False, "1970-01-01T00:01:30.000Z")


def test_a_site_tells_its_caller_where_it_has_one() -> None:
    """In the shape of a frame; null for one that is alone at its line."""
    caller = Frame("shop.Load", "load.go", 3)
    site = SiteTrend("5b0c", Frame("shop.Put", "put.go", 7), Signal.INUSE_SPACE, 9.0, caller=caller)
    assert site_view(site)["caller"] == {"function": "shop.Load", "file": "load.go", "line": 3}
    assert site_view(replace(site, caller=None))["caller"] is None


def test_a_verdict_that_waits_says_until_when() -> None:
    """`ready_at` is a time, growth and interval are null."""
    view = verdict_view(Assessment(Signal.RSS, 5.0, Verdict.TOO_EARLY, ready_at=60.0, reasons=("too early",)))
    assert (view["verdict"], view["ready_at"], view["reasons"]) == (
        "too_early",
        "1970-01-01T00:01:00.000Z",
        ["too early"],
    )
    assert (view["growth_per_second"], view["interval"], view["time_to_limit_seconds"]) == (None, None, None)
    assert view["look_back_seconds"] is None
    assert (
        verdict_view(Assessment(Signal.RSS, 5.0, Verdict.STEADY, look_back_seconds=48.0))["look_back_seconds"] == 48.0
    )


def test_a_leak_without_growth_or_code_has_its_fields() -> None:
    """Every field is there, so that a reader need not ask which."""
    full = leak_view(
        Leak("9f1c", KEY, Signal.GOROUTINES, LeakClass.GOROUTINE, LeakState.FIRING, 1.0, 2.0, interval=(1.0, 3.0)),
        Fleet(),
    )
    bare = leak_view(Leak("9f1c", KEY, Signal.GOROUTINES, LeakClass.GOROUTINE, LeakState.PENDING, 1.0, 2.0), Fleet())
    assert (full["unit"], full["interval"], bare["interval"], bare["culprits"]) == ("count", [1.0, 3.0], None, [])
    assert full.keys() == bare.keys()


def test_a_culprit_tells_who_started_it_where_that_is_known() -> None:
    """`created_by` is a frame or null."""
    known = culprit_view(Culprit("0b0c", FRAME, 0.9, 1.0, (FRAME,), created_by=FRAME))
    assert known["created_by"] == {"function": "cart.Put", "file": "put.go", "line": 8}
    assert culprit_view(Culprit("0b0c", FRAME, 0.9, 1.0, ()))["created_by"] is None


def test_a_culprit_tells_what_the_life_before_knew_of_it() -> None:
    """Whether it grew then too, and the build in which it is new, or null."""
    bare = culprit_view(Culprit("0b0c", FRAME, 0.9, 1.0, ()))
    assert (bare["seen_before_restart"], bare["new_in_build"]) == (False, None)
    known = culprit_view(Culprit("0b0c", FRAME, 0.9, 1.0, (), seen_before=True, new_in_build="b2"))
    assert (known["seen_before_restart"], known["new_in_build"]) == (True, "b2")


def test_a_target_tells_its_builds_and_what_it_was_asked() -> None:
    """The present build, the last lives with theirs, and the cost by what was asked for."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"))
    bare = target_view(watched)
    assert (bare["build"], bare["lives"], bare["cost"]) == (None, [], {})
    watched.remember_life(0.0, "")
    watched.remember_life(60.0, "b2")
    watched.cost["heap"] = Cost(requests=3, bytes=4000, collections=2, seconds=0.5)
    view = target_view(watched)
    assert view["build"] == "b2"
    assert [life["build"] for life in view["lives"]] == [None, "b2"]
    assert view["cost"] == {"heap": {"requests": 3, "bytes": 4000, "forced_collections": 2, "seconds": 0.5}}


def test_snapshots_and_empty_series() -> None:
    """A snapshot has the seven published fields; a signal without points has an empty list of them."""
    assert snapshot_view(Snapshot(3, KEY, Kind.HEAP, 60.0, 17, 0.0)) == {
        "id": 3,
        "job": "shop",
        "instance": "10.0.0.7:6060",
        "kind": "heap",
        "time": "1970-01-01T00:01:00.000Z",
        "size_bytes": 17,
        "life_start": "1970-01-01T00:00:00.000Z",
    }
    series = series_view(KEY, Signal.RSS, Readings())
    assert (list(series["points"]), list(series["folded"])) == ([], [])


def test_what_stands_for_several_is_told() -> None:
    """Lowest, mean, highest, last, and of how many; a point that stands for itself is in the points alone."""
    columns = [
        np.array(each) for each in ([0.0, 60.0], [7.0, 9.0], [0, 0], [1.0, 9.0], [5.0, 9.0], [8.0, 9.0], [4.0, 1.0])
    ]
    series = series_view(KEY, Signal.RSS, Readings(*columns))
    assert list(series["points"]) == [["1970-01-01T00:00:00.000Z", 7.0], ["1970-01-01T00:01:00.000Z", 9.0]]
    assert list(series["folded"]) == [["1970-01-01T00:00:00.000Z", 1.0, 5.0, 8.0, 7.0, 4]]


def test_of_many_instances_that_leak_alike_some_are_named() -> None:
    """Named with each leak all by all, five thousand would be twenty-five million names."""
    leak = Leak("9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=1.0, updated=2.0)
    targets = {}
    for number in range(2 * LEAKING + 2 * OTHERS):
        key = TargetKey("shop", f"{number:03}")
        leaks = {LeakClass.NATIVE: replace(leak, key=key)} if number < 2 * LEAKING else {}
        targets[key] = Watched(Target(key), ScrapeConfig(job_name="shop"), up=True, leaks=leaks)
    told = leak_view(leak, Fleet(targets))["replicas"]
    assert (told["up"], told["alike"], told["unlike"]) == (2 * LEAKING + 2 * OTHERS, 2 * LEAKING, 2 * OTHERS)
    assert told["leaking"] == [f"{number:03}" for number in range(LEAKING)]
    assert len(told["others"]) == OTHERS
