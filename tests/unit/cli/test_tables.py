"""Tables on standard output."""

import pytest
from rich.table import Table
from rich.text import Text

from leakdog.cli.tables import Row, folded, print_rows, print_table

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


ROWS = [
    Row((Text("leak"), Text("5 MiB")), ("shop/shop-1.example.org:6060", "cache.(*Index).Put (index.go:19)")),
    Row((Text("down\n(known)"), Text("12 MiB")), ("till/t1",)),
]


@pytest.mark.parametrize(
    ("columns", "printed"),
    [
        (
            "60",
            [
                "STATE       NOW  WHERE",
                "leak      5 MiB  shop/shop-1.example.org:6060",
                "                   cache.(*Index).Put (index.go:19)",
                "down     12 MiB  till/t1",
                "(known)",
            ],
        ),
        (
            "40",
            [
                "STATE       NOW",
                "leak      5 MiB",
                "  shop/shop-1.example.org:6060",
                "  cache.(*Index).Put (index.go:19)",
                "down     12 MiB",
                "(known)",
                "  till/t1",
            ],
        ),
    ],
)
def test_names_that_have_no_room_beside_their_row_stand_below_it(
    columns: str, printed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them, so that none is broken; the columns of all rows are as wide."""
    monkeypatch.setenv("COLUMNS", columns)
    print_rows(("STATE", "NOW"), ROWS, "WHERE", right=("NOW",))
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == printed


def test_a_name_is_broken_where_people_would() -> None:
    """Between words, else after a slash, a dot or a dash; amid a word only where it must be."""
    assert folded("net/http.(*Server).Serve (server.go:10)", 40) == ["net/http.(*Server).Serve (server.go:10)"]
    assert folded("net/http.(*Server).Serve (server.go:10)", 25) == ["net/http.(*Server).Serve", "(server.go:10)"]
    assert folded("net/http.(*Server).Serve", 12) == ["net/http.", "(*Server).", "Serve"]
    assert folded("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]
    assert folded("", 10) == [""]
