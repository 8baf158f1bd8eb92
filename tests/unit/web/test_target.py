"""The page of a target as text."""

import re
from dataclasses import replace

import numpy as np
import pytest

from leakdog.attribute.case import Finding
from leakdog.attribute.ledger import Part
from leakdog.config.schema import ScrapeConfig
from leakdog.detect.group import Group
from leakdog.detect.settings import SOAK
from leakdog.model import (
    Assessment,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Life,
    Signal,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.sites import Site, Sites
from leakdog.pipeline.state import Cost, Watched
from leakdog.web.target import Shown, address, first_signal, target_page

KEY = TargetKey("shop", "10.0.0.7:6060")
NOW = 10_000.0
MIB = float(1 << 20)
TIMES = np.array([NOW - 60, NOW])
PARTS = {Part.LIVE: np.array([10.0, 30.0]) * MIB, Part.NATIVE: np.array([10.0, 10.0]) * MIB, Part.IDLE: np.zeros(2)}
SHOWN = Shown(Signal.RSS, "1d", "<svg>chart</svg>", TIMES, PARTS)
LEAK = Leak("9f1c", KEY, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.FIRING, since=950.0, updated=1010.0)


def watched() -> Watched:
    """One Go service that has been judged."""
    found = Assessment(Signal.INUSE_SPACE, NOW, Verdict.LEAK, growth_per_second=2048.0, reasons=("it <grew>",))
    made = Watched(
        Target(KEY, base_url="http://10.0.0.7:6060"),
        ScrapeConfig(job_name="shop"),
        up=True,
        last_scrape=NOW - 5,
        life=Life(1000.0, 1000.0),
        memory_limit=512 * MIB,
        values={Signal.ALLOC_SPACE: 9 * MIB, Signal.INUSE_SPACE: 30 * MIB, Signal.RSS: 40 * MIB},
        verdicts={Signal.INUSE_SPACE: found.verdict},
        assessments={Signal.INUSE_SPACE: found},
        leaks={LeakClass.HEAP: LEAK},
    )
    sites = Sites(Signal.INUSE_SPACE, other=10 * MIB)
    sites.followed[1] = Site("5b0c", Frame("cart.Put", "put.go", 88), 20 * MIB)
    made.sites[Signal.INUSE_SPACE] = sites
    made.cost["heap"] = Cost(requests=1200, bytes=9000, collections=7, seconds=3.0)
    return made


def test_growth_that_is_no_leak_is_told_with_its_reasons() -> None:
    """A cache that fills is a verdict, on the page of its target; nothing is said where nothing grows."""
    made = watched()
    made.leaks = {}
    made.module = "github.com/acme/shop"
    assert "own code <code>github.com/acme/shop</code>" in target_page(made, SHOWN, NOW)
    assert "<b>cache</b>" not in target_page(made, SHOWN, NOW)
    said = Assessment(Signal.RSS, NOW, Verdict.SETTLING, growth_per_second=1024.0)
    made.harmless = (Finding(LeakClass.CACHE, Signal.RSS, said, ("it will settle near <3 GiB>",)),)
    page = target_page(made, SHOWN, NOW)
    assert "no leak, growth of a cache that still fills" in page
    assert "<b>cache</b>: growth of a cache that still fills, by rss, 1.00 KiB/s" in page
    assert "<li>it will settle near &lt;3 GiB&gt;</li>" in page


def test_a_process_that_is_gone_is_told_in_the_past() -> None:
    """It runs no more, its last answer is told beside the last attempt, and its leak is no good news."""
    made = watched()
    made.last_success = NOW - 4.5  # a scrape ends after it has begun
    page = target_page(made, SHOWN, NOW)
    assert "running since 1970-01-01 00:16:40 UTC (2 h 30 min)" in page
    assert "last read 4.5 s ago" in page
    assert "last tried" not in page
    made.up, made.last_success = False, NOW - 60
    gone = replace(LEAK, state=LeakState.RESOLVED, resolved_since=NOW - 50, process_ended=NOW - 50)
    made.leaks = {LeakClass.HEAP: gone}
    page = target_page(made, SHOWN, NOW)
    assert "running since" not in page
    assert "started 1970-01-01 00:16:40 UTC · " in page
    assert "<p>last read 1970-01-01 02:45:40 UTC (1 min ago)</p>" in page
    assert "last tried 5 s ago" in page
    assert "<span class=ended>heap leak, ended with its process</span></a>" in page
    assert "resolved" not in page


def test_a_target_that_is_down_is_told_with_what_to_do() -> None:
    """As the command line does; and nothing is said of it that sounds as if it were well."""
    made = watched()
    made.up, made.last_error, made.leaks = False, "connect: no connection to <10.0.0.7>:6060: refused", {}
    page = target_page(made, SHOWN, NOW)
    said = [
        "<p class=lead><span class=down>down</span></p>",
        "<p>connect: no connection to &lt;10.0.0.7&gt;:6060: refused</p>",
        "<p>not read since the daemon was started</p>",
        "<p>to do: see whether it runs, and whether it listens at this address</p>",
    ]
    assert "".join(said) in page
    assert "no leak" not in page
    assert "to do: " not in target_page(watched(), SHOWN, NOW)


def test_sites_are_told_with_when_they_were_read() -> None:
    """By a profile that may be older than the target's last answer."""
    made = watched()
    assert "As of" not in target_page(made, SHOWN, NOW)
    sites = made.sites[Signal.INUSE_SPACE]
    sites.group = Group(SOAK, 1)
    sites.group.observe(NOW - 60, [1.0], life_start=1.0, load=None)
    assert "<p class=dim>As of 1970-01-01 02:45:40 UTC (1 min ago).</p>" in target_page(made, SHOWN, NOW)


def test_sites_at_one_line_are_told_apart() -> None:
    """By their caller, below the code."""
    made = watched()
    assert "called by" not in target_page(made, SHOWN, NOW)
    made.sites[Signal.INUSE_SPACE].followed[1].caller = Frame("cart.<Load>", "load.go", 3)
    ((code, *_), *_) = rows(target_page(made, SHOWN, NOW), "Code, by inuse space")
    assert code == "cart.Put put.go:88called by cart.&lt;Load&gt; load.go:3"


def test_both_charts_are_drawn() -> None:
    """Of the trend and of the ledger, each where a narrow screen finds it."""
    page = target_page(watched(), SHOWN, NOW)
    assert page.count('<div class="wide chart"><svg') == page.count("<svg") == 2


def rows(page: str, heading: str) -> list[list[str]]:
    """Cells as text of the table under a heading."""
    part = page.split(f">{heading}</h2>")[1].split("</table>")[0]
    bare = [re.findall("<td[^>]*>(.*?)</td>", row) for row in part.split("<tr>")[2:]]
    return [[re.sub("<[^>]*>", "", cell).strip() for cell in row] for row in bare]


def test_what_is_known_is_told_in_the_order_in_which_it_is_needed() -> None:
    """The leak first, then the chart, the ledger, signals, code and cost."""
    page = target_page(watched(), SHOWN, NOW)
    said = [
        "heap leak, firing",
        "memory limit 512 MiB",
        "chart</svg>",
        "made of",
        "Signals",
        "cart.Put",
        "Requests",
    ]
    places = [page.index(words) for words in said]
    assert places == sorted(places)


def test_what_the_process_before_had_has_not_changed_into_what_this_one_has() -> None:
    """The ledger tells the change since the restart, and the picture where that was."""
    parts = {Part.LIVE: np.array([90.0, 10.0, 30.0]) * MIB}
    times, lives = np.array([NOW - 120, NOW - 60, NOW]), np.array([1.0, NOW - 61, NOW - 61])
    page = target_page(watched(), replace(SHOWN, times=times, parts=parts, lives=lives), NOW)
    assert "<th scope=col>Change in 1 min" in page
    assert rows(page, "What its memory is made of") == [["live heap", "30.0 MiB", "100%", "+20.0 MiB"]]
    assert page.count("<title>restart</title>") == 1


def test_the_ledger_says_what_each_part_is_and_how_it_has_changed() -> None:
    """The largest part first, with its share; parts that hold nothing are left out."""
    page = target_page(watched(), SHOWN, NOW)
    assert rows(page, "What its memory is made of") == [
        ["live heap", "30.0 MiB", "75%", "+20.0 MiB"],
        ["native memory", "10.0 MiB", "25%", "0 B"],
    ]


def test_judged_signals_come_first_with_their_reasons() -> None:
    """A cumulative signal is not judged: it is listed last, without a verdict."""
    judged, *others = rows(target_page(watched(), SHOWN, NOW), "Signals")
    assert judged == ["inuse space", "30.0 MiB", "leak", "2.00 KiB/s", "it &lt;grew&gt;"]
    assert [row[0] for row in others] == ["alloc space", "rss"]
    assert {cell for row in others for cell in row[2:]} == {""}


def test_growth_is_told_where_it_is_sure() -> None:
    """Of a signal that leaks or settles; one that is steady has a dash, however much it has moved."""
    made = watched()
    leaks = made.assessments[Signal.INUSE_SPACE]
    for found, growth in (
        (replace(leaks, verdict=Verdict.STEADY), "-"),
        (replace(leaks, verdict=Verdict.SETTLING), "2.00 KiB/s"),
        (leaks, "2.00 KiB/s"),
    ):
        made.assessments = {Signal.INUSE_SPACE: found}
        assert rows(target_page(made, SHOWN, NOW), "Signals")[0][3] == growth


def test_code_adds_up_to_the_whole() -> None:
    """What is not followed is one row."""
    assert rows(target_page(watched(), SHOWN, NOW), "Code, by inuse space") == [
        ["cart.Put put.go:88", "20.0 MiB", "67%", "", ""],
        ["all other code", "10.0 MiB", "33%", "", ""],
    ]


def test_the_cost_is_told() -> None:
    """Requests, bytes, collections that were forced, and time."""
    page = target_page(watched(), SHOWN, NOW)
    assert page.index("Look yourself") < page.index("What watching it has cost")
    assert rows(page, "What watching it has cost") == [["heap", "1,200", "8.79 KiB", "7", "3 s"]]


def test_a_target_of_which_nothing_is_known() -> None:
    """It was not read yet: the page says so, and invents no table."""
    page = target_page(Watched(Target(KEY), ScrapeConfig(job_name="shop")), Shown(None, "1d", "", np.empty(0), {}), NOW)
    assert "not read yet" in page
    assert "too early to say" in page
    assert "no number tells how large" in page
    assert "<table" not in page


def test_no_leak_is_not_the_same_as_too_early() -> None:
    """Only a target that has been judged is said to have none; before that, when it will be."""
    target = watched()
    target.leaks.clear()
    target.verdicts = {Signal.RSS: Verdict.STEADY}
    target.assessments = {Signal.RSS: Assessment(Signal.RSS, NOW, Verdict.STEADY, look_back_seconds=48.0)}
    assert "no leak, steady over 48 s" in target_page(target, SHOWN, NOW)
    target.verdicts = {Signal.RSS: Verdict.TOO_EARLY}
    target.assessments = {Signal.RSS: Assessment(Signal.RSS, NOW, Verdict.TOO_EARLY, ready_at=NOW + 60)}
    when = "too early to say; a verdict can be expected in 1 min (1970-01-01 02:47:40 UTC)"
    assert when in target_page(target, SHOWN, NOW)
    late = target_page(target, SHOWN, NOW + 90)
    assert "too early to say; a verdict can be expected with the next readings" in late


@pytest.mark.parametrize(
    ("leaks", "values", "first"),
    [
        ({LeakClass.HEAP: LEAK}, {Signal.RSS: 1.0, Signal.INUSE_SPACE: 1.0}, Signal.INUSE_SPACE),
        ({LeakClass.HEAP: replace(LEAK, state=LeakState.RESOLVED)}, {Signal.RSS: 1.0}, Signal.RSS),
        ({}, {Signal.THREADS: 1.0, Signal.GOROUTINES: 1.0}, Signal.GOROUTINES),
        ({}, {}, None),
    ],
)
def test_the_first_chart_is_of_what_leaks(
    leaks: dict[LeakClass, Leak], values: dict[Signal, float], first: Signal | None
) -> None:
    """Else of the memory of the process, else of whatever is known."""
    made = Watched(Target(KEY), ScrapeConfig(job_name="shop"), values=values, leaks=leaks)
    assert first_signal(made) is first


def test_addresses_survive_any_name() -> None:
    """A name may hold what means something in an address."""
    assert address(TargetKey("a/b", "x?y#z[1]"), range="1d") == "/targets/a%2Fb/x%3Fy%23z%5B1%5D?range=1d"


def test_keys_in_what_to_do_are_no_backticks() -> None:
    """What a terminal shows between backticks is code on a page."""
    down = watched()
    down.up, down.last_error = False, "timeout: reading http://a:1 took longer than <1 s>"
    page = target_page(down, SHOWN, NOW)
    assert "raise <code>scrape_timeout</code>, and <code>scrape_interval</code> if" in page
    assert "&lt;1 s&gt;" in page
    assert "`" not in page
