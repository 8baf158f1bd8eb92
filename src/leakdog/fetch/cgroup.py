"""Control groups of local processes, version 2 and version 1: which one a process is in, and its memory limit."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import psutil

CGROUP_ROOT = Path("/sys/fs/cgroup")
# Version 1 tells "no limit" as the largest multiple of a page.
NO_LIMIT = 1 << 62


def cgroup_paths(pid: int) -> dict[str, PurePosixPath]:
    """The process's path in each hierarchy, by controller; "" is version 2. Empty where it may not be read."""
    try:
        lines = (Path(psutil.PROCFS_PATH) / str(pid) / "cgroup").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    rows = [line.split(":", 2) for line in lines if line.count(":") > 1]
    return {name: PurePosixPath(path) for _, names, path in rows for name in names.split(",")}


def memory_limit(pid: int) -> float | None:
    """Bytes at which the process's cgroup, or one above it, is out of memory; None without a limit."""
    paths = cgroup_paths(pid)
    limits = []
    for controller, root, name in (
        ("", CGROUP_ROOT, "memory.max"),
        ("memory", CGROUP_ROOT / "memory", "memory.limit_in_bytes"),
    ):
        if controller in paths:
            inside = paths[controller].relative_to("/")
            limits += [_limit(root / above / name) for above in (inside, *inside.parents)]
    return min((limit for limit in limits if limit is not None), default=None)


def _limit(file: Path) -> float | None:
    """A limit file's number; None for `max`, no such file, or a number that means no limit."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return float(text) if text.isdecimal() and int(text) < NO_LIMIT else None
