"""The layout of `tags`."""

from pathlib import Path

from leakdog.pprof import parse
from leakdog.report.graph import View
from leakdog.report.select import Selection
from leakdog.report.tags import render, sums_of

GOBENCH = Path(__file__).parents[1] / "pprof" / "testdata" / "gobench.heap"


def test_values_of_a_key_are_summed_and_sorted() -> None:
    """The largest first; shares are of the whole profile."""
    profile = parse(GOBENCH.read_bytes())
    sums = sums_of(profile, View())["bytes"]
    lines = render(profile, View()).splitlines()
    whole = int(profile.values[:, -1].sum())
    assert sum(sums.values()) == whole
    assert lines[0].startswith(" bytes: Total 7.36MB of 7.36MB (  100%)")
    assert len(lines) == len(sums) + 2
    assert [line.rpartition(" ")[2] for line in lines[1:-1]] == sorted(sums, key=lambda key: (-sums[key], key))


def test_only_what_is_selected_is_summed() -> None:
    """The total stays that of the whole."""
    profile = parse(GOBENCH.read_bytes())
    few = View(selection=Selection(tagfocus="100kb:"))
    assert 0 < sum(sums_of(profile, few)["bytes"].values()) < int(profile.values[:, -1].sum())
    assert " of 7.36MB (" in render(profile, few)
