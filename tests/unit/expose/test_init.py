"""What importing `leakdog.expose` costs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "google", "aiohttp", "yaml", "psutil", "apscheduler", "prometheus_client", "asyncio", "rich")


def test_only_the_standard_library_is_loaded() -> None:
    """It runs inside other people's programs: no package but leakdog itself is imported, nor asyncio."""
    code = f"import sys, leakdog.expose; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
