"""Why no line of code can be named for a target."""

import pytest

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Kind, LeakClass, Target, TargetKey
from leakdog.pipeline.state import Watched
from leakdog.pipeline.unprofiled import unprofiled

URL = "http://10.0.0.7:6060"


def watched(
    *absent: str, url: str | None = URL, path: str = "/debug/pprof", profiles: tuple[Kind, ...] = ()
) -> Watched:
    """A target of a job with these profiles, all usual ones if none is named."""
    job = ScrapeConfig(job_name="shop", pprof_path=path)
    job = ScrapeConfig(job_name="shop", pprof_path=path, profiles=profiles or job.profiles)
    return Watched(Target(TargetKey("shop", "10.0.0.7:6060"), base_url=url), job, absent=set(absent))


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (watched(url=None), "watched as a local process: if it serves pprof, watch it at that HOST:PORT"),
        (watched(path=""), "`pprof_path` of job 'shop' is empty"),
        (watched(profiles=(Kind.ALLOCS,)), "no heap profile is scraped of this target: add it to `profiles`"),
        (watched("heap"), "has none at http://10.0.0.7:6060/debug/pprof/heap (404)"),
        (watched("goroutine"), ""),
        (watched(), ""),
    ],
)
def test_a_target_without_the_profile_is_told_with_what_to_configure(target: Watched, why: str) -> None:
    """A local process, a job that asks for none, and a target that has none; nothing of one that has it."""
    said = unprofiled(target, LeakClass.HEAP)
    assert why in said
    assert bool(said) == bool(why)


@pytest.mark.parametrize("leak_class", [LeakClass.GOROUTINE, LeakClass.THREADS, None])
def test_goroutines_are_named_by_either_profile(leak_class: LeakClass | None) -> None:
    """Something is missing only where both are, and then both are named."""
    assert unprofiled(watched("heap"), leak_class) == ""
    assert unprofiled(watched("goroutine"), leak_class) == ""
    assert "(404)" in unprofiled(watched("heap", "goroutine"), leak_class)
    assert "no heap or goroutine profile" in unprofiled(watched(profiles=(Kind.ALLOCS,)), leak_class)


def test_what_was_never_asked_for_is_not_told_as_missing() -> None:
    """Of a job without heap profiles a target lacks the page that it was asked for."""
    said = unprofiled(watched("goroutine", profiles=(Kind.GOROUTINE,)))
    assert "has none at http://10.0.0.7:6060/debug/pprof/goroutine (404)" in said


def test_what_is_not_returned_has_no_code() -> None:
    """So no profile is missing for it."""
    assert unprofiled(watched(url=None), LeakClass.NOT_RETURNED) == ""
