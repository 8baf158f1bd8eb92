"""The judge of a recording."""

from pathlib import Path

import pytest
from bench.services import rhythm
from bench.services.judge import judge
from bench.services.table import Row, Table

NOW = 1_800_000_000.0
MIB = 1 << 20


def write(folder: Path, growth: float) -> None:
    """Two days of a service that grows by so many bytes per second."""
    for name, level, slope in (("bytes.csv", 50.0 * MIB, growth), ("counts.csv", 40.0, 0.0)):
        table = Table(folder / name)
        for after in range(0, int(2 * rhythm.day_seconds("go")), 10):
            value = level + slope * after + level * 0.001 * (after // 10 * 7 % 5)
            table.append([Row(f"go/{name[:-4]}", NOW + after, value, rhythm.load("go", NOW + after), NOW - 3600)])
        table.close()


def test_what_stays_even_is_no_alarm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A recording without growth passes, and that its time was too short for production is told."""
    write(tmp_path, 0.0)
    assert judge(tmp_path) == 0
    out = capfd.readouterr().out
    assert "no alarms in " in out
    assert "production go/bytes " in out
    assert "too_early" in out


def test_what_leaks_is_an_alarm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A service that grows in its steady phases fails the recording, so that a pass has a meaning."""
    write(tmp_path, 0.1 * MIB)
    assert judge(tmp_path) == 1
    assert "  ALARM " in capfd.readouterr().out
