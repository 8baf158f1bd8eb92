"""A metrics page to readings: what is told is taken, what is not a number of this process is absent."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leakdog.errors import FetchError, Reason
from leakdog.fetch.exposition import MAX_LINE_BYTES, MAX_LINES, PLAIN, SIGNALS, _sample, read_metrics
from leakdog.model import Signal, Source

GO_PAGE = b"""\
# HELP go_gc_gomemlimit_bytes Go runtime memory limit configured by the user.
# TYPE go_gc_gomemlimit_bytes gauge
go_gc_gomemlimit_bytes 5.36870912e+08
# TYPE go_goroutines gauge
go_goroutines 34
go_memstats_alloc_bytes 2.6e+07
go_memstats_alloc_bytes_total 6.3e+09
go_memstats_buck_hash_sys_bytes 1.5e+06
go_memstats_heap_alloc_bytes 2.5e+07
go_memstats_heap_idle_bytes 1.1e+07
go_memstats_heap_inuse_bytes 3.0e+07
go_memstats_heap_objects 171000
go_memstats_heap_released_bytes 9.0e+06
go_memstats_heap_sys_bytes 4.1e+07
go_memstats_stack_inuse_bytes 1.2e+06
go_memstats_sys_bytes 5.1e+07
go_threads 12
http_requests_total{code="200"} 1027 1395066363000
process_open_fds 17
process_resident_memory_bytes 7.6e+07
process_start_time_seconds 1.79e+09
"""

OPENMETRICS_PAGE = b"""\
# TYPE go_goroutines gauge
go_goroutines 8.0
# TYPE go_memstats_alloc_bytes counter
go_memstats_alloc_bytes_total 123.0 # {trace_id="KOO5S4vxi0o"} 0.67 1789.5
# TYPE process_resident_memory_bytes gauge
# UNIT process_resident_memory_bytes bytes
process_resident_memory_bytes 4.5056e+07
# EOF
"""


def values(page: bytes) -> dict[Signal, float]:
    """Signals that a page tells."""
    return dict(read_metrics(page, 0.0).values)


def test_every_signal_of_a_go_program_is_read() -> None:
    """Numbers, start time and GOMEMLIMIT of a page as client_golang serves it."""
    seen = read_metrics(GO_PAGE, 1790000000.0)
    assert seen.source is Source.METRICS
    assert seen.time == 1790000000.0
    assert seen.start_time == 1.79e9
    assert seen.memory_limit == 512 << 20
    assert seen.pid is None
    assert dict(seen.values) == {
        Signal.RSS: 7.6e7,
        Signal.OPEN_FILES: 17,
        Signal.THREADS: 12,
        Signal.GOROUTINES: 34,
        Signal.HEAP_ALLOC: 2.5e7,
        Signal.HEAP_OBJECTS: 171000,
        Signal.HEAP_INUSE: 3.0e7,
        Signal.HEAP_IDLE: 1.1e7,
        Signal.HEAP_RELEASED: 9.0e6,
        Signal.HEAP_SYS: 4.1e7,
        Signal.STACK_INUSE: 1.2e6,
        Signal.SYS: 5.1e7,
        Signal.TOTAL_ALLOC: 6.3e9,
    }


RUNTIME_METRICS_PAGE = b"""\
go_gc_gomemlimit_bytes 9.223372036854776e+18
go_gc_heap_allocs_bytes_total 6.3e+09
go_gc_heap_live_bytes 2.0e+07
go_gc_heap_objects_objects 171000
go_memory_classes_heap_free_bytes 2.0e+06
go_memory_classes_heap_objects_bytes 2.5e+07
go_memory_classes_heap_released_bytes 9.0e+06
go_memory_classes_heap_stacks_bytes 1.2e+06
go_memory_classes_heap_unused_bytes 5.0e+06
go_memory_classes_total_bytes 5.1e+07
go_sched_goroutines_goroutines 34
"""


def test_the_newer_names_of_the_go_collector_tell_the_same() -> None:
    """Classes of runtime/metrics sum to the fields of MemStats, and tell what was alive besides."""
    assert values(RUNTIME_METRICS_PAGE) == {
        Signal.GOROUTINES: 34,
        Signal.HEAP_ALLOC: 2.5e7,
        Signal.HEAP_LIVE: 2.0e7,
        Signal.HEAP_OBJECTS: 171000,
        Signal.HEAP_INUSE: 3.0e7,
        Signal.HEAP_IDLE: 1.1e7,
        Signal.HEAP_RELEASED: 9.0e6,
        Signal.HEAP_SYS: 4.1e7,
        Signal.STACK_INUSE: 1.2e6,
        Signal.SYS: 5.1e7,
        Signal.TOTAL_ALLOC: 6.3e9,
    }


def test_a_sum_with_a_missing_part_is_not_known() -> None:
    """Of two classes one alone is no total."""
    page = RUNTIME_METRICS_PAGE.replace(b"go_memory_classes_heap_free_bytes 2.0e+06\n", b"")
    assert Signal.HEAP_INUSE in values(page)
    assert not {Signal.HEAP_IDLE, Signal.HEAP_SYS} & set(values(page))


def test_openmetrics_is_read_alike() -> None:
    """Exemplars, units and the end mark are in nobody's way."""
    assert values(OPENMETRICS_PAGE) == {Signal.GOROUTINES: 8, Signal.TOTAL_ALLOC: 123, Signal.RSS: 45056000}


def test_of_two_names_for_one_signal_the_better_one_tells_it() -> None:
    """Whatever their order on the page, and each where it stands alone."""
    assert values(b"process_threads 5\ngo_threads 9\n") == {Signal.THREADS: 5}
    assert values(b"go_threads 9\nprocess_threads 5\n") == {Signal.THREADS: 5}
    assert values(b"go_threads 9\n") == {Signal.THREADS: 9}
    assert values(b"go_memstats_alloc_bytes 7\n") == {Signal.HEAP_ALLOC: 7}


@pytest.mark.parametrize("number", ["NaN", "+Inf", "-Inf", "-1", "1.9e19", "1e999", "1.79e+308"])
def test_what_is_no_amount_is_absent(number: str) -> None:
    """Never zero, and the other numbers stay."""
    page = f"process_resident_memory_bytes {number}\nprocess_open_fds 3\n".encode()
    assert values(page) == {Signal.OPEN_FILES: 3}


def test_sums_are_numbers() -> None:
    """Classes that are told as no amount of memory have no sum."""
    assert Signal.HEAP_INUSE not in values(re.sub(rb"(_bytes) .*", rb"\1 1.7e308", RUNTIME_METRICS_PAGE))


def test_what_is_missing_is_absent() -> None:
    """A page without any number of ours is a metrics page nevertheless."""
    seen = read_metrics(b"# TYPE up gauge\nup 1\n", 0.0)
    assert seen.values == {}
    assert seen.start_time is None
    assert seen.memory_limit is None


def test_zero_is_a_number() -> None:
    """A process may well have no goroutines waiting, but none started at the epoch."""
    seen = read_metrics(b"go_goroutines 0\nprocess_start_time_seconds 0\n", 0.0)
    assert seen.values == {Signal.GOROUTINES: 0}
    assert seen.start_time is None


@pytest.mark.parametrize("limit", ["9.223372036854776e+18", "9223372036854775807", "0", "NaN"])
def test_gomemlimit_off_is_no_limit(limit: str) -> None:
    """Go tells "off" as the largest number there is."""
    assert read_metrics(f"go_gc_gomemlimit_bytes {limit}\n".encode(), 0.0).memory_limit is None


def test_a_page_of_several_processes_tells_of_none() -> None:
    """A name with several series is absent: they are neither summed nor is one picked."""
    page = b"""\
process_resident_memory_bytes{instance="a"} 1000
process_resident_memory_bytes{instance="b"} 2000
process_open_fds{instance="a"} 5
"""
    assert values(page) == {Signal.OPEN_FILES: 5}


def test_labels_of_a_page_change_nothing_about_the_target() -> None:
    """A page cannot say under what job or instance it is watched."""
    page = b'process_open_fds{job="other",instance="other",weird="}\\" 7"} 3\n'
    seen = read_metrics(page, 0.0)
    assert seen == read_metrics(b"process_open_fds 3\n", 0.0)


def test_names_that_only_begin_like_ours_are_not_ours() -> None:
    """The whole name counts."""
    assert values(b"process_open_fds_total 3\nprocess_max_fds 9\nmy_process_open_fds 7\n") == {}


@pytest.mark.parametrize("page", [b"process_open_fds 3", b"\nprocess_open_fds 3\r\n", b"# x\n\nprocess_open_fds\t3 \n"])
def test_line_ends_and_blanks_are_taken_as_they_come(page: bytes) -> None:
    """No line feed at the end, carriage returns, blank lines and tabs."""
    assert values(page) == {Signal.OPEN_FILES: 3}


@pytest.mark.parametrize(
    ("page", "what"),
    [
        (b"<!doctype html><title>Sign in</title>", "HTML or XML (a login page?)"),
        (b"\n  <html><style>\n#top { color: red }\n</style>\nprocess_open_fds 3\n", "HTML or XML (a login page?)"),
        (b'{"status": 200}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"ok", "something else"),
        (b"Hello 3 worlds\n", "something else"),
        (b"heap profile: 3: 4 [5: 6] @ heap/1048576\n", "something else"),
        (b"\x1f\x8b\x08\x00\x00\x00", "something else"),
    ],
)
def test_what_is_no_metrics_page_fails_as_wrong_type(page: bytes, what: str) -> None:
    """The detail says what it looks like instead."""
    with pytest.raises(FetchError) as caught:
        read_metrics(page, 0.0)
    assert caught.value.reason is Reason.WRONG_TYPE
    assert caught.value.detail == f"the page is {what}, not a metrics page"


@pytest.mark.parametrize(
    "line",
    ["process_open_fds many", 'process_open_fds{a="b" 3', "process_open_fds 1_0", 'process_open_fds{__name__="x"} 3'],
)
def test_a_broken_line_of_ours_fails_as_decode(line: str) -> None:
    """The detail shows the line."""
    with pytest.raises(FetchError) as caught:
        read_metrics(f"up 1\n{line}\n".encode(), 0.0)
    assert caught.value.reason is Reason.DECODE
    assert caught.value.detail.startswith(f"the metrics page's line {line!r} cannot be read: ")


def test_a_broken_line_of_others_is_not_looked_at() -> None:
    """Only lines of ours are parsed."""
    assert values(b"up 1\nbroken{{{ x\n\xff\xfe\nprocess_open_fds 3\n") == {Signal.OPEN_FILES: 3}


def test_a_line_of_megabytes_fails_as_decode() -> None:
    """It is not given to the parser."""
    page = b'process_open_fds{a="' + b"x" * MAX_LINE_BYTES + b'"} 3\n'
    with pytest.raises(FetchError, match="longer than 16,384 bytes"):
        read_metrics(page, 0.0)


@pytest.mark.parametrize(
    "page",
    [
        b'http_requests_total{code="200"} 12\n' * 900_000 + b"process_open_fds 3\n",
        b"\n" * (32 << 20) + b"process_open_fds 3\n",
    ],
    ids=["a million series", "32 MiB of line feeds"],
)
def test_a_huge_page_is_searched_in_a_moment(page: bytes) -> None:
    """32 MiB of what is not ours cost no parsing."""
    began = time.process_time()
    assert values(page) == {Signal.OPEN_FILES: 3}
    assert time.process_time() - began < 2


@pytest.mark.parametrize("page", [b"a" * (32 << 20), b"a{" * (16 << 20), b"1 " * (16 << 20)])
def test_a_huge_page_that_is_none_is_turned_away_in_a_moment(page: bytes) -> None:
    """No input makes the first line take long."""
    began = time.process_time()
    with pytest.raises(FetchError):
        read_metrics(page, 0.0)
    assert time.process_time() - began < 5


def test_a_million_series_of_ours_are_a_federation() -> None:
    """They end the search early, and none is taken."""
    page = b"process_open_fds 3\n" * (MAX_LINES + 1) * 50
    began = time.process_time()
    assert values(page) == {}
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("labels", "build"),
    [
        ('checksum="",path="shop",version="v1.4.2"', "v1.4.2"),
        ('checksum="h1:x/=",path="shop",version="(devel)"', "h1:x/="),
        ('checksum="",path="shop",version="(devel)"', ""),
        ('path="shop"', ""),
        (f'version="{"v" * 1000}"', "v" * 200),
    ],
)
def test_the_build_is_the_version_of_the_main_module(labels: str, build: str) -> None:
    """Or the checksum of its source; a program built from its work tree has neither."""
    page = f"go_build_info{{{labels}}} 1\ngo_goroutines 7\n".encode()
    seen = read_metrics(page, 0.0)
    assert (seen.build, dict(seen.values)) == (build, {Signal.GOROUTINES: 7.0})


def test_two_builds_on_a_page_are_of_two_processes() -> None:
    """Neither is taken, as with numbers."""
    page = b'go_build_info{version="v1"} 1\ngo_build_info{version="v2"} 1\n'
    assert read_metrics(page, 0.0).build == ""


@given(st.dictionaries(st.sampled_from(sorted(SIGNALS)), st.floats(0, 1e18), max_size=len(SIGNALS)))
def test_any_number_that_is_told_is_read_as_it_is(told: dict[str, float]) -> None:
    """Through text and back nothing changes."""
    page = "# a page\n" + "".join(f"{name} {value!r}\n" for name, value in told.items())
    expected: dict[Signal, float] = {}
    for name in SIGNALS:
        if name in told:
            expected.setdefault(SIGNALS[name], told[name])
    assert values(page.encode()) == expected


@given(st.from_regex(PLAIN, fullmatch=True) | st.text("\n _ax0123.eE+-", max_size=12).map("\na ".__add__))
def test_a_plain_line_is_read_as_the_parser_reads_it(line: str) -> None:
    """What takes the short way gives the same number."""
    if plain := PLAIN.fullmatch(line):
        assert float(plain["value"]) == float(_sample(line).value)


@given(st.binary(max_size=300) | st.text('__name__{}=,"\\ 0123.eE+-#\n', max_size=80).map(str.encode))
@example(b"{")
@example(b'{a="\\')
@example(b"{, =\\=\\e__name__}")
def test_no_bytes_do_anything_but_read_or_fail(page: bytes) -> None:
    """Whatever stands behind a name of ours, it is an observation of finite numbers or an error of ours."""
    with contextlib.suppress(FetchError):
        seen = values(b"# a page\nprocess_open_fds" + page)
        assert all(0 <= value < float("inf") for value in seen.values())


@pytest.mark.parametrize(
    ("path", "module"),
    [("github.com/acme/shop", "github.com/acme/shop"), ("command-line-arguments", ""), ("unknown", ""), ("", "")],
)
def test_the_main_module_is_told(path: str, module: str) -> None:
    """`go_build_info` names it; what stands for none is none."""
    page = f'go_build_info{{path="{path}",version="v1"}} 1\ngo_goroutines 7\n'.encode()
    assert read_metrics(page, 1.0).module == module
