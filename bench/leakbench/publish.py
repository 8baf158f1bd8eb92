"""Run everything that is published, and write the tables of docs/leakbench.md between their markers.

What was published last is kept in `published.json`, so that one detector can be run anew without the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from bench.leakbench.kinds import KINDS, Hard
from bench.leakbench.kinds.fast import LEAKS
from bench.leakbench.report import FIRST, Rows, cell, grid, markdown, markdown_kinds, summarise
from bench.leakbench.run import Corpus, compare
from bench.leakbench.score import SPEEDS

SEEDS, PER_KIND = (1, 2, 3, 4, 5), 20
CORPORA = {
    "load": Corpus(SEEDS, PER_KIND),
    "alone": Corpus(SEEDS, PER_KIND, load=False),
    "fast": Corpus(SEEDS, PER_KIND, fast=True),
}
IN_FULL = "leakdog"  # the detector that is shown kind by kind
STORE = Path(__file__).with_name("published.json")
PAGE = Path(__file__).parents[2] / "docs" / "leakbench.md"
Published = dict[str, dict[str, Rows]]  # by corpus and detector


def publish(detectors: Sequence[str], processes: int) -> None:
    """Run detectors on all corpora, then write the store and the page."""
    published: Published = json.loads(STORE.read_text()) if STORE.exists() else {}
    for name, corpus in CORPORA.items():
        for detector, seeds in compare(corpus, detectors, processes).items():
            published.setdefault(name, {})[detector] = _kept(detector, summarise(seeds))
        STORE.write_text(json.dumps(published, indent=1) + "\n")
    PAGE.write_text(render(PAGE.read_text(), published))


def render(page: str, published: Published) -> str:
    """The page with its tables; the text around them stays."""
    tables = {
        "kinds": kinds_table(),
        "load": markdown(published["load"]),
        "alone": markdown(published["alone"]),
        "fast": _fast_table(published["fast"]),
        "hard": _hard_table(published),
        "each": markdown_kinds(published["load"][IN_FULL]),
        "each-fast": markdown_kinds(published["fast"][IN_FULL]),
    }
    for name, table in tables.items():
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda found, table=table: f"{found[1]}{table}\n{found[2]}",  # type: ignore[misc]
            page,
            flags=re.DOTALL,
        )
    return page


def kinds_table() -> str:
    """All kinds with what happens and where it was seen."""
    known = [(name, kind.leaks, kind.hard, kind.what, kind.source) for name, kind in KINDS.items()]
    known += [(name, True, Hard.NO, *_what(growth.__doc__)) for name, growth in LEAKS.items()]
    return grid(
        ("Kind", "Leaks", "What happens"),
        (
            (f"`{name}`", _leaks(leaks, name in LEAKS, hard), f"{what} [Source]({source})")
            for name, leaks, hard, what, source in sorted(known, key=lambda each: (not each[1], each[0] in LEAKS))
        ),
    )


def _leaks(leaks: bool, fast: bool, hard: Hard) -> str:
    if leaks:
        return "yes, fast" if fast else "yes"
    return "no" if hard is Hard.NO else f"no; hard {hard.value}" if hard is Hard.ALONE else "no; hard"


def _what(doc: str | None) -> tuple[str, str]:
    """Sentence and source of a fast leak's docstring."""
    first, _, source = (doc or "").strip().rpartition("\n")
    return " ".join(first.split()), source.strip()


def _kept(detector: str, rows: Rows) -> Rows:
    return {
        row: {name: None if one is None else (round(one[0], 4), round(one[1], 4)) for name, one in figures.items()}
        for row, figures in rows.items()
        if row in FIRST or detector == IN_FULL
    }


def _fast_table(published: dict[str, Rows]) -> str:
    return grid(
        ("Detector", "in time", *SPEEDS, "FA", "time gone at alert", "covered"),
        (
            (
                f"`{name}`",
                cell("recall", rows["all"]["recall"]),
                *(cell("recall", rows[speed]["recall"]) for speed in SPEEDS),
                *(cell(figure, rows["all"][figure]) for figure in ("FA", "leaked", "covered")),
            )
            for name, rows in published.items()
        ),
    )


def _hard_table(published: Published) -> str:
    names = published["load"]
    return grid(
        ("Detector", "FA with load", "FA, value alone", "FA, read every 30 s"),
        ((f"`{name}`", *(cell("FA", published[each][name]["hard"]["FA"]) for each in CORPORA)) for name in names),
    )
