"""The lines of each target on the metrics page."""

from prometheus_client.parser import text_string_to_metric_families

from leakdog.config.schema import ScrapeConfig
from leakdog.export.gauges import AT_A_TIME
from leakdog.export.targets import target_gauges
from leakdog.model import Signal, Target, TargetKey
from leakdog.pipeline.state import Watched


def watched(instance: str) -> Watched:
    """A target with a number of each unit."""
    made = Watched(Target(TargetKey("shop", instance)), ScrapeConfig(job_name="shop"), up=False)
    made.values = {Signal.RSS: 123_456_789.0, Signal.GOROUTINES: 41.0}
    return made


async def test_every_name_comes_back_as_it_was() -> None:
    """What would end a label, or the line, is escaped as the format has it."""
    names = ['a"b', "a\\b", "a\nb", "a\\nb", "größe", "[::1]:6060"]
    page = (await target_gauges([watched(name) for name in names])).decode()
    found = {family.name: family.samples for family in text_string_to_metric_families(page)}
    assert [sample.labels["target_instance"] for sample in found["leakdog_target_up"]] == names
    assert {sample.value for sample in found["leakdog_signal_bytes"]} == {123_456_789.0}
    assert {sample.labels["signal"] for sample in found["leakdog_signal_quantity"]} == {Signal.GOROUTINES}


async def test_what_is_not_known_has_no_line() -> None:
    """A target that was never read has no state, no time and no limit."""
    page = (await target_gauges([Watched(Target(TargetKey("shop", "a")), ScrapeConfig(job_name="shop"))])).decode()
    assert [line for line in page.splitlines() if not line.startswith("#")] == []


async def test_others_get_their_turn_while_many_targets_are_told(turns) -> None:
    """Between some targets and the next the loop goes on with what else there is to do."""
    number, _ = await turns(target_gauges([watched(str(number)) for number in range(5 * AT_A_TIME)]))
    assert number == 5
