"""`leakdog backtest`: files in, alerts out."""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leakdog.cli import backtest
from leakdog.detect.history import History
from leakdog.errors import LeakdogError

T0 = 1_750_000_000


def run(*arguments: str) -> int:
    """Run the verb, give its exit code."""
    top = argparse.ArgumentParser()
    backtest.register(top.add_subparsers())
    args = top.parse_args(["backtest", *arguments])
    return int(args.run(args))


def lines(name: str, values: Sequence[float], extra: str = "") -> list[str]:
    """A line a second."""
    return [f"{name},{T0 + second},{value}{extra}" for second, value in enumerate(values)]


LEAK = [5_000_000 + 400_000 * second for second in range(120)]
FLAT = [5_000_000] * 120
SERIES = {"leaking": LEAK, "steady": FLAT}


@pytest.fixture
def soak(tmp_path: Path) -> Path:
    """Two series of two minutes, their lines in the wrong order."""
    path = tmp_path / "soak.csv"
    body = [*lines("leaking", LEAK), *lines("steady", FLAT)]
    path.write_text("\n".join(["series,timestamp,value", *reversed(body)]) + "\n")
    return path


def as_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What was printed, by series."""
    return {each["series"]: each for each in map(json.loads, capsys.readouterr().out.splitlines())}


def test_a_line_of_json_for_each_series(soak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each series has its alerts, with times, growth, interval, onset and reasons, and a verdict."""
    assert run(str(soak), "--json") == 0
    found = as_json(capsys)
    assert {name: each["verdict"] for name, each in found.items()} == {"leaking": "leak", "steady": "steady"}
    assert found["steady"]["alerts"] == []
    (alert,) = found["leaking"]["alerts"]
    assert T0 + 55 < alert["from"] < T0 + 85
    assert alert["to"] is None
    assert alert["growth_per_second"] == pytest.approx(400_000, rel=0.01)
    assert alert["interval"][0] <= alert["growth_per_second"] <= alert["interval"][1]
    assert T0 <= alert["onset"] < T0 + 20
    assert alert["time_to_limit_seconds"] is None
    assert alert["reasons"]


def test_of_one_that_is_too_short_the_needed_length_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With that of the series, and the time scale: one so long has a verdict, and one much shorter has none."""
    path = tmp_path / "short.csv"

    def told(seconds: int, *options: str) -> str:
        path.write_text("\n".join(["series,timestamp,value", *lines("rss", LEAK[:seconds])]) + "\n")
        assert run(str(path), *options) == 0
        return " ".join(capsys.readouterr().out.split())

    needs = re.search(r"too early to say of rss: it lasts 19 s, a verdict needs (\d+) s \(soak\)$", told(20))
    assert needs
    assert "it lasts 34 s" in told(int(needs[1]) - 9)
    assert "too early" not in told(int(needs[1]) + 3)
    assert "it lasts 1 min 59 s, a verdict needs 5 h 30 min (production)" in told(120, "--preset", "production")
    assert "too early to say of rss: it lasts 0 s" in told(1)


def test_order_and_compression_do_not_matter(soak: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same lines sorted and packed with gzip give the same alerts."""
    run(str(soak), "--json")
    first = as_json(capsys)
    head, *body = soak.read_text().splitlines()
    packed = tmp_path / "soak.csv.gz"
    packed.write_bytes(gzip.compress("\n".join([head, *sorted(body)]).encode()))
    run(str(packed), "--json")
    assert as_json(capsys) == first


@pytest.mark.parametrize("step", [1, 10, 29])
def test_a_short_history_may_have_few_readings(step: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Within an hour a leak is found, and what is flat is steady, whatever lies between two readings."""
    path = tmp_path / "few.csv"
    rows = [f"{name},{T0 + step * at},{value}" for name, of in SERIES.items() for at, value in enumerate(of)]
    path.write_text("\n".join(["series,timestamp,value", *rows]) + "\n")
    assert run(str(path), "--json") == 0
    assert {name: each["verdict"] for name, each in as_json(capsys).items()} == {"leaking": "leak", "steady": "steady"}


def test_nobody_replays_the_years_between_two_series() -> None:
    """Those that lie a year apart are of two eras, each replayed by itself."""
    ends = [(1.75e9, 1.76e9), (0.0, 5e7), (4e7, 9e7), (1.761e9, 1.7611e9), (1.7e9, 1.7001e9)]
    assert backtest.eras([History("", np.array(each), np.zeros(2)) for each in ends]) == [2, 0, 0, 2, 1]


def test_series_of_two_eras_have_what_they_have_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that was recorded in 1970 changes nothing of another, and costs it no time."""
    path = tmp_path / "eras.csv"
    old = [f"old,{second},{value}" for second, value in enumerate(LEAK)]
    path.write_text("\n".join(["series,timestamp,value", *old, *lines("new", LEAK)]) + "\n")
    assert run(str(path), "--json") == 0
    found = as_json(capsys)
    (first,), (second,) = found["old"]["alerts"], found["new"]["alerts"]
    assert second["from"] - first["from"] == T0


def test_a_table_for_people(soak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table names the leaking series, and counts those without an alert."""
    assert run(str(soak)) == 0
    out = capsys.readouterr().out
    assert "leaking" in out
    assert "still fires" in out
    assert "1 series with an alert, 1 without" in out


def test_a_history_without_a_leak_has_no_alert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A steady history has none, also without a column of names and with readings missing."""
    path = tmp_path / "flat.csv"
    path.write_text("timestamp,value\n" + "".join(f"{T0 + s},{5_000_000 if s % 7 else ''}\n" for s in range(120)))
    assert run(str(path)) == 0
    assert "no series with an alert, 1 without" in capsys.readouterr().out


def test_a_limit_gives_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a limit an alert says when it will be reached, and between when and when."""
    path = tmp_path / "limit.csv"
    rows = lines("a", LEAK, ",1,,100000000")
    path.write_text("\n".join(["series,timestamp,value,load,start_time,limit", *rows]))
    run(str(path), "--json")
    (alert,) = as_json(capsys)["a"]["alerts"]
    when = T0 + (100_000_000 - 5_000_000) / 400_000
    assert alert["from"] + alert["time_to_limit_seconds"] == pytest.approx(when, abs=10)
    low, high = alert["time_to_limit_interval"]
    assert low <= alert["time_to_limit_seconds"] <= high


def test_cutting_the_tail_changes_no_alert(soak: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that ends sooner has the same alerts up to its end."""
    run(str(soak), "--json")
    whole = as_json(capsys)["leaking"]["alerts"]
    for seconds in (60, 80, 100):
        path = tmp_path / "cut.csv"
        head, *body = soak.read_text().splitlines()
        path.write_text("\n".join([head, *(row for row in body if int(row.split(",")[1]) < T0 + seconds)]))
        run(str(path), "--json")
        assert as_json(capsys)["leaking"]["alerts"] == [each for each in whole if each["from"] < T0 + seconds]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("series,timestamp\na,1\n", "value is not there"),
        ("", "it is empty, timestamp and value are not there"),
        ("series,timestamp,value\n", "no reading"),
        ("series,timestamp,value\na,1,x\n", ":2:5: value 'x' is not a number"),
        ("series,timestamp,value\na,1,5\na,2\n", ":3:1: the line has 2 of 3 columns"),
        ("series,timestamp,value\na,nan,5\n", ":2:3: timestamp 'nan' is no finite number"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, text: str, why: str) -> None:
    """What is wrong is said, and in which line."""
    path = tmp_path / "broken.csv"
    path.write_text(text)
    with pytest.raises(LeakdogError, match=why):
        run(str(path))


@pytest.mark.parametrize(
    "content", [None, gzip.compress(b"series,timestamp,value\na,1,2\n" * 50, mtime=0)[:-20], b"\xff\xfe\x00"]
)
def test_an_unreadable_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, half a gzip or no text is an error that names it."""
    path = tmp_path / "file.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LeakdogError, match=r"file\.csv"):
        run(str(path))


def test_charts_show_the_alert(soak: Path, tmp_path: Path) -> None:
    """One file per series, named after it; only the leaking one has an announcement and a slope."""
    assert run(str(soak), "--plot", str(tmp_path / "new" / "charts")) == 0
    charts = {path.name: path.read_text() for path in (tmp_path / "new" / "charts").iterdir()}
    assert sorted(charts) == ["leaking.svg", "steady.svg"]
    assert {name: ("announced" in chart, 'class="fit"' in chart) for name, chart in charts.items()} == {
        "leaking.svg": (True, True),
        "steady.svg": (False, False),
    }


def test_a_name_that_is_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    """What no file name can hold becomes an underscore."""
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(["series,timestamp,value", *lines("../api 1/heap", FLAT)]))
    assert run(str(path), "--plot", str(tmp_path / "charts")) == 0
    assert [each.name for each in (tmp_path / "charts").iterdir()] == [".._api_1_heap.svg"]


def test_series_of_like_names_have_a_chart_each(tmp_path: Path) -> None:
    """What cannot be in the name of a file is left out of both, and neither overwrites the other."""
    rows = [f"{name},{1750000000 + 300 * number},{1e8 + number}" for name in ("a/b", "a_b") for number in range(20)]
    (tmp_path / "like.csv").write_text("\n".join(["series,timestamp,value", *rows]) + "\n")
    assert run(str(tmp_path / "like.csv"), "--plot", str(tmp_path / "charts")) == 0
    assert sorted(each.name for each in (tmp_path / "charts").iterdir()) == ["a_b.2.svg", "a_b.svg"]


def test_a_folder_that_cannot_be_made_is_told(soak: Path) -> None:
    """A file in the place of the folder is named, and what to do."""
    with pytest.raises(LeakdogError, match=r"drawing into .*soak\.csv.*name another folder"):
        run(str(soak), "--plot", str(soak))


def test_exported_series_are_judged_as_their_signals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts are told as counts, and what can only grow is left out and named, also where the name begins otherwise."""
    monkeypatch.setenv("COLUMNS", "240")
    path = tmp_path / "numbers.csv"
    counts = [100 + 100 * second for second in range(120)]
    names = {"goroutines": counts, "shop/rss": LEAK, "alloc_space": LEAK, "shop/total_alloc": LEAK}
    body = [line for name, values in names.items() for line in lines(name, values)]
    path.write_text("\n".join(["series,timestamp,value", *body]))
    assert run(str(path)) == 0
    out, err = capsys.readouterr()
    told = {line.split()[-1]: line for line in out.splitlines() if "still fires" in line}
    assert {name: "B/" in line for name, line in told.items()} == {"goroutines": False, "shop/rss": True}
    assert err == "left out, as it only ever grows: alloc_space, shop/total_alloc\n"


def test_nothing_left_to_judge_is_an_error(tmp_path: Path) -> None:
    """A file of nothing but what can only grow has no verdict."""
    path = tmp_path / "numbers.csv"
    path.write_text("\n".join(["series,timestamp,value", *lines("alloc_objects", LEAK)]))
    with pytest.raises(LeakdogError, match="left out, as it only ever grows: alloc_objects; nothing is left to judge"):
        run(str(path))


def test_the_unit_that_is_said_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a series is called."""
    path = tmp_path / "numbers.csv"
    path.write_text("\n".join(["series,timestamp,value", *lines("goroutines", LEAK)]))
    assert run(str(path), "--unit", "bytes") == 0
    assert "B/" in capsys.readouterr().out
