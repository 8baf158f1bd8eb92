"""Corpora: many labelled series, from our own kinds or from a generator of somebody else."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.leakbench.kinds import KINDS, STEP, make
from leakdog.detect.grid import History

T0 = 1_750_000_000.0
LONG_AGO = 90 * 86400.0


@dataclass(frozen=True)
class Labelled:
    """A series as a detector may see it, and what only the scorer may see.

    Attributes:
        leaked: (n,) leaked share of the baseline on a full grid of `STEP`, all zero for a healthy series.
        over: index at which the value reaches the limit, or n.

    """

    history: History
    kind: str
    leaks: bool
    leaked: np.ndarray
    over: int


def own(seed: int, per_kind: int, *, load: bool = True) -> list[Labelled]:
    """Our own kinds."""
    samples = [make(kind, seed, number) for kind in KINDS for number in range(per_kind)]
    return [
        _label(s.kind, number % per_kind, s.leaks, s.value, s.load if load else None, s.start, s.limit, s.leaked)
        for number, s in enumerate(samples)
    ]


def foreign(directory: Path, seed: int, per_kind: int, *, load: bool = True) -> list[Labelled]:
    """Kinds of a `generator.py` with lists LEAK and OK and `make(kind, count, seed)`, arrays in a dictionary."""
    spec = importlib.util.spec_from_file_location("generator", directory / "generator.py")
    assert spec is not None
    assert spec.loader is not None
    generator: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    out = []
    for kind in (*generator.LEAK, *generator.OK):
        d = generator.make(kind, per_kind, seed)
        out += [
            _label(
                kind,
                i,
                bool(d["leak"]),
                d["y"][i].astype(float),
                d["cov"][i].astype(float) if load else None,
                d["start"][i].astype(float),
                float(d["limit"][i]),
                d["L"][i].astype(float),
            )
            for i in range(per_kind)
        ]
    return out


def _label(
    kind: str,
    number: int,
    leaks: bool,
    value: np.ndarray,
    load: np.ndarray | None,
    start: np.ndarray,
    limit: float,
    leaked: np.ndarray,
) -> Labelled:
    seen = ~np.isnan(value)
    time = T0 + STEP * np.arange(len(value))
    begins = np.where(start > -(10**5), T0 + start * STEP, T0 - LONG_AGO)
    over = np.flatnonzero((np.nan_to_num(value) >= limit) & (leaked > 0))
    history = History(
        f"{kind}/{number}", time[seen], value[seen], None if load is None else load[seen], begins[seen], limit
    )
    return Labelled(history, kind, leaks, leaked, int(over[0]) if len(over) else len(value))
