"""Figures over seeds, how they are shown, and how the page is written."""

import json
import re
from pathlib import Path

import pytest
from bench.leakbench import __main__ as command
from bench.leakbench import publish, report
from bench.leakbench.run import Corpus, compare
from bench.leakbench.score import FIGURES, Tally

KINDS = ("map_growth", "sessions", "ttl_cache", "idle")
SMALL = Corpus((11, 12), 2, kinds=KINDS)
PAGE = Path(__file__).parents[3] / "docs" / "leakbench.md"


def tally(found: int, of: int, false_alarms: int) -> dict[str, Tally]:
    """A seed with so many leaks found and false alarms in a hundred weeks."""
    return {"all": Tally(leaks=of, found=found, false_alarms=false_alarms, weeks=100)}


def test_means_with_their_interval() -> None:
    """Recalls of 0.8, 0.9 and 1.0 are 0.9 within 4.303 standard errors: Student's t with two degrees of freedom."""
    rows = report.summarise([tally(8, 10, 0), tally(9, 10, 0), tally(10, 10, 3)])
    assert rows["all"]["recall"] == pytest.approx((0.9, 4.303 * 0.1 / 3**0.5), rel=1e-3)
    assert rows["all"]["FA"] == pytest.approx((10.0, 4.303 * 300**0.5 / 3**0.5), rel=1e-3)
    assert rows["all"]["leaked"] is None
    assert report.cell("recall", rows["all"]["recall"]) == "0.900 ± 0.248"


def test_one_seed_has_no_interval() -> None:
    """A single number is shown as such."""
    (rows,) = [report.summarise([tally(8, 10, 0)])]
    assert report.cell("recall", rows["all"]["recall"]) == "0.800"
    assert report.cell("leaked", rows["all"]["leaked"]) == "-"


@pytest.mark.parametrize(
    ("recall", "false", "expected"), [(0.89, None, True), (0.9, 1, False), (None, 11, True), (None, 10, False)]
)
def test_a_kind_that_misses(recall: float | None, false: float | None, expected: bool) -> None:
    """Recall under 0.9 or more than 10 false alarms per 1000 series-weeks."""
    figures = {"recall": recall and (recall, 0.0), "FA": false and (false, 0.0)}
    assert report.misses("sessions", figures) is expected  # type: ignore[arg-type]


def test_parts_make_the_whole() -> None:
    """Each kind of each seed is in one part, and the tallies do not depend on the number of processes."""
    parts = [(part.seeds[0], name) for part in SMALL.parts() for name in part.kinds]
    assert sorted(parts) == sorted((seed, name) for seed in SMALL.seeds for name in SMALL.names())
    assert compare(SMALL, ["deriv"], 1) == compare(SMALL, ["deriv"], 2)


def test_text_marks_what_misses() -> None:
    """Kinds on which a detector misses are marked, but not the hard ones, which are apart."""
    good, bad = Tally(weeks=100, false_alarms=1), Tally(weeks=100, false_alarms=2)
    rows = report.summarise([{"idle": good, "slab": bad, "hard": bad, "page_cache (hard)": bad}])
    head, name, *lines = report.text({"deriv": rows}, kinds=True).splitlines()
    assert head.split() == list(FIGURES)
    assert name == "deriv"
    assert [line.split()[0] for line in lines] == ["hard", "idle", "slab", "page_cache"]
    assert [line.endswith("misses") for line in lines] == [False, False, True, False]


def test_kinds_are_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --kinds there is one line for a detector, with it one more for each kind."""
    asked = ["deriv", "--seeds", "11", "--per-kind", "1", "--only", *KINDS, "--processes", "1"]
    command.main(asked)
    assert len(capsys.readouterr().out.splitlines()) == 3
    command.main([*asked, "--kinds"])
    assert len(capsys.readouterr().out.splitlines()) == 3 + len(KINDS)


def test_json_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """All figures by detector and row, as mean and half width."""
    command.main(["deriv", "--seeds", "11", "12", "--per-kind", "1", "--only", *KINDS, "--json", "--processes", "1"])
    out = json.loads(capsys.readouterr().out)
    assert (out["seeds"], out["per_kind"]) == ([11, 12], 1)
    assert set(out["detectors"]["deriv"]) == {"all", *KINDS}
    assert len(out["detectors"]["deriv"]["all"]["recall"]) == 2


def test_markdown_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each detector under a head."""
    command.main(["deriv", "--seeds", "11", "--per-kind", "1", "--only", *KINDS, "--markdown", "--processes", "1"])
    head, rule, row = capsys.readouterr().out.splitlines()
    assert head == "| Detector | recall | FA | leaked | half | delay | covered |"
    assert rule.count("---") == 7
    assert row.startswith("| `deriv` | ")


def test_the_page_is_what_was_published() -> None:
    """The tables of the page are those that the published figures and the kinds give."""
    page = PAGE.read_text()
    assert publish.render(page, json.loads(publish.STORE.read_text())) == page
    tables = re.findall(r"<!-- ([a-z-]+) -->\n\|", page)
    assert tables == ["load", "alone", "fast", "hard", "each", "each-fast", "kinds"]
