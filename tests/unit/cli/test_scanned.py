"""What a scan has found, in words; `test_scan` has the verdicts with their exit codes."""

from __future__ import annotations

from typing import Any

import pytest

from leakdog.attribute.case import Finding
from leakdog.cli.scanned import as_text, first_verdict, minutes_for, suspected, unjudged
from leakdog.config.schema import ScrapeConfig
from leakdog.detect import words
from leakdog.model import Assessment, LeakClass, Signal, Target, TargetKey, Verdict
from leakdog.pipeline.state import Fleet, Watched

KEY = TargetKey("scan", "a-host-with-a-long-name.in-a-zone.example.org:6060")


def scanned(*said: Assessment, harmless: tuple[Finding, ...] = ()) -> Watched:
    """A target of which this was said."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="scan"), up=True, harmless=harmless)
    watched.assessments = {each.signal: each for each in said}
    watched.verdicts = {each.signal: each.verdict for each in said}
    return watched


def test_it_fits_into_eighty_columns() -> None:
    """Too early, steady, growing and harmless; what goes on stands under its beginning."""
    early = Assessment(Signal.HEAP_RELEASED, 9.0, Verdict.TOO_EARLY, ready_at=70.0, reasons=words.too_early(61.0))
    long = ("changed by 4.0 MiB in 28 min; a healthy process shows as much about once in 3 years, too often to tell",)
    steady = Assessment(Signal.GOROUTINES_LEAKED, 9.0, Verdict.STEADY, look_back_seconds=48.0, reasons=long)
    grows = Assessment(Signal.RSS, 9.0, Verdict.SETTLING, reasons=long)
    cache = Finding(LeakClass.CACHE, Signal.RSS, grows, long)
    for watched in (scanned(early), scanned(early, steady), scanned(grows, harmless=(cache,))):
        lines = as_text(Fleet(), watched, 120.0, 1.0).splitlines()
        assert max(map(len, lines)) <= 80, lines
    assert as_text(Fleet(), scanned(early), 120.0, 1.0).splitlines()[-2:] == [
        "  heap_released      too early  too little of this life has been seen; a",
        "                                verdict can be expected in 61 s",
    ]


def test_signals_that_wait_for_one_reason_are_told_together() -> None:
    """A dozen signals of a young process are two lines, with their names; others keep their own."""
    early = [
        Assessment(each, 9.0, Verdict.TOO_EARLY, reasons=words.too_early(42.0)) for each in (Signal.RSS, Signal.SYS)
    ]
    later = Assessment(Signal.GOROUTINES, 9.0, Verdict.TOO_EARLY, reasons=words.too_early(80.0))
    steady = Assessment(Signal.THREADS, 9.0, Verdict.STEADY, reasons=("changed by less than 1",))
    told = as_text(Fleet(), scanned(*early, later, steady), 120.0, 1.0)
    assert [line[:32].split() for line in told.splitlines() if line[:2] == "  " != line[1:3]] == [
        ["goroutines", "too", "early"],
        ["2", "signals", "too", "early"],
        ["threads", "steady"],
    ]
    assert "can be expected in 42 s: rss, sys" in " ".join(told.split())


def test_a_target_is_unjudged_where_nothing_is_said_of_any_signal() -> None:
    """One that is steady in one signal is judged."""
    early = Assessment(Signal.RSS, 9.0, Verdict.TOO_EARLY)
    assert unjudged(scanned(early))
    assert not unjudged(scanned(early, Assessment(Signal.THREADS, 9.0, Verdict.STEADY)))


@pytest.mark.parametrize(
    ("changed", "unsure"),
    [
        ({}, True),
        ({"interval": 2.0}, True),
        ({"interval": 10.0, "look_back_seconds": 240.0}, True),
        ({"look_back_seconds": 96.0}, False),
        ({"z": 5.0}, False),
        ({"counts": False}, False),
        ({"verdict": Verdict.SETTLING}, False),
    ],
)
def test_what_surely_grows_in_a_short_scan_is_suspected(changed: dict[str, Any], unsure: bool) -> None:
    """Where the shortest look-back is all there is, it may call a plain leak steady; a longer one knows better."""
    facts = {"verdict": Verdict.STEADY, "z": 6.0, "look_back_seconds": 48.0, "counts": True} | changed
    interval = facts.pop("interval", 1.0)
    watched = scanned(Assessment(Signal.RSS, 9.0, **facts))
    assert suspected(watched, interval) is unsure
    text = " ".join(as_text(Fleet(), watched, 50.0, interval).split())
    assert ("grows as a leak does, but not for long enough" in text, "growing" in text) == (unsure, unsure)


def test_a_target_that_answers_slowly_is_to_be_asked_less_often() -> None:
    """Longer at the same interval would judge nothing either; a scan that was too short is told to be longer."""
    early = Assessment(Signal.RSS, 9.0, Verdict.TOO_EARLY, ready_at=70.0)
    slow = scanned(early)
    slow.last_duration_seconds = 7.2
    assert "it takes 7 s to answer: run with --interval 8s --for 5m" in " ".join(
        as_text(Fleet(), slow, 120.0, 1.0).split()
    )
    assert "run with --for 2m" in " ".join(as_text(Fleet(), slow, 10.0, 1.0).split())
    assert "run with --for 4m" in " ".join(as_text(Fleet(), slow, 120.0, 8.0).split())


@pytest.mark.parametrize(("interval", "minutes"), [(1.0, 2), (10.0, 6), (60.0, 31)])
def test_how_long_a_scan_takes_follows_its_interval(interval: float, minutes: int) -> None:
    """A first verdict and the time that a leak must hold, with a tenth to spare."""
    assert minutes_for(interval) == minutes
    assert first_verdict(interval) == 22 * max(2.0, interval)
