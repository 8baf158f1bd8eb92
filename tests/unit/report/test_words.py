"""Numbers as people read them."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import leakdog
from leakdog.model import Unit, Verdict
from leakdog.report.words import (
    human_ago,
    human_bytes,
    human_count,
    human_duration,
    human_growth,
    human_interval,
    human_moment,
    human_rate,
    human_share,
    human_steady,
    human_time,
    human_value,
    inert,
    plural,
    wrapped,
    wrapped_all,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1536, "1.50 KiB"),
        (10 * 1024, "10.0 KiB"),
        (500 << 20, "500 MiB"),
        (3 << 40, "3.00 TiB"),
        (-2048, "-2.00 KiB"),
    ],
)
def test_bytes(value: float, text: str) -> None:
    """Bytes are written with three digits and a binary prefix."""
    assert human_bytes(value) == text


@given(st.floats(0, 2**60))
def test_bytes_are_short(value: float) -> None:
    """A size below an exbibyte takes at most four characters and its unit."""
    assert re.fullmatch(r"[\d.]{1,4} ([KMGTPE]i)?B", human_bytes(value))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (7, "7"), (0.25, "0.25"), (12.34, "12.3"), (12345.6, "12,346"), (-3, "-3")]
)
def test_count(value: float, text: str) -> None:
    """Counts are grouped by thousands, with decimals only where small."""
    assert human_count(value) == text


def test_value() -> None:
    """A value is written in the unit of its signal."""
    assert (human_value(2048, Unit.BYTES), human_value(2048, Unit.COUNT)) == ("2.00 KiB", "2,048")


@pytest.mark.parametrize(
    ("rate", "unit", "text"),
    [
        (2 << 20, Unit.BYTES, "2.00 MiB/s"),
        (100, Unit.BYTES, "5.86 KiB/min"),
        (1, Unit.BYTES, "3.52 KiB/h"),
        (0.02, Unit.BYTES, "1.69 KiB/day"),
        (1e-9, Unit.BYTES, "0 B/s"),
        (-4e-17, Unit.COUNT, "0/s"),
        (0.0002, Unit.BYTES, "17 B/day"),
        (0, Unit.BYTES, "0 B/s"),
        (5, Unit.COUNT, "5/s"),
        (0.1, Unit.COUNT, "6/min"),
        (-0.001, Unit.COUNT, "-3.6/h"),
        (None, Unit.COUNT, "not known"),
    ],
)
def test_rate(rate: float | None, unit: Unit, text: str) -> None:
    """A rate is told per the shortest span in which something worth reading happens."""
    assert human_rate(rate, unit) == text


def test_growth() -> None:
    """Of what is steady, follows load or has no verdict yet, no rate is known."""
    told = {verdict: human_growth(2048.0, verdict, Unit.BYTES) for verdict in Verdict}
    assert {verdict for verdict, text in told.items() if text == "2.00 KiB/s"} == {Verdict.LEAK, Verdict.SETTLING}
    assert set(told.values()) == {"2.00 KiB/s", "-"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1.5, "1.5 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (86400, "1 day"),
        (3 * 86400 + 4 * 3600, "3 days 4 h"),
        (1e10, "over 1 year"),
        (-90, "-1 min 30 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    """A span of time is told in its two largest units."""
    assert human_duration(seconds) == text


def test_time() -> None:
    """A moment is told in UTC."""
    assert human_time(1_767_225_600.9) == "2026-01-01 00:00:00 UTC"


@pytest.mark.parametrize(("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.996, ">99%"), (1, "100%")])
def test_share(share: float, text: str) -> None:
    """A share is never rounded to nothing or to everything."""
    assert human_share(share) == text


@pytest.mark.parametrize(("count", "text"), [(0, "no targets"), (1, "1 target"), (1200, "1,200 targets")])
def test_plural(count: int, text: str) -> None:
    """A noun follows its number."""
    assert plural(count, "target") == text


def test_inert() -> None:
    """What would move the cursor, ring the bell or turn the line around is shown as its code."""
    assert inert("a\x1b[2Jb\x07\u202ec é") == "a\\u001b[2Jb\\u0007\\u202ec é"


@given(st.text())
def test_inert_is_printable(text: str) -> None:
    """No text leaves a control character behind."""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", inert(text))


def test_steady_is_of_the_time_that_was_seen() -> None:
    """Of several signals the shortest time counts; what grows is not steady, what is too early is so only so far."""
    rss, heap = (Verdict.STEADY, 21600.0), (Verdict.STEADY, 48.0)
    assert human_steady([rss]) == "steady over 6 h"
    assert human_steady([rss, heap]) == "steady over 48 s"
    assert human_steady([rss, (Verdict.TOO_EARLY, None)]) == "steady so far over 6 h"
    assert human_steady([(Verdict.STEADY, None)]) == "steady"
    assert human_steady([rss, (Verdict.SETTLING, 48.0)]) == ""


def test_sentences_are_wrapped_between_words() -> None:
    """A list's line goes on under its beginning, and a long name stays whole."""
    assert wrapped("- one two three", 2, 12) == ["  - one two", "    three"]
    assert wrapped("one-two-three.go:17 is it", width=10) == ["one-two-three.go:17", "is it"]


def written(file: Path) -> Iterator[str]:
    """The strings of a file that may be printed, docstrings left out; what is filled in is `0`."""
    tree = ast.parse(file.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and {id(node)}.isdisjoint(told | inner):
            yield node.value


def test_per_cent_is_written_in_one_way() -> None:
    """As `go tool pprof` does, next to its figure: `60%`, in whatever leakdog says."""
    source = Path(leakdog.__file__).parent
    texts = [text for file in sorted(source.rglob("*.py")) for text in written(file)]
    assert [text for text in texts if re.search(r"\d%", text)]
    assert [text for text in texts if re.search(r"\d %", text)] == []


def test_a_moment_says_how_long_ago_it_is() -> None:
    """With its date, in UTC; one that lies ahead, by the clock of another machine, is now."""
    assert human_ago(0.0, 125.0) == "2 min 5 s ago"
    assert human_moment(1_700_000_000.0, 1_700_000_045.0) == "2023-11-14 22:13:20 UTC (45 s ago)"
    assert human_ago(60.0, 0.0) == human_ago(0.0, 0.0)


def test_each_of_several_sentences_has_lines_of_its_own() -> None:
    """Made inert, as words of a target may be in them."""
    assert wrapped_all(("to do: look", "down \x1b[2J"), width=8) == ["to do:", "look", "down", inert("\x1b[2J")]


@pytest.mark.parametrize(
    ("rate", "interval", "text"),
    [
        (1000.0 * 386, (1000.0 * 385, 1000.0 * 387), "less than 1% to each side"),
        (1000.0 * 386, (1000.0 * 386, 1000.0 * 386), "less than 1% to each side"),
        (1024.0 * 200, (1024.0 * 190, 1024.0 * 201), "190 KiB/s to 201 KiB/s"),
        (None, (1024.0, 1025.0), "1.00 KiB/s to 1.00 KiB/s"),
        (0.0, (0.0, 0.0), "0 B/s to 0 B/s"),
        (1234.0, (1000.0, 1500.0), "0.98 KiB/s to 1.46 KiB/s"),
        (1000.0, (900.0, 1100.0), "52.7 KiB/min to 64.5 KiB/min"),
        (1234.0, (2.0, 1500.0), "7.03 KiB/h to 1.46 KiB/s"),
        (-1234.0, (-1500.0, -1000.0), "-1.46 KiB/s to -0.98 KiB/s"),
    ],
)
def test_ends_of_an_interval_are_told_where_they_tell_something(
    rate: float | None, interval: tuple[float, float], text: str
) -> None:
    """Two ends that print alike look like a mistake, and such as differ in their last digit like precision."""
    assert human_interval(rate, interval, Unit.BYTES) == text


def test_words_are_there_without_the_detector() -> None:
    """Verbs that only tell what a daemon says do not wait for arrays to be loaded."""
    asked = "import sys, leakdog.report.words; print('numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)  # ours
    assert said.stdout == "False\n"
