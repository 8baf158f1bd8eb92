"""Gauges as lines of the metrics page."""

from leakdog.export.gauges import Gauges, labelled


def test_a_gauge_is_told_once_with_its_samples() -> None:
    """What is not known has no line, and what is false is zero."""
    made = Gauges("up", "Whether it is.")
    for value in (1.5, None, False, float("inf")):
        made.add(labelled(target_job='a"b\\c\nd', part=""), value)
    sample = 'up{target_job="a\\"b\\\\c\\nd",part=""}'
    told = ["# HELP up Whether it is.", "# TYPE up gauge", f"{sample} 1.5", f"{sample} 0.0", f"{sample} +Inf"]
    assert made.text.decode().splitlines() == told
