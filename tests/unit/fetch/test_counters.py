"""Load as a job counts it: the sum of the series of a few counters."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import FetchError, Reason
from leakdog.fetch.counters import MAX_SERIES, total

PAGE = b"""\
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a b"} 100
http_requests_total{code="500",path="} 7\\"{"} 20.5 1395066363000
http_requests_total_by_hand 9000
jobs_done_total 3 # {trace_id="KOO5S4vxi0o"} 0.67 1789.5
old_http_requests_total 9000
"""


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (["http_requests_total"], 120.5),
        (["jobs_done_total"], 3.0),
        (["http_requests_total", "jobs_done_total"], 123.5),
        (["jobs_done_total", "not_there_total"], 3.0),
        (["not_there_total"], None),
    ],
)
def test_series_are_summed(names: list[str], value: float | None) -> None:
    """Whatever stands in their labels and behind their numbers; names that begin or end alike are others."""
    assert total(PAGE, names) == value


@pytest.mark.parametrize("number", ["NaN", "+Inf", "-1"])
def test_what_is_no_count_counts_nothing(number: str) -> None:
    """Beside others it is left out; alone it is not known."""
    assert total(f"a_total{{b='1'}} {number}\n".replace("'", '"').encode(), ["a_total"]) is None
    assert total(f"a_total 5\na_total {number}\n".encode(), ["a_total"]) == 5.0


@pytest.mark.parametrize("line", ["a_total x", "a_total ", 'a_total{b="} 5'])
def test_a_broken_line_is_an_error(line: str) -> None:
    """Not a smaller load."""
    with pytest.raises(FetchError, match="has no number") as failed:
        total(line.encode(), ["a_total"])
    assert failed.value.reason is Reason.DECODE


def test_the_number_of_series_is_bounded() -> None:
    """A page of a million series costs no more than the bound, and says what to do."""
    page = b"".join(b'a_total{user="%d"} 1\n' % number for number in range(MAX_SERIES))
    assert total(page, ["a_total"]) == MAX_SERIES
    began = time.process_time()
    with pytest.raises(FetchError, match="name counters with fewer"):
        total(page * 100, ["a_total"])
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "page", [b"a_total{" * (1 << 20), b'a_total{"\\' * (1 << 20), b'\na_total{b="' + b'"' * (4 << 20)]
)
def test_no_page_takes_long(page: bytes) -> None:
    """Labels that never end are found to be broken in one pass."""
    began = time.process_time()
    with contextlib.suppress(FetchError):
        total(page, ["a_total"])
    assert time.process_time() - began < 2


@given(st.text('a_total{}=",\\ 0.eE+-#\n', max_size=80).map(str.encode))
def test_no_bytes_do_anything_but_sum_or_fail(page: bytes) -> None:
    """A number that is not negative, nothing, or an error of ours."""
    with contextlib.suppress(FetchError):
        found = total(page, ["a_total", "a"])
        assert found is None or found >= 0
