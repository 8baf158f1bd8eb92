"""Leaks of one job that are the same leak: in one group with its instances, and what the others say of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leakdog.model import LeakState

Json = Mapping[str, Any]
LOOK = "look at what differs (load, data, node, version)"
NAMED, MANY = 8, 3  # instances that are named; how many it takes for one of them to differ
# A group stands where the foremost of its leaks does.
ORDER = (LeakState.FIRING.value, LeakState.PENDING.value, LeakState.RESOLVED.value)


def suspected_again(leak: Json) -> bool:
    """Whether it was over and is found again, but not for long enough to fire."""
    return bool(leak["state"] == LeakState.PENDING and leak.get("resolved_since"))


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


def others_say(leak: Json) -> Iterator[str]:
    """What other instances of the job say of the leak: all of them speak for it, one alone for something special."""
    replicas = leak.get("replicas") or {}
    leaking, up = replicas.get("leaking") or (), replicas.get("up") or 0
    if up < 2 or not leaking or leak["state"] == LeakState.RESOLVED:
        return
    others: Sequence[str] = replicas.get("others") or []
    alike, unlike = replicas.get("alike", len(leaking)), replicas.get("unlike", len(others))  # of many, some are named
    total = max(up, alike + unlike)  # some that leak may be down
    elsewhere, early = replicas.get("elsewhere") or 0, replicas.get("unjudged") or 0
    at_rest = total - alike - elsewhere - early
    of_others = _of_others(others, elsewhere, early)
    names = ", ".join(leaking[:NAMED]) + (", ..." if alike > NAMED else "")
    like_this = f"{total} instances of this job leak{'s' if alike == 1 else ''} like this: {names}"
    if alike >= max(total, MANY):
        yield f"All {like_this}; that speaks for the program, not for what one of them was given to do"
    elif alike == 1 and at_rest >= MANY - 1:
        weak = ", which speaks less for the program" if leak["state"] == LeakState.PENDING else ""
        yield f"Only this one of {total} instances of the job leaks like this{weak}: {LOOK}{of_others}"
    elif total >= MANY and alike == total - 1 and at_rest == len(others) == 1:
        yield f"{alike} of {like_this}; only {others[0]} differs: look at what is special about it"
    elif alike > 1 or (of_others and total >= MANY):
        yield f"{alike} of {like_this}{of_others}"


def _of_others(others: Sequence[str], elsewhere: int, early: int) -> str:
    """What is known of instances that do not leak alike, and yet are not at rest."""
    alone = others[0] if len(others) == 1 else ""
    told = f"; {alone or elsewhere} leak{'s' if elsewhere == 1 else ''} in another way" if elsewhere else ""
    return told + (f"; of {alone or early} it is too early to say" if early else "")


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
