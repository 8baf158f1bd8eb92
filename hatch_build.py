"""Compiles the parts of leakdog that are in C, while it is installed or a wheel is made.

With the C compiler of the machine (`CC`, or `cc`); where there is none, with the one that comes as the wheel `ziglang`,
which is then asked for as a build dependency. What is compiled knows nothing of Python, so the wheel is for a platform
and every Python 3.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = (Path("src", "leakdog", "pprof"), Path("src", "leakdog", "detect"))  # each with its `csrc/`
LIBRARY = "_kernel.so"
# No -march=native: a wheel or an image is made on one machine and runs on another.
FLAGS = ("-std=c11", "-O3", "-g0", "-Wall", "-Wextra", "-fPIC", "-shared", "-fvisibility=hidden")
ZIG = "ziglang>=0.13"


def machine_compiler() -> list[str] | None:
    """The C compiler of this machine, if it has one."""
    wanted = os.environ.get("CC")
    if wanted:
        return shlex.split(wanted)
    return next(([found] for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)


def compile_kernel(root: Path, room: Path, *flags: str, library: Path | None = None) -> None:
    """Compile `csrc/` of a room of a source tree into a shared object, in the room if nowhere else.

    The text of an error says what the compiler said.
    """
    library = library or room / LIBRARY
    # Zig would compile for the very processor that it runs on.
    compiler = machine_compiler() or [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline"]
    sources = sorted(map(str, (root / room / "csrc").glob("*.c")))
    made = (root / library).with_suffix(".new")  # a process may have loaded the old one
    command = [*compiler, *FLAGS, *flags, *sources, "-o", str(made), "-lm"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours, or what CC says
    if done.returncode:
        raise SystemExit(
            f"leakdog has a part in C, and it could not be compiled (exit status {done.returncode}):\n"
            f"  {shlex.join(command)}\n{done.stderr}\n"
            "Set CC to a working C compiler, or leave it unset and remove the broken one from PATH."
        )
    made.replace(root / library)


class KernelHook(BuildHookInterface[Any]):
    """Tells hatchling what to compile, what it needs for that, and what the wheel is called."""

    def dependencies(self) -> list[str]:
        """A C compiler, where the machine has none; a source distribution needs none."""
        return [ZIG] if self.target_name == "wheel" and machine_compiler() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and put the shared object into the wheel. An editable install finds it in the tree."""
        if self.target_name != "wheel":
            return
        for room in ROOMS:
            compile_kernel(Path(self.root), room)
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["artifacts"] += [str(room / LIBRARY) for room in ROOMS]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
