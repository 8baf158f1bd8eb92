"""`leakdog leaks`."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from leakdog.report.leak import UNWATCHED

Serve = Callable[[dict[str, Any]], str]
Make = Callable[..., dict[str, Any]]
Capture = pytest.CaptureFixture[str]
Run = Callable[..., int]
NO_TARGETS = {"/api/v1/targets": {"targets": []}}


def test_table(serve: Serve, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """A leak is listed with its state, class, rate, id, target and first culprit, within 80 columns."""
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": [leak()]}, **NO_TARGETS})) == 0
    text = capsys.readouterr().out
    for part in ("firing", "heap", "2.00 MiB/s", "3f9c2a71b0de", "shop/127.0.0.1:6060", "(*Cache).Put", "leaks.go:19"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 80


def test_equal_leaks_of_a_job_are_one_line(
    serve: Serve, leak: Make, leakdog: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how many of how many, the code once, and each instance with the id to ask for; another leak has its own."""
    monkeypatch.setenv("COLUMNS", "100")
    replicas = {"up": 20, "leaking": [f"s{n}" for n in range(12)]}
    leaks = [
        leak(id=f"{n:012x}", target={"job": "shop", "instance": f"s{n}"}, replicas=replicas, growth_per_second=99.0 - n)
        for n in range(12)
    ]
    answers = {"/api/v1/leaks": {"leaks": [*leaks, leak(target={"job": "till", "instance": "t1"})]}, **NO_TARGETS}
    assert leakdog("leaks", "--server", serve(answers)) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[1].endswith("shop: 12 of 20 instances")
    assert sum("(*Cache).Put" in line for line in lines) == 2
    first = lines.index("000000000000  s0")
    assert lines[first : first + 10] == [f"{n:012x}  s{n}" for n in range(10)]
    assert lines[first + 10] == "and 2 more"
    assert lines[first + 11].endswith("3f9c2a71b0de  till/t1")


def test_one_of_several_is_marked(serve: Serve, leak: Make, target: Make, leakdog: Run, capsys: Capture) -> None:
    """Of equal leaks the one that is acknowledged and the one whose target is down say so; the state says neither."""
    leaks = [
        leak(id=name * 12, target={"job": "shop", "instance": name}, replicas={"up": 3, "leaking": ["a", "b", "c"]})
        for name in "abc"
    ]
    leaks[0]["acknowledged"] = True
    targets = [target(job="shop", instance="b", up=False)]
    assert (
        leakdog(
            "leaks", "--server", serve({"/api/v1/leaks": {"leaks": leaks}, "/api/v1/targets": {"targets": targets}})
        )
        == 0
    )
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[-3:] == [f"{'a' * 12}  a (known)", f"{'b' * 12}  b (down)", f"{'c' * 12}  c"]


def test_long_names_fit(serve: Serve, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """Long names are folded, not cut off: each character is there."""
    name = "github.com/acme/" + "very/" * 30 + "pkg.Function"
    long = leak(culprits=[{**leak()["culprits"][0], "function": name}])
    leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": [long]}, **NO_TARGETS}))
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert name in "".join(text.split())
    head, cells, about, *folded = text.splitlines()
    assert head.split() == ["STATE", "CLASS", "GROWTH", "SINCE"]
    assert cells.startswith("firing  heap   2.00 MiB/s")
    assert about == "  3f9c2a71b0de  shop/127.0.0.1:6060"
    first, *middle, last, limit = folded
    assert first.startswith("  github.com/acme/very/")
    assert all(line.startswith("    very/") and line.endswith("/") for line in middle)
    assert last == "    very/very/very/pkg.Function (leaks.go:19)"
    assert limit == "  memory limit reached in 2 h 5 min"


def test_a_target_that_is_down(serve: Serve, leak: Make, target: Make, leakdog: Run, capsys: Capture) -> None:
    """A leak of a process that cannot be read now says so: what is told of it is not news."""
    answers = {"/api/v1/leaks": {"leaks": [leak()]}, "/api/v1/targets": {"targets": [target(up=False)]}}
    assert leakdog("leaks", "--server", serve(answers)) == 0
    assert "\n(down)" in capsys.readouterr().out


GROWTH = [
    {
        "class": "cache",
        "signal": "inuse_space",
        "unit": "bytes",
        "growth_per_second": 1048576.0,
        "interval": [1e6, 1.1e6],
        "reasons": ["grew 1 GiB in 24 h", "it will settle near 3 GiB in 9 h", "growth slows down, as a cache does"],
    }
]


def test_what_grows_and_is_no_leak(serve: Serve, leak: Make, target: Make, leakdog: Run, capsys: Capture) -> None:
    """With --all it is listed with its class and where it will settle, below the leaks; without, it is counted."""
    targets = {"/api/v1/targets": {"targets": [target(growth=GROWTH)]}}
    url = serve({"/api/v1/leaks": {"leaks": []}, **targets})
    assert leakdog("leaks", "--server", url) == 0
    assert "(1 that grows and is no leak: --all lists them)" in capsys.readouterr().out
    assert leakdog("leaks", "--all", "--server", serve({"/api/v1/leaks": {"leaks": [leak()]}, **targets})) == 0
    text = capsys.readouterr().out
    assert text.index("firing") < text.index("cache")
    for part in ("1.00 MiB/s", "shop/127.0.0.1:6060", "inuse_space: it will settle near 3 GiB in 9 h"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 80
    assert leakdog("leaks", "--all", "--json", "--server", url) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"leaks": [], "growth": [{"target": "shop/127.0.0.1:6060", **GROWTH[0]}]}


def test_resolved_are_hidden(serve: Serve, leak: Make, target: Make, leakdog: Run, capsys: Capture) -> None:
    """Resolved leaks are listed with --all only; without it their number is told."""
    answers = {"/api/v1/leaks": {"leaks": [leak(state="resolved")]}, "/api/v1/targets": {"targets": [target()]}}
    url = serve(answers)
    assert leakdog("leaks", "--server", url) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no leaks: 1 target watched, over 48 s at least",
        "(1 resolved leak: --all lists them)",
    ]
    assert leakdog("leaks", "--all", "--server", url) == 0
    assert "3f9c2a71b0de" in capsys.readouterr().out


def ended(seconds_ago: float) -> dict[str, Any]:
    """What the API tells of a leak whose process ended so long ago."""
    time = datetime.fromtimestamp(datetime.now(UTC).timestamp() - seconds_ago, UTC).isoformat()
    return {"state": "resolved", "resolved_since": time, "process_ended": time}


def test_a_leak_that_ended_with_its_process_stays_for_an_hour(
    serve: Serve, leak: Make, target: Make, leakdog: Run, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, beside others that leak; older ones and fixed ones are counted below the table."""
    monkeypatch.setenv("COLUMNS", "100")
    leaks = [
        leak(id="a" * 12),
        leak(id="b" * 12, target={"job": "till", "instance": "t1"}, **ended(600)),
        leak(id="c" * 12, target={"job": "till", "instance": "t2"}, **ended(4000)),
        leak(id="d" * 12, target={"job": "till", "instance": "t3"}, **ended(600) | {"process_ended": None}),
    ]
    url = serve({"/api/v1/leaks": {"leaks": leaks}, "/api/v1/targets": {"targets": [target(up=False)]}})
    assert leakdog("leaks", "--server", url) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert next(line for line in lines if "b" * 12 in line).startswith("ended with ")
    assert any(line.startswith("its process") for line in lines)
    assert "c" * 12 not in text
    assert "d" * 12 not in text
    assert lines[-1] == "(2 resolved leaks: --all lists them)"
    assert max(map(len, lines)) <= 100
    assert leakdog("leaks", "--json", "--server", url) == 0
    told = json.loads(capsys.readouterr().out)["leaks"]
    assert [each["id"] for each in told] == ["a" * 12, "b" * 12]
    assert told[1]["state"] == "resolved"
    assert leakdog("leaks", "--all", "--server", url) == 0
    text = capsys.readouterr().out
    assert f"{'b' * 12}  t1 (ended)" in text
    assert re.search("d{12}  t3 *\n", text)
    alone = leak(**ended(600), reasons=[UNWATCHED])
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": [alone]}, **one(target())})) == 0
    text = capsys.readouterr().out
    assert any(line.startswith("watched no ") for line in text.splitlines())
    assert "ended with" not in text
    two = [leak(id="a" * 12, **ended(600)), alone | {"id": "b" * 12}]
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": two}, **one(target())})) == 0
    text = capsys.readouterr().out
    assert re.search("a{12} .* \\(ended\\)", text)
    assert re.search("b{12} .* \\(watched no more\\)", text)


def test_none(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """That there are none is said with how many targets that rests on."""
    early = {"rss": {"verdict": "too_early"}}
    targets = [target(), target(up=False), target(verdicts=early), target(up=None, verdicts={})]
    url = serve({"/api/v1/leaks": {"leaks": []}, "/api/v1/targets": {"targets": targets}})
    assert leakdog("leaks", "--server", url) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1 of 4 targets is down: nothing is known of it since the daemon was started",
        "",
        "no leaks in the other 3 targets, 2 too early to say, over 48 s at least",
    ]
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": []}, **one(target())})) == 0
    assert capsys.readouterr().out == "no leaks: 1 target watched, over 48 s at least\n"
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": []}, **one(target(verdicts=early))})) == 0
    assert capsys.readouterr().out == "too early to say of 1 target\n"
    young = {"targets": [target(up=False), target(verdicts=early), target(verdicts=early)]}
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": []}, "/api/v1/targets": young})) == 0
    assert capsys.readouterr().out.endswith("\ntoo early to say of the other 2 targets\n")
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": []}, **one(target(up=False))})) == 0
    assert capsys.readouterr().out.endswith("no leaks known: all targets are down\n")


def test_how_long_it_is_too_early(serve: Serve, target: Make, leakdog: Run, capsys: Capture) -> None:
    """When the first verdict can be expected, as far as the daemon tells; of a target by the signal that is first."""
    early = {
        name: {"verdict": "too_early", "ready_at": f"2999-01-0{day}T00:00:00Z"} for name, day in (("a", 1), ("b", 2))
    }
    targets = [target(), target(verdicts=early), target(up=None, verdicts={})]
    answers = {"/api/v1/leaks": {"leaks": []}, "/api/v1/targets": {"targets": targets}}

    def told() -> str:
        return " ".join(capsys.readouterr().out.split())

    assert leakdog("leaks", "--server", serve(answers)) == 0
    when = "(a verdict can be expected in over 1 year (2999-01-01 00:00:00 UTC))"
    assert f"no leaks: 3 targets watched, 2 too early to say {when}, over 48 s at least" in told()
    answers["/api/v1/targets"] = {"targets": targets[1:]}
    assert leakdog("leaks", "--server", serve(answers)) == 0
    assert told().startswith("too early to say of 2 targets: a verdict can be expected in over 1 year")


def one(target: dict[str, Any]) -> dict[str, Any]:
    """What the daemon answers that watches one target."""
    return {"/api/v1/targets": {"targets": [target]}}


def test_targets_that_are_down_are_told_above_what_leaks(
    serve: Serve, leak: Make, target: Make, leakdog: Run, capsys: Capture
) -> None:
    """A list of leaks does not tell what is not in it: of those nothing is known, and since when."""
    read = datetime.now(UTC).replace(microsecond=0)
    answers = {"/api/v1/leaks": {"leaks": [leak()]}, **one(target(up=False, last_success=read.isoformat()))}
    assert leakdog("leaks", "--server", serve(answers)) == 0
    lines = capsys.readouterr().out.splitlines()
    told = " ".join(lines[: lines.index("")])
    assert told.startswith(f"1 of 1 target is down: nothing is known of it since {read:%Y-%m-%d %H:%M:%S} UTC (")
    assert lines[lines.index("") + 1].startswith("STATE")


def test_jobs_without_a_process_are_told_above_what_leaks(
    serve: Serve, target: Make, leakdog: Run, capsys: Capture
) -> None:
    """ "No leaks" is no good news of them."""
    watched = {"targets": [target()], "jobs_without_process": ["web"]}
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": []}, "/api/v1/targets": watched})) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no process of job web was found: nothing that runs here matches `process` in",
        "the configuration",
        "",
        "no leaks: 1 target watched, over 48 s at least",
    ]


def test_json(serve: Serve, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """--json prints the leaks in the shape of the API."""
    assert leakdog("leaks", "--json", "--server", serve({"/api/v1/leaks": {"leaks": [leak()]}})) == 0
    assert json.loads(capsys.readouterr().out) == {"leaks": [leak()]}


def test_no_daemon(leakdog: Run, capsys: Capture) -> None:
    """Without a daemon the exit code is 3 and the reason is on stderr."""
    assert leakdog("leaks", "--server", "http://127.0.0.1:1") == 3
    assert "leakdog leaks: asking the daemon at http://127.0.0.1:1" in capsys.readouterr().err


def test_hostile_names(serve: Serve, leak: Make, leakdog: Run, capsys: Capture) -> None:
    """A name cannot send control sequences to the terminal, nor styles to the table."""
    evil = leak(culprits=[{**leak()["culprits"][0], "function": "\x1b[2J[bold]f[/bold]"}], id="\x1b[1A")
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": [evil]}, **NO_TARGETS})) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "[bold]f[/bold]" in text


RESOLVED = "2026-01-01T00:14:00.000Z"
ENDED = {"state": "resolved", "resolved_since": RESOLVED, "process_ended": RESOLVED}


@pytest.mark.parametrize("ended", [None, RESOLVED])
def test_a_leak_that_is_suspected_again_is_listed(
    leak: Make, target: Make, serve: Serve, leakdog: Run, capsys: Capture, ended: str | None
) -> None:
    """However long ago it was over; not as one that has ended, for the next process grows in the same way."""
    again = leak(
        **ENDED | {"state": "pending", "process_ended": ended},
        pending_since="2026-01-01T00:20:00.000Z",
        time_to_limit_seconds=300.0,
    )
    answers = {"/api/v1/leaks": {"leaks": [again]}, "/api/v1/targets": {"targets": [target()]}}
    assert leakdog("leaks", "--server", serve(answers)) == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()[1:3]] == ["pending", "(again)"]
    assert "memory limit reached in 5 min" in said
    assert "ended" not in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "code not known yet"),
        ({"unprofiled": "why"}, "code not known (no profiles scraped)"),
        (ENDED, "code not known (its process ended before)"),
        ({"state": "resolved", "resolved_since": RESOLVED}, "code not known"),
        ({"class": "not_returned"}, "kept by the runtime, by no line of code"),
    ],
)
def test_where_no_code_is_known_it_is_said_whether_it_will_be(
    leak: Make, target: Make, serve: Serve, leakdog: Run, capsys: Capture, changes: dict[str, Any], words: str
) -> None:
    """Not yet, or never: as no profile is scraped, or as it is of no code."""
    answers = {"/api/v1/leaks": {"leaks": [leak(culprits=[], **changes)]}, "/api/v1/targets": {"targets": [target()]}}
    assert leakdog("leaks", "--all", "--server", serve(answers)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert words in said
    assert ("not known yet" in said) is (changes == {})


def test_instances_that_are_down_are_counted(
    leak: Make, target: Make, serve: Serve, leakdog: Run, capsys: Capture
) -> None:
    """Three of two instances would leak, where one of them is down."""
    replicas = {"up": 2, "leaking": ["a", "b", "c"], "others": []}
    leaks = [leak(id=name, target={"job": "shop", "instance": name}, replicas=replicas) for name in "abc"]
    targets = [target(instance=name, up=name != "c") for name in "abc"]
    assert (
        leakdog(
            "leaks", "--server", serve({"/api/v1/leaks": {"leaks": leaks}, "/api/v1/targets": {"targets": targets}})
        )
        == 0
    )
    out = capsys.readouterr().out
    assert "shop: 3 of 3 instances" in out
    assert "c (down)" in " ".join(out.split())


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ([7500.0, 600.0, None], "memory limit reached in 10 min"),
        ([0.0], "Put (leaks.go:19) memory limit reached"),
        ([None], ""),
    ],
)
def test_how_long_there_is_left(
    leak: Make, serve: Serve, leakdog: Run, capsys: Capture, left: list[float | None], words: str
) -> None:
    """Of several instances the first that reaches its limit; nothing where no limit is known."""
    leaks = [
        leak(target={"job": "shop", "instance": f"s{number}"}, time_to_limit_seconds=each)
        for number, each in enumerate(left)
    ]
    assert leakdog("leaks", "--server", serve({"/api/v1/leaks": {"leaks": leaks}, **NO_TARGETS})) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert words in out
    assert out.count("memory limit") == bool(words)


def test_where_only_the_resident_set_is_known_nothing_is_called_native(
    leak: Make, target: Make, serve: Serve, leakdog: Run, capsys: Capture
) -> None:
    """Neither here nor in the list of targets; it may be the heap of a Python program. Elsewhere native is native."""
    alone = "only the resident set is known: no profile or metric tells what is inside it"
    for reasons, word in ((["it grew", alone], "memory"), (["it grew"], "native")):
        leaks = {"leaks": [leak(**{"class": "native", "culprits": [], "reasons": reasons})]}
        url = serve({"/api/v1/leaks": leaks, "/api/v1/targets": {"targets": [target()]}})
        assert leakdog("leaks", "--server", url) == leakdog("targets", "--server", url) == 0
        said = capsys.readouterr().out
        assert f"firing  {word}" in said
        assert f"leaks: {word}" in said
