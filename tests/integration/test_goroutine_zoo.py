"""Goroutine leaks of many known patterns, real Go programs all, watched at once by a real daemon.

What is true of each is written in its source: a comment marks the line on which its goroutines wait for ever and the
line that starts them. What `provable.go` holds the garbage collector can prove, what `reachable.go` holds it cannot.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.zoo, pytest.mark.slow, pytest.mark.crowd]

SOURCE = Path(__file__).parents[1] / "zoo" / "goroutines"
LONGEST_RUN_SECONDS = 180
SETTLE_SECONDS = 15  # after the last leak has fired: proof comes every ten seconds
HEALTHY = "workers"
LIMITED = "limited"  # the same program, watched under a limit


def marked(file: str, word: str) -> dict[str, int]:
    """Line of each pattern's mark in a file."""
    lines = enumerate((SOURCE / file).read_text().splitlines(), 1)
    return {found[1]: number for number, line in lines if (found := re.search(rf"// {word}: (\w+)$", line))}


PLACES = {
    name: (file, line, marked(file, "starts")[name])
    for file in ("provable.go", "reachable.go")
    for name, line in marked(file, "blocks").items()
}
PROVABLE = {name for name, (file, _, _) in PLACES.items() if file == "provable.go"}


@pytest.fixture(scope="module")
def leaks(start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any]) -> dict[str, list[dict[str, Any]]]:
    """Leaks that fire at the end, by program; for the healthy one all that ever fired."""
    programs = {name: start_zoo(name) for name in [*PLACES, HEALTHY]}
    jobs = "".join(
        f"  - job_name: {name}\n    static_configs: [{{targets: ['{program.address}']}}]\n"
        for name, program in programs.items()
    )
    jobs += f"  - job_name: {LIMITED}\n    blocked_goroutines: 10000\n"
    jobs += f"    static_configs: [{{targets: ['{start_zoo(HEALTHY).address}']}}]\n"
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs:\n{jobs}"
    )
    began, complete = time.monotonic(), 0.0
    found: dict[str, list[dict[str, Any]]] = {}
    healthy: list[dict[str, Any]] = []
    while (now := time.monotonic()) - began < LONGEST_RUN_SECONDS and (not complete or now - complete < SETTLE_SECONDS):
        time.sleep(2)
        found = {}
        for leak in daemon.json("/api/v1/leaks?state=firing")["leaks"]:
            found.setdefault(leak["target"]["job"], []).append(leak)
        healthy += found.get(HEALTHY, [])
        if not complete and all(each.get("culprits") for name in PLACES for each in found.get(name, [{}])):
            complete = now
    assert daemon.stop() == 0
    return {**found, HEALTHY: healthy}


def test_there_are_patterns_of_both_kinds() -> None:
    """At least sixteen patterns, half of them provable."""
    assert len(PROVABLE) >= 8
    assert len(PLACES) - len(PROVABLE) >= 8


@pytest.mark.parametrize("name", PLACES)
def test_a_goroutine_leak_is_found_with_its_lines(leaks: dict[str, list[dict[str, Any]]], name: str) -> None:
    """One leak, its goroutines' line first among the culprits, with the line that started them."""
    file, blocked, started = PLACES[name]
    assert [leak["class"] for leak in leaks.get(name, [])] == ["goroutine"], json.dumps(leaks.get(name), indent=1)
    first = leaks[name][0]["culprits"][0]
    assert (Path(first["file"]).name, first["line"]) == (file, blocked), first
    assert (Path(first["created_by"]["file"]).name, first["created_by"]["line"]) == (file, started), first
    assert "blocked in" in first["note"]


@pytest.mark.parametrize("name", PLACES)
def test_proof_is_told_where_there_is_one(leaks: dict[str, list[dict[str, Any]]], name: str) -> None:
    """What the collector has proved is called proved, and nothing else."""
    (leak,) = leaks[name]
    assert ("proved" in leak["culprits"][0]["note"]) is (name in PROVABLE), leak["culprits"]


def test_many_blocked_goroutines_are_no_leak(leaks: dict[str, list[dict[str, Any]]]) -> None:
    """Twenty thousand workers that wait for work are quiet."""
    assert leaks[HEALTHY] == []


def test_a_limit_finds_them_at_their_line(leaks: dict[str, list[dict[str, Any]]]) -> None:
    """The same program under a limit of half as many: a leak without growth, with line, reason and starter."""
    (leak,) = leaks[LIMITED]
    first = leak["culprits"][0]
    lines = (SOURCE / "healthy.go").read_text().splitlines()
    assert "20,000 goroutines are blocked in chan receive" in first["note"]
    assert (Path(first["file"]).name, lines[first["line"] - 1].strip()) == ("healthy.go", "for job := range jobs {")
    assert lines[first["created_by"]["line"] - 1].strip() == "go attend(jobs)"
    assert first["share"] > 0.9
