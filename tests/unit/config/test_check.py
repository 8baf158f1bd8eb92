"""Rules between values: each contradiction is told once, and only of values that could be read."""

from collections.abc import Callable

import pytest

Problems = Callable[[str], list[str]]


@pytest.mark.parametrize(
    "text",
    [
        "global: {scrape_interval: x, scrape_timeout: 5m}",
        "global: {scrape_interval: 5s, scrape_timeout: x}",
        "{global: {scrape_interval: x}, scrape_configs: [{job_name: a, scrape_timeout: 5m}]}",
        "scrape_configs: [{job_name: a, scrape_interval: x, scrape_timeout: 5m}]",
        "scrape_configs: [{job_name: a, intervals: {heap: x}, scrape_timeout: 5m}]",
        "scrape_configs: [{job_name: 5}, {job_name: 5}, {job_name: a}]",
        "scrape_configs: [{job_name: a, static_configs: [{targets: [x, x]}]}]",
        "scrape_configs: [{job_name: a, profiles: [cpu, cpu, heap]}]",
        "scrape_configs: [{job_name: a, process: {pid: x}}]",
        "scrape_configs: [{job_name: a, process: 5}]",
        "scrape_configs: [{job_name: a, static_configs: 5, metrics_path: '', pprof_path: ''}]",
    ],
)
def test_a_value_that_cannot_be_read_contradicts_nothing(text: str, problems_of: Problems) -> None:
    """Only the unreadable values themselves are told."""
    contradictions = ("already", "is over", "would match", "nothing is read")
    assert problems_of(text)
    assert [problem for problem in problems_of(text) if any(word in problem for word in contradictions)] == []


@pytest.mark.parametrize(
    "text",
    [
        "global: {scrape_interval: 5s, scrape_timeout: 5s}",
        "{global: {scrape_timeout: 30s}, scrape_configs: [{job_name: a, scrape_interval: 5s}]}",
        "scrape_configs: [{job_name: a, scrape_timeout: 2m, scrape_interval: 2m}]",
        "scrape_configs: [{job_name: a}, {job_name: A}]",
        "scrape_configs: [{job_name: a, static_configs: [{targets: ['x:1']}]}, "
        "{job_name: b, static_configs: [{targets: ['x:1']}]}]",
        "scrape_configs: [{job_name: a, metrics_path: '', static_configs: [{targets: ['x:1']}]}]",
        "scrape_configs: [{job_name: a, metrics_path: '', pprof_path: '', process: {pid: 1}}]",
        "scrape_configs: [{job_name: a, metrics_path: '', pprof_path: '', static_configs: [{targets: []}]}]",
    ],
)
def test_what_is_no_contradiction_passes(text: str, problems_of: Problems) -> None:
    """Equal times, a timeout that follows, names that differ in case, one target in two jobs."""
    assert problems_of(text) == []


def test_a_third_equal_target_points_to_the_first(problems_of: Problems) -> None:
    """Each repetition names the line of the first."""
    text = "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets:\n    - x:1\n    - X:1\n    - x:1\n"
    where = "scrape_configs[0].static_configs[0].targets"
    assert problems_of(text) == [
        f"6:7: {where}[1]: 'x:1' is already a target of this job, at line 5; remove one",
        f"7:7: {where}[2]: 'x:1' is already a target of this job, at line 5; remove one",
    ]


def test_a_process_without_conditions_is_told_where_it_stands(problems_of: Problems) -> None:
    """An empty section and a missing one are the same."""
    told = [problems_of(f"scrape_configs:\n- job_name: a\n  process:{value}\n") for value in ("", " {}", " ~")]
    assert [len(problems) for problems in told] == [1, 1, 1]
    assert all("scrape_configs[0].process: every process would match" in problems[0] for problems in told)


@pytest.mark.parametrize(("limit", "told"), [("512", True), ("1048575", True), ("1MiB", False), ("512MiB", False)])
def test_a_memory_limit_without_its_unit(problems_of: Problems, limit: str, told: bool) -> None:
    """No process runs in so few bytes: megabytes were meant."""
    found = problems_of(f"scrape_configs: [{{job_name: a, memory_limit: {limit}}}]")
    assert [("give the unit, such as 512MiB" in each, "memory_limit" in each) for each in found] == [
        (True, True)
    ] * told


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ("raw: 20d", "raw: 20d is over numbers.five_minutes; raise that too, or give 2w, its default, at most"),
        ("five_minutes: 4d, raw: 5d", "raw: 5d is over numbers.five_minutes; raise that too, or give 4d at most"),
        (
            "five_minutes: 31d",
            "five_minutes: 31d is over retention.time; raise that too, or give 30d, its default, at most",
        ),
        ("time: 9d, five_minutes: 10d", "five_minutes: 10d is over numbers.time; raise that too, or give 9d at most"),
        ("time: 9d, raw: 10d", "raw: 10d is over numbers.time; raise that too, or give 9d at most"),
        ("five_minutes: 1d", "five_minutes: 1d is under raw, 2d by default; give raw too, 1d at most"),
    ],
)
def test_an_age_over_the_next_has_no_effect(numbers: str, told: str, problems_of: Problems) -> None:
    """It is told at its place, with the nearest limit, its default or not, and what to do."""
    text, key = f"storage: {{retention: {{numbers: {{{numbers}}}}}}}", f"{told.partition(':')[0]}: "
    column = text.index(key) + len(key) + 1
    assert problems_of(text) == [f"1:{column}: storage.retention.numbers.{told}"]


def test_snapshots_age_in_order_too(problems_of: Problems) -> None:
    """Each age that is wrong is told, with the place of its own."""
    text = "storage:\n  retention:\n    time: 5d\n    profiles:\n      dense: 6d\n      hourly: 6d\n"
    where = "storage.retention.profiles"
    assert problems_of(text) == [
        f"5:14: {where}.dense: 6d is over retention.time; raise that too, or give 5d at most",
        f"6:15: {where}.hourly: 6d is over retention.time; raise that too, or give 5d at most",
    ]


@pytest.mark.parametrize(
    "retention",
    [
        "time: 1d",
        "time: 7d, numbers: {raw: 7d}",
        "numbers: {raw: 14d, five_minutes: 30d}",
        "time: 1d, profiles: {time: 180d, hourly: 14d}",
        "numbers: {raw: 20d, five_minutes: x}",
        "time: x, numbers: {five_minutes: 90d}",
    ],
)
def test_ages_in_order_pass(retention: str, problems_of: Problems) -> None:
    """Equal ones do, defaults that are deleted before they are reached, and those of which one cannot be read."""
    problems = problems_of(f"storage: {{retention: {{{retention}}}}}")
    assert [each for each in problems if "is not a duration" not in each] == []
