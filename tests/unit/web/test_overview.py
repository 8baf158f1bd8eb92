"""The status page as text: what somebody who is woken reads first."""

import re
from dataclasses import replace

from leakdog.attribute.case import Finding
from leakdog.config.schema import ScrapeConfig
from leakdog.model import (
    Acknowledgement,
    Assessment,
    Culprit,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Signal,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.state import Watched
from leakdog.web.document import STYLE
from leakdog.web.jobs import LISTED
from leakdog.web.overview import overview

KEY = TargetKey("shop", "10.0.0.7:6060")
LEAK = Leak(
    id="3f9c2a71b0",
    key=KEY,
    signal=Signal.INUSE_SPACE,
    leak_class=LeakClass.HEAP,
    state=LeakState.FIRING,
    since=1000.0,
    updated=2000.0,
    growth_per_second=2048.0,
)


def test_the_overview_can_be_kept_from_being_read_again() -> None:
    """Whoever goes through it by keyboard or has it read out loses the place each time; the job that is shown stays."""
    page = overview([], [], 2000.0, "a&b")
    assert '<meta http-equiv="refresh" content="15">' in page
    stop = '<a href="/?job=a%26b&amp;refresh=off">stop that</a>'
    assert f"As of 1970-01-01 00:33:20 UTC, read again every 15 s ({stop})." in page
    stopped = overview([], [], 2000.0, "a&b", refresh=False)
    assert "http-equiv" not in stopped
    assert 'As of 1970-01-01 00:33:20 UTC. <a href="/?job=a%26b">Read it again every 15 s</a>.' in stopped
    assert '<a href="/?refresh=off">stop that</a>' in overview([], [], 2000.0)


def test_a_target_that_was_never_read_says_so() -> None:
    """A try that failed is no reading: what is told is when its numbers are of."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"))
    assert '<td data-name="Last read">never</td>' in overview([watched], [], 2000.0)
    watched.up, watched.last_scrape = False, 1995.0
    assert '<td data-name="Last read">never</td>' in overview([watched], [], 2000.0)
    watched.last_success = 1880.0
    assert '<td data-name="Last read">2 min ago</td>' in overview([watched], [], 2000.0)


def test_a_leak_of_a_dead_process_says_so() -> None:
    """On the overview a leak whose target is down is marked: its numbers are not of now."""
    watched = Watched(Target(KEY, base_url="http://10.0.0.7:6060"), ScrapeConfig(job_name="shop"))
    watched.leaks[LeakClass.HEAP] = LEAK
    watched.up = True
    assert "target down" not in overview([watched], [LEAK], 2000.0)
    assert '<span class=firing>leaks:</span> <a href="/leaks/3f9c2a71b0">heap</a>' in overview(
        [watched], [LEAK], 2000.0
    )
    watched.up = False
    assert "firing</span>,<br>target down" in overview([watched], [LEAK], 2000.0)


def test_the_time_that_is_left_is_told_before_the_code() -> None:
    """Code takes what room there is, so it comes last, without its folder: nobody scrolls for what is urgent."""
    frame = Frame("cart.Put", "/src/very/long/put.go", 8)
    leak = replace(LEAK, time_to_limit_seconds=7200.0, culprits=(Culprit("0b0c", frame, 0.9, 1800.0, (frame,)),))
    row = overview([], [leak], 2000.0).partition("<h2>Targets")[0]
    cells = re.findall('<td data-name="([^"]*)">(.*?)</td>', row)
    assert [name for name, _ in cells] == [
        "State",
        "Target",
        "Class",
        "Limit in",
        "Growth",
        "Since",
        "Code that holds it",
    ]
    assert [cell for _, cell in cells[3:]] == ["2 h", "2.00 KiB/s", "16 min 40 s", "<code>cart.Put (put.go:8)</code>"]


def test_what_is_suspected_is_not_passed_over() -> None:
    """The title counts suspicions, and the state of a target tells its own, with a link."""
    suspected = replace(LEAK, state=LeakState.PENDING)
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.HEAP: suspected})
    page = overview([watched], [suspected, suspected], 2000.0)
    assert "<h1>2 suspected</h1>" in page
    assert 'up</span>, <span class=pending>suspected:</span> <a href="/leaks/3f9c2a71b0">heap</a></td>' in page
    assert "<h1>1 leaking, 1 suspected</h1>" in overview([watched], [suspected, LEAK], 2000.0)
    assert "<h1>1 leaking</h1>" in overview([watched], [LEAK], 2000.0)
    known = replace(LEAK, acknowledged=Acknowledgement(1500.0))
    assert "<h1>1 leaking, 2 known</h1>" in overview([watched], [LEAK, known, known], 2000.0)
    watched.verdicts = {Signal.RSS: Verdict.STEADY}
    assert "<h1>no leaks</h1>" in overview([watched], [replace(LEAK, state=LeakState.RESOLVED)], 2000.0)


def test_what_is_suspected_again_is_told_as_suspected() -> None:
    """A leak that ended with its process and grows in the next one is not told as over, nor its target as at rest."""
    again = replace(LEAK, state=LeakState.RESOLVED, resolved_since=1990.0, process_ended=1990.0, pending_since=1995.0)
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.HEAP: again})
    page = overview([watched], [again], 2000.0)
    assert "<h1>1 suspected</h1>" in page
    assert "<span class=pending>pending again</span></td>" in page
    assert 'up</span>, <span class=pending>suspected:</span> <a href="/leaks/3f9c2a71b0">heap</a></td>' in page
    assert "ended with" not in page


def test_the_heading_gives_no_green_light_while_targets_are_down() -> None:
    """How many, and since when nothing is known of them, also where something else leaks."""
    job = ScrapeConfig(job_name="shop")
    up, *down = (Watched(Target(TargetKey("shop", name)), job, up=name == "a") for name in "abc")
    up.verdicts = {Signal.RSS: Verdict.STEADY}
    for watched, read in zip(down, (500.0, 1940.0), strict=True):
        watched.last_success = read
    page = overview([up, *down], [], 2000.0)
    assert "<h1>no leaks known, 2 of 3 targets down</h1>" in page
    said = "2 of 3 targets are down: nothing is known of them since 1970-01-01 00:08:20 UTC (25 min ago) or later."
    assert f"<p class=down>{said}</p>" in page
    assert "<p>None in the other 1 target.</p>" in page
    assert "<h1>1 leaking, 2 of 3 targets down</h1>" in overview([up, *down], [LEAK], 2000.0)
    assert "<h1>no leaks</h1>" in overview([up], [], 2000.0)
    assert "class=down" not in overview([up], [], 2000.0)


def young(name: str, ready_at: float) -> Watched:
    """A target that is up, and of which it is too early to say until then."""
    seen = Assessment(Signal.RSS, 2000.0, Verdict.TOO_EARLY, ready_at=ready_at)
    told = {"verdicts": {Signal.RSS: seen.verdict}, "assessments": {Signal.RSS: seen}}
    return Watched(Target(TargetKey("shop", name)), ScrapeConfig(job_name="shop"), up=True, **told)


def test_the_heading_gives_no_green_light_while_it_is_too_early() -> None:
    """It says of how many that is so, and below when they can be judged; a leak that is found comes before that."""
    early = [young("a", 2032.0), young("b", 3200.0)]
    page = overview(early, [], 2000.0)
    assert "<h1>too early to say of 2 targets</h1>" in page
    when = "the first verdict can be expected in 32 s (1970-01-01 00:33:52 UTC), "
    when += "the last in 20 min (1970-01-01 00:53:20 UTC)"
    assert f"<p>Too early to say of 2 targets: {when}.</p>" in page
    steady = young("c", 2000.0)
    steady.verdicts = {Signal.RSS: Verdict.STEADY}
    page = overview([*early, steady], [], 2000.0)
    assert "<h1>no leaks known, 2 of 3 targets too early to say</h1>" in page
    assert f"<p>None in 3 targets, 2 too early to say: {when}.</p>" in page
    page = overview([*early, steady], [LEAK], 2000.0)
    assert "<h1>1 leaking, 2 of 3 targets too early to say</h1>" in page
    assert f"</table></div><p>Too early to say of 2 targets: {when}.</p>" in page
    assert "Too early" not in overview([steady], [LEAK], 2000.0)
    early[0].up = False
    page = overview([*early, steady], [], 2000.0)
    assert "<h1>no leaks known, 1 of 3 targets down, 1 of 3 targets too early to say</h1>" in page
    page = overview(early, [], 2000.0)
    assert "Too early to say of the other 1 target: a verdict can be expected in 20 min" in page


def test_where_nothing_is_watched_there_is_no_green_light() -> None:
    """Neither of a configuration that names nothing, nor of a job of which nothing is there, or that is mistyped."""
    for job, why in (
        (None, "<code>scrape_configs</code> is empty, or nothing was found"),
        ("x", "nothing was found of this job"),
    ):
        page = overview([young("a", 3000.0)] if job else [], [], 2000.0, job)
        assert "<h1>no targets</h1>" in page
        assert "<p>None known: nothing is watched.</p>" in page
        assert f"<p>None yet: {why}.</p>" in page
    assert "<h1>1 leaking</h1>" in overview([], [LEAK], 2000.0)


def test_a_job_without_a_process_is_told() -> None:
    """It has no row: nothing would tell of one that is mistyped. Its name is what somebody wrote."""
    page = overview([young("a", 3000.0)], [], 2000.0, idle_jobs=["<b>"])
    assert (
        "<p class=pending>No process of job &lt;b&gt; was found: nothing that runs here matches <code>process" in page
    )
    assert "No process" not in overview([young("a", 3000.0)], [], 2000.0)


def test_targets_are_told_as_they_are() -> None:
    """Not read yet, down with its reason, up but too early to say; and that there is none at all."""

    def row(**changes: object) -> str:
        return re.sub(
            "<[^>]*>", "", overview([Watched(Target(KEY), ScrapeConfig(job_name="shop"), **changes)], [], 2000.0)
        )

    assert "not read yet" in row()
    assert "down timeout: too slow" in row(up=False, last_error="timeout: too slow")
    assert "Too early to say of 1 target." in row(up=True)
    assert "None known: all targets are down." in row(up=False)
    quiet = Assessment(Signal.RSS, 1.0, Verdict.STEADY, look_back_seconds=48.0)
    assert "up steady over 48 s" in row(up=True, verdicts={Signal.RSS: quiet.verdict}, assessments={Signal.RSS: quiet})
    cache = Assessment(Signal.RSS, 1.0, Verdict.SETTLING)
    harmless = (Finding(LeakClass.CACHE, Signal.RSS, cache, ()),)
    known = {"verdicts": {Signal.RSS: cache.verdict}, "assessments": {Signal.RSS: cache}, "harmless": harmless}
    assert "up cache still fills" in row(up=True, **known)
    assert "40.0 MiB" in row(up=True, values={Signal.RSS: 40 * 2**20})
    assert "7.00 MiB" in row(up=True, values={Signal.HEAP_ALLOC: 7 * 2**20})
    assert "30 s ago" in row(up=True, last_success=1970.0)
    assert "scrape_configs is empty" in re.sub("<[^>]*>", "", overview([], [], 2000.0))


def test_a_long_error_stays_in_its_column() -> None:
    """A cell that holds an error may break its lines: what cannot, is printed over the next column."""
    assert ".wide td:has(.why) { white-space: normal; }" in STYLE
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=False, last_error="x" * 200)
    assert re.search('<td data-name="State">[^/]*</span> <span class=why>x', overview([watched], [], 2000.0))


def test_each_cell_knows_its_column() -> None:
    """A narrow screen shows a row as a block without the heading: each cell has the name of its column."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"))
    for table in overview([watched], [LEAK], 2000.0).split("<table>")[1:]:
        names = re.findall("<th scope=col>([^<]*)", table)
        assert re.findall('<td data-name="([^"]*)', table) == names


def test_of_many_leaks_the_first_are_listed() -> None:
    """Thousands of rows help nobody at night, and hold the daemon up; how many there are is told all the same."""
    leaks = [replace(LEAK, id=f"{number:04}") for number in range(LISTED + 1200)]
    page = overview([], leaks, 2000.0)
    assert (page.count('href="/leaks/'), "/leaks/0199" in page, "/leaks/0200" in page) == (LISTED, True, False)
    assert "<h1>1400 leaking</h1>" in page
    more = '<p>And 1,200 more; those that fire come first. <a href="/api/v1/leaks?by=job">All of them</a>.</p>'
    assert more in page
    assert "those that fire come first" not in overview([], leaks[:LISTED], 2000.0)
