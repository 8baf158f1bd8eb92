"""Control groups: the process's paths, and the lowest memory limit on the way up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import psutil
import pytest

from leakdog.fetch import cgroup
from leakdog.fetch.cgroup import cgroup_paths, memory_limit

PID = 4711
MIB = 1 << 20
Group = Callable[..., None]


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Group:
    """Puts a made-up process into control groups with these limit files."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path / "proc"))
    monkeypatch.setattr(cgroup, "CGROUP_ROOT", tmp_path / "cgroup")

    def group(lines: str, limits: dict[str, str] | None = None) -> None:
        (tmp_path / "proc" / str(PID)).mkdir(parents=True)
        (tmp_path / "proc" / str(PID) / "cgroup").write_text(lines)
        for path, limit in (limits or {}).items():
            file = tmp_path / "cgroup" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(limit)

    return group


def test_paths_are_told_by_controller(group: Group) -> None:
    """Version 2 has no controller name; version 1 may have several on a line, and colons in a path."""
    group("12:cpu,cpuacct:/a\n4:memory:/b:c\n1:name=systemd:/d\n0::/e\n")
    assert cgroup_paths(PID) == {
        "cpu": PurePosixPath("/a"),
        "cpuacct": PurePosixPath("/a"),
        "memory": PurePosixPath("/b:c"),
        "name=systemd": PurePosixPath("/d"),
        "": PurePosixPath("/e"),
    }


def test_a_process_that_is_not_there_is_in_no_group(group: Group) -> None:
    """Neither has it a limit."""
    group("0::/\n")
    assert cgroup_paths(PID + 1) == {}
    assert memory_limit(PID + 1) is None


def test_version_2_limits_a_service(group: Group) -> None:
    """`MemoryMax=` of its unit."""
    group("0::/system.slice/shop.service\n", {"system.slice/shop.service/memory.max": f"{512 * MIB}\n"})
    assert memory_limit(PID) == 512 * MIB


def test_the_lowest_limit_on_the_way_up_counts(group: Group) -> None:
    """A group may be bounded by the one above it, even where it says more itself."""
    limits = {"a/memory.max": "max\n", "memory.max": f"{100 * MIB}\n", "a/b/memory.max": f"{900 * MIB}\n"}
    group("0::/a/b\n", limits)
    assert memory_limit(PID) == 100 * MIB


def test_a_container_sees_its_limit_at_the_root(group: Group) -> None:
    """With its own namespace its path is the root, or leads out of it."""
    group("0::/../other\n", {"memory.max": f"{64 * MIB}\n"})
    assert memory_limit(PID) == 64 * MIB


def test_version_1_limits_by_its_memory_controller(group: Group) -> None:
    """The path of another controller is another group."""
    limits = {
        "memory/docker/abc/memory.limit_in_bytes": f"{256 * MIB}\n",
        "memory/cpu-only/memory.limit_in_bytes": f"{1 * MIB}\n",
    }
    group("4:memory:/docker/abc\n3:cpu:/cpu-only\n0::/\n", limits)
    assert memory_limit(PID) == 256 * MIB


@pytest.mark.parametrize("told", ["max\n", "9223372036854771712\n", "", "-1\n", "many\n"])
def test_no_limit_is_none(group: Group, told: str) -> None:
    """`max`, version 1's largest multiple of a page, and what is no number."""
    group("4:memory:/\n0::/\n", {"memory.max": told, "memory/memory.limit_in_bytes": told})
    assert memory_limit(PID) is None


def test_this_machine_is_read() -> None:
    """The kernel's own files are understood."""
    assert cgroup_paths(os.getpid())
    limit = memory_limit(os.getpid())
    assert limit is None or limit > 0
