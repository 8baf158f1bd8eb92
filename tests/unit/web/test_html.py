"""Pages as text: what somebody who is woken reads first, and what a browser may keep."""

import re

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Culprit, Frame, Leak, LeakClass, LeakState, Signal, Target, TargetKey
from leakdog.pipeline.state import Watched
from leakdog.web.html import leak_page, overview

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
    page = leak_page(LEAK, "<svg></svg>", 2000.0)
    said = [
        "firing</span> · heap leak, 2.00 KiB/s, by cart.Put (put.go:8)",
        "<svg>",
        "cart/put.go:8",
        "live objects grow",
    ]
    places = [page.index(words) for words in said]
    assert places == sorted(places)


def test_only_the_first_stack_is_open() -> None:
    """The stack of the first culprit is seen without a click; more of them would hide the reasons."""
    page = leak_page(LEAK, "", 2000.0)
    assert re.findall("<details( open)?>", page) == [" open", ""]


def test_a_leak_of_a_dead_process_says_so() -> None:
    """On the overview a leak whose target is down is marked: its numbers are not of now."""
    watched = Watched(Target(KEY, base_url="http://10.0.0.7:6060"), ScrapeConfig(job_name="shop"))
    watched.leaks[LeakClass.HEAP] = LEAK
    watched.up = True
    assert "target down" not in overview([watched], [LEAK], 2000.0)
    assert "<span class=firing>leaks</span>" in overview([watched], [LEAK], 2000.0)
    watched.up = False
    assert "firing</span>, target down" in overview([watched], [LEAK], 2000.0)
