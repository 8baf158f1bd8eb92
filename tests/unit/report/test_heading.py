"""What profile a report is of."""

from dataclasses import replace

from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import ValueType
from leakdog.report.heading import heading

CPU, SPACE = ValueType("cpu", "nanoseconds"), ValueType("space", "bytes")


def profile() -> Profile:
    """Nothing but what the heading tells."""
    empty = Builder([CPU], DEFAULT_LIMITS).build(CPU, 1)
    return replace(empty, comments=("#hidden", "built at night"), doc_url="https://host/doc", time_nanos=10**18)


def test_a_heading_tells_what_is_known() -> None:
    """Comments but those for machines, the sample type, where it is explained, and when it was taken."""
    assert heading(profile(), SPACE, 5, "auto") == (
        "built at night",
        "Type: space",
        "Doc: https://host/doc",
        "Time: 2001-09-09 01:46:40 UTC",
    )


def test_a_recording_tells_how_long_it_took() -> None:
    """With its total, and the share of that time where it is time that is counted."""
    recorded = replace(profile(), duration_nanos=2 * 10**9)
    assert heading(recorded, CPU, 10**9, "minimum")[-1] == "Duration: 2s, Total samples = 1s (50.00%)"
    assert heading(recorded, SPACE, 2048, "B")[-1] == "Duration: 2s, Total samples = 2048B "


def test_any_time_is_told() -> None:
    """A producer may write any number; only none is not known."""
    for nanos, told in ((2**63 - 1, "Time: 2262-04-11 23:47:16 UTC"), (-1, "Time: 1969-12-31 23:59:59 UTC")):
        assert heading(replace(profile(), time_nanos=nanos), CPU, 0, "auto")[-1] == told
    assert heading(replace(profile(), time_nanos=0), CPU, 0, "auto")[-1] == "Doc: https://host/doc"
