"""The page about this process."""

from __future__ import annotations

import os
import sys
import tracemalloc
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from leakdog.expose import process


def values(page: str) -> dict[str, float]:
    """The page as a Prometheus reads it."""
    return {family.name: family.samples[0].value for family in text_string_to_metric_families(page)}


def test_the_page_tells_what_the_system_says() -> None:
    """Memory, start time, files and threads are those that psutil reads."""
    found, system = values(process.metrics()), psutil.Process()
    assert found["process_resident_memory_bytes"] == pytest.approx(system.memory_info().rss, rel=0.1)
    assert found["process_virtual_memory_bytes"] == pytest.approx(system.memory_info().vms, rel=0.1)
    assert found["process_start_time_seconds"] == pytest.approx(system.create_time(), abs=1.5)
    assert found["process_open_fds"] == system.num_fds() - 1  # psutil counts the one it looks with
    assert found["process_threads"] == system.num_threads()


@pytest.mark.usefixtures("tracing")
def test_traced_memory_is_on_the_page() -> None:
    """While tracing, what tracemalloc knows is a metric too."""
    assert values(process.metrics())["python_tracemalloc_traced_bytes"] > 0
    assert tracemalloc.is_tracing()


def test_without_proc_the_page_is_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is no /proc, what is not known is left out."""
    monkeypatch.setattr(process, "_SELF", tmp_path)
    assert process.metrics() == ""
    assert process.command_line() == b""


def test_the_command_line_is_gos() -> None:
    """Words are separated by NUL, with none at the end."""
    words = process.command_line().split(b"\0")
    assert Path(os.fsdecode(words[0])).resolve() == Path(sys.executable).resolve()
    assert words[-1]
