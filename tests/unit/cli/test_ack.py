"""`leakdog ack`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Serve = Callable[[dict[str, Any]], str]
Make = Callable[..., dict[str, Any]]
Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]
PATH = "/api/v1/leaks/3f9c2a71b0de/acknowledgement"
GIVEN = {"since": "2026-01-01T00:13:00.000Z", "until": "2026-01-04T00:13:00.000Z", "note": "known", "configured": False}


@pytest.fixture
def answers(leak: Make) -> dict[str, Any]:
    """A daemon with one leak, which can be acknowledged."""
    return {
        "/api/v1/leaks": {"leaks": [leak()]},
        f"POST {PATH}": leak(acknowledged=GIVEN),
        f"DELETE {PATH}": leak(acknowledged=None),
    }


def test_a_leak_is_acknowledged(answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """Note and time are sent as JSON, and what holds now is said."""
    assert leakdog("ack", "3f9c", "--for", "3d", "--note", "known", "--server", serve(answers)) == 0
    ((method, path, kind, body),) = answers["sent"]
    assert (method, path, kind) == ("POST", PATH, "application/json")
    assert json.loads(body) == {"note": "known", "for_seconds": 3 * 86400.0}
    assert capsys.readouterr().out.splitlines() == [
        "shop/127.0.0.1:6060: acknowledged heap leak, 2.00 MiB/s,",
        "  by shop/leaks.(*Cache).Put (leaks.go:19)",
        "Acknowledged since 2026-01-01 00:13:00 UTC until 2026-01-04 00:13:00 UTC:",
        "known",
    ]


def test_it_is_taken_back(answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """Nothing is sent but the wish."""
    assert leakdog("ack", "3f9c", "--undo", "--json", "--server", serve(answers)) == 0
    assert answers["sent"] == [("DELETE", PATH, None, b"")]
    assert json.loads(capsys.readouterr().out)["acknowledged"] is None


def test_what_the_daemon_refuses_to_take_back_is_an_error(
    answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture
) -> None:
    """Nothing has changed, and the daemon says what would change it."""
    answers[f"DELETE {PATH}"] = (409, b'{"error": "leak 3f9c2a71b0de is acknowledged by its functions"}')
    assert leakdog("ack", "3f9c", "--undo", "--server", serve(answers)) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith(": leak 3f9c2a71b0de is acknowledged by its functions\n")


def test_an_unknown_leak_is_told(answers: dict[str, Any], serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """Nothing is sent for a leak that is not there."""
    assert leakdog("ack", "ffff", "--server", serve(answers)) == 3
    assert "no leak begins with 'ffff'" in capsys.readouterr().err
    assert answers["sent"] == []


def test_a_wrong_time_is_a_usage_error(leakdog: Run, capsys: Capture) -> None:
    """With how to write one."""
    with pytest.raises(SystemExit, match="2"):
        leakdog("ack", "3f9c", "--for", "soon")
    assert "write it like" in capsys.readouterr().err


FUNCTIONS = "/api/v1/acknowledged"
KNOWN = {
    "function": "Put$",
    "job": "shop",
    "since": "2026-01-01T00:13:00.000Z",
    "until": None,
    "note": "bounded",
    "configured": False,
}


def test_functions_are_acknowledged(target: Make, serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """What is sent, and of how many leaks it holds now."""
    answers = {f"POST {FUNCTIONS}": KNOWN | {"leaks": ["3f9c"]}, "/api/v1/targets": {"targets": [target()]}}
    asked = ("ack", "--function", "Put$", "--job", "shop", "--note", "bounded")
    assert leakdog(*asked, "--server", serve(answers)) == 0
    ((method, path, _, body),) = answers["sent"]
    assert (method, path) == ("POST", FUNCTIONS)
    assert json.loads(body) == {"function": "Put$", "job": "shop", "note": "bounded", "for_seconds": None}
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "Put$ of job shop, since 2026-01-01 00:13:00 UTC: bounded",
        "1 leak is acknowledged by this.",
    ]
    assert said.err == ""


@pytest.mark.parametrize(
    ("jobs", "known"), [(("shop", "cart", "shop"), "jobs that are watched: cart, shop"), ((), "no job is")]
)
def test_a_job_that_is_not_watched_is_accepted_with_a_warning(
    target: Make, serve: Serve, leakdog: Run, capsys: Capture, jobs: tuple[str, ...], known: str
) -> None:
    """It may come later, or its name is mistyped: the jobs that there are show which. JSON stays clean."""
    targets = {"targets": [target(job=job) for job in jobs]}
    answers = {f"POST {FUNCTIONS}": KNOWN | {"job": "shpo", "leaks": []}, "/api/v1/targets": targets}
    assert leakdog("ack", "--function", "Put$", "--job", "shpo", "--server", serve(answers)) == 0
    said = capsys.readouterr()
    assert "nothing of a job 'shpo' is watched now, so this holds for none" in said.err
    assert said.err.endswith(f"; {known}\n")
    assert "No leak of job shpo that goes on now is acknowledged by this; it holds" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert leakdog("ack", "--function", "Put$", "--job", "shpo", "--json", "--server", serve(answers)) == 0
    assert json.loads(capsys.readouterr().out)["leaks"] == []


def test_functions_are_taken_back(serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """By what they were given for, as part of the address."""
    answers: dict[str, Any] = {f"DELETE {FUNCTIONS}?function=a%2Bb%26": KNOWN | {"job": None, "leaks": []}}
    assert leakdog("ack", "--function", "a+b&", "--undo", "--server", serve(answers)) == 0
    assert [(method, path) for method, path, *_ in answers["sent"]] == [("DELETE", f"{FUNCTIONS}?function=a%2Bb%26")]
    assert "No leak is announced again: none that goes on was acknowledged by this alone." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("listed", "lines"),
    [
        ([], ["No leak and no function is acknowledged."]),
        (
            [KNOWN | {"configured": True}, KNOWN | {"job": None, "until": "2026-01-02T00:00:00.000Z", "note": ""}],
            [
                "Put$ of job shop: configured",
                "Put$ of all jobs, since 2026-01-01 00:13:00 UTC until 2026-01-02 00:00:00 UTC",
            ],
        ),
    ],
)
def test_functions_are_listed(
    serve: Serve, leakdog: Run, capsys: Capture, listed: list[dict[str, Any]], lines: list[str]
) -> None:
    """Whose, since when, why, and which are configured."""
    answers = {FUNCTIONS: {"acknowledged": listed}, "/api/v1/leaks": {"leaks": []}}
    assert leakdog("ack", "--list", "--server", serve(answers)) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_leaks_that_are_acknowledged_are_listed_too(leak: Make, serve: Serve, leakdog: Run, capsys: Capture) -> None:
    """Each that was by its id, with since when and why; one that is by its functions stands there as these."""
    by_id = leak(acknowledged=GIVEN | {"function": None})
    by_function = leak(id="77", acknowledged=GIVEN | {"function": "Put$"})
    answers = {"/api/v1/leaks": {"leaks": [leak(id="88"), by_id, by_function]}, FUNCTIONS: {"acknowledged": [KNOWN]}}
    server = serve(answers)
    assert leakdog("ack", "--list", "--server", server) == 0
    assert capsys.readouterr().out.splitlines() == [
        "3f9c2a71b0de  shop/127.0.0.1:6060: acknowledged heap leak, 2.00 MiB/s,",
        "  by shop/leaks.(*Cache).Put (leaks.go:19)",
        "  Acknowledged since 2026-01-01 00:13:00 UTC until 2026-01-04 00:13:00 UTC:",
        "  known",
        "Put$ of job shop, since 2026-01-01 00:13:00 UTC: bounded",
    ]
    assert leakdog("ack", "--list", "--json", "--server", server) == 0
    assert json.loads(capsys.readouterr().out) == {"acknowledged": [KNOWN], "leaks": [by_id]}


@pytest.mark.parametrize(
    ("leaks", "by_id", "said"),
    [
        (
            [],
            ["3f9c"],
            ["1 leak of these functions is acknowledged by id already, until `leakdog ack ID --undo`: 3f9c."],
        ),
        (
            ["77"],
            ["3f9c", "88"],
            [
                "1 leak is acknowledged by this.",
                "2 leaks of these functions are acknowledged by id already, until `leakdog ack ID --undo`: 3f9c, 88.",
            ],
        ),
    ],
)
def test_functions_whose_leaks_are_acknowledged_already(
    leaks: list[str], by_id: list[str], said: list[str], serve: Serve, leakdog: Run, capsys: Capture
) -> None:
    """It is not said that there is none, but how those are taken back."""
    server = serve({f"POST {FUNCTIONS}": KNOWN | {"leaks": leaks, "leaks_by_id": by_id}})
    assert leakdog("ack", "--function", "Put$", "--server", server) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert " ".join(lines) == " ".join(said)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("asked", [(), ("3f9c", "--list"), ("3f9c", "--function", "Put")])
def test_it_is_one_thing_that_is_acknowledged(leakdog: Run, capsys: Capture, asked: tuple[str, ...]) -> None:
    """A leak, or functions, or they are listed."""
    with pytest.raises(SystemExit, match="2"):
        leakdog("ack", *asked)


def test_a_job_alone_is_a_usage_error(leakdog: Run, capsys: Capture) -> None:
    """A leak has its job."""
    assert leakdog("ack", "3f9c", "--job", "shop") == 2
    assert "give it with --function" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("--list", "--undo"), "--list changes nothing"),
        (("--list", "--for", "3d"), "--list acknowledges nothing that --for could"),
        (("3f9c", "--undo", "--note", "why"), "--undo acknowledges nothing that --note could"),
        (("--function", "Put", "--undo", "--for", "3d", "--note", "why"), "nothing that --for and --note could"),
    ],
)
def test_what_would_be_ignored_is_a_usage_error(
    serve: Serve, leakdog: Run, capsys: Capture, asked: tuple[str, ...], why: str
) -> None:
    """Nothing is sent, and it is said what to leave out."""
    answers: dict[str, Any] = {}
    assert leakdog("ack", *asked, "--server", serve(answers)) == 2
    assert why in capsys.readouterr().err
    assert not answers.get("sent")
