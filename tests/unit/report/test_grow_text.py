"""Growth as text."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from leakdog.errors import LeakdogError, ProfileError
from leakdog.pprof import Profile
from leakdog.report.frames import Granularity, calls_of
from leakdog.report.graph import View
from leakdog.report.grow import OverTime, by_call, by_stack, over_time
from leakdog.report.grow_text import lines_of, listing, ranked, routines, top, traces
from leakdog.report.listing import Place
from leakdog.report.offline import Taken


class Paper:
    """Source of `a.go` only: 12 lines."""

    def name(self, file: str) -> str:
        """As it is."""
        return file

    def lines(self, file: str, shown: range, held: Iterable[int]) -> dict[int, str | None]:
        """The lines that there are."""
        if file != "a.go":
            raise LeakdogError(f"{file} is lost")
        return {line: f"line {line}" for line in shown if line <= 12}


@pytest.fixture
def functions(leaking: list[Taken]) -> OverTime[str]:
    """Trends of the functions."""
    return over_time(leaking, View(), by_call(lambda symbols: calls_of(symbols, Granularity.FUNCTIONS)))


@pytest.fixture
def lines(leaking: list[Taken]) -> OverTime[Place]:
    """Trends of source lines."""
    return over_time(leaking, View(), by_call(lines_of(Paper().name)))


def test_nodes_that_grow_come_first(functions: OverTime[str]) -> None:
    """Trend per hour of flat and cum, interval, share, and what is held now; all in one unit."""
    assert top(functions) == (
        "Type: inuse_space\n"
        "Growth over 6 profiles in 50 min\n"
        "5.99MB per hour in all (80% interval 5.99MB to 5.99MB), 5.01MB in the last profile\n"
        "    flat/h      cum/h           80% interval   share       flat        cum\n"
        "       6MB        6MB             6MB to 6MB  100.0%        5MB        5MB  leak\n"
        "         0     5.99MB                 0 to 0    0.0%          0     5.01MB  main\n"
        "   -0.01MB    -0.01MB     -0.01MB to -0.01MB   -0.1%          0          0  cache\n"
    )


def test_rows_are_cut_and_sorted_as_asked(functions: OverTime[str]) -> None:
    """By cum, what calls the leak comes after the leak itself, and its interval is that of cum."""
    view = replace(functions.view, sort="cum", n=2, unit="kB")
    text = top(replace(functions, view=view))
    assert "Showing top 2 nodes out of 3\n" in text
    assert text.splitlines()[-1] == ("         0     6138kB       6138kB to 6138kB   99.9%        4kB     5127kB  main")


def test_stacks_that_grow_come_first(leaking: list[Taken]) -> None:
    """Leaf first, the callers under it."""
    blocks = traces(over_time(leaking, View(), by_stack(View()))).split("-" * 10)
    lines = [line for line in "".join(blocks).splitlines() if "leak" in line or "main" in line]
    assert lines[0].split() == ["6MB", "6MB", "to", "6MB", "100.0%", "5MB", "leak"]
    assert lines[1].strip() == "main"
    assert lines[1].index("main") == lines[0].index("leak")


def test_a_restart_is_told(leaking: list[Taken], heap: Callable[..., Profile]) -> None:
    """With how many profiles are left out for it."""
    after = [Taken("", leaking[-1].time + i, heap(0)) for i in (1, 2)]
    found = over_time(leaking + after, View(), by_stack(View()))
    assert "Left out 6, of before the process started anew\n" in traces(found)
    assert " -          0   leak" not in traces(found)


def test_source_lines_have_trends(lines: OverTime[Place]) -> None:
    """Those around them have none; where there is no source, the lines that grow are there all the same."""
    text = listing(lines, routines(lines, "leak|main", Paper()))
    assert "ROUTINE ======================== leak in a.go\n" in text
    assert "         .          .                                     4:line 4\n" in text
    assert "       6MB        6MB             6MB to 6MB  100.0%      9:line 9\n" in text
    assert " Error: b.go is lost\n" in text
    assert "         0     5.99MB       5.99MB to 5.99MB   99.9%      5:\n" in text


def test_a_pattern_that_finds_nothing_is_an_error(lines: OverTime[Place]) -> None:
    """With the pattern in it."""
    with pytest.raises(ProfileError, match="no function of this profile matches 'nothing'"):
        routines(lines, "nothing", Paper())


def test_ties_are_in_order_of_their_names(heap: Callable[..., Profile]) -> None:
    """So that the same profiles give the same text."""
    still = [Taken("", 1e9 + i, heap(64)) for i in range(3)]
    found = over_time(still, View(), by_call(lambda symbols: calls_of(symbols, Granularity.FUNCTIONS)))
    assert [name for name, _ in ranked(found)] == ["cache", "leak", "main"]
