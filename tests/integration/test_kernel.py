"""The parts in C, compiled with sanitizers: what they do to memory."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MADE = int(os.environ.get("LEAKDOG_SANITIZED", "1500"))


def under_sanitizers(room: str, program: str, count: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a program does with the kernel of a room, compiled for it."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    library = folder / "kernel.so"
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover")
    build.compile_kernel(ROOT, Path("src", "leakdog", room), *flags, library=library)
    asked = [*build.machine_compiler(), "-print-file-name=libasan.so"]
    runtime = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    environment = {
        **os.environ,
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0",  # Python keeps what it has until it ends
        "PYTHONMALLOC": "malloc",  # each object is an allocation of its own, with forbidden bytes around it
    }
    command = [sys.executable, HERE / program, str(library), str(count)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)


def test_nothing_is_read_or_written_out_of_bounds(tmp_path: Path) -> None:
    """Thousands of made, damaged and cut profiles are read without a byte out of bounds or an overflow; one write that
    is out of bounds, made on purpose at the end, is noticed."""
    done = under_sanitizers("pprof", "kernel_under_sanitizers.py", MADE, tmp_path)
    count = int(done.stdout.split()[1]) if done.stdout.startswith("read ") else 0
    assert count > MADE, done.stderr[-4000:]
    assert "nothing was noticed" not in done.stdout
    assert "heap-buffer-overflow" in done.stderr
    assert "leakdog_varints" in done.stderr


def test_the_detector_stays_within_its_arrays(tmp_path: Path) -> None:
    """Thousands of made series, hostile ones among them, are examined in every look-back without a number out of
    bounds; one write that is out of bounds, made on purpose at the end, is noticed."""
    rounds = max(MADE // 100, 3)
    done = under_sanitizers("detect", "detect_under_sanitizers.py", rounds, tmp_path)
    count = int(done.stdout.split()[1]) if done.stdout.startswith("examined ") else 0
    assert count > 100 * rounds, done.stderr[-4000:]
    assert "nothing was noticed" not in done.stdout
    assert "heap-buffer-overflow" in done.stderr
    assert "leakdog_grown" in done.stderr
