"""Corpora: many labelled series, from our own kinds or from a generator of somebody else."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.leakbench.kinds import KINDS, STEP, Hard, Sample, make
from bench.leakbench.kinds.fast import LEAKS, SHORT, quick
from bench.leakbench.mixtures import mixture
from leakdog.detect.grid import History

T0 = 1_750_000_000.0
LONG_AGO = 90 * 86400.0


@dataclass(frozen=True)
class Labelled:
    """A series as a detector may see it, and what only the scorer may see.

    Attributes:
        leaked: (n,) leaked share of the baseline on a full grid of `step`, all zero for a healthy series.
        over: index at which the value reaches the limit, or n.
        reached: index at which it would without noise and bursts, where the generator knows it; else as `over`.
        step: seconds between readings.
        fast: the leak must be announced before two thirds of the time from its onset to `over` have gone.
        hard: no observer could tell this one series from a leak; told apart from the rest.

    """

    history: History
    kind: str
    leaks: bool
    leaked: np.ndarray
    over: int
    reached: int
    step: float = STEP
    fast: bool = False
    hard: bool = False


def own_kinds() -> list[str]:
    """Names of our own kinds, leaking ones first."""
    return sorted(KINDS, key=lambda name: not KINDS[name].leaks)


def fast_kinds() -> list[str]:
    """Names of fast leaks, and of healthy kinds that are read as often."""
    return [*LEAKS, *(name for name in own_kinds() if not KINDS[name].leaks)]


def own(seed: int, per_kind: int, *, load: bool = True, kinds: Sequence[str] = ()) -> list[Labelled]:
    """Our own kinds: two weeks, read every five minutes."""
    samples = (make(kind, seed, number) for kind in kinds or own_kinds() for number in range(per_kind))
    return [_own(number % per_kind, sample, STEP, load=load) for number, sample in enumerate(samples)]


def fast(seed: int, per_kind: int, *, load: bool = True, kinds: Sequence[str] = ()) -> list[Labelled]:
    """Fast leaks, five times as many as of each healthy kind, and healthy series, read every 30 s."""
    numbers = ((kind, number) for kind in kinds or fast_kinds() for number in range(_fast_count(kind, per_kind)))
    samples = ((number, quick(kind, seed, number)) for kind, number in numbers)
    return [_own(number, sample, SHORT, load=load) for number, sample in samples if sample is not None]


def mixed(seed: int, count: int, *, load: bool = True) -> list[Labelled]:
    """Random mixtures, to learn from."""
    return [_label(number, mixture(seed, number), STEP, load=load) for number in range(count)]


def named(name: str, seed: int, count: int, *, load: bool, generator: Path | None = None) -> list[Labelled]:
    """The corpus `own`, `mixed`, `fast`, or `foreign`, which is that of a generator's directory."""
    match name:
        case "own":
            return own(seed, count, load=load)
        case "mixed":
            return mixed(seed, count, load=load)
        case "fast":
            return fast(seed, count, load=load)
        case _:
            assert generator is not None
            return foreign(generator, seed, count, load=load)


def _fast_count(kind: str, per_kind: int) -> int:
    return 5 * per_kind if kind in LEAKS else per_kind


def _own(number: int, sample: Sample, step: float, *, load: bool) -> Labelled:
    kind = KINDS.get(sample.kind)
    hard = kind is not None and (kind.hard is Hard.ALWAYS or (kind.hard is Hard.ALONE and not load))
    return _label(number, sample, step, load=load, hard=hard)


def foreign_kinds(directory: Path) -> list[str]:
    """Names of the kinds of another generator."""
    generator = _generator(directory)
    return [*generator.LEAK, *generator.OK]


def foreign(
    directory: Path, seed: int, per_kind: int, *, load: bool = True, kinds: Sequence[str] = ()
) -> list[Labelled]:
    """Kinds of a `generator.py` with lists LEAK and OK and `make(kind, count, seed)`, arrays in a dictionary."""
    out: list[Labelled] = []
    for kind in kinds or foreign_kinds(directory):
        made = _generator(directory).make(kind, per_kind, seed)
        out += (_label(i, each, STEP, load=load) for i, each in enumerate(_samples(kind, per_kind, made)))
    return out


@cache
def _generator(directory: Path) -> Any:
    spec = importlib.util.spec_from_file_location("generator", directory / "generator.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    return generator


def _samples(kind: str, count: int, made: dict[str, Any]) -> Iterable[Sample]:
    for i in range(count):
        value, load, start, leaked = (made[name][i].astype(float) for name in ("y", "cov", "start", "L"))
        limit = float(made["limit"][i])
        yield Sample(kind, bool(made["leak"]), value, load, start, limit, leaked, _over(value, limit, leaked))


def _over(value: np.ndarray, limit: float, leaked: np.ndarray) -> int:
    over = np.flatnonzero((np.nan_to_num(value) >= limit) & (leaked > 0))
    return int(over[0]) if len(over) else len(value)


def _label(number: int, sample: Sample, step: float, *, load: bool, hard: bool = False) -> Labelled:
    seen = ~np.isnan(sample.value)
    time = T0 + step * np.arange(len(seen))
    begins = np.maximum(T0 + sample.start * step, T0 - LONG_AGO)
    history = History(
        f"{sample.kind}/{number}",
        time[seen],
        sample.value[seen],
        sample.load[seen] if load else None,
        begins[seen],
        sample.limit,
    )
    over = _over(sample.value, sample.limit, sample.leaked)
    fast = sample.kind in LEAKS and step == SHORT
    return Labelled(history, sample.kind, sample.leaks, sample.leaked, over, sample.reached, step, fast, hard)
