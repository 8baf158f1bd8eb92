"""The rhythm by which the recorded services are loaded."""

import pytest
from bench.services import rhythm
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_800_000_000.0
times = st.floats(min_value=0, max_value=4e9)


@given(times)
def test_a_load_is_a_share_of_the_peak(time: float) -> None:
    """No service is ever quite idle, and none is asked more than its peak."""
    assert rhythm.IDLE <= rhythm.load("go", time) <= 1.0


@given(times)
def test_the_phases_fill_the_day(time: float) -> None:
    """Each moment lies in the day that is told for it, and a phase begins where the one before ends."""
    phases = rhythm.day("go", time)
    assert phases[0].begin <= time < phases[-1].end + 1e-3
    assert [each.begin for each in phases[1:]] == [each.end for each in phases[:-1]]
    assert rhythm.day_seconds("go") == pytest.approx(phases[-1].end - phases[0].begin)


def test_days_differ() -> None:
    """Days are 20 to 40 minutes long, and each is as high as was drawn for it and the service."""
    heights = {rhythm.day(name, NOW + number * 2400)[1].last for name in ("go", "etcd") for number in range(4)}
    assert len(heights) == 8
    assert all(1200 <= rhythm.day_seconds(name) <= 2400 for name in ("go", "etcd", "python"))


def test_bursts_are_short() -> None:
    """In the phase of bursts, the load is at the peak for 15 s of every 90 s, and low between."""
    bursts = rhythm.Phase("bursts", NOW, NOW + 300, 0.2, 1.0)
    assert [bursts.load(NOW + after) for after in (0, 14, 15, 89, 90)] == [1.0, 1.0, 0.2, 0.2, 1.0]


def test_a_rise_is_a_straight_line() -> None:
    """Between two heights the load moves evenly."""
    rise = rhythm.Phase("rise", NOW, NOW + 100, 0.0, 0.8)
    assert pytest.approx([rise.load(NOW + after) for after in (0, 50, 100)]) == [0.0, 0.4, 0.8]


def test_steady_phases_have_one_load() -> None:
    """In a steady phase the load does not change, and only phases that lie wholly within the span are told."""
    end = NOW + 3 * rhythm.day_seconds("go")
    phases = rhythm.steady("go", NOW, end)
    assert len(phases) in (5, 6)
    for phase in phases:
        assert NOW <= phase.begin < phase.end <= end
        assert rhythm.load("go", phase.begin + 1) == rhythm.load("go", phase.end - 1)


def test_restarts_go_round() -> None:
    """The services that are restarted take turns; the rest live on."""
    assert [rhythm.restarted(n) for n in range(5)] == ["python", "victoria-metrics", "go", "prometheus", "python"]
