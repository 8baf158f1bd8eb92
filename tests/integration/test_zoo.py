"""Real Go programs, leaking at three speeds and healthy, all watched at once by a real daemon for two minutes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.zoo, pytest.mark.slow, pytest.mark.crowd]

LEAKS = Path(__file__).parents[1] / "zoo" / "leaks"
RUN_SECONDS = 120
LONGEST_RUN_SECONDS = 480  # slow leaks, on a machine that is busy with other things
SPEEDS = (1, 0.3, 0.1)  # of leaking; the programs say what each leaks in a second at 1
METRICS = ("-metrics",)


@dataclass(frozen=True)
class Leaky:
    """What is true of a leaking program: class of its leak, function and source line that hold it."""

    leak_class: str
    function: str
    file: str
    code: str  # what stands on the line that is to be named
    arguments: tuple[str, ...] = ()
    or_code: str = ""  # or on another line, where two lines grow in step with what leaks


LEAKING = {
    "map": Leaky("heap", r"leaks\.cacheSession", "memory.go", "sessions[id] ="),
    "subslice": Leaky("heap", r"leaks\.readPacket", "memory.go", "bytes.Clone(", METRICS),
    "timers": Leaky("heap", r"leaks\.scheduleExpiry", "memory.go", "order := make("),
    "context": Leaky("heap", r"leaks\.watchOrder", "memory.go", "context.WithValue(", METRICS),
    "breathing": Leaky("heap", r"leaks\.keepAudit", "memory.go", "append(audit"),
    "uploads": Leaky("heap", r"leaks\.keepUpload", "memory.go", "append(uploads"),
    "chansend": Leaky("goroutine", r"leaks\.sendEvent", "goroutines.go", "events <- 1"),
    "select": Leaky("goroutine", r"leaks\.awaitReply", "goroutines.go", "select {", METRICS),
    "body": Leaky("goroutine", r"leaks\.fetchStatus", "goroutines.go", "http.Get("),
    "threads": Leaky("threads", r"leaks\.holdThread", "system.go", "<-ended"),
    "mmap": Leaky("native", r"leaks\.mapChunk", "system.go", "append(chunks", or_code="syscall.Mmap("),
    "files": Leaky("files", r"leaks\.openLog", "system.go", "os.Open(", METRICS),
}
HEALTHY = {
    "lru": (),
    "churn": METRICS,
    "warmup": (),
    "load": METRICS,
    "pool": (),
    "buffers": METRICS,
    "batch": METRICS,
    "idle": (),
}
RUNS = {f"{name}-{speed:g}": (name, speed) for name in LEAKING for speed in SPEEDS}
CREATORS = {"chansend": r"leaks\.publish", "select": r"leaks\.ask"}


@dataclass(frozen=True)
class Run:
    """What the daemon said: leaks of each job at the end, those that ever fired, and the targets."""

    leaks: dict[str, list[dict[str, Any]]]
    ever_fired: dict[str, list[dict[str, Any]]]
    targets: dict[str, dict[str, Any]]

    def firing(self, job: str) -> dict[str, Any]:
        """The one leak of a program that fires at the end."""
        firing = [leak for leak in self.leaks.get(job, []) if leak["state"] == "firing"]
        assert len(firing) == 1, json.dumps([self.leaks.get(job), self.targets[job]["verdicts"]], indent=1)
        return firing[0]


def by_job(leaks: list[dict[str, Any]], state: str = "") -> dict[str, list[dict[str, Any]]]:
    """Leaks by the job that they are of, all or those in one state."""
    found: dict[str, list[dict[str, Any]]] = {}
    for leak in leaks:
        if state in ("", leak["state"]):
            found.setdefault(leak["target"]["job"], []).append(leak)
    return found


@pytest.fixture(scope="module")
def run(start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any]) -> Run:
    """All programs at all speeds at once, watched for two minutes, or until all that leak were found."""
    programs = {
        job: start_zoo(name, "-speed", str(speed), *LEAKING[name].arguments) for job, (name, speed) in RUNS.items()
    }
    programs |= {name: start_zoo(name, *extra) for name, extra in HEALTHY.items()}
    jobs = "".join(
        f"  - job_name: {name}\n    static_configs: [{{targets: ['{program.address}']}}]\n"
        for name, program in programs.items()
    )
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\n"
        f"scrape_configs:\n{jobs}"
    )
    ever: dict[str, list[dict[str, Any]]] = {}
    firing: dict[str, list[dict[str, Any]]] = {}
    began = time.monotonic()
    while (watched := time.monotonic() - began) < RUN_SECONDS or (
        watched < LONGEST_RUN_SECONDS and not set(RUNS) <= set(firing)
    ):
        time.sleep(2)
        leaks = daemon.json("/api/v1/leaks")["leaks"]
        firing = by_job(leaks, "firing")
        ever = {name: ever.get(name, []) + firing.get(name, []) for name in programs}
    targets = {target["job"]: target for target in daemon.json("/api/v1/targets")["targets"]}
    assert daemon.stop() == 0
    return Run(by_job(leaks), ever, targets)


@pytest.mark.parametrize("job", RUNS)
def test_a_leak_is_found_with_its_class_and_its_code(run: Run, job: str) -> None:
    """The leak fires with the right class, and the function and line that leak are first among the culprits."""
    truth, leak = LEAKING[RUNS[job][0]], run.firing(job)
    assert truth.leak_class == leak["class"]
    assert leak["culprits"], leak
    first = leak["culprits"][0]
    assert re.search(truth.function, first["function"]), leak["culprits"]
    assert (LEAKS / truth.file).samefile(first["file"])
    line = (LEAKS / truth.file).read_text().splitlines()[first["line"] - 1]
    assert truth.code in line or (truth.or_code and truth.or_code in line)
    assert any(re.search(truth.function, frame["function"]) for frame in first["stack"])
    assert leak["reasons"]


@pytest.mark.parametrize("job", RUNS)
def test_most_of_what_is_named_is_the_code_that_leaks(run: Run, job: str) -> None:
    """The leaking function has the larger part of all shares, which are no more than the whole."""
    culprits, function = run.firing(job)["culprits"], LEAKING[RUNS[job][0]].function
    guilty = [culprit["share"] for culprit in culprits if re.search(function, culprit["function"])]
    named = sum(culprit["share"] for culprit in culprits)
    assert named / 2 < sum(guilty) <= named <= 1.000001


@pytest.mark.parametrize("job", RUNS)
def test_growth_is_told_with_its_interval(run: Run, job: str) -> None:
    """Growth is positive and lies in its interval."""
    leak = run.firing(job)
    low, high = leak["interval"]
    assert 0 < low <= leak["growth_per_second"] <= high


@pytest.mark.parametrize("program", CREATORS)
def test_leaked_goroutines_tell_who_started_them(run: Run, program: str) -> None:
    """A goroutine leak names the function that started the goroutines."""
    assert re.search(CREATORS[program], run.firing(f"{program}-1")["culprits"][0]["created_by"]["function"])


def test_what_the_collector_has_proved_is_said_so(run: Run) -> None:
    """Goroutines that can never wake are called proved; those that a global still reaches are not."""
    assert "proved" in run.firing("chansend-1")["culprits"][0]["note"]
    assert "proved" not in run.firing("select-1")["culprits"][0]["note"]


@pytest.mark.parametrize("program", HEALTHY)
def test_a_healthy_program_is_never_flagged(run: Run, program: str) -> None:
    """No leak of a healthy program ever fires, and the program was really watched."""
    assert run.ever_fired[program] == []
    assert run.targets[program]["up"] is True
    assert {"inuse_space", "goroutines", "heap_alloc", "rss"} <= set(run.targets[program]["signals"])


def test_every_leak_has_one_cause(run: Run) -> None:
    """However many signals a leak moves, it is announced once: other growth may be suspected for a while at most."""
    announced = {name: {leak["class"] for leak in leaks} for name, leaks in run.ever_fired.items()}
    assert {name: classes for name, classes in announced.items() if len(classes) > 1} == {}
