"""Leaks of one job that are the same leak: in one group with its instances, as one alert tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leakdog.model import LeakState

Json = Mapping[str, Any]
# A group stands where the foremost of its leaks does.
ORDER = (LeakState.FIRING.value, LeakState.PENDING.value, LeakState.RESOLVED.value)


def grouped(leaks: Sequence[Json]) -> list[dict[str, Any]]:
    """Leaks by job, class and code, in the order in which the first of each comes; resolved ones apart.

    A leak whose code is not known yet goes with the largest group of its job and class.

    Args:
        leaks: as the API gives them.

    Returns:
        Of each group: `job`, `class`, `state` (the foremost of its leaks), `function` of the first culprit or None,
        `up` instances of the job, `since` (the earliest), `growth_per_second` (the largest, None where none is known),
        and `leaks`, the fastest first.

    """
    groups: dict[tuple[str, str, bool, str | None], list[Json]] = {}
    for leak in leaks:
        groups.setdefault(_key(leak), []).append(leak)
    for key in [key for key in groups if key[3] is None]:
        known = [other for other in groups if other[:3] == key[:3] and other[3] is not None]
        if known:
            groups[max(known, key=lambda other: len(groups[other]))] += groups.pop(key)
    return [_group(key[3], members) for key, members in groups.items()]


def _key(leak: Json) -> tuple[str, str, bool, str | None]:
    function = leak["culprits"][0]["function"] if leak.get("culprits") else None
    return leak["target"]["job"], leak["class"], leak["state"] == LeakState.RESOLVED, function


def _group(function: str | None, members: list[Json]) -> dict[str, Any]:
    rates = [leak["growth_per_second"] for leak in members if leak.get("growth_per_second") is not None]
    return {
        "job": members[0]["target"]["job"],
        "class": members[0]["class"],
        "state": min((leak["state"] for leak in members), key=ORDER.index),
        "function": function,
        "up": (members[0].get("replicas") or {}).get("up"),
        "since": min(leak["since"] for leak in members),
        "growth_per_second": max(rates, default=None),
        "leaks": sorted(members, key=lambda leak: -(leak.get("growth_per_second") or 0.0)),
    }
