"""When the ends of an interval tell no more than its middle does."""

import pytest

from leakdog.detect.interval import narrow


@pytest.mark.parametrize(
    ("interval", "told"),
    [((99.5, 100.5), True), ((98.9, 100.0), False), ((100.0, 101.1), False), ((0.0, 200.0), False)],
)
def test_an_interval_is_narrow_where_both_ends_are_near(interval: tuple[float, float], told: bool) -> None:
    """Nearer than a hundredth, also of what falls; of no growth none is."""
    low, high = interval
    assert narrow(100.0, interval) is told
    assert narrow(-100.0, (-high, -low)) is told
    assert not narrow(0.0, interval)
