"""Leaks that are hard to tell, real Go programs, watched at once by a real daemon.

A comment in their source marks the line that leaks.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.zoo, pytest.mark.slow]

MIXED = Path(__file__).parents[1] / "zoo" / "mixed"
NATIVE = Path(__file__).parents[1] / "zoo" / "native"
LONGEST_RUN_SECONDS = 180
CLASSES = {
    "besidechurn": {"heap"},
    "two": {"heap", "goroutine"},
    "wrappers": {"heap"},
    "generic": {"heap"},
    "places": {"heap"},
    "appends": {"heap"},
    "malloc": {"native"},
    "kept": {"not_returned"},
    "both": {"heap", "native"},
    "another": {"heap", "goroutine"},
    "bodies": {"goroutine"},
    "halves": {"heap", "goroutine"},
}
# Every heap or goroutineleak profile of a soak run has the collector run, after which Go gives memory back: what is
# returned late under a collector that seldom runs would be returned at once. The metrics page tells the ledger all.
SETTINGS = {"kept": "    profiles: [goroutine]\n"}
RESOLVED_SECONDS = 120
LINES = {
    found[1]: number
    for source in (MIXED / "mixed.go", MIXED / "both.go", MIXED / "outages.go", NATIVE / "main.go")
    for number, line in enumerate(source.read_text().splitlines(), 1)
    if (found := re.search(r"// leaks: (\w+)$", line))
}
Leaks = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Run:
    """What the daemon said while the programs leaked, and what came of memory that was returned late.

    Attributes:
        leaks: those that fired, by program and class.
        returned: all of the program `kept` once its memory has been returned.

    """

    leaks: Leaks
    returned: list[dict[str, Any]]


@pytest.fixture(scope="module")
def run(
    start_zoo: Callable[..., Any],
    start_leakdog: Callable[..., Any],
    build_zoo: Callable[..., Path],
    wait: Callable[..., None],
) -> Run:
    """All programs until each leak fires; then one of them returns its memory."""
    native = {"malloc": {"binary": build_zoo(package="./native", cgo=True)}}
    programs = {name: start_zoo(name, "-metrics", **native.get(name, {})) for name in CLASSES}
    jobs = "".join(
        f"  - job_name: {name}\n{SETTINGS.get(name, '')}    static_configs: [{{targets: ['{program.address}']}}]\n"
        for name, program in programs.items()
    )
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs:\n{jobs}"
    )
    began = time.monotonic()
    found: Leaks = {}
    while time.monotonic() - began < LONGEST_RUN_SECONDS:
        time.sleep(2)
        found = {name: {} for name in CLASSES}
        for leak in daemon.json("/api/v1/leaks?state=firing")["leaks"]:
            found[leak["target"]["job"]][leak["class"]] = leak
        if time.monotonic() - began > 100 and _are_told(found):
            break
    assert programs["kept"].status("/short") == 200
    returned = partial(_of, daemon, "kept")
    wait(lambda: {leak["state"] for leak in returned()} <= {"resolved"}, RESOLVED_SECONDS, "memory to be returned")
    made = Run(found, returned())
    assert daemon.stop() == 0
    return made


def _are_told(found: Leaks) -> bool:
    """Whether each leak fires. Who holds a heap is known after some outages, as few of its objects are in a profile."""
    if not all(CLASSES[name] <= set(leaks) for name, leaks in found.items()):
        return False
    return not any("of heap" in culprit["note"] for culprit in found["another"]["goroutine"]["culprits"])


def _of(daemon: Any, program: str) -> list[dict[str, Any]]:
    """Leaks of one program, those that have ended too."""
    return [leak for leak in daemon.json("/api/v1/leaks")["leaks"] if leak["target"]["job"] == program]


@pytest.fixture
def leaks(run: Run) -> Leaks:
    """Leaks that fired, by program and class."""
    return run.leaks


@pytest.mark.parametrize("name", CLASSES)
def test_every_leak_has_its_class_and_there_is_no_other(leaks: Leaks, name: str) -> None:
    """Two leaks at once are two, and one is one, however many signals it moves."""
    assert CLASSES[name] == set(leaks[name]), json.dumps(leaks[name], indent=1)


@pytest.mark.parametrize("name", ["besidechurn", "two", "generic", "appends"])
def test_the_line_that_leaks_comes_first(leaks: Leaks, name: str) -> None:
    """Beside churn, beside another leak, in a generic method, and through `append` in a generic function."""
    first = leaks[name]["heap"]["culprits"][0]
    assert (Path(first["file"]).name, first["line"]) == ("mixed.go", LINES[name]), leaks[name]["heap"]["culprits"]


def test_heap_and_native_memory_have_culprits_of_their_own(leaks: Leaks) -> None:
    """What leaks on the heap is not blamed for what is mapped beside it, though the process grows with both."""
    for leak_class, line in (("heap", LINES["both"]), ("native", LINES["mapped"])):
        first = leaks["both"][leak_class]["culprits"][0]
        assert (Path(first["file"]).name, first["line"]) == ("both.go", line), leaks["both"][leak_class]["culprits"]


def test_heap_that_leaks_where_goroutines_are_started_is_told_apart_from_them(leaks: Leaks) -> None:
    """One function leaks both, the goroutines in bursts: each leak has its line, and they hold no heap."""
    for leak_class, line in (("heap", LINES["another"]), ("goroutine", LINES["hangs"])):
        first = leaks["another"][leak_class]["culprits"][0]
        assert (Path(first["file"]).name, first["line"]) == ("outages.go", line), leaks["another"][leak_class][
            "culprits"
        ]
        assert "of heap" not in first["note"]


def test_of_two_leaks_in_the_heap_that_of_the_goroutines_comes_last(leaks: Leaks) -> None:
    """Half of the growth is theirs and told with them; of the heap's leak the first line is that of the other half."""
    first, *others = leaks["halves"]["heap"]["culprits"]
    assert (Path(first["file"]).name, first["line"]) == ("outages.go", LINES["halves"]), first
    assert [each["note"].rpartition("; ")[2] for each in others] == ["held by the goroutines that leak beside it"]
    assert "KiB of heap, allocated in zoo/mixed.confirm" in leaks["halves"]["goroutine"]["culprits"][0]["note"]


def test_of_two_callers_the_one_that_keeps_is_on_the_stack(leaks: Leaks) -> None:
    """The library's function is shared; the path that leads to it is that of the leak."""
    (first, *_) = leaks["wrappers"]["heap"]["culprits"]
    assert first["share"] > 0.8
    assert [frame["line"] for frame in first["stack"] if frame["function"].endswith(".keepPage")] == [LINES["wrappers"]]


def test_growth_in_many_places_tells_what_it_flows_through(leaks: Leaks) -> None:
    """No place has most of it, and the function behind all of them is told."""
    (first, *others) = leaks["places"]["heap"]["culprits"]
    assert others
    assert first["share"] < 0.5
    assert re.search(r"\d+% of the growth flows through zoo/mixed\.decode", first["note"])


def test_memory_of_a_c_library_is_put_down_to_who_keeps_its_pointers(leaks: Leaks) -> None:
    """What grows in step with the process is the record of each page, and the note says that this is a hint."""
    first = leaks["malloc"]["native"]["culprits"][0]
    assert (Path(first["file"]).name, first["line"]) == ("main.go", LINES["malloc"])
    assert "a hint, no proof" in first["note"]


def test_memory_that_nothing_holds_has_no_culprit(leaks: Leaks) -> None:
    """Where the runtime keeps what was freed, no line is named for it, and the ledger says where it is."""
    leak = leaks["kept"]["not_returned"]
    assert leak["culprits"] == []
    told = re.search(r"the ledger of that growth: heap idle and not returned (\d+)%", "\n".join(leak["reasons"]))
    assert told
    assert int(told[1]) > 80


def test_memory_that_is_returned_late_ends_its_leak(run: Run) -> None:
    """Once Go has given the memory back the leak is resolved, though its process goes on."""
    (leak,) = run.returned
    assert (leak["class"], leak["state"]) == ("not_returned", "resolved")
    assert "process_ended" not in leak or leak["process_ended"] is None
