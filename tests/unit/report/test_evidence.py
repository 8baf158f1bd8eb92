"""The files of a bundle."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leakdog.report.evidence import FILES, Columns, Exhibits, bundle, chart, commands, profiles, series_csv, verdict

SHOP = Path(__file__).parents[1] / "attribute" / "shop"
START = 1767225600.0  # 2026-01-01
LEAK: dict[str, Any] = {
    "id": "3f9c2a71b0de",
    "target": {"job": "shop", "instance": "10.0.0.7:6060"},
    "signal": "inuse_space",
    "unit": "bytes",
    "class": "heap",
    "state": "firing",
    "since": "2026-01-01T00:00:10.000Z",
    "updated": "2026-01-01T00:12:00.000Z",
    "growth_per_second": 2097152.0,
    "interval": None,
    "time_to_limit_seconds": None,
    "reasons": ["it grew"],
    "culprits": [],
}


@pytest.fixture
def heaps() -> tuple[bytes, bytes]:
    """A heap profile of a real Go program, and a later one."""
    return (SHOP / "heap-1.pb.gz").read_bytes(), (SHOP / "heap-6.pb.gz").read_bytes()


def test_profiles_are_there_as_they_were_fetched_with_their_difference(heaps: tuple[bytes, bytes]) -> None:
    """All three under the names that the page tells of."""
    files = profiles("heap", *heaps, b"difference")
    assert files == {
        "heap-latest.pb.gz": heaps[1],
        "heap-baseline.pb.gz": heaps[0],
        "heap-diff.pb.gz": b"difference",
    }


def test_what_is_not_there_is_left_out(heaps: tuple[bytes, bytes]) -> None:
    """One profile has no difference; profiles that do not fit each other are both there without one."""
    assert profiles("heap", None, None) == {}
    assert list(profiles("heap", None, heaps[1])) == ["heap-latest.pb.gz"]
    assert list(profiles("heap", heaps[0], heaps[0])) == ["heap-latest.pb.gz"]
    assert list(profiles("heap", *heaps)) == ["heap-latest.pb.gz", "heap-baseline.pb.gz"]


def series(**values: list[float | None]) -> dict[str, Columns]:
    """Columns by signal, a value a second from the start of 2026; None was not read."""
    told = {
        name: [(START + i, value) for i, value in enumerate(each) if value is not None] for name, each in values.items()
    }
    return {name: (np.array([time for time, _ in each]), np.array([v for _, v in each])) for name, each in told.items()}


def exhibits(**changes: Any) -> Exhibits:
    """A leak of which nothing but the verdict is known, with changes."""
    given: dict[str, Any] = {"leak": LEAK, "series": {}, "pairs": {}, "differences": {}, "kept": {}, "collected": {}}
    return Exhibits(**(given | changes))


def test_numbers_are_one_table_with_the_parts_of_memory() -> None:
    """Signals read at one time share a line; what was not read then is empty, and so are parts that it would tell."""
    rows = list(csv.DictReader(io.StringIO(series_csv(series(rss=[100.0, 110.0], rss_anon=[80.0, None])).decode())))
    names = ["time", "rss", "rss_anon", "ledger_file_pages", "ledger_rest"]
    assert [
        dict(zip(names, row, strict=True))
        for row in (
            ["2026-01-01T00:00:00.000Z", "100.0", "80.0", "20.0", "80.0"],
            ["2026-01-01T00:00:01.000Z", "110.0", "", "", "110.0"],
        )
    ] == rows


def test_very_many_numbers_are_thinned_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is bounded: of more readings than it takes, every second or third line is left out."""
    monkeypatch.setattr("leakdog.report.evidence.MOST_ROWS", 4)
    lines = series_csv(series(goroutines=[float(n) for n in range(9)])).decode().splitlines()
    assert [line.partition(",")[2] for line in lines] == ["goroutines", "0.0", "3.0", "6.0"]


def test_no_numbers() -> None:
    """A table without lines is still a table."""
    assert series_csv({}) == b"time\n"


def test_the_page_says_it_all(heaps: tuple[bytes, bytes]) -> None:
    """Headline, chart, verdict, memory, what to type, and what each file is; the same in both forms."""
    numbers = series(rss=[90e6, 100 * 2**20], rss_anon=[70e6, 80 * 2**20], inuse_space=[1e6, 2e6])
    kept = {"trace.out": b"trace", "heap-latest.pb.gz": heaps[0], "cmdline.txt": b"shop\n"}
    files = bundle(
        exhibits(
            series=numbers,
            pairs={"heap": heaps},
            differences={"heap": b"difference"},
            kept=kept,
            collected=dict.fromkeys(kept, START + 60),
        )
    )
    assert list(files) == [name for name in FILES if name in files]
    assert files["heap-latest.pb.gz"] == heaps[1]
    text = files["README.md"].decode()
    assert text.startswith("# shop/10.0.0.7:6060: heap leak, 2.00 MiB/s\n\n![inuse\\_space over time](chart.svg)\n")
    assert "      - it grew\n" in text
    assert "   100 MiB        of memory:\n" in text
    assert "    go tool pprof -diff_base heap-baseline.pb.gz heap-latest.pb.gz\n" in text
    assert "    go tool trace trace.out\n" in text
    assert f"- verdict.json: {FILES['verdict.json']}\n" in text
    assert f"- cmdline.txt: {FILES['cmdline.txt']} \\(2026-01-01 00:01:00 UTC\\)\n" in text
    assert f"- heap-latest.pb.gz: {FILES['heap-latest.pb.gz']}\n" in text
    assert "goroutines.txt" not in text
    document = files["README.html"].decode()
    assert "<h1>shop/10.0.0.7:6060: heap leak, 2.00 MiB/s</h1>" in document
    assert "go tool pprof -diff_base heap-baseline.pb.gz heap-latest.pb.gz" in document


def test_the_page_is_one_file_and_hostile_names_are_text() -> None:
    """The chart is in it, nothing is fetched, no script can run, and what a target sends is escaped in both forms."""
    evil = "</pre><script>alert(1)</script>](http://x)`\x1b[31m\u202e"
    leak = {**LEAK, "target": {"job": evil, "instance": evil}, "reasons": [evil]}
    leak["culprits"] = [
        {"function": evil, "file": evil, "line": 1, "share": 1.0, "growth_per_second": 1.0, "note": evil, "stack": []}
    ]
    files = bundle(exhibits(leak=leak, series=series(inuse_space=[1e6, 2e6])))
    document = files["README.html"].decode()
    assert "default-src 'none'" in document
    assert 'src="data:image/svg+xml;base64,' in document
    assert "<script" not in document
    assert re.findall(r"(?:src|href)=.(?!data:)[^ >]*", document) == [
        'href="verdict.json"',
        'href="chart.svg"',
        'href="series.csv"',
    ]
    for text in (document, files["README.md"].decode()):
        assert "\x1b" not in text
        assert "\u202e" not in text
    outside = [line for line in files["README.md"].decode().splitlines() if not line.startswith("    ")]
    assert not any("<script" in line.replace("\\<", "") or "](http" in line for line in outside)


def test_a_page_of_little() -> None:
    """Of a target that is gone, with nothing stored, the verdict is told."""
    files = bundle(exhibits())
    assert list(files) == ["README.md", "README.html", "verdict.json", "series.csv"]
    text = files["README.md"].decode()
    assert "chart.svg" not in text
    assert "What its memory was made of" not in text
    assert "To look further" not in text


def test_the_chart_stands_alone() -> None:
    """It is an SVG document with a style of its own; two readings at one time make none."""
    root = ET.fromstring(chart(LEAK, series(inuse_space=[1e6, 2e6])))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].tag.endswith("style")
    assert root.find("{*}polyline") is not None
    assert chart(LEAK, series(inuse_space=[1e6])) == chart(LEAK, {}) == ""


def test_only_files_that_are_there_are_asked_for() -> None:
    """Without a baseline there is nothing to subtract."""
    assert commands(["goroutine-latest.pb.gz"]) == "leakdog top goroutine-latest.pb.gz"
    assert commands([]) == ""


def test_the_verdict_is_what_the_api_gave() -> None:
    """Whole, and readable."""
    assert json.loads(verdict(LEAK)) == LEAK
