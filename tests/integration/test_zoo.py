"""Real Go programs, leaking and healthy, all watched at once by a real daemon for two minutes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = [pytest.mark.zoo, pytest.mark.slow]

RUN_SECONDS = 120


@dataclass(frozen=True)
class Leaky:
    """What is true of a leaking program: the class of its leak, and the function and file that hold it."""

    leak_class: str
    function: str
    file: str
    arguments: tuple[str, ...] = ()


LEAKING = {
    "map": Leaky("heap", r"leaks\.cacheSession", "memory.go"),
    "subslice": Leaky("heap", r"leaks\.readPacket", "memory.go", ("-metrics",)),
    "timers": Leaky("heap", r"leaks\.scheduleExpiry", "memory.go"),
    "context": Leaky("heap", r"leaks\.watchOrder", "memory.go", ("-metrics",)),
    "chansend": Leaky("goroutine", r"leaks\.sendEvent", "goroutines.go"),
    "select": Leaky("goroutine", r"leaks\.awaitReply", "goroutines.go", ("-metrics",)),
    "body": Leaky("goroutine", r"leaks\.fetchStatus", "goroutines.go"),
    "mmap": Leaky("native", r"leaks\.mapChunk", "system.go"),
    "files": Leaky("files", r"leaks\.openLog", "system.go", ("-metrics",)),
}
HEALTHY = {
    "lru": (),
    "churn": ("-metrics",),
    "warmup": (),
    "load": ("-metrics",),
    "pool": (),
    "batch": ("-metrics",),
    "idle": (),
}
CREATORS = {"chansend": r"leaks\.publish", "select": r"leaks\.ask"}


@dataclass(frozen=True)
class Run:
    """What the daemon said: the leaks of each program at the end, all that ever fired, and the targets."""

    leaks: dict[str, list[dict[str, Any]]]
    ever_fired: dict[str, list[dict[str, Any]]]
    targets: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def run(start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any]) -> Run:
    """All programs at once, watched for two minutes."""
    arguments = {**{name: leaky.arguments for name, leaky in LEAKING.items()}, **HEALTHY}
    programs = {name: start_zoo(name, *extra) for name, extra in arguments.items()}
    jobs = "".join(
        f"  - job_name: {name}\n    static_configs: [{{targets: ['{program.address}']}}]\n"
        for name, program in programs.items()
    )
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs:\n{jobs}"
    )
    ever: dict[str, list[dict[str, Any]]] = {}
    leaks: dict[str, list[dict[str, Any]]] = {}
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        time.sleep(2)
        leaks = {}
        for leak in daemon.json("/api/v1/leaks")["leaks"]:
            leaks.setdefault(leak["target"]["job"], []).append(leak)
            if leak["state"] == "firing":
                ever.setdefault(leak["target"]["job"], []).append(leak)
    targets = {target["job"]: target for target in daemon.json("/api/v1/targets")["targets"]}
    assert daemon.stop() == 0
    return Run(leaks, ever, targets)


@pytest.mark.parametrize("program", LEAKING)
def test_a_leak_is_found_with_its_class_and_its_code(run: Run, program: str) -> None:
    """The leak fires with the right class, and the function that leaks is first among the culprits."""
    truth = LEAKING[program]
    firing = [leak for leak in run.leaks.get(program, []) if leak["state"] == "firing"]
    assert [leak["class"] for leak in firing] == [truth.leak_class], run.targets[program]["verdicts"]
    (leak,) = firing
    assert leak["culprits"], leak
    first = leak["culprits"][0]
    assert re.search(truth.function, first["function"]), leak["culprits"]
    assert first["file"].endswith(truth.file)
    assert first["line"] > 0
    assert any(re.search(truth.function, frame["function"]) for frame in first["stack"])
    assert leak["growth_per_second"] > 0
    assert leak["interval"][0] <= leak["growth_per_second"] <= leak["interval"][1]
    assert leak["reasons"]


@pytest.mark.parametrize("program", CREATORS)
def test_leaked_goroutines_tell_who_started_them(run: Run, program: str) -> None:
    """A goroutine leak names the function that started the goroutines."""
    (leak,) = [leak for leak in run.leaks.get(program, []) if leak["state"] == "firing"]
    assert re.search(CREATORS[program], leak["culprits"][0]["created_by"]["function"])


def test_what_the_collector_has_proved_is_said_so(run: Run) -> None:
    """Goroutines that can never wake are called proved; those that a global still reaches are not."""
    notes = {name: run.leaks[name][0]["culprits"][0]["note"] for name in ("chansend", "select")}
    assert "proved" in notes["chansend"]
    assert "proved" not in notes["select"]


@pytest.mark.parametrize("program", HEALTHY)
def test_a_healthy_program_is_never_flagged(run: Run, program: str) -> None:
    """No leak of a healthy program ever fires, and the program was really watched."""
    assert run.ever_fired.get(program, []) == []
    assert run.targets[program]["up"] is True
    assert {"inuse_space", "goroutines", "heap_alloc", "rss"} <= set(run.targets[program]["signals"])


def test_every_leak_has_one_cause(run: Run) -> None:
    """However many signals a leak moves, it is told once."""
    assert {name: len(leaks) for name, leaks in run.leaks.items() if len(leaks) > 1} == {}
