"""The file that a recording grows in."""

from pathlib import Path

import pytest
from bench.services.table import Row, Table

from leakdog.cli.histories import read_histories


def test_a_row_is_in_the_file_at_once(tmp_path: Path) -> None:
    """A recording that is cut off holds all that was appended, without an orderly end."""
    table = Table(tmp_path / "bytes.csv")
    table.append([Row("go/rss", 10.0, 5, 1.5, 2.0, 100)])
    expected = ["series,timestamp,value,load,start_time,limit", "go/rss,10.0,5,1.5,2.0,100"]
    assert expected == (tmp_path / "bytes.csv").read_text().splitlines()
    table.close()


def test_backtest_reads_it(tmp_path: Path) -> None:
    """The command that replays histories understands the file; a count has no limit."""
    table = Table(tmp_path / "counts.csv")
    table.append([Row("go/goroutines", 10.0, 5, 1.5, 2.0), Row("go/goroutines", 20.0, 6, 2.5, 2.0)])
    table.close()
    (history,) = read_histories(str(tmp_path / "counts.csv"))
    assert (history.name, history.limit) == ("go/goroutines", None)
    assert history.load is not None
    assert list(history.value) == [5.0, 6.0]
    assert list(history.load) == [1.5, 2.5]


def test_recordings_are_not_mixed(tmp_path: Path) -> None:
    """A file that is there is not written to."""
    Table(tmp_path / "bytes.csv").close()
    with pytest.raises(FileExistsError):
        Table(tmp_path / "bytes.csv")
