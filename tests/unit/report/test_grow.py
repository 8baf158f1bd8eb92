"""Trends of what profiles are folded by."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from leakdog.errors import ProfileError
from leakdog.pprof import Profile
from leakdog.pprof.profile import ValueType
from leakdog.report.frames import Granularity, calls_of
from leakdog.report.graph import View
from leakdog.report.grow import OverTime, _slopes, by_call, by_stack, over_time, student_80
from leakdog.report.offline import Taken
from leakdog.report.select import Selection

MIB = 1 << 20
Heap = Callable[..., Profile]


def by_function(taken: list[Taken], view: View | None = None) -> OverTime[str]:
    """Trends of the functions."""
    return over_time(taken, view or View(), by_call(lambda symbols: calls_of(symbols, Granularity.FUNCTIONS)))


def test_a_function_that_grows_has_its_rate_and_share(leaking: list[Taken]) -> None:
    """Exactly, where nothing scatters or is sampled; of `main`, which calls it, cum grows and flat does not."""
    found = by_function(leaking)
    leak, main = found.rows["leak"], found.rows["main"]
    assert (leak.flat, leak.cum) == (5 * MIB, 5 * MIB)
    assert leak.flat_rate[:3] == pytest.approx([MIB / 600] * 3)
    assert main.flat_rate.per_second == 0
    assert main.cum_rate.per_second == pytest.approx((MIB - 1024) / 600)
    assert leak.flat_rate.share == pytest.approx(1.0)
    assert found.rows["cache"].flat_rate.share == pytest.approx(-1024 / MIB)
    assert (found.total, found.unit) == (5 * MIB + 3 * 1024 + 4096, "bytes")


def test_growth_by_stack_is_that_of_each_call_path(leaking: list[Taken]) -> None:
    """Whole stacks, leaf first."""
    rows = over_time(leaking, View(), by_stack(View())).rows
    assert set(rows) == {("leak", "main"), ("cache", "main"), ("main",)}
    assert rows["leak", "main"].cum_rate == rows["leak", "main"].flat_rate
    assert rows["leak", "main"].flat_rate.per_second == pytest.approx(MIB / 600)


def test_the_order_of_files_does_not_matter(leaking: list[Taken]) -> None:
    """Profiles are put in the order of their time; of two at one time the later file counts."""
    wrong = leaking[0]._replace(time=leaking[3].time)
    assert by_function([wrong, *leaking[::-1]]).rows == by_function(leaking).rows


def test_what_was_before_a_restart_is_left_out(leaking: list[Taken], heap: Heap) -> None:
    """All that was ever allocated falls: another process, of which nothing is compared with the first."""
    after = [Taken("", leaking[-1].time + 60 * i, heap(0, allocated=i)) for i in (1, 2, 3)]
    found = by_function(leaking + after)
    assert (len(found.taken), found.count, found.before) == (3, 3, 6)
    assert found.rate.per_second == 0
    assert found.rows["main"].flat_rate.share is None


def test_very_many_profiles_are_thinned_out(heap: Heap) -> None:
    """Forty, evenly spread, with the first and the last of them."""
    found = by_function([Taken("", 1e9 + i, heap(i, allocated=i)) for i in range(200)])
    assert (len(found.taken), found.count) == (40, 200)
    assert [found.taken[0].time, found.taken[-1].time] == [1e9, 1e9 + 199]


def test_profiles_of_several_kinds_may_lie_together(leaking: list[Taken], heap: Heap) -> None:
    """Those with the sample type count; without one, memory in use comes before all other."""
    kind = ValueType("goroutine", "count")
    empty = heap(0)
    other = replace(empty, sample_types=(kind,), values=empty.values[:, :1])
    mixed = [*leaking, *(Taken("", 1e9 + i, other) for i in range(9))]
    assert by_function(mixed).count == 6
    assert by_function(mixed, View("goroutine")).count == 9
    assert by_function(mixed, View("inuse_objects")).unit == "count"


@pytest.mark.parametrize(
    ("count", "wanted", "why"),
    [
        (0, "", "there is no profile"),
        (1, "", "two profiles of inuse_space or more"),
        (6, "samples", "no profile here has the sample type 'samples'; there are alloc_space"),
    ],
)
def test_what_tells_no_growth_is_an_error(leaking: list[Taken], count: int, wanted: str, why: str) -> None:
    """Too few profiles, or none of what was asked for."""
    with pytest.raises(ProfileError, match=why):
        by_function(leaking[:count], View(wanted))


def test_only_what_is_selected_grows(leaking: list[Taken]) -> None:
    """Selections apply to each profile."""
    found = by_function(leaking, View(selection=Selection(focus="cache")))
    assert set(found.rows) == {"cache", "main"}
    assert found.rate.per_second == pytest.approx(-1024 / 600)


@pytest.mark.parametrize(("freedom", "wanted"), [(1, 3.078), (2, 1.886), (4, 1.533), (10, 1.372), (38, 1.304)])
def test_students_t_is_that_of_the_tables(freedom: int, wanted: float) -> None:
    """Within 4 % for one degree of freedom, and 0.4 % for more."""
    assert student_80(freedom) == pytest.approx(wanted, rel=0.04 if freedom == 1 else 0.004)


@pytest.mark.parametrize("count", [2, 3, 6, 12, 40])
@pytest.mark.parametrize("turnover", [0.0, 50e6])
def test_intervals_hold_the_truth_about_as_often_as_they_say(count: int, turnover: float) -> None:
    """A leak that is seen by sampling only, alone or among memory that is replaced all the time: in 73 to 97 of 100."""
    rng, period, rate = np.random.default_rng(1), 512 << 10, 1e5
    times = np.linspace(0, 3600, count)
    steps = rng.poisson(rate * 3600 / (count - 1) / period, (2000, count - 1)) * float(period)
    values = np.concatenate([np.zeros((2000, 1)), np.cumsum(steps, axis=1)], axis=1)
    values += rng.poisson(turnover / period, values.shape) * float(period)
    slope, reach = _slopes(times, values, values * period)
    assert 0.73 < float(np.mean(np.abs(slope - rate) <= reach)) < 0.97
