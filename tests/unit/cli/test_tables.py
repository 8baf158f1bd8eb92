"""Tables on standard output."""

import pytest
from rich.table import Table

from leakdog.cli.tables import print_table

PATH = "/src/zoo/" + "deep/" * 60 + "both.go:28"


@pytest.mark.parametrize(("columns", "lines"), [("", 1), ("40", 8)])
def test_a_path_is_whole_where_there_is_no_terminal(
    columns: str, lines: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can be searched for and copied; `COLUMNS` still gives a width to who wants one."""
    monkeypatch.setenv("COLUMNS", columns)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(overflow="fold", ratio=1)
    table.add_row(PATH)
    print_table(table)
    out = capsys.readouterr().out.splitlines()
    assert len(out) == lines
    assert "".join(line.rstrip() for line in out) == PATH
