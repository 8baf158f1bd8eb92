"""What grows over many profiles of one process: a trend with its interval for whatever one folds them by.

The slope is robust (see `attribute.trend`). Its interval is that of the scatter about the line, by Student's t, and of
sampling: what a line holds now was sampled while it grew, so chance alone moves its slope by the variance of that much
sampled memory (see `attribute.table`). Two profiles have no scatter; all that each of them may be off then counts.

Source of the expansion of Student's t: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.table import MAX_POINTS
from leakdog.attribute.trend import trends
from leakdog.errors import ProfileError
from leakdog.pprof.profile import Profile
from leakdog.pprof.symbols import Symbols
from leakdog.report.chance import variance_of_sampling
from leakdog.report.frames import Calls, Numbers, frames_of, names_of, sums
from leakdog.report.graph import View
from leakdog.report.offline import Taken, lives
from leakdog.report.select import select

Floats = NDArray[np.float64]
Key = TypeVar("Key", bound=Hashable)
NORMAL_80 = 1.2816  # standard errors on each side of an 80 % interval
PREFERRED = ("inuse_space", "space", "goroutine")  # of profiles of several kinds
BATCH = 2000  # series at once: each has a few hundred pairs of points
# What a profile is made of: its keys, and flat and cum of each for several weights of the samples.
Fold = Callable[[Profile, Sequence[Numbers]], tuple[list[Key], list[tuple[Numbers, Numbers]]]]


class Rate(NamedTuple):
    """A trend.

    Attributes:
        per_second: slope, in the unit of the sample type.
        low, high: 80 % interval of it.
        share: of all growth, negative for what shrinks; None where nothing grows.

    """

    per_second: float
    low: float
    high: float
    share: float | None


class Grown(NamedTuple):
    """One row: what it holds in the last profile, and the trends of that."""

    flat: int
    cum: int
    flat_rate: Rate
    cum_rate: Rate


@dataclass(frozen=True, slots=True, eq=False)
class OverTime(Generic[Key]):
    """Profiles of one life of a process, folded.

    Attributes:
        taken: those that were looked at, in order, of `count`; `before` more are of before the process started anew.
        view: with the name of the sample type.
        total, rate: what the last profile holds of what is selected, and its trend.
        rows: all that hold something in any of them.

    """

    taken: tuple[Taken, ...]
    count: int
    before: int
    view: View
    unit: str
    total: int
    rate: Rate
    rows: Mapping[Key, Grown]


def over_time(taken: Sequence[Taken], view: View, fold: Fold[Key]) -> OverTime[Key]:
    """Fold profiles and tell the trend of each row.

    Args:
        taken: of one process, in any order, also of several kinds: those with the sample type are looked at, and of
            very many only some, evenly spread. Of several at one time the last counts.

    Raises:
        ProfileError: none of them has this sample type, fewer than two are of the same life, or what is selected is
            no regular expression.

    """
    name = _sample_type(taken, view.sample_index)
    view = replace(view, sample_index=name)
    own = {each.time: each for each in sorted(taken, key=lambda each: each.time) if _has(each, name)}
    started = lives(list(own.values()), taken)
    last = [each for each, start in zip(own.values(), started, strict=True) if start == started[-1]]
    if len(last) < 2:
        raise ProfileError(f"growth is told by two profiles of {name} or more, of one life of a process; here is one")
    chosen = [last[int(i)] for i in np.linspace(0, len(last) - 1, min(len(last), MAX_POINTS)).round()]
    keys, table = _tabulate(chosen, view, fold)
    rows, rate = _trends(np.array([each.time for each in chosen]), keys, table)
    column = chosen[-1].profile.sample_index(name)
    return OverTime(
        tuple(chosen),
        count=len(last),
        before=len(own) - len(last),
        view=view,
        unit=chosen[-1].profile.sample_types[column].unit,
        total=int(table[0, -1, -1]),
        rate=rate,
        rows=rows,
    )


def by_call(calls_of: Callable[[Symbols], tuple[list[Key], Calls]]) -> Fold[Key]:
    """Fold by what is called."""

    def fold(profile: Profile, weights: Sequence[Numbers]) -> tuple[list[Key], list[tuple[Numbers, Numbers]]]:
        keys, calls = calls_of(profile.symbols)
        frames = frames_of(profile, np.flatnonzero(weights[0] != 0), calls)
        return keys, [sums(frames, each, len(keys)) for each in weights]

    return fold


def by_stack(view: View) -> Fold[tuple[str, ...]]:
    """Fold by whole stacks, leaf first."""

    def fold(
        profile: Profile, weights: Sequence[Numbers]
    ) -> tuple[list[tuple[str, ...]], list[tuple[Numbers, Numbers]]]:
        names = names_of(profile.symbols, view.granularity)
        rows: dict[tuple[str, ...], int] = {}
        at = np.zeros(len(profile.values), np.int64)
        for i in range(len(at)):
            locations = profile.stack_locations[profile.stack_offsets[i] : profile.stack_offsets[i + 1]].tolist()
            stack = tuple(name for location in locations for name, _ in names[location])
            at[i] = rows.setdefault(stack, len(rows))
        found = [np.bincount(at, each, len(rows)) for each in weights]
        return list(rows), [(each, each) for each in found]

    return fold


def student_80(freedom: int) -> float:
    """Standard errors on each side of an 80 % interval that was estimated with so many degrees of freedom."""
    z = NORMAL_80
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def _sample_type(taken: Sequence[Taken], wanted: str) -> str:
    """Name of the sample type that was asked for, or of the one that tells most of leaks."""
    if not taken:
        raise ProfileError("there is no profile")
    types = {kind.type for each in taken for kind in each.profile.sample_types}
    if not wanted:
        preferred = [name for name in PREFERRED if name in types]
        return preferred[0] if preferred else _name(taken[-1].profile, "")
    for each in taken:
        try:
            return _name(each.profile, wanted)
        except ProfileError:
            continue  # of another kind
    raise ProfileError(f"no profile here has the sample type {wanted!r}; there are {', '.join(sorted(types))}")


def _name(profile: Profile, wanted: str) -> str:
    return profile.sample_types[profile.sample_index(wanted)].type


def _has(each: Taken, name: str) -> bool:
    return any(kind.type == name for kind in each.profile.sample_types)


def _tabulate(taken: Sequence[Taken], view: View, fold: Fold[Key]) -> tuple[list[Key], Floats]:
    """Keys, and (flat, variance of flat, cum, variance of cum; keys; profiles); the last key is the whole."""
    rows: dict[Key, int] = {}
    columns = []
    for each in taken:
        profile = select(each.profile, view.selection)
        column = profile.sample_index(view.sample_index)
        weights = [profile.values[:, column].astype(np.float64), variance_of_sampling(profile, column)]
        keys, ((flat, cum), (flat_variance, cum_variance)) = fold(profile, weights)
        place = np.array([rows.setdefault(key, len(rows)) for key in keys], np.int64)
        columns.append((place, [flat, flat_variance, cum, cum_variance], [float(each.sum()) for each in weights]))
    table = np.zeros((4, len(rows) + 1, len(taken)))
    for j, (place, values, whole) in enumerate(columns):
        table[:, place, j] = values
        table[:, -1, j] = [*whole, *whole]
    return list(rows), table


def _trends(times: Floats, keys: list[Key], table: Floats) -> tuple[dict[Key, Grown], Rate]:
    """Trends of the rows that hold anything at any time, and of the whole."""
    flat, cum = _slopes(times, table[0], table[1]), _slopes(times, table[2], table[3])
    sure = flat[0][:-1] > flat[1][:-1]
    whole = max(float(flat[0][-1]), float(flat[0][:-1][sure].sum()))

    def rate(of: tuple[Floats, Floats], i: int) -> Rate:
        slope, reach = float(of[0][i]), float(of[1][i])
        return Rate(slope, slope - reach, slope + reach, slope / whole if whole > 0 else None)

    rows = {
        key: Grown(int(table[0, i, -1]), int(table[2, i, -1]), rate(flat, i), rate(cum, i))
        for i, key in enumerate(keys)
        if table[2, i].any()
    }
    return rows, rate(flat, -1)


def _slopes(times: Floats, values: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Slope of each series, and how far its 80 % interval reaches on each side."""
    span = float(times[-1] - times[0])
    batches = np.array_split(values, max(1, len(values) // BATCH))
    found = [trends(times, each) for each in batches]
    slope, scatter = (np.concatenate([getattr(each, name) for each in found]) for name in ("growth", "error"))
    if len(times) == 2:
        return slope, NORMAL_80 * np.sqrt(variance.sum(axis=1)) / span
    grain = variance.sum(axis=1) / np.maximum(np.abs(values).sum(axis=1), 1)
    sampling = np.sqrt(grain * np.abs(slope) / span)
    return slope, np.hypot(student_80(len(times) - 2) * scatter, NORMAL_80 * sampling)
