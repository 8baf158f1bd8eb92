"""What one profile tells as numbers: its totals, and what each site holds. Pure."""

from __future__ import annotations

from leakdog.attribute.gist import PROFILING
from leakdog.attribute.tally import Tally, sample_keys, tally
from leakdog.model import Kind, Signal
from leakdog.pipeline.sites import BESIDE, BY_SITE
from leakdog.pprof.profile import Profile

Tallies = dict[Signal, Tally]


def profile_values(profile: Profile, kind: Kind) -> dict[Signal, float]:
    """The totals of a profile as signals."""
    if kind is Kind.HEAP:
        totals = profile.values.sum(axis=0, dtype=float)
        names = {signal.value: signal for signal in Signal}
        typed = zip(profile.sample_types, totals, strict=True)
        return {names[kind_of.type]: float(total) for kind_of, total in typed if kind_of.type in names and total >= 0}
    signal = {Kind.GOROUTINE: Signal.GOROUTINES, Kind.GOROUTINELEAK: Signal.GOROUTINES_LEAKED}.get(kind)
    return {signal: float(profile.values[:, 0].sum())} if signal else {}


def profiling_bytes(profile: Profile) -> float | None:
    """Bytes that a Go program has allocated so far to write profiles; None where the profile does not tell.

    For a quiet program this is most of what it allocates, and it grows with what leaks: a profile of more goroutines
    is longer. Taken for load it would excuse the leak.
    """
    column = next((i for i, kind in enumerate(profile.sample_types) if kind.type == Signal.ALLOC_SPACE), None)
    if column is None:
        return None
    return float(profile.values[profile.runs(*PROFILING), column].sum())


def by_site(profile: Profile, kind: Kind) -> Tallies:
    """What each site holds, in each signal that is followed by site and that the profile tells."""
    told = {name for each in profile.sample_types for name in (each.type, f"inuse_{each.type}")}
    # A goroutine profile has one number, whatever its name.
    types = {signal: signal.value if of is Kind.HEAP else "" for signal, of in BY_SITE.items() if of is kind}
    followed = {signal: name for signal, name in types.items() if signal not in BESIDE or name in told}
    keys = sample_keys(profile) if followed else None
    return {signal: tally(profile, name, keys) for signal, name in followed.items()}
