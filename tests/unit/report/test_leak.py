"""A leak in words."""

import copy
from typing import Any

import pytest

from leakdog.report.leak import (
    UNWATCHED,
    beside,
    drawn,
    headline,
    leak_text,
    place,
    short_place,
    target_name,
    unix_time,
)

PUT = {"function": "shop/leaks.(*Cache).Put", "file": "/srv/shop/leaks/leaks.go", "line": 19}
MAIN = {"function": "main.main", "file": "/srv/shop/main.go", "line": 40}
LEAK: dict[str, Any] = {
    "id": "3f9c2a71b0de",
    "target": {"job": "shop", "instance": "127.0.0.1:6060"},
    "signal": "inuse_space",
    "unit": "bytes",
    "class": "heap",
    "state": "firing",
    "since": "2026-01-01T00:00:00.000Z",
    "updated": "2026-01-01T00:12:00.000Z",
    "growth_per_second": 2.0 * 1024 * 1024,
    "interval": [1.5 * 1024 * 1024, 2.5 * 1024 * 1024],
    "time_to_limit_seconds": 7500.0,
    "reasons": ["grew in 8 of 8 parts of the last 12 min", "live objects on the heap grow"],
    "culprits": [
        {
            "stack_id": "8476e5ec1b5f",
            **PUT,
            "share": 0.87,
            "growth_per_second": 1.75 * 1024 * 1024,
            "created_by": MAIN,
            "note": "3 of 3 stacks",
            "stack": [PUT, MAIN],
        }
    ],
}
TEXT = """\
shop/127.0.0.1:6060: heap leak, 2.00 MiB/s,
  by shop/leaks.(*Cache).Put (leaks.go:19)

leak      3f9c2a71b0de (firing, class heap, signal inuse_space)
since     2026-01-01 00:00:00 UTC (12 min ago)
growth    2.00 MiB/s (90% interval: 1.50 MiB/s to 2.50 MiB/s)
limit     reached in 2 h 5 min if it goes on like this

Why leakdog says so:
  - grew in 8 of 8 parts of the last 12 min
  - live objects on the heap grow

Which code holds it:
 1. shop/leaks.(*Cache).Put
    /srv/shop/leaks/leaks.go:19
    87% of the growth, 1.75 MiB/s
    3 of 3 stacks
    created by main.main /srv/shop/main.go:40
    stack, innermost first:
      shop/leaks.(*Cache).Put /srv/shop/leaks/leaks.go:19
      main.main /srv/shop/main.go:40"""


def leak(**changes: Any) -> dict[str, Any]:
    """The leak with some of it changed."""
    return {**copy.deepcopy(LEAK), **changes}


def test_whole_text() -> None:
    """What, where, since when, how fast, until when, why and which code, in this order."""
    assert leak_text(LEAK) == TEXT


def test_of_a_process_alone_nothing_is_said_of_its_heap() -> None:
    """Memory outside the heap is told only where something tells how large the heap is."""
    native = {"class": "native", "signal": "rss", "culprits": []}
    assert headline(leak(**native)).endswith(": leak of memory outside the heap, 2.00 MiB/s")
    alone = "only the resident set is known: no profile or metric tells what is inside it"
    only = leak(**native, reasons=["it grew", alone])
    assert headline(only).endswith(": memory leak, 2.00 MiB/s")
    assert ("(firing, class memory, signal rss)" in leak_text(only), "native" in leak_text(only)) == (True, False)
    assert "(firing, class native, signal rss)" in leak_text(leak(**native))


def test_a_hint_is_told_as_one() -> None:
    """What only grows in step is no part of the growth: its share is of the suspicion, also in the first sentence."""
    hint = leak()
    hint["culprits"][0]["note"] = "its heap bytes grow in step with the resident set: a hint, no proof; found without x"
    text = leak_text(hint)
    assert "2.00 MiB/s,\n  perhaps by shop/leaks.(*Cache).Put" in text
    assert "    87% of the suspicion\n    its heap bytes grow in step" in text
    assert "of the growth" not in text


def test_now() -> None:
    """The age is counted to the time that is given."""
    assert "(1 h ago)" in leak_text(LEAK, now=unix_time("2026-01-01T01:00:00Z"))


def test_no_stacks() -> None:
    """Stacks can be left out."""
    assert "innermost" not in leak_text(LEAK, stacks=0)


def test_culprits_of_one_line_are_told_apart() -> None:
    """By the innermost caller that those before do not share; where the whole stack is written, that tells it."""
    callers = [{"function": f"shop.load{number}", "file": "/srv/shop/load.go", "line": number} for number in (1, 2)]
    stacks = [[PUT, callers[0], MAIN], [PUT, callers[1], MAIN], [PUT, callers[1]], [MAIN]]
    culprits = [{**LEAK["culprits"][0], **stack[0], "stack": stack, "created_by": None} for stack in stacks]
    told = leak_text(leak(culprits=culprits)).partition("Which code")[2]
    assert [line for line in told.splitlines() if "called by" in line] == [
        "    called by shop.load2 /srv/shop/load.go:2"
    ]
    assert leak_text(leak(culprits=culprits), stacks=4).count("called by") == 0


def test_what_a_line_calls_is_not_its_caller() -> None:
    """Culprits that differ in the library that they call are not called by it; their callers tell them apart."""
    callers = [{"function": f"shop.load{number}", "file": "/srv/shop/load.go", "line": number} for number in (1, 2)]
    grown = [{"function": f"lib.Grow{number}", "file": "/lib/grow.go", "line": number} for number in (1, 2)]
    for stacks, wanted in (
        ([[grown[0], PUT, MAIN], [grown[1], PUT, MAIN]], []),
        ([[grown[0], PUT, callers[0]], [grown[1], PUT, callers[1]]], ["    called by shop.load2 /srv/shop/load.go:2"]),
    ):
        culprits = [{**LEAK["culprits"][0], **PUT, "stack": stack, "created_by": None} for stack in stacks]
        told = leak_text(leak(culprits=culprits)).partition("Which code")[2]
        assert [line for line in told.splitlines() if "called by" in line] == wanted


def test_little_known() -> None:
    """What is not known is left out, and that no code is known is said."""
    bare = leak(
        growth_per_second=None, interval=None, time_to_limit_seconds=None, reasons=[], culprits=[], state="pending"
    )
    assert leak_text(bare) == (
        "shop/127.0.0.1:6060: suspected heap leak\n\n"
        "leak      3f9c2a71b0de (pending, class heap, signal inuse_space)\n"
        "since     2026-01-01 00:00:00 UTC (12 min ago)\n\n"
        "Which code holds it:\n  not known: no profile of this target tells it"
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"unprofiled": "no profiles are scraped: why"}, "not known: no profiles are scraped: why"),
        ({"class": "not_returned"}, "not known: what keeps freed memory is the runtime, not a line of code"),
    ],
)
def test_why_no_code_is_known(changes: dict[str, Any], why: str) -> None:
    """Where there never will be any, that is said."""
    assert leak_text(leak(culprits=[], **changes)).endswith(f"Which code holds it:\n  {why}")


def test_resolved() -> None:
    """A resolved leak says when it ended."""
    text = leak_text(leak(state="resolved", resolved_since="2026-01-01T00:30:00Z"))
    assert text.startswith("shop/127.0.0.1:6060: resolved heap leak")
    assert "resolved  2026-01-01 00:30:00 UTC" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("goroutine", "goroutine leak"),
        ("native", "leak of memory outside the heap"),
        ("files", "leak of open files"),
        ("of a later version", "of a later version"),
    ],
)
def test_classes(name: str, words: str) -> None:
    """Each class is said in words; one that only a later daemon knows is said as it is."""
    assert (
        headline(leak(**{"class": name, "culprits": [], "growth_per_second": None})) == f"shop/127.0.0.1:6060: {words}"
    )


def test_counts() -> None:
    """A leak of things that are counted is told in their number."""
    assert headline(leak(signal="goroutines", unit="count", growth_per_second=0.5, culprits=[])).endswith("30/min")


def test_long_reasons_are_wrapped() -> None:
    """Sentences are wrapped to the width, names are not cut."""
    text = leak_text(leak(reasons=["word " * 60]), width=60, stacks=0)
    assert max(len(line) for line in text.splitlines() if "word" in line) <= 60


def test_hostile_names() -> None:
    """A name that would take over the terminal is made harmless wherever it stands."""
    evil = {"function": "main.\x1b]0;owned\x07f", "file": "/a\x1b[2J.go", "line": 1}
    hostile = leak(
        culprits=[{**LEAK["culprits"][0], **evil, "created_by": evil, "stack": [evil, evil], "note": "\x1b[31m"}],
        reasons=["\x1b[1A"],
        target={"job": "\x1bc", "instance": "x"},
    )
    assert "\x1b" not in leak_text(hostile)
    assert "\x07" not in leak_text(hostile)


def test_places() -> None:
    """A frame is written with its file and line, in short with the file's name alone, or by name alone."""
    assert place(PUT) == "shop/leaks.(*Cache).Put /srv/shop/leaks/leaks.go:19"
    assert short_place(PUT) == "shop/leaks.(*Cache).Put (leaks.go:19)"
    assert place({"function": "malloc", "file": "", "line": 0}) == "malloc"
    assert place({"function": "<frozen runpy>:88", "file": "<frozen runpy>", "line": 88}) == "<frozen runpy>:88"
    assert short_place({"function": "malloc", "file": "", "line": 0}) == "malloc"


def test_target_name() -> None:
    """A target is named as the command line takes it."""
    assert target_name(LEAK) == "shop/127.0.0.1:6060"


GIVEN = {"since": "2026-01-01T00:05:00Z", "until": None, "note": "known\x07", "configured": False}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"acknowledged": GIVEN}, "Acknowledged since 2026-01-01 00:05:00 UTC: known"),
        (
            {"acknowledged": GIVEN | {"function": "Put$"}},
            "Acknowledged since 2026-01-01 00:05:00 UTC, as all leaks of functions like Put$: known",
        ),
        ({"returned": 2}, "It has come back: announced 2 times before, and resolved"),
        (
            {"flat_since": "2025-12-30T22:12:00Z", "state": "resolved"},
            "Fixed, as it seems: since the process that started 2025-12-30 22:12:00 UTC: flat for 1 day 2 h",
        ),
        ({"replicas": {"up": 5, "leaking": ["a", "b"]}}, "2 of 5 instances of this job leak like this: a, b"),
        (
            {"replicas": {"up": 3, "leaking": ["a"]}},
            "Only this one of 3 instances of the job leaks like this: look at what differs",
        ),
    ],
)
def test_what_else_is_known_is_told(changes: dict[str, Any], told: str) -> None:
    """Between the facts and the reasons, without control characters."""
    lines = leak_text(leak(**changes), width=200).splitlines()
    (line,) = [each for each in lines if told in each]
    assert lines.index("Which code holds it:") > lines.index(line)
    assert "\x07" not in line


@pytest.mark.parametrize(
    "replicas", [{"up": 1, "leaking": ["a"]}, {"up": 2, "leaking": ["a"]}, {"up": 9, "leaking": []}]
)
def test_few_replicas_tell_nothing(replicas: dict[str, Any]) -> None:
    """One of two that differs may be either."""
    assert list(beside(leak(replicas=replicas))) == []


def test_many_replicas_are_not_all_named() -> None:
    """Eight, and that there are more."""
    (told,) = beside(leak(replicas={"up": 40, "leaking": [f"i{n}" for n in range(30)]}))
    assert told.endswith("i7, ...")
    named = {"leaking": [f"i{n}" for n in range(9)], "others": ["o"]}
    (told,) = beside(leak(replicas={"up": 400, "alike": 90, "unlike": 380, **named}))
    assert told.startswith("90 of 470 instances of this job leak like this: i0, ")


@pytest.mark.parametrize(
    ("state", "replicas", "said"),
    [
        (
            "firing",
            {"up": 3, "leaking": ["a", "b", "c"], "others": []},
            "All 3 instances of this job leak like this: a, b, c; that speaks for the program, not for what one of "
            "them was given to do",
        ),
        (
            "firing",
            {"up": 3, "leaking": ["a", "b"], "others": ["c"]},
            "2 of 3 instances of this job leak like this: a, b; only c differs: look at what is special about it",
        ),
        (
            "pending",
            {"up": 3, "leaking": ["a"], "others": ["b", "c"]},
            "Only this one of 3 instances of the job leaks like this, which speaks less for the program: look at what "
            "differs (load, data, node, version)",
        ),
        (
            "firing",
            {"up": 3, "leaking": ["a", "b"], "others": ["c"], "elsewhere": 1},
            "2 of 3 instances of this job leak like this: a, b; c leaks in another way",
        ),
        (
            "firing",
            {"up": 3, "leaking": ["a", "b"], "others": ["c"], "unjudged": 1},
            "2 of 3 instances of this job leak like this: a, b; of c it is too early to say",
        ),
        (
            "firing",
            {"up": 3, "leaking": ["a"], "others": ["b", "c"], "elsewhere": 1, "unjudged": 1},
            "1 of 3 instances of this job leaks like this: a; 1 leaks in another way; of 1 it is too early to say",
        ),
        (
            "pending",
            {"up": 6, "leaking": ["a"], "others": ["b", "c", "d", "e", "f"], "elsewhere": 2},
            "Only this one of 6 instances of the job leaks like this, which speaks less for the program: look at what "
            "differs (load, data, node, version); 2 leak in another way",
        ),
        (
            "firing",
            {"up": 3, "leaking": ["a", "b", "down"], "others": ["c"]},
            "3 of 4 instances of this job leak like this: a, b, down; only c differs: look at what is special about it",
        ),
        ("firing", {"up": 2, "leaking": ["a", "b"], "others": []}, "2 of 2 instances of this job leak like this: a, b"),
        (
            "firing",
            {"up": 5, "leaking": ["a", "b"], "others": ["c", "d", "e"]},
            "2 of 5 instances of this job leak like this: a, b",
        ),
    ],
)
def test_replicas_speak_for_the_program_or_against_it(state: str, replicas: dict[str, Any], said: str) -> None:
    """All alike, one that differs, and one alone are each said as such; of two nothing is concluded."""
    assert list(beside(leak(state=state, replicas=replicas))) == [said]


def test_a_process_that_has_ended_is_said() -> None:
    """With when, and where its last profiles are; a leak that goes on in the next process says that it was before."""
    time = "2026-01-01T00:12:00.000Z"
    ended = {"state": "resolved", "resolved_since": time, "process_ended": time}
    assert list(beside(leak(**ended))) == [
        "Its process was gone 2026-01-01 00:12:00 UTC; its last profiles are kept: leakdog evidence 3f9c2a71b0de"
    ]
    name = "shop/127.0.0.1:6060"
    (told,) = beside(leak(**ended, reasons=[UNWATCHED]))
    assert told.startswith("It is watched no more since 2026-01-01 00:12:00 UTC; its last profiles are kept: ")
    assert headline(leak(**ended, reasons=[UNWATCHED])).startswith(f"{name}: suspected heap leak (watched no more), ")
    suspected = headline(leak(**ended, firing_since=None))
    assert suspected.startswith(f"{name}: suspected heap leak (its process has ended), 2.00 MiB/s")
    fired = headline(leak(**ended, firing_since="2026-01-01T00:05:00Z"))
    assert fired.startswith(f"{name}: heap leak (its process has ended), 2.00 MiB/s")
    later = {**ended, "resolved_since": "2026-01-01T00:30:00.000Z", "firing_since": "2026-01-01T00:15:00Z"}
    assert headline(leak(**later)).startswith(f"{name}: resolved heap leak, ")
    again = leak(**later | {"state": "pending"}, pending_since="2026-01-01T00:40:00.000Z")
    assert headline(again).startswith(f"{name}: suspected heap leak, ")
    assert "3f9c2a71b0de (pending again, class heap, signal inuse_space)" in leak_text(again)
    again = leak(**ended | {"state": "pending"}, pending_since="2026-01-01T00:40:00.000Z")
    assert list(beside(again)) == [
        "A process before this one ended 2026-01-01 00:12:00 UTC while it grew in the same way",
        "It is suspected again since 2026-01-01 00:40:00 UTC (0 s ago)",
    ]
    (said,) = beside(leak(process_ended="2026-01-01T00:12:00.000Z"))
    assert said == "A process before this one ended 2026-01-01 00:12:00 UTC while it grew in the same way"


def test_a_limit_that_is_reached_is_not_ahead() -> None:
    """Where no time is left, none is told."""
    assert "\nlimit     reached\n" in leak_text({**LEAK, "time_to_limit_seconds": 0.0})


def test_a_leak_is_drawn_with_as_much_of_before() -> None:
    """So that both are seen: an hour at least; of one that is over also as much of after."""
    assert drawn(since=100_000.0, ended=None, now=107_200.0) == (92_800.0, None)
    assert drawn(since=100_000.0, ended=None, now=100_060.0) == (96_400.0, None)
    assert drawn(since=100_000.0, ended=107_200.0, now=900_000.0) == (92_800.0, 114_400.0)
