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
    """Trend per hour with reach and share, that of cum, and what is held, in one unit; points where nothing moved."""
    assert top(functions) == (
        "Type: inuse_space\n"
        "Growth over 6 profiles in 50 min\n"
        "5.99MB per hour in all (80% interval 5.99MB to 5.99MB), 5.01MB in the last profile\n"
        "   flat/h     80% ±  share     cum/h      flat\n"
        "      6MB        ±0 100.0%       6MB       5MB  leak\n"
        "        .         .      .    5.99MB         0  main\n"
        "  -0.01MB        ±0  -0.1%   -0.01MB         0  cache\n"
    )


def test_what_never_moved_grows_by_nothing_in_all(leaking: list[Taken]) -> None:
    """The first line is a sentence, in which a point would be read as its end."""
    still = [leaking[0]._replace(time=leaking[0].time + 60 * minute) for minute in range(3)]
    found = over_time(still, View(), by_call(lambda symbols: calls_of(symbols, Granularity.FUNCTIONS)))
    assert top(found).splitlines()[2].startswith("0 per hour in all (80% interval 0 to 0), ")


def test_rows_are_cut_and_sorted_as_asked(functions: OverTime[str]) -> None:
    """By cum, what calls the leak comes after the leak itself, and its interval is that of cum."""
    view = replace(functions.view, sort="cum", n=2, unit="kB")
    text = top(replace(functions, view=view))
    assert "Showing top 2 nodes out of 3\n" in text
    assert "    cum/h     80% ±  share    flat/h       cum\n" in text
    assert text.splitlines()[-1] == "   6138kB        ±0  99.9%         .    5127kB  main"


def test_an_interval_is_told_by_how_far_it_reaches(leaking: list[Taken], heap: Callable[..., Profile]) -> None:
    """On each side of the trend, here that of a line which swings about it."""
    swinging = [each._replace(profile=heap((10 * i + i % 2) << 20)) for i, each in enumerate(leaking)]
    found = over_time(swinging, View(), by_call(lambda symbols: calls_of(symbols, Granularity.FUNCTIONS)))
    rate = found.rows["leak"].flat_rate
    row = next(line for line in top(found).splitlines() if line.endswith("  leak")).split()
    mib = 3600 / (1 << 20)
    assert float(row[0].removesuffix("MB")) == pytest.approx(rate.per_second * mib, abs=0.01)
    assert float(row[1].removeprefix("±").removesuffix("MB")) == pytest.approx(
        (rate.high - rate.per_second) * mib, abs=0.01
    )
    assert rate.high > rate.per_second


def test_a_line_is_no_wider_than_the_terminal(leaking: list[Taken]) -> None:
    """Of a name that has no room its end is shown, which tells the function; without a terminal, all of it."""
    long = "github.com/acme/shop/v2/internal/cart.(*Store[go.shape.string,go.shape.int]).AddAllOf.func1"
    nodes = over_time(leaking, View(), by_call(lambda symbols: calls_of(symbols, Granularity.FUNCTIONS)))
    nodes = replace(nodes, rows={name.replace("leak", long): row for name, row in nodes.rows.items()})
    stacks = over_time(leaking, View(), by_stack(View()))
    stacks = replace(
        stacks, rows={tuple(n.replace("leak", long) for n in key): row for key, row in stacks.rows.items()}
    )
    for full, cut in ((top(nodes), top(nodes, 80)), (traces(stacks), traces(stacks, 80))):
        assert long in full
        assert long not in cut
        (row,) = (line for line in cut.splitlines() if line.endswith(".AddAllOf.func1"))
        assert len(row) == 80
        assert "  …" in row
        assert [line for line in cut.splitlines() if "func1" not in line] == [
            line for line in full.splitlines() if "func1" not in line
        ]


def test_stacks_that_grow_come_first(leaking: list[Taken]) -> None:
    """Leaf first, the callers under it."""
    blocks = traces(over_time(leaking, View(), by_stack(View()))).split("-" * 10)
    lines = [line for line in "".join(blocks).splitlines() if "leak" in line or "main" in line]
    assert lines[0].split() == ["6MB", "±0", "100.0%", "5MB", "leak"]
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
    assert "        .         .         .      .      4:line 4\n" in text
    assert "      6MB       6MB        ±0 100.0%      9:line 9\n" in text
    assert " Error: b.go is lost\n" in text
    assert "        .    5.99MB        ±0  99.9%      5:\n" in text


def test_a_pattern_that_finds_nothing_is_an_error(lines: OverTime[Place]) -> None:
    """With the pattern in it."""
    with pytest.raises(ProfileError, match="no function of this profile matches 'nothing'"):
        routines(lines, "nothing", Paper())


def test_ties_are_in_order_of_their_names(heap: Callable[..., Profile]) -> None:
    """So that the same profiles give the same text."""
    still = [Taken("", 1e9 + i, heap(64)) for i in range(3)]
    found = over_time(still, View(), by_call(lambda symbols: calls_of(symbols, Granularity.FUNCTIONS)))
    assert [name for name, _ in ranked(found)] == ["cache", "leak", "main"]
