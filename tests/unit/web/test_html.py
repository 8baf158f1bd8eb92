"""Pages as text: what somebody who is woken reads first, and what a browser may keep."""

import html
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakdog.attribute.resident import RESIDENT_ALONE
from leakdog.config.schema import ScrapeConfig
from leakdog.errors import Reason
from leakdog.model import (
    Assessment,
    Culprit,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Signal,
    Target,
    TargetKey,
    Unit,
    Verdict,
)
from leakdog.pipeline.state import Cost, Fleet, Watched
from leakdog.report.leak import UNWATCHED
from leakdog.report.spans import Spans
from leakdog.web.document import message_page
from leakdog.web.html import leak_page, numbers
from leakdog.web.overview import overview
from leakdog.web.target import Shown, first_signal, target_page

KEY = TargetKey("shop", "10.0.0.7:6060")
PUT, SERVE = Frame("cart.Put", "cart/put.go", 8), Frame("http.Serve", "serve.go", 9)
LEAK = Leak(
    id="3f9c2a71b0",
    key=KEY,
    signal=Signal.INUSE_SPACE,
    leak_class=LeakClass.HEAP,
    state=LeakState.FIRING,
    since=1000.0,
    updated=2000.0,
    growth_per_second=2048.0,
    reasons=("live objects grow",),
    culprits=(Culprit("0b0c", PUT, 0.9, 1800.0, (PUT, SERVE)), Culprit("0d0e", SERVE, 0.1, 200.0, (SERVE,))),
)


def test_the_first_sentence_names_the_code() -> None:
    """State, kind, rate and code stand in one line at the top; then the trend, the code, and the reasons."""
    page = leak_page(LEAK, Fleet(), "<svg></svg>", 2000.0)
    said = [
        "firing</span> · heap leak, 2.00 KiB/s, by cart.Put (put.go:8)",
        "<svg>",
        "cart/put.go:8",
        "live objects grow",
    ]
    places = [page.index(words) for words in said]
    assert places == sorted(places)


def test_a_limit_that_is_reached_is_not_ahead() -> None:
    """No time is left then, and none is told: neither on the leak's page nor in the list."""
    leak = replace(LEAK, time_to_limit_seconds=0.0)
    assert "It has reached the memory limit." in leak_page(leak, Fleet(), "", 2000.0)
    assert '<td data-name="Limit in">reached</td>' in overview([], [leak], 2000.0)


def test_only_the_first_stack_is_open() -> None:
    """The stack of the first culprit is seen without a click; more of them would hide the reasons."""
    page = leak_page(LEAK, Fleet(), "", 2000.0)
    assert re.findall("<details( open)?>", page) == [" open", ""]


def test_a_leak_that_ended_with_its_process_is_not_told_as_good_news() -> None:
    """It is not resolved in green, on its page, in the list or beside its replicas, and grew; one that was fixed is."""
    gone = replace(LEAK, state=LeakState.RESOLVED, resolved_since=1990.0, process_ended=1990.0)
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=False, leaks={LeakClass.HEAP: gone})
    other = Watched(Target(TargetKey("shop", "b")), ScrapeConfig(job_name="shop"), up=True)
    fleet = Fleet({each.key: each for each in (watched, other)})
    page, said = leak_page(gone, fleet, "", 2000.0), "<span class=ended>ended with its process</span>"
    assert page.count(said) == 2
    assert f"{said}</td>" in overview([watched], [gone], 2000.0)
    unwatched = leak_page(replace(gone, reasons=(UNWATCHED,)), fleet, "", 2000.0)
    assert "<span class=ended>watched no more</span>" in unwatched
    assert "ended" not in re.sub("<[^>]*>", "", unwatched.partition("<h2>")[0])
    assert "<h1>1 ended with its process, 1 of 1 target down</h1>" in overview([watched], [gone], 5589.0)
    assert "<h1>no leaks known, 1 of 1 target down</h1>" in overview([watched], [gone], 5591.0)
    assert "<h1>2 ended with their processes</h1>" in overview([], [gone, gone], 2000.0)
    assert "class=resolved" not in page
    assert "Grew by <b>2.00 KiB/s</b>" in page
    fixed = leak_page(replace(gone, resolved_since=1995.0), Fleet(), "", 2000.0)
    assert "<span class=resolved>resolved</span>" in fixed
    assert "Grows by <b>" in leak_page(LEAK, Fleet(), "", 2000.0)


def test_a_leak_that_is_over_says_since_when() -> None:
    """Whoever comes to it later sees whether what was done at night has helped."""
    over = replace(LEAK, state=LeakState.RESOLVED, resolved_since=1880.0)
    assert " · over since 1970-01-01 00:31:20 UTC (2 min ago)</p>" in leak_page(over, Fleet(), "", 2000.0)
    assert "over since" not in leak_page(LEAK, Fleet(), "", 2000.0)


@pytest.mark.parametrize("ended", [None, 1880.0])
def test_a_leak_that_is_suspected_again_is_not_told_as_over(ended: float | None) -> None:
    """The next process grows in the same way: neither green, nor grew, nor no leaks."""
    changes = {"resolved_since": 1880.0, "process_ended": ended, "pending_since": 1940.0}
    again = replace(LEAK, state=LeakState.RESOLVED, time_to_limit_seconds=7200.0, **changes)
    page = leak_page(again, Fleet(), "", 2000.0)
    assert "<span class=pending>pending again</span> · " in page
    assert "It is suspected again since 1970-01-01 00:32:20 UTC (1 min ago)" in page
    assert "Grows by <b>" in page
    assert "over since" not in page
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.HEAP: again})
    watched.verdicts = {LEAK.signal: Verdict.LEAK}
    watched.assessments = {LEAK.signal: Assessment(LEAK.signal, 2000.0, Verdict.LEAK, 4096.0)}
    fleet = Fleet({KEY: watched})
    assert "now: 4.00 KiB/s, leak.</p>" in leak_page(again, fleet, "", 2000.0)
    assert first_signal(replace(watched, values={Signal.RSS: 1.0, LEAK.signal: 1.0})) is LEAK.signal
    listed = overview([watched], [again], 2000.0)
    assert "<h1>1 suspected</h1>" in listed
    assert '<td data-name="State"><span class=pending>pending again</span></td>' in listed
    assert "<span class=pending>suspected:</span> <a href=" in listed


def test_what_is_to_be_typed_is_safe_in_a_shell() -> None:
    """Any user of a machine names processes, and brackets alone are a pattern."""
    key = TargetKey("all", "$(reboot)'[12]")
    watched = Watched(Target(key, base_url="http://a:1"), ScrapeConfig(job_name="all"), up=True)
    shown = Shown(None, "1d", "", np.empty(0), {})
    for page in (
        leak_page(replace(LEAK, key=key), Fleet({key: watched}), "", 2000.0),
        target_page(watched, shown, 2000.0),
    ):
        lines = html.unescape(re.sub("<[^>]*>", "\n", page)).splitlines()
        typed = [shlex.split(line)[2] for line in lines if line.startswith(("leakdog top", "leakdog sites"))]
        assert {each.removesuffix("@latest") for each in typed} == {str(key)}


def test_of_a_target_that_is_watched_no_more_nothing_is_offered_that_fails() -> None:
    """It has no page, and its leak cannot be acknowledged."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"))
    gone, there = leak_page(LEAK, Fleet(), "", 2000.0), leak_page(LEAK, Fleet({KEY: watched}), "", 2000.0)
    for offered in ('<a href="/targets/', "leakdog ack"):
        assert (offered in gone, offered in there) == (False, True)
    assert "leakdog show" in gone


class Outline(HTMLParser):
    """Tags with their attributes' names, in order, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


HOSTILE = st.text(max_size=30) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=a>',
        "' onclick='a",
        "</title><b>",
        "\u202eevil",
        "\ud800",
        "&lt;",
    ]
)


# The name of an error of ours brings what to do about it, in a line of its own.
@given(HOSTILE.filter(lambda name: name and name.partition(":")[0] not in set(Reason)))
@example("`scheme`")
def test_no_name_adds_a_tag_or_an_attribute(name: str) -> None:
    """Whatever jobs, instances, functions, files, reasons and errors are called, the page's structure is the same."""

    def pages(word: str) -> list[Outline]:
        key = TargetKey(word, word)
        frame = Frame(word, word, 8)
        culprit = Culprit("0b0c", frame, 0.9, 1.0, (frame,), created_by=frame, note=word)
        leak = replace(LEAK, key=key, reasons=(word,), culprits=(culprit,))
        watched = Watched(Target(key, {word: word}), ScrapeConfig(job_name=word), up=False, last_error=word)
        made = (overview([watched], [leak], 2000.0), leak_page(leak, Fleet(), "", 2000.0), message_page(word, word))
        made += (target_page(watched, Shown(None, "1d", "", np.empty(0), {}), 2000.0),)
        for page in made:
            page.encode()
        return [Outline(page) for page in made]

    assert [page.tags for page in pages(name)] == [page.tags for page in pages("shop")]
    assert not [page for page in pages(name) if "\u202e" in page.text]


def test_all_that_is_known_of_a_leak_is_told() -> None:
    """The interval of the growth, the time that is left, who started the goroutines, and what else is known."""
    culprit = replace(LEAK.culprits[0], created_by=SERVE, note="proved by the collector")
    full = replace(LEAK, interval=(1024.0, 3072.0), time_to_limit_seconds=3600.0, culprits=(culprit,))
    page = Outline(leak_page(full, Fleet(), "", 2000.0)).text
    for words in (
        "(90% interval 1.00 KiB/s to 3.00 KiB/s)",
        "the memory limit is reached in 1 h.",
        "created by http.Serve serve.go:9",
        "proved by the collector",
    ):
        assert words in page
    assert "Not known: no profile of this target tells it." in leak_page(
        replace(LEAK, culprits=()), Fleet(), "", 2000.0
    )


def test_a_leak_whose_target_is_down_says_so() -> None:
    """With what to do; of one that ended with its process that is told already."""
    error = "connect: no connection to 10.0.0.7:6060: refused"
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=False, last_error=error, last_success=1940.0)
    page = leak_page(LEAK, Fleet({KEY: watched}), "", 2000.0)
    said = f"<p class=down>Its target is down: what is told here is of before.</p><p>{error}</p>"
    assert f"{said}<p>last read 1970-01-01 00:32:20 UTC (1 min ago)</p><p>to do: " in page
    gone = replace(LEAK, state=LeakState.RESOLVED, resolved_since=1990.0, process_ended=1990.0)
    assert "is down" not in leak_page(gone, Fleet({KEY: watched}), "", 2000.0)
    watched.up = True
    assert "is down" not in leak_page(LEAK, Fleet({KEY: watched}), "", 2000.0)


def test_two_rates_of_one_leak_are_told_apart() -> None:
    """Where its signal now grows otherwise than when it was found, or than its one site does, the page says so."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, assessed=LEAK.updated)
    fleet = Fleet({KEY: watched})
    said = Assessment(Signal.INUSE_SPACE, 2000.0, Verdict.STEADY, 512.0, look_back_seconds=1680.0)
    watched.assessments = {Signal.INUSE_SPACE: said}
    now = "All of <code>inuse_space</code> now: 30.0 KiB/min, steady over the last 28 min.</p>"
    assert f"<p>{now}" in leak_page(LEAK, fleet, "", 2060.0)
    watched.assessed = LEAK.updated + 60.0
    assert f"<p>So it was found last, 1970-01-01 00:33:20 UTC. {now}" in leak_page(LEAK, fleet, "", 2060.0)
    assert "now:" not in leak_page(replace(LEAK, state=LeakState.RESOLVED), fleet, "", 2060.0)
    watched.assessments = {Signal.INUSE_SPACE: replace(said, growth_per_second=2048.0)}
    assert "now:" not in leak_page(LEAK, fleet, "", 2060.0)


def test_a_hint_is_no_share_of_the_growth() -> None:
    """On the page as in the terminal."""
    hint = replace(LEAK.culprits[0], note="its heap bytes grow in step with the resident set: a hint, no proof")
    page = leak_page(replace(LEAK, culprits=(hint,)), Fleet(), "", 2000.0)
    assert "<p>90% of the suspicion</p>" in page
    assert "perhaps by cart.Put" in page
    assert "<p>90% of the growth, 1.76 KiB/s since it began</p>" in leak_page(LEAK, Fleet(), "", 2000.0)


def test_where_only_the_resident_set_is_known_nothing_is_called_native() -> None:
    """On the overview and on the leak's page, as in a terminal."""
    native = replace(LEAK, leak_class=LeakClass.NATIVE, culprits=())
    for leak, word in ((native, "native"), (replace(native, reasons=(RESIDENT_ALONE,)), "memory")):
        watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, leaks={LeakClass.NATIVE: leak})
        assert f"class <b>{word}</b>" in leak_page(leak, Fleet({KEY: watched}), "", 2000.0)
        assert f">{word}<" in overview([watched], [leak], 2000.0)


def test_a_target_without_profiles_is_told_what_to_configure() -> None:
    """In place of the code and of commands that could show nothing, on all three pages."""
    job = ScrapeConfig(job_name="shop", pprof_path="")
    watched = Watched(Target(KEY, base_url="http://a:1"), job, up=True, leaks={LeakClass.HEAP: LEAK})
    leak = replace(LEAK, culprits=())
    shown = Shown(None, "1d", "", np.empty(0), {})
    pages = [leak_page(leak, Fleet({KEY: watched}), "", 2000.0), target_page(watched, shown, 2000.0)]
    assert all("`pprof_path` of job &#x27;shop&#x27; is empty" in page and "leakdog top" not in page for page in pages)
    assert "<code>not known: no profiles</code>" in overview([watched], [leak], 2000.0)
    assert "<code>not known yet</code>" in overview([], [leak], 2000.0)
    gone = replace(leak, state=LeakState.RESOLVED, resolved_since=1900.0, process_ended=1900.0)
    assert "<code>not known: its process has ended</code>" in overview([], [gone], 2000.0)


def test_a_leak_tells_what_its_target_was_asked() -> None:
    """Requests, bytes and forced collections of it alone; nothing of a target that is gone."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"))
    watched.cost["heap"] = Cost(requests=1200, bytes=9000, collections=7, seconds=3.0)
    page = Outline(leak_page(LEAK, Fleet({KEY: watched}), "", 2000.0)).text
    assert "heap1,2008.79 KiB73 s" in page
    assert page.index("Look yourself") < page.index("has cost")
    assert "has cost" not in leak_page(LEAK, Fleet(), "", 2000.0)


def test_the_instances_of_the_job_stand_beside_each_other() -> None:
    """Leaking ones first, each with its own numbers and a link to its leak; a job of one instance has no table."""
    fleet = Fleet()
    for name, leaks in (("a<b>:1", {}), ("b:1", {LeakClass.HEAP: LEAK})):
        key = TargetKey("shop", name)
        fleet.targets[key] = Watched(Target(key), ScrapeConfig(job_name="shop"), up=name == "b:1", leaks=leaks)
        fleet.targets[key].values = {Signal.INUSE_SPACE: 1024.0}
    table = leak_page(LEAK, fleet, "", 2000.0).partition("Instances of this job")[2].partition("</table>")[0]
    assert table.index("b:1") < table.index("a&lt;b&gt;:1")
    assert '<a class=name href="/leaks/3f9c2a71b0">b:1</a>' in table
    assert "down" in table.partition("a&lt;b&gt;:1")[2]
    assert table.count("1.00 KiB") == 2
    fleet.targets[TargetKey("shop", "a<b>:1")].assessments = {
        Signal.INUSE_SPACE: Assessment(Signal.INUSE_SPACE, 1.0, Verdict.STEADY, growth_per_second=2048.0)
    }
    quiet = leak_page(LEAK, fleet, "", 2000.0).partition("Instances of this job")[2].partition("</table>")[0]
    assert '<td data-name="Growth">-</td>' in quiet
    assert '<a class=name href="/targets/shop/a%3Cb%3E%3A1">a&lt;b&gt;:1</a>' in quiet
    del fleet.targets[TargetKey("shop", "a<b>:1")]
    assert "Instances of this job" not in leak_page(LEAK, fleet, "", 2000.0)


def test_the_evidence_is_one_click_away() -> None:
    """The page of a leak has the link to its archive."""
    assert 'href="/api/v1/leaks/3f9c2a71b0/evidence.tar.gz"' in leak_page(LEAK, Fleet(), "", 2000.0)


def test_a_trend_is_a_table_too() -> None:
    """A row for each of at most 24 spans, with the lowest, mean, highest and last; a band is explained."""
    times = np.arange(1000.0)
    table = numbers(Spans.of(times, times, times - 5, times, times + 5), Unit.COUNT, banded=True)
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    assert len(rows) == 1 + 24
    assert re.findall(r">([^<>]+)</td>", rows[-1])[2:] == ["953", "978", "1,004", "999"]
    assert "band: from the lowest to the highest" in table
    assert "band" not in numbers(Spans.of(times, times, times, times, times), Unit.COUNT, banded=False)


def test_without_a_trend_there_is_no_table() -> None:
    """Nothing is read of a signal that was never stored."""
    nothing = np.empty(0)
    assert numbers(Spans.of(*[nothing] * 5), Unit.COUNT, banded=False) == ""


def test_instances_that_leak_elsewhere_do_not_leak_like_this() -> None:
    """The table tells them apart from those that leak in the same code, which come first, as the sentence does."""
    fleet = Fleet()
    files = replace(LEAK, id="f11e", leak_class=LeakClass.FILES, signal=Signal.OPEN_FILES)
    for name, leak in (("a", replace(LEAK, culprits=LEAK.culprits[1:])), ("b", LEAK), ("c", LEAK), ("d", files)):
        key = TargetKey("shop", name)
        leaks = {leak.leak_class: replace(leak, key=key)}
        fleet.targets[key] = Watched(Target(key), ScrapeConfig(job_name="shop"), up=True, leaks=leaks)
    page = leak_page(fleet.targets[TargetKey("shop", "b")].leaks[LeakClass.HEAP], fleet, "", 2000.0)
    assert "2 of 4 instances of this job leak like this: b, c; 2 leak in another way" in page
    rows = re.findall(r"<tr>(.*?)</tr>", page.partition("Instances of this job")[2].partition("</table>")[0])[1:]
    assert [">b</a>" in rows[0], ">c</a>" in rows[1], ">a</a>" in rows[2], ">d<" in rows[3]] == [True] * 4
    assert ["in other code" in row for row in rows] == [False, False, True, False]
    assert 'not judged</span>, <a href="/leaks/f11e">files leak</a>' in rows[3]
