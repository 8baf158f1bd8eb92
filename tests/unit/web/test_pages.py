"""What the pages draw of a leak."""

from __future__ import annotations

from dataclasses import replace

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Assessment, Leak, LeakClass, LeakState, Signal, Target, TargetKey, Verdict
from leakdog.pipeline.state import Watched
from leakdog.report.svg import Growth
from leakdog.web.pages import growth_of

KEY = TargetKey("shop", "10.0.0.7:6060")
LEAK = Leak(
    "9f1c", KEY, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=100.0, updated=1000.0, growth_per_second=5.0
)


def watched(rate: float = 5.0, look_back: float | None = 96.0) -> Watched:
    """A target whose resident set grows."""
    seen = Assessment(Signal.RSS, 1000.0, Verdict.LEAK, rate, look_back_seconds=look_back)
    return Watched(Target(KEY), ScrapeConfig(job_name="shop"), assessments={Signal.RSS: seen})


def test_the_line_of_a_leak_goes_over_the_time_that_its_rate_is_of() -> None:
    """Before it the leak may have been faster or slower: a line from the onset on would lie beside what was read."""
    assert growth_of(LEAK, watched()) == Growth(904.0, 5.0)
    assert growth_of(LEAK, watched(look_back=5000.0)) == Growth(100.0, 5.0)


def test_it_goes_from_the_onset_on_where_the_time_is_not_known() -> None:
    """Of a target that is gone, a leak of before, or one that another series tells."""
    whole = Growth(100.0, 5.0)
    assert growth_of(LEAK, None) == whole
    assert growth_of(LEAK, watched(look_back=None)) == whole
    assert growth_of(LEAK, watched(rate=7.0)) == whole
    assert growth_of(replace(LEAK, state=LeakState.RESOLVED), watched()) == whole
