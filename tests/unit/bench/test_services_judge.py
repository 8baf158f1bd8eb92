"""The judge of a recording."""

from pathlib import Path

import pytest
from bench.services import rhythm
from bench.services.judge import judge
from bench.services.table import Row, Table

NOW = 1_800_000_000.0
MIB = 1 << 20


def write(folder: Path, growth: float, begin: float = NOW) -> None:
    """Two days of a service that grows by so many bytes per second."""
    for name, level, slope in (("bytes.csv", 50.0 * MIB, growth), ("counts.csv", 40.0, 0.0)):
        table = Table(folder / name)
        for after in range(0, int(2 * rhythm.day_seconds("go")), 10):
            value = level + slope * after + level * 0.001 * (after // 10 * 7 % 5)
            table.append([Row(f"go/{name[:-4]}", begin + after, value, rhythm.load("go", begin + after), begin - 3600)])
        table.close()


def test_what_stays_even_is_no_alarm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A recording without growth passes, and that its time was too short for production is told."""
    write(tmp_path, 0.0)
    assert judge([tmp_path]) == 0
    out = capfd.readouterr().out
    assert "no alarms in " in out
    assert "production go/bytes " in out
    assert "too_early" in out


def test_what_leaks_is_an_alarm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A service that grows in its steady phases fails the recording, so that a pass has a meaning."""
    write(tmp_path, 0.1 * MIB)
    assert judge([tmp_path]) == 1
    assert "  ALARM " in capfd.readouterr().out


def test_recordings_made_one_after_the_other_are_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Their hours add up, each series is told once, and the restart between them is no leak."""
    later = NOW + 86400.0
    for name, begin in (("first", NOW), ("second", later)):
        (tmp_path / name).mkdir()
        write(tmp_path / name, 0.0, begin)
    assert judge([tmp_path / "first", tmp_path / "second"]) == 0
    out = capfd.readouterr().out
    hours = 2 * 2 * rhythm.day_seconds("go") / 3600
    assert f" over {hours:.1f} hours;" in out
    assert out.count("production go/bytes ") == 1
