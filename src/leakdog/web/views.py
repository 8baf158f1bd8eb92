"""The API's shapes, as pure functions of data. Times are RFC 3339 UTC, sizes bytes, rates per second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from leakdog.attribute.case import Finding
from leakdog.model import Acknowledgement, Assessment, Culprit, Frame, Leak, Signal, SiteTrend, Snapshot, TargetKey
from leakdog.pipeline.alike import Alike, Replicas
from leakdog.pipeline.state import Cost, Fleet, Watched
from leakdog.pipeline.unprofiled import unprofiled
from leakdog.store.contract import Readings

Json = dict[str, Any]

# Of the instances of a job so many are named with each leak of it: else, where thousands leak, all by all are. Of those
# that do not leak, which one differs can be seen where there are few.
LEAKING, OTHERS = 50, 8


def rfc3339(time: float | None) -> str | None:
    """Unix seconds as RFC 3339 in UTC with milliseconds; None stays None."""
    if time is None:
        return None
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def target_view(watched: Watched) -> Json:
    """One entry of `/api/v1/targets`."""
    return {
        "job": watched.key.job,
        "instance": watched.key.instance,
        "labels": dict(watched.target.labels),
        "url": watched.target.base_url,
        "up": watched.up,
        "last_error": watched.last_error,
        "last_scrape": rfc3339(watched.last_scrape),
        "last_success": rfc3339(watched.last_success),
        "scrape_duration_seconds": watched.last_duration_seconds,
        "pid": watched.life.pid if watched.life else None,
        "life_start": rfc3339(watched.life.start_time) if watched.life else None,
        "build": watched.build or None,
        "own_code": list(watched.own),
        "lives": [{"start": rfc3339(life.start_time), "build": life.build or None} for life in watched.lives],
        "memory_limit_bytes": watched.memory_limit,
        "cost": {asked: cost_view(cost) for asked, cost in sorted(watched.cost.items())},
        "signals": {signal.value: value for signal, value in sorted(watched.values.items())},
        "verdicts": {signal.value: verdict_view(found) for signal, found in watched.said().items()},
        "growth": [growth_view(found) for found in watched.harmless],
        "unprofiled": unprofiled(watched) or None,
    }


def growth_view(found: Finding) -> Json:
    """Growth that is no leak: of a cache that fills, or with load."""
    return {
        "class": found.leak_class.value,
        "signal": found.signal.value,
        "unit": found.signal.unit.value,
        "growth_per_second": found.assessment.growth_per_second,
        "interval": list(found.assessment.interval) if found.assessment.interval else None,
        "reasons": list(found.reasons),
    }


def cost_view(cost: Cost) -> Json:
    """What being asked for one thing has cost a target since the daemon was started."""
    return {
        "requests": cost.requests,
        "bytes": cost.bytes,
        "forced_collections": cost.collections,
        "seconds": cost.seconds,
    }


def sites_view(watched: Watched) -> Json:
    """`/api/v1/sites`: of each signal the sites that are followed, largest first, what all others hold, and when."""
    return {
        "target": {"job": watched.key.job, "instance": watched.key.instance},
        "up": watched.up,
        **down_view(watched),
        "sites": {
            signal.value: {
                "time": rfc3339(sites.last_time()),
                "followed": [site_view(site) for site in sites],
                "other": sites.other,
            }
            for signal, sites in watched.sites.items()
        },
        "unprofiled": unprofiled(watched) or None,
    }


def site_view(site: SiteTrend) -> Json:
    """One site that is followed as a series of its own."""
    return {
        "stack_id": site.stack_id,
        **frame_view(site.frame),
        "caller": frame_view(site.caller) if site.caller else None,
        "value": site.value,
        **(verdict_view(site.assessment) if site.assessment else {"verdict": None}),
    }


def verdict_view(found: Assessment) -> Json:
    """What the detector says of one signal."""
    return {
        "verdict": found.verdict.value,
        "growth_per_second": found.growth_per_second,
        "interval": list(found.interval) if found.interval else None,
        "counts": found.counts,
        "look_back_seconds": found.look_back_seconds,
        "time_to_limit_seconds": found.time_to_limit_seconds,
        "ready_at": rfc3339(found.ready_at),
        "reasons": list(found.reasons),
    }


def leak_view(leak: Leak, fleet: Fleet, alike: Alike | None = None) -> Json:
    """One entry of `/api/v1/leaks`; `alike` where several are told, so that the fleet is gone through once."""
    job = (alike or Alike(fleet)).of(leak)
    watched = fleet.targets.get(leak.key)
    return {
        "id": leak.id,
        "target": {"job": leak.key.job, "instance": leak.key.instance},
        "signal": leak.signal.value,
        "unit": leak.signal.unit.value,
        "class": leak.leak_class.value,
        "state": leak.told_state.value,
        "since": rfc3339(leak.since),
        "updated": rfc3339(leak.updated),
        "pending_since": rfc3339(leak.pending_since),
        "firing_since": rfc3339(leak.firing_since),
        "resolved_since": rfc3339(leak.resolved_since),
        "growth_per_second": leak.growth_per_second,
        "interval": list(leak.interval) if leak.interval else None,
        "time_to_limit_seconds": leak.time_to_limit_seconds,
        "reasons": list(leak.reasons),
        "culprits": [culprit_view(culprit) for culprit in leak.culprits],
        "acknowledged": acknowledgement_view(leak.acknowledged) if leak.acknowledged else None,
        "returned": leak.returned,
        "flat_since": rfc3339(leak.flat_since),
        "process_ended": rfc3339(leak.process_ended),
        "unprofiled": (watched and unprofiled(watched, leak.leak_class)) or None,
        "down": down_view(watched) if watched and watched.up is False and not leak.ended_with_process else None,
        "replicas": replicas_view(job),
    }


def replicas_view(job: Replicas) -> Json:
    """How the instances of a leak's job do: how many leak like it, how many are up and do not, and names of some."""
    named = {"leaking": job.leaking[:LEAKING], "others": job.others[:OTHERS]}
    return {**job._asdict(), "alike": len(job.leaking), "unlike": len(job.others), **named}


def down_view(watched: Watched) -> Json:
    """Why a target cannot be read, if so, and when it was last: what is told of it is of then."""
    return {"last_error": watched.last_error, "last_success": rfc3339(watched.last_success)}


def acknowledgement_view(given: Acknowledgement) -> Json:
    """Since when, until when and why a leak is not announced."""
    return {
        "since": rfc3339(given.since),
        "until": rfc3339(given.until),
        "note": given.note,
        "configured": given.configured,
        "function": given.function or None,
    }


def culprit_view(culprit: Culprit) -> Json:
    """One entry of a leak's culprits; `function`, `file` and `line` say where to look."""
    return {
        "stack_id": culprit.stack_id,
        **frame_view(culprit.frame),
        "share": culprit.share,
        "growth_per_second": culprit.growth_per_second,
        "created_by": frame_view(culprit.created_by) if culprit.created_by else None,
        "note": culprit.note,
        "seen_before_restart": culprit.seen_before,
        "new_in_build": culprit.new_in_build or None,
        "stack": [frame_view(frame) for frame in culprit.stack],
    }


def frame_view(frame: Frame) -> Json:
    """A frame of a stack."""
    return {"function": frame.function, "file": frame.file, "line": frame.line}


def snapshot_view(snapshot: Snapshot) -> Json:
    """One entry of `/api/v1/snapshots`."""
    return {
        "id": snapshot.id,
        "job": snapshot.key.job,
        "instance": snapshot.key.instance,
        "kind": snapshot.kind.value,
        "time": rfc3339(snapshot.time),
        "size_bytes": snapshot.size_bytes,
        "life_start": rfc3339(snapshot.life_start),
    }


def series_view(key: TargetKey, signal: Signal, readings: Readings) -> Json:
    """One of `/api/v1/series`: a signal's points, oldest first; and of those that stand for several, what these were.

    Both are made one after the other when they are asked for.
    """
    return {
        "job": key.job,
        "instance": key.instance,
        "signal": signal.value,
        "unit": signal.unit.value,
        "points": _points(readings),
        "folded": _folded(readings),
    }


def _points(readings: Readings) -> Iterator[list[Any]]:
    for time, value in zip(readings.times.tolist(), readings.values.tolist(), strict=True):
        yield [rfc3339(time), value]


def _folded(readings: Readings) -> Iterator[list[Any]]:
    """Time, lowest, mean, highest and last value, and how many they were, of the points that stand for several."""
    several = readings.counts > 1
    columns = (
        getattr(readings, name)[several].tolist() for name in ("times", "lows", "means", "highs", "values", "counts")
    )
    for time, *figures, count in zip(*columns, strict=True):
        yield [rfc3339(time), *figures, int(count)]
