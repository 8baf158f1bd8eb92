"""What the life before tells of a culprit: it grew then too, or it is new in this build."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leakdog.attribute.before import Before, before, with_past
from leakdog.attribute.growth import culprits
from leakdog.model import Culprit, Frame
from leakdog.pprof import Profile

MIB = 1 << 20
HANDLER = Frame("shop.Handle", "/src/shop/handle.go", 10)
CACHE = Frame("shop.Cache", "/src/shop/cache.go", 20)
AUDIT = Frame("shop.Audit", "/src/shop/audit.go", 30)
TIMES = tuple(100.0 * number for number in range(8))
OLD, NEW = "1" * 40, "2" * 40


@pytest.fixture
def life(profile: Callable[..., Profile]) -> Callable[..., list[Profile]]:
    """`life(Cache=2)`: eight profiles, in each of which the sites have so many MiB more; others are flat at 5 MiB."""

    def make(*flat: tuple[Frame, ...], **grows: int) -> list[Profile]:
        sites = {"Cache": (CACHE, HANDLER), "Audit": (AUDIT, HANDLER)}
        return [
            profile({**dict.fromkeys(flat, 5 * MIB), **{sites[name]: (1 + n * by) * MIB for name, by in grows.items()}})
            for n in range(len(TIMES))
        ]

    return make


def found(profiles: list[Profile]) -> tuple[Culprit, ...]:
    """Culprits of the present life."""
    return culprits(profiles, TIMES, sample_type="inuse_space")


def told(now: list[Profile], then: list[Profile], build: str = NEW) -> Culprit:
    """The first culprit, beside the life before, which ran the old build."""
    named = found(now)
    return with_past(named, before(named, then, TIMES, "inuse_space", OLD), build)[0]


def test_a_leak_that_was_there_before_the_restart_is_known(life: Callable[..., list[Profile]]) -> None:
    """Whatever the build, what grew then and grows now is the same leak."""
    for build in (OLD, NEW, ""):
        culprit = told(life(Cache=2), life(Cache=1), build)
        assert culprit.seen_before
        assert "it grew before the last restart too" in culprit.note
        assert culprit.new_in_build == ""


def test_what_the_build_before_did_not_have_is_new(life: Callable[..., list[Profile]]) -> None:
    """A site that grows, and of which the last profile of the other build has nothing."""
    culprit = told(life(Cache=2), life((AUDIT, HANDLER)))
    assert (culprit.seen_before, culprit.new_in_build) == (False, NEW)
    assert f"new in build {NEW[:12]}" in culprit.note


def test_a_new_path_to_a_known_function_is_said_to_be_one(life: Callable[..., list[Profile]]) -> None:
    """The function was there, and somebody else called it."""
    culprit = told(life(Cache=2), life((CACHE, AUDIT)))
    assert culprit.new_in_build == NEW
    assert f"called on a path that is new in build {NEW[:12]}" in culprit.note


def test_the_same_build_has_nothing_new(life: Callable[..., list[Profile]]) -> None:
    """Code that was not run before the restart is not new; nor is it told where a build is not known."""
    for build in (OLD, ""):
        assert told(life(Cache=2), life((AUDIT, HANDLER)), build).new_in_build == ""


def test_what_was_flat_before_is_neither_new_nor_a_leak_then(life: Callable[..., list[Profile]]) -> None:
    """The site held as much all along."""
    culprit = told(life(Cache=2), life((CACHE, HANDLER)))
    assert (culprit.seen_before, culprit.new_in_build) == (False, "")


def test_a_life_that_was_too_short_to_show_a_site_proves_nothing(life: Callable[..., list[Profile]]) -> None:
    """A site that would have been sampled a few times only may have been missed."""
    named = found(life(Cache=2))
    growth = named[0].growth_per_second
    for samples, new in ((6.9, ""), (7.1, NEW)):
        past = Before(frozenset(), OLD, samples / growth, 1.0, frozenset(), frozenset(), frozenset())
        assert with_past(named, past, NEW)[0].new_in_build == new


def test_one_profile_is_no_life(life: Callable[..., list[Profile]]) -> None:
    """Nothing can have grown in it."""
    named = found(life(Cache=2))
    past = before(named, life(Cache=1)[:1], TIMES[:1], "inuse_space", OLD)
    assert past is None
    assert with_past(named, past, NEW) == named
