"""Why no line of code can be named for a target: no profile of it is read. In words, with what to configure."""

from __future__ import annotations

from leakdog.model import Kind, LeakClass
from leakdog.pipeline.explain import BLOCKED
from leakdog.pipeline.state import Watched


def unprofiled(watched: Watched, leak_class: LeakClass | None = None) -> str:
    """Why there is no profile that would name code, and what to configure to get one; empty where there is one.

    Args:
        watched: the target.
        leak_class: what is to be named: goroutines and threads are by either kind of profile, all else by the heap's,
            and what the runtime does not return by none, so that nothing is missing. None is anything at all.

    """
    if leak_class is LeakClass.NOT_RETURNED:
        return ""
    kinds = (Kind.HEAP, Kind.GOROUTINE) if leak_class is None or leak_class in BLOCKED else (Kind.HEAP,)
    base, job = watched.target.base_url, watched.job
    if base is None:
        return (
            "no profiles are scraped of this target, as it is watched as a local process: if it serves pprof, watch "
            "it at that HOST:PORT (`static_configs` of a job)"
        )
    if any(watched.wants(kind) for kind in kinds):
        return ""
    names = " or ".join(kinds)
    if not job.pprof_path:
        return f"no profiles are scraped of this target: `pprof_path` of job {job.job_name!r} is empty"
    asked = [kind for kind in kinds if kind in job.profiles]
    if not asked:
        return f"no {names} profile is scraped of this target: add it to `profiles` of job {job.job_name!r}"
    return (
        f"no profiles are scraped of this target, as it has none at {base}{job.pprof_path}/{asked[0]} (404): if it "
        "serves pprof elsewhere, set `pprof_path` of its job"
    )
