"""The lines of each leak on the metrics page."""

from prometheus_client.parser import text_string_to_metric_families

from leakdog.attribute.case import Finding
from leakdog.config.schema import ScrapeConfig
from leakdog.export.gauges import AT_A_TIME
from leakdog.export.leaks import growth_gauges, leak_gauges
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
    Verdict,
)
from leakdog.pipeline.state import Watched

KEY = TargetKey("shop", "10.0.0.7:6060")


def leak(function: str) -> Leak:
    """A leak of a function."""
    culprit = Culprit("5b0c", Frame(function, "put.go", 8), 0.9, 279.0, ())
    return Leak("id", KEY, Signal.RSS, LeakClass.HEAP, LeakState.FIRING, 100.0, 200.0, culprits=(culprit,))


async def test_every_function_comes_back_as_it_was() -> None:
    """What would end a label, or the line, is escaped as the format has it."""
    names = ['cart.Put["x"]', "a\\b", "a\nb", "größe", ""]
    page = (await leak_gauges([leak(name) for name in names])).decode()
    found = {family.name: family.samples for family in text_string_to_metric_families(page)}
    assert [sample.labels["function"] for sample in found["leakdog_leak_culprit_share_ratio"]] == names
    assert {sample.value for sample in found["leakdog_leak_culprit_share_ratio"]} == {0.9}
    assert [sample.value for sample in found["leakdog_leak_state"]] == [0.0, 1.0, 0.0] * len(names)
    assert found["leakdog_leak_time_to_limit_seconds"] == []


async def test_others_get_their_turn_while_many_leaks_are_told(turns) -> None:
    """A release that leaks on thousands of targets does not hold up the reading of them."""
    assert (await turns(leak_gauges([leak("f")] * (5 * AT_A_TIME))))[0] == 5
    seen = Finding(LeakClass.CACHE, Signal.RSS, Assessment(Signal.RSS, 200.0, Verdict.SETTLING, 120.0), ())
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), harmless=(seen,))
    number, page = await turns(growth_gauges([watched] * (5 * AT_A_TIME)))
    assert number == 5
    assert page.count(b'signal="rss"} 120.0\n') == 5 * AT_A_TIME
