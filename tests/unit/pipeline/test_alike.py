"""Which instances of a job leak in the same way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Culprit, Frame, Leak, LeakClass, LeakState, Signal, Target, TargetKey, Verdict
from leakdog.pipeline import alike
from leakdog.pipeline.alike import Alike, leaks_like
from leakdog.pipeline.state import Fleet, Watched

JOB = ScrapeConfig(job_name="shop")
PUT, GET = (Culprit("5b0c", Frame(name, "a.go", 1), 0.9, 1.0, ()) for name in ("shop.Put", "shop.Get"))
KEY = TargetKey("shop", "a")
LEAK = Leak("id", KEY, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.FIRING, since=1.0, updated=2.0, culprits=(PUT,))

AGAIN = replace(LEAK, state=LeakState.RESOLVED, resolved_since=3.0, pending_since=4.0)


def instance(
    name: str, leak: Leak | None = None, *, up: bool = True, said: Verdict | None = Verdict.STEADY, job: str = "shop"
) -> Watched:
    """One of a job, with its leak and what is said of its heap."""
    key = TargetKey(job, name)
    leaks = {leak.leak_class: replace(leak, key=key)} if leak else {}
    return Watched(Target(key), JOB, up=up, leaks=leaks, verdicts={Signal.INUSE_SPACE: said} if said else {})


def fleet(*watched: Watched) -> Fleet:
    """These instances."""
    return Fleet({each.key: each for each in watched})


def test_alike_is_one_class_and_one_code() -> None:
    """In another function is another leak; one whose code is not known may be the same; what is over is none."""
    assert leaks_like(instance("b", LEAK), LEAK)
    assert leaks_like(instance("b", replace(LEAK, state=LeakState.PENDING, culprits=())), LEAK)
    assert not leaks_like(instance("b", replace(LEAK, culprits=(GET,))), LEAK)
    assert not leaks_like(instance("b", replace(LEAK, leak_class=LeakClass.FILES)), LEAK)
    assert not leaks_like(instance("b", replace(LEAK, state=LeakState.RESOLVED)), LEAK)
    assert not leaks_like(instance("b"), LEAK)
    assert leaks_like(instance("b", AGAIN), LEAK)


def test_instances_are_told_apart() -> None:
    """Those that leak alike, also where they are down, and of the others those of which more is to be said."""
    found = Alike(
        fleet(
            instance("a", LEAK),
            instance("b", LEAK, up=False),
            instance("c", replace(LEAK, culprits=(GET,)), said=Verdict.LEAK),
            instance("d", replace(LEAK, leak_class=LeakClass.FILES, signal=Signal.OPEN_FILES), said=None),
            instance("e", said=Verdict.TOO_EARLY),
            instance("f", said=None),
            instance("g"),
            instance("h", up=False),
            instance("i", LEAK, job="cart"),
            instance("j", replace(AGAIN, leak_class=LeakClass.NATIVE)),
            instance("k", AGAIN),
        )
    ).of(LEAK)
    assert found == (8, ["a", "b", "k"], ["c", "d", "e", "f", "g", "j"], 3, 2)


def test_equal_leaks_of_a_job_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leaking build on a thousand instances costs a thousand looks, and not a million."""
    looks = []
    monkeypatch.setattr(alike, "leaks_like", lambda watched, leak: looks.append(watched) or leaks_like(watched, leak))
    every = fleet(*(instance(str(number), LEAK) for number in range(100)))
    found = Alike(every)
    assert {len(found.of(each.leaks[LeakClass.HEAP]).leaking) for each in every} == {100}
    assert len(looks) == 100
    other = replace(LEAK, culprits=(GET,))
    assert (len(found.of(other).leaking), len(looks)) == (0, 200)
