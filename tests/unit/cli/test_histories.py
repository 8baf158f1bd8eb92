"""Histories from CSV: orders, gaps, lives, loads."""

import io
from pathlib import Path

import numpy as np
import pytest

from leakdog.cli import histories
from leakdog.cli.histories import read_histories
from leakdog.errors import LeakdogError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two series in one file, out of order, with a column too many, spaces in the heading and an empty line."""
    path = tmp_path / "two.csv"
    path.write_text(
        "value, series ,timestamp,load,start_time,limit,note\n"
        "3,a,30,,,,x\n1,a,10,5,2,,x\n\n2,a,20,,,900,x\n99,a,20,,,,x\n,a,40,,,,x\n7,b,10,,,,x\n4,a,50,8,45,,x\n"
    )
    return path


def test_points_come_in_order_of_time(file: Path) -> None:
    """Missing readings are left out, and of two at one time the first counts."""
    a, b = read_histories(str(file))
    assert (a.name, b.name) == ("a", "b")
    assert a.time.tolist() == [10, 20, 30, 50]
    assert a.value.tolist() == [1, 2, 3, 4]


def test_a_start_time_holds_until_the_next(file: Path) -> None:
    """Where it is not told, the process is the one before."""
    a, b = read_histories(str(file))
    assert a.life_start is not None
    assert a.life_start.tolist() == [2, 2, 2, 45]
    assert b.life_start is None


def test_load_is_known_where_it_is_told(file: Path) -> None:
    """And left out when asked."""
    a, b = read_histories(str(file))
    assert a.load is not None
    np.testing.assert_array_equal(a.load, [5, np.nan, np.nan, 8])
    assert b.load is None
    assert read_histories(str(file), with_load=False)[0].load is None


def test_the_first_limit_counts(file: Path) -> None:
    """A series without one has none."""
    assert [each.limit for each in read_histories(str(file))] == [900, None]


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads what is piped in."""
    monkeypatch.setattr(histories.sys, "stdin", io.StringIO("timestamp,value\n1,2\n3,4\n"))
    (only,) = read_histories("-")
    assert only.value.tolist() == [2, 4]


def test_progress_is_told_on_long_files(tmp_path: Path) -> None:
    """Once every twenty thousand lines."""
    path = tmp_path / "long.csv"
    path.write_text("timestamp,value\n" + "".join(f"{n},1\n" for n in range(45_000)))
    told: list[int] = []
    read_histories(str(path), progress=lambda: told.append(1))
    assert len(told) == 2


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    """Without the number that the system has for it."""
    with pytest.raises(LeakdogError, match=r"^reading \S+/none\.csv: No such file or directory$"):
        read_histories(str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("columns", "line", "said"),
    [
        (
            "timestamp,value",
            "2026-11-01T00:00:00Z,5",
            "timestamp '2026-11-01T00:00:00Z' is not a number; write it as unix seconds",
        ),
        ("timestamp,value", "1,5 MiB", "value '5 MiB' is not a number; write it as a plain number"),
        ("timestamp,value,start_time", "1,5,noon", "start_time 'noon' is not a number; write it as unix seconds"),
        ("timestamp,value,limit", "1,5,1GB", "limit '1GB' is not a number; write it as a plain number"),
    ],
)
def test_what_is_no_number_is_told_with_its_column(columns: str, line: str, said: str, tmp_path: Path) -> None:
    """And with the form that it needs, as times are often written as dates elsewhere."""
    path = tmp_path / "dates.csv"
    path.write_text(f"{columns}\n{line}\n")
    with pytest.raises(LeakdogError) as raised:
        read_histories(str(path))
    assert str(raised.value) == f"reading {path}: line 2 cannot be used: {said}"
