"""Figures over seeds: the mean and the half width of its 95 % interval, as text, JSON or Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy.stats import t as student

from bench.leakbench.score import FIGURES, SPEEDS, Tally

Estimate = tuple[float, float] | None  # mean and half width; None where there is nothing to count
Rows = dict[str, dict[str, Estimate]]  # by row and figure
FIRST = ("all", *SPEEDS, "hard")
LEAST_RECALL, MOST_FALSE = 0.9, 10.0
DIGITS = {"recall": 3, "FA": 1, "leaked": 2, "half": 2, "delay": 1, "covered": 2}


def summarise(seeds: Sequence[Mapping[str, Tally]]) -> Rows:
    """Estimates by row: all kinds first, then each."""
    known = list(dict.fromkeys(row for seed in seeds for row in seed))
    order = [*(row for row in FIRST if row in known), *(row for row in known if row not in FIRST)]
    figures = {row: [seed[row].figures() for seed in seeds if row in seed] for row in order}
    return {row: {name: _estimate(each[name] for each in figures[row]) for name in FIGURES} for row in order}


def _estimate(values: Iterable[float]) -> Estimate:
    """Mean over seeds, with Student's interval."""
    known = np.array([value for value in values if not math.isnan(value)])
    if not len(known):
        return None
    if len(known) == 1:
        return float(known[0]), float("nan")
    half = student.ppf(0.975, len(known) - 1) * known.std(ddof=1) / math.sqrt(len(known))
    return float(known.mean()), float(half)


def misses(row: str, figures: Mapping[str, Estimate]) -> bool:
    """Whether a kind is below what is asked of each: recall 0.9, at most 10 false alarms per 1000 series-weeks."""
    if row in FIRST or row.endswith("(hard)"):
        return False
    recall, false = figures["recall"], figures["FA"]
    return (recall is not None and recall[0] < LEAST_RECALL) or (false is not None and false[0] > MOST_FALSE)


def cell(name: str, estimate: Estimate) -> str:
    """One estimate, as `0.985 ± 0.004`."""
    if estimate is None:
        return "-"
    mean, half = (f"{number:.{DIGITS[name]}f}" for number in estimate)
    return mean if math.isnan(estimate[1]) else f"{mean} ± {half}"


def text(results: Mapping[str, Rows], *, kinds: bool) -> str:
    """A table for a terminal; kinds that miss are marked."""
    lines = [f"{'':28}" + "".join(f"{name:>18}" for name in FIGURES)]
    for detector, rows in results.items():
        lines.append(detector)
        for row, figures in _shown(rows, kinds=kinds).items():
            mark = "   misses" if misses(row, figures) else ""
            lines.append(f"  {row:26}" + "".join(f"{cell(name, figures[name]):>18}" for name in FIGURES) + mark)
    return "\n".join(lines)


def markdown(results: Mapping[str, Rows], row: str = "all") -> str:
    """One row of each detector, as a table."""
    return grid(
        ("Detector", *FIGURES),
        ((f"`{name}`", *(cell(each, rows[row][each]) for each in FIGURES)) for name, rows in results.items()),
    )


def markdown_kinds(rows: Rows) -> str:
    """A detector kind by kind, as a table; kinds that miss in bold."""
    return grid(
        ("Kind", *FIGURES),
        (
            (f"**{row}**" if misses(row, figures) else row, *(cell(e, figures[e]) for e in FIGURES))
            for row, figures in rows.items()
        ),
    )


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _shown(rows: Rows, *, kinds: bool) -> Rows:
    return rows if kinds else {row: figures for row, figures in rows.items() if row in FIRST}
