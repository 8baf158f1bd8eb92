"""`leakdog scan`: what a target may be, what is refused, and how it ends."""

import argparse
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leakdog import cli
from leakdog.attribute.case import Finding
from leakdog.cli.sampling import Sampled
from leakdog.cli.scan import _record, _tell
from leakdog.config.schema import Config, ScrapeConfig
from leakdog.errors import LeakdogError
from leakdog.model import Assessment, Kind, Leak, LeakClass, LeakState, Signal, Target, TargetKey, Verdict
from leakdog.pipeline.state import Fleet, Watched

Capture = pytest.CaptureFixture[str]
Serve = Callable[[dict[str, Any]], str]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """What the verb does to the logger lasts no longer than a test."""
    logger = logging.getLogger("leakdog")
    before = list(logger.handlers)
    yield
    logger.handlers[:] = before


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("ports go from 1 to 65535", "127.0.0.1:99999"),
        ("ftp:// is not read; give http:// or https://", "ftp://shop:1"),
        ("is not host:port", "http://"),
        ("is not host:port", ""),
        ("an address has no user name", "http://me:secret@shop:1"),
    ],
)
def test_what_is_no_target_is_refused(said: str, text: str, capsys: Capture) -> None:
    """A mistyped address is wrong usage, told in a sentence."""
    with pytest.raises(SystemExit, match="2"):
        cli.main(["scan", text])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("said", "time"), [("'soon' is not a duration", "soon"), ("give at least 1s", "0s")])
def test_a_time_must_be_a_time(said: str, time: str, capsys: Capture) -> None:
    """Anything else, or none at all, is wrong usage; what is wanted is told."""
    with pytest.raises(SystemExit, match="2"):
        cli.main(["scan", "1", "--for", time])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "seconds", "said"),
    [
        ((), 120.0, ("every 1s for 2m; a first verdict takes at least 44 s",)),
        (("--interval", "10s"), 600.0, ("every 10s for 10m; a first verdict takes at least 3 min 40 s",)),
        (("--interval", "10s", "--for", "5m"), 300.0, ("every 10s for 5m; a first verdict takes at least 3 min 40 s",)),
        (
            ("--interval", "10s", "--for", "220s"),
            220.0,
            (
                "every 10s for 3m40s; a first verdict takes at least 3 min 40 s",
                "that is too short for a verdict; give --for 6m, or a shorter --interval",
            ),
        ),
        (("--for", "3s"), 3.0, ("every 1s for 3s; a first verdict takes at least 44 s",)),
    ],
)
def test_a_longer_interval_needs_a_longer_scan(
    given: tuple[str, ...], seconds: float, said: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """It has 60 samples unless told otherwise; what it does, and when that comes to a verdict, is told as it begins."""
    sampled = []

    async def scanned(_: object, seconds: float, begun: Callable[[], None], **__: object) -> Sampled:
        begun()
        sampled.append(seconds)
        return Sampled(found(replace(LEAK, leak_class=LeakClass.GOROUTINE)), [], seconds)

    monkeypatch.setattr("leakdog.cli.sampling.sample", scanned)
    cli.main(["scan", KEY.instance, "--no-gc", *given])
    assert sampled == [seconds]
    first, *more = said
    assert capsys.readouterr().err.splitlines() == [
        f"leakdog scan: reading {first}, Ctrl-C tells what is known by then",
        *(f"leakdog scan: {each}" for each in more),
    ]


@pytest.mark.parametrize(
    ("given", "gc", "leak_profile"), [((), None, True), (("--gc",), None, True), (("--no-gc",), ("0",), False)]
)
def test_no_collection_is_forced_where_none_is_wanted(
    given: tuple[str, ...], gc: object, leak_profile: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Neither before a heap profile nor for a goroutineleak profile; else it is said before it is done."""
    jobs = []

    async def scanned(config: Config, *_: object, keep: bool) -> Sampled:
        jobs.extend(config.scrape_configs)
        return Sampled(found(LEAK), [], 120.0)

    monkeypatch.setattr("leakdog.cli.sampling.sample", scanned)
    assert cli.main(["scan", KEY.instance, *given]) == 1
    (job,) = jobs
    assert (job.params.get("gc"), Kind.GOROUTINELEAK in job.profiles) == (gc, leak_profile)
    said = "the target collects garbage before each heap profile, every 1s; --no-gc leaves that out"
    assert (said in capsys.readouterr().err) is (gc is None)


@pytest.mark.parametrize("leak_class", LeakClass)
def test_what_may_be_garbage_is_not_told_as_sure(
    leak_class: LeakClass, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Where nothing was collected; goroutines, threads and files are none."""

    async def scanned(*_: object, keep: bool) -> Sampled:
        return Sampled(found(replace(LEAK, leak_class=leak_class)), [], 120.0)

    monkeypatch.setattr("leakdog.cli.sampling.sample", scanned)
    counted = {LeakClass.GOROUTINE, LeakClass.THREADS, LeakClass.FILES}
    for given, said in (("--gc", False), ("--no-gc", leak_class not in counted)):
        assert cli.main(["scan", KEY.instance, given]) == 1
        assert ("what grows may be garbage" in capsys.readouterr().err) is said


@pytest.fixture
def program() -> Iterator[str]:
    """The address of a small Python program that serves its heap."""
    command = [sys.executable, "-m", "leakdog.demo.healthy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def test_a_short_scan_says_that_it_is_too_early(program: str, capsys: Capture) -> None:
    """Three seconds judge nothing (exit code 3); values are told, and how long a scan with a verdict takes."""
    assert cli.main(["scan", program, "--for", "3s", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["leaks"] == []
    assert found["target"]["up"] is True
    assert {verdict["verdict"] for verdict in found["target"]["verdicts"].values()} == {"too_early"}
    assert cli.main(["scan", str(os.getpid()), "--for", "1s"]) == 3
    told = capsys.readouterr().out
    assert re.match(r"too early to say of \S+; run with --for 1m\n", told)
    assert "no leak found" not in told


def found(
    *leaks: Leak,
    up: bool | None = True,
    assessments: tuple[Assessment, ...] = (),
    harmless: tuple[Finding, ...] = (),
) -> Fleet:
    """What a scan may have found of one target."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="scan"), up=up, last_error="" if up else "connect: refused")
    watched.leaks = {leak.leak_class: leak for leak in leaks}
    watched.assessments = {each.signal: each for each in assessments}
    watched.verdicts = {each.signal: each.verdict for each in assessments}
    watched.harmless = harmless
    return Fleet({KEY: watched})


KEY = TargetKey("scan", "127.0.0.1:6060")
LEAK = Leak("9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, 950.0, 1010.0, firing_since=1000.0)
ENDED = replace(LEAK, state=LeakState.RESOLVED)
GROWS = Assessment(Signal.RSS, 9.0, Verdict.LEAK, reasons=("it grew",))
PENDING = replace(LEAK, state=LeakState.PENDING, firing_since=None)
WAITS = Assessment(Signal.RSS, 9.0, Verdict.TOO_EARLY, reasons=("too early to say: too little was seen",))
STEADY = Assessment(Signal.THREADS, 9.0, Verdict.STEADY, look_back_seconds=48.0)
READY = replace(WAITS, ready_at=9.0 + 130.0)  # after the default of two minutes
LATER = replace(WAITS, signal=Signal.THREADS, ready_at=9.0 + 500.0)


@pytest.mark.parametrize(
    ("code", "said", "fleet"),
    [
        (1, "127.0.0.1:6060", found(LEAK)),
        (1, "127.0.0.1:6060", found(ENDED, up=False)),
        (
            0,
            "no leak found in 127.0.0.1:6060: steady so far over 48 s\n  rss                too early  too little",
            found(assessments=(WAITS, STEADY)),
        ),
        (
            3,
            "too early to say of 127.0.0.1:6060; scan longer (--for)\n  rss                too early  too little was",
            found(assessments=(WAITS,)),
        ),
        (3, "too early to say of 127.0.0.1:6060; run with --for 5m\n", found(assessments=(READY, LATER))),
        (3, "run with --for 4m\n", found(assessments=(replace(WAITS, ready_at=9.0 + 59.0),))),
        (
            0,
            "growth of a cache that still fills (rss):\n  - it will settle near 3 GiB in 9 h\n",
            found(harmless=(Finding(LeakClass.CACHE, Signal.RSS, WAITS, ("it will settle near 3 GiB in 9 h",)),)),
        ),
        (3, "127.0.0.1:6060 grows as a leak does, but not for long enough to be sure; scan", found(PENDING)),
        (
            3,
            "127.0.0.1:6060 grows as a leak does, but not for long enough to be sure; scan\nlonger (--for)\n"
            "  rss                growing    it grew",
            found(assessments=(GROWS, STEADY)),
        ),
        (3, "reading 127.0.0.1:6060: connect: refused", found(up=False)),
        (3, "it was not read at all", found(up=None)),
    ],
)
def test_the_verdict_is_the_exit_code(
    code: int, said: str, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """1 for a leak, also of a process that it has killed; 3 where nothing can be said, or not yet; 0 else."""

    async def scanned(*_: object, keep: bool) -> Sampled:
        return Sampled(fleet, [], 120.0)

    for watched in fleet:
        watched.last_error = watched.last_error if watched.up is False else ""
    monkeypatch.setattr("leakdog.cli.sampling.sample", scanned)
    assert cli.main(["scan", KEY.instance]) == code
    out, err = capsys.readouterr()
    assert said in out + err


@pytest.mark.parametrize(
    ("read", "said"), [(5.0, "this is what is known so far"), (None, "reading 127.0.0.1:6060: it was not read at all")]
)
def test_ctrl_c_tells_what_is_known(
    read: float | None, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """What was seen until then is printed as after a whole scan, and the exit code is that of what was interrupted."""
    fleet = found(LEAK)
    fleet.targets[KEY].last_success, fleet.targets[KEY].last_error = read, ""

    async def scanned(*_: object, keep: bool) -> Sampled:
        return Sampled(fleet, [], 11.7, interrupted=True)

    monkeypatch.setattr("leakdog.cli.sampling.sample", scanned)
    assert cli.main(["scan", KEY.instance]) == 130
    out, err = capsys.readouterr()
    assert err.splitlines()[-1] == f"leakdog scan: ended after 12 s; {said}"
    assert ("leak of memory outside the heap" in out) is (read is not None)


def test_a_name_of_several_processes_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """All of them are listed, to choose one by its id."""
    several = [Target(TargetKey("scan", f"etcd[{pid}]"), pid=pid) for pid in (7, 8)]
    monkeypatch.setattr("leakdog.discover.discover", lambda job: several)
    assert cli.main(["scan", "etcd"]) == 3
    assert "2 processes have this name: etcd[7], etcd[8]; give the id of one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "target"),
    [
        (
            "reading 127.0.0.1:1: connect: no connection to 127.0.0.1:1: Connection refused; see whether it runs, and "
            "whether it listens at this address",
            "127.0.0.1:1",
        ),
        ("no process is called 'no-such'; give its id, its exact name, or HOST:PORT", "no-such"),
        ("no process has the id 99999999; give its id, its exact name, or HOST:PORT", "99999999"),
    ],
)
def test_what_cannot_be_read_ends_with_3(said: str, target: str, capsys: Capture) -> None:
    """One sentence names the target and the reason, and nothing else is printed."""
    assert cli.main(["scan", target, "--for", "1s"]) == 3
    assert capsys.readouterr().err.splitlines()[-1] == f"leakdog scan: {said}"


def test_what_is_done_is_said_of_a_target_that_can_be_read(serve: Serve, capsys: Capture) -> None:
    """Of one that nobody serves no verdict is promised; what it is asked to do is said before it is."""
    costs = "leakdog scan: the target collects garbage before each heap profile, every 1s; --no-gc leaves that out"
    cli.main(["scan", "127.0.0.1:1", "--for", "1s"])
    first, last = capsys.readouterr().err.splitlines()
    assert first == costs
    assert last.startswith("leakdog scan: reading 127.0.0.1:1: connect: ")
    cli.main(["scan", serve({"/metrics": lambda path: (200, b"process_resident_memory_bytes 5e6\n")}), "--for", "1s"])
    first, last = capsys.readouterr().err.splitlines()
    assert first == costs
    assert last.startswith("leakdog scan: reading every 1s for 1s; a first verdict takes at least ")


@pytest.mark.parametrize("busy", [1, 2])
def test_a_sample_that_is_refused_costs_no_verdict(busy: int, serve: Serve, capsys: Capture) -> None:
    """Neither as the first of two, nor as the last: Python programs answer 503 while they make another profile."""
    asked = 0

    def metrics(path: str) -> tuple[int, bytes]:
        nonlocal asked
        asked += 1
        return (503, b"busy") if asked == busy else (200, b"process_resident_memory_bytes 5e6\n")

    address = serve({"/metrics": metrics})
    assert cli.main(["scan", address, "--for", "2s", "--interval", "1s"]) == 3
    told = capsys.readouterr()
    assert told.out.startswith("too early to say of ")
    assert told.err.count("\n") == 2  # what is done, and that the target is made to collect


def test_a_recording_is_a_folder_of_profiles(tmp_path: Path) -> None:
    """Each under its own name; one that cannot be written is told."""
    _record([("heap-1.pb.gz", b"one"), ("heap-2.pb.gz", b"two")], tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "heap-1.pb.gz": b"one",
        "heap-2.pb.gz": b"two",
    }
    with pytest.raises(LeakdogError, match="name another folder with --record"):
        _record([("x", b"")], tmp_path / "heap-1.pb.gz")


def test_a_recording_that_cannot_be_is_told_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Nothing is sampled for minutes whose end is an error; a folder that is not there is made."""
    sampled = []

    async def scanned(*_: object, keep: bool) -> Sampled:
        sampled.append(KEY)
        return Sampled(found(LEAK), [("heap-1.pb.gz", b"one")], 120.0)

    monkeypatch.setattr("leakdog.cli.sampling.sample", scanned)
    (tmp_path / "file").touch()
    assert cli.main(["scan", KEY.instance, "--record", str(tmp_path / "file")]) == 3
    assert capsys.readouterr().err.endswith(": a file is in the way; name another folder with --record\n")
    assert sampled == []
    assert cli.main(["scan", KEY.instance, "--record", str(tmp_path / "new" / "run")]) == 1
    assert (tmp_path / "new" / "run" / "heap-1.pb.gz").read_bytes() == b"one"


def test_a_recording_that_fails_at_the_end_loses_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The leak is told, then what kept its profiles from being written."""

    async def scanned(*_: object, keep: bool) -> Sampled:
        (tmp_path / "heap-1.pb.gz").mkdir()
        return Sampled(found(LEAK), [("heap-1.pb.gz", b"one")], 120.0)

    monkeypatch.setattr("leakdog.cli.sampling.sample", scanned)
    assert cli.main(["scan", KEY.instance, "--record", str(tmp_path)]) == 3
    out, err = capsys.readouterr()
    assert KEY.instance in out
    assert (
        err.splitlines()[-1]
        == f"leakdog scan: recording into {tmp_path}: Is a directory; name another folder with --record"
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("connect: no connection to a:1: Connection refused", "; see whether it runs, and whether it listens at this"),
        ("tls: no TLS connection to a:1: wrong version number", "; if it speaks no TLS, give its address with http://"),
        ("decode: no profile", "decode: no profile"),
    ],
)
def test_a_target_that_cannot_be_read_is_told_with_what_to_do(error: str, told: str) -> None:
    """Whoever typed the address corrects it, or looks at the program."""
    target = TargetKey("scan", "a:1")
    watched = Watched(Target(target), ScrapeConfig(job_name="scan"), up=False, last_error=error)
    asked = argparse.Namespace(json=False, interval=1.0, gc=True)
    with pytest.raises(LeakdogError, match=re.escape(told)) as raised:
        _tell(asked, Sampled(Fleet({target: watched}), [], 3.0))
    assert str(raised.value).startswith(f"reading a:1: {error}")
