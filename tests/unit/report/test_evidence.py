"""The files of a bundle."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from leakdog.pprof import parse
from leakdog.report.evidence import FILES, commands, profiles, readme, series_csv, verdict

SHOP = Path(__file__).parents[1] / "attribute" / "shop"
LEAK = {
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
    """The difference holds what leaked between them."""
    files = profiles("heap", *heaps)
    assert list(files) == ["heap-latest.pb.gz", "heap-baseline.pb.gz", "heap-diff.pb.gz"]
    assert (files["heap-baseline.pb.gz"], files["heap-latest.pb.gz"]) == heaps
    base, latest, diff = (parse(files[f"heap-{name}.pb.gz"]) for name in ("baseline", "latest", "diff"))
    assert diff.values.sum(axis=0).tolist() == (latest.values.sum(axis=0) - base.values.sum(axis=0)).tolist()
    assert diff.duration_nanos == latest.time_nanos - base.time_nanos > 0


def test_what_is_not_there_is_left_out(heaps: tuple[bytes, bytes]) -> None:
    """One profile has no difference; profiles that do not fit each other are both there without one."""
    assert profiles("heap", None, None) == {}
    assert list(profiles("heap", None, heaps[1])) == ["heap-latest.pb.gz"]
    assert list(profiles("heap", heaps[0], heaps[0])) == ["heap-latest.pb.gz"]
    other = (SHOP / "goroutine-1.pb.gz").read_bytes()
    assert list(profiles("heap", other, heaps[1])) == ["heap-latest.pb.gz", "heap-baseline.pb.gz"]
    assert list(profiles("heap", b"broken", heaps[1])) == ["heap-latest.pb.gz", "heap-baseline.pb.gz"]


def test_numbers_are_one_table_with_the_parts_of_memory() -> None:
    """Signals read at one time share a line; what was not read then is empty, and so are parts that it would tell."""

    def signal(name: str, *values: float | None) -> dict[str, Any]:
        points = [[f"2026-01-01T00:00:0{i}Z", value] for i, value in enumerate(values) if value is not None]
        return {"signal": name, "points": points}

    series = [signal("rss", 100.0, 110.0), signal("rss_anon", 80.0, None), signal("from_the_future", None, 1.0)]
    rows = list(csv.DictReader(io.StringIO(series_csv(series).decode())))
    names = ["time", "from_the_future", "rss", "rss_anon", "ledger_file_pages", "ledger_rest"]
    assert [
        dict(zip(names, row, strict=True))
        for row in (
            ["2026-01-01T00:00:00Z", "", "100.0", "80.0", "20.0", "80.0"],
            ["2026-01-01T00:00:01Z", "1.0", "110.0", "", "", "110.0"],
        )
    ] == rows


def test_no_numbers() -> None:
    """A table without lines is still a table."""
    assert series_csv([]) == b"time\n"


def test_the_page_says_it_all() -> None:
    """Headline, chart, verdict, memory, what to type, and what each file is; the same in both forms."""
    names = ["verdict.json", "chart.svg", "heap-baseline.pb.gz", "heap-latest.pb.gz", "heap-diff.pb.gz"]
    files = readme(LEAK, {"signals": {"rss": 100 << 20, "rss_anon": 80 << 20}}, names)
    assert list(files) == ["README.md", "README.html"]
    text = files["README.md"].decode()
    assert text.startswith("# shop/10.0.0.7:6060: heap leak, 2.00 MiB/s\n\n![inuse\\_space over time](chart.svg)\n")
    assert "      - it grew\n" in text
    assert "80.0 MiB   80 %  not told apart" in text
    assert "    go tool pprof -diff_base heap-baseline.pb.gz heap-latest.pb.gz\n" in text
    assert f"- verdict.json: {FILES['verdict.json']}\n" in text
    assert "goroutines.txt" not in text
    document = files["README.html"].decode()
    assert "<h1>shop/10.0.0.7:6060: heap leak, 2.00 MiB/s</h1>" in document
    assert "go tool pprof -diff_base heap-baseline.pb.gz heap-latest.pb.gz" in document


def test_a_page_of_little() -> None:
    """Of a target that is gone, with nothing stored, the verdict is told."""
    text = readme(LEAK, {}, ["verdict.json"])["README.md"].decode()
    assert "chart.svg" not in text
    assert "What its memory is made of" not in text
    assert "To look further" not in text


def test_only_files_that_are_there_are_asked_for() -> None:
    """Without a baseline there is nothing to subtract."""
    assert commands(["goroutine-latest.pb.gz"]) == "leakdog top goroutine-latest.pb.gz"
    assert commands([]) == ""


def test_the_verdict_is_what_the_api_gave() -> None:
    """Whole, and readable."""
    assert json.loads(verdict(LEAK)) == LEAK


def test_the_same_profiles_make_the_same_bytes(heaps: tuple[bytes, bytes]) -> None:
    """Nothing in it depends on when it was made."""
    assert profiles("heap", *heaps) == profiles("heap", *heaps)
    assert gzip.decompress(profiles("heap", *heaps)["heap-diff.pb.gz"])
