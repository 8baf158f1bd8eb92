"""Histories from CSV: orders, gaps, lives, loads."""

import gzip
import io
import re
from collections.abc import Callable
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


def test_a_packed_file_is_read_and_a_damaged_one_told(tmp_path: Path) -> None:
    """Cut off, with a block that is none, or with another checksum: the error names the file, as any that is unread."""
    lines = [f"{300 * number},{number * 7919 % 1009}\n" for number in range(300)]
    packed = gzip.compress(("timestamp,value\n" + "".join(lines)).encode(), mtime=0)
    path = tmp_path / "packed.csv.gz"
    path.write_bytes(packed)
    assert len(read_histories(str(path))[0].time) == 300
    for damaged in (packed[:-20], packed[:10] + b"\xff" + packed[11:], packed[:-8] + bytes(8)):
        path.write_bytes(damaged)
        with pytest.raises(LeakdogError, match=r"^reading .*packed\.csv\.gz: "):
            read_histories(str(path))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_a_file_too(pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads what is piped in, packed with gzip or not, and leaves standard input open."""
    given = io.TextIOWrapper(io.BufferedReader(io.BytesIO(pack(b"timestamp,value\n1,2\n3,4\n"))))
    monkeypatch.setattr(histories.sys, "stdin", given)
    (only,) = read_histories("-")
    assert only.value.tolist() == [2, 4]
    assert not given.closed


def test_a_mark_of_the_byte_order_is_no_part_of_a_column(tmp_path: Path) -> None:
    """Spreadsheets write one before the heading."""
    path = tmp_path / "marked.csv"
    path.write_bytes(b"\xef\xbb\xbftimestamp,value\n1,2\n")
    assert read_histories(str(path))[0].time.tolist() == [1]


@pytest.mark.parametrize(
    ("stray", "said"),
    [
        ("0", ":4:3: timestamp '0' is years away: the other readings of its series are of 2025-06-15 to 2025-06-15;"),
        ("1850000000", ":4:3: timestamp '1850000000' is years away"),
        ("1999-01-01T00:00:00Z", ":4:3: timestamp '1999-01-01T00:00:00Z' is years away"),
        ("-5", ":4:3: timestamp '-5' is before 1970"),
        ("-1e300", ":4:3: timestamp '-1e300' is before 1970"),
        ("0001-01-01T00:00:00Z", ":4:3: timestamp '0001-01-01T00:00:00Z' is not between 1970 and 5000"),
        ("9999-01-01T00:00:00Z", ":4:3: timestamp '9999-01-01T00:00:00Z' is not between 1970 and 5000"),
    ],
)
def test_a_time_that_is_years_from_all_others_is_named(stray: str, said: str, tmp_path: Path) -> None:
    """One such line would have every minute between replayed, and its alert told at a wrong time."""
    path = tmp_path / "stray.csv"
    times = ("1750000000", "1750000060", stray, "1750000120", stray)
    path.write_text("series,timestamp,value\n" + "".join(f"a,{time},5\n" for time in times))
    with pytest.raises(LeakdogError, match=re.escape(said)):
        read_histories(str(path))


@pytest.mark.parametrize(
    ("bad", "head"), [(2, "2 lines cannot be used:"), (5000, "5,000 lines cannot be used; the first")]
)
def test_all_lines_that_cannot_be_used_are_counted(bad: int, head: str, tmp_path: Path) -> None:
    """Whoever mends one file by hand wants to know how much there is to do, and where: the first three have places."""
    path = tmp_path / "bad.csv"
    path.write_text("timestamp,value\n10,1\nsoon,2\n30\n" + "50,x\n60,6\n" * (bad - 2))
    with pytest.raises(LeakdogError) as told:
        read_histories(str(path))
    first, *places = str(told.value).splitlines()
    assert first.startswith(f"reading {path}: {head}")
    assert [each.split(": ")[0] for each in places] == [f"  {path}:{at}" for at in ("3:1", "4:1", "5:4")][:bad]
    assert places[1].endswith("the line has 1 of 2 columns")


def test_two_recordings_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """The error says what to do with two that lie years apart; with that done they are read."""
    path = tmp_path / "two.csv"
    parts = ("series,timestamp,value\n", "a,1500000000,5\na,1500000060,5\n", "a,1750000000,5\na,1750000060,5\n")
    path.write_text("".join(parts))
    with pytest.raises(LeakdogError, match="another time needs a name of its own in column series"):
        read_histories(str(path))
    path.write_text("".join((*parts[:2], parts[2].replace("a,", "b,"))))
    assert [each.name for each in read_histories(str(path))] == ["a", "b"]


def test_nobody_replays_centuries(tmp_path: Path) -> None:
    """Readings that follow one another for too long are as wrong as one that is alone."""
    path = tmp_path / "long.csv"
    path.write_text("timestamp,value\n" + "".join(f"{10_000_000 * number},5\n" for number in range(200)))
    with pytest.raises(LeakdogError, match=r"long\.csv:2:1: timestamp '0' is years away: the other .* of 2013-"):
        read_histories(str(path))


def test_a_gap_of_months_is_none_of_years(tmp_path: Path) -> None:
    """And each series has times of its own."""
    path = tmp_path / "gaps.csv"
    path.write_text("series,timestamp,value\na,0,1\na,30000000,2\na,60000000,2\nb,1750000000,5\n")
    assert [each.time.tolist() for each in read_histories(str(path))] == [[0, 3e7, 6e7], [1.75e9]]


def test_a_wrong_heading_is_told_with_the_one_that_is_wanted(tmp_path: Path) -> None:
    """What was found there, what is missing, and all that may be there."""
    path = tmp_path / "wrong.csv"
    path.write_text("time,rss\n1,2\n")
    with pytest.raises(LeakdogError) as caught:
        read_histories(str(path))
    assert str(caught.value) == (
        f"reading {path}:1:1: the first line must name the columns; it is 'time,rss', "
        "timestamp and value are not there; "
        "write series,timestamp,value,load,start_time,limit (timestamp and value are needed, in any order)"
    )


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


def test_times_may_be_dates(tmp_path: Path) -> None:
    """RFC 3339 with any offset, beside unix seconds, for readings and for starts."""
    path = tmp_path / "dates.csv"
    path.write_text(
        "timestamp,value,start_time\n"
        "1970-01-01T00:00:10Z,1,1970-01-01T00:00:02.5Z\n1970-01-01T02:00:20.500+02:00,2,\n30,3,\n"
        "1970-01-01 00:00:40Z,4,\n"
    )
    (only,) = read_histories(str(path))
    assert only.time.tolist() == [10.0, 20.5, 30.0, 40.0]
    assert only.life_start is not None
    assert only.life_start.tolist() == [2.5] * 4


A_TIME = "write it as unix seconds, or as RFC 3339 with its offset, such as 2026-11-01T00:00:00Z"


@pytest.mark.parametrize(
    ("columns", "line", "place", "said"),
    [
        ("timestamp,value", "2026-11-01T00:00:00,5", 1, f"timestamp '2026-11-01T00:00:00' is not a time; {A_TIME}"),
        ("timestamp,value", "1,5 MiB", 3, "value '5 MiB' is not a number; write it as a plain number"),
        (
            "timestamp,value",
            "1793491200000,5",
            1,
            "timestamp '1793491200000' is after the year 5000: seconds are wanted; divide milliseconds by 1000",
        ),
        ("timestamp,value,start_time", "1,5,noon", 5, f"start_time 'noon' is not a time; {A_TIME}"),
        ("timestamp,value,limit", "1,5,1GB", 5, "limit '1GB' is not a number; write it as a plain number"),
        ("series,timestamp,value", '"a,""b""",1,much', 13, "value 'much' is not a number; write it as a plain number"),
    ],
)
def test_what_is_no_number_is_told_with_its_place(
    columns: str, line: str, place: int, said: str, tmp_path: Path
) -> None:
    """As file:line:column, and with the form that it needs; quotes and commas in them move nothing."""
    path = tmp_path / "dates.csv"
    path.write_text(f"{columns}\n{line}\n")
    with pytest.raises(LeakdogError) as raised:
        read_histories(str(path))
    assert str(raised.value) == f"reading {path}:2:{place}: {said}"


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    """An empty line is one, and a name of two lines is two."""
    path = tmp_path / "lines.csv"
    path.write_text('series,timestamp,value\n\n"a\nb",1,5\nc,x,5\n')
    with pytest.raises(LeakdogError, match=r"lines\.csv:5:3: timestamp 'x'"):
        read_histories(str(path))


@pytest.mark.parametrize("packed", [False, True])
def test_a_profile_is_no_history(tmp_path: Path, packed: bool) -> None:
    """Who gives the wrong file is told which verb takes it, in no words of the decoder."""
    path, data = tmp_path / "heap.pb.gz", b"\n\x04\x08\x80"
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(LeakdogError) as raised:
        read_histories(str(path))
    told = "this is no CSV text: the byte 0x80 is not UTF-8; `leakdog analyze` judges profiles"
    assert str(raised.value) == f"reading {path}: {told}"
