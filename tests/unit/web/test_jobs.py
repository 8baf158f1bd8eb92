"""The overview of a large fleet."""

import re

from leakdog.config.schema import ScrapeConfig
from leakdog.model import Leak, LeakClass, LeakState, Signal, Target, TargetKey
from leakdog.pipeline.state import Watched
from leakdog.web.jobs import LISTED, address, jobs_table, listed
from leakdog.web.overview import overview

MIB = float(1 << 20)


def fleet(count: int, job: str = "shop") -> list[Watched]:
    """Targets of a job: the last leaks, the one before is down."""
    made = [
        Watched(Target(TargetKey(job, f"{n:04}")), ScrapeConfig(job_name=job), up=True, values={Signal.RSS: MIB})
        for n in range(count)
    ]
    key = made[-1].key
    leak = Leak("9f1c", key, Signal.RSS, LeakClass.NATIVE, LeakState.FIRING, since=1.0, updated=2.0)
    made[-1].leaks[LeakClass.NATIVE] = leak
    made[-2].up = False
    return made


def instances(page: str) -> list[str]:
    """The targets that a page lists."""
    return re.findall('href="/targets/[^/]*/([^"]*)"', page)


def test_what_leaks_is_listed_however_many_there_are() -> None:
    """First what leaks, then what is down, then by name; no more than fit."""
    names = [watched.key.instance for watched in listed(fleet(1000))]
    assert names[:3] == ["0999", "0998", "0000"]
    assert len(names) == LISTED


def test_a_row_of_a_job_sums_it_up() -> None:
    """Targets, leaking, down and memory; nothing where there is none."""
    page = jobs_table([*fleet(3, "b"), Watched(Target(TargetKey("a", "1")), ScrapeConfig(job_name="a"))])
    cells = [re.sub("<[^>]*>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", page)]
    assert cells == ["a", "1", "", "", "", "b", "3", "1", "1", "3.00 MiB"]


def test_a_small_fleet_is_listed_whole() -> None:
    """Without jobs before it, in the order of names."""
    page = overview(fleet(LISTED), [], 0.0)
    assert "<h2>Jobs</h2>" not in page
    assert instances(page) == [f"{n:04}" for n in range(LISTED)]


def test_a_large_fleet_is_told_by_job() -> None:
    """The page says how many it leaves out, and a job's own page keeps to the job."""
    targets = [*fleet(LISTED + 50), *fleet(2, "other & more")]
    page = overview(targets, [], 0.0)
    assert "<h2>Jobs</h2>" in page
    assert "And 52 more" in page
    assert address("other & more") == "/?job=other+%26+more"
    one = overview(targets, [], 0.0, "other & more")
    assert instances(one) == ["0000", "0001"]
    assert "Job <b>other &amp; more</b>" in one


def test_whoever_has_stopped_the_reading_again_is_asked_once() -> None:
    """The pages of jobs, and the way back from them, go on as they were asked for."""
    many = fleet(LISTED + 1)
    for refresh, of_job, of_all in ((True, "/?job=shop", "/"), (False, "/?job=shop&amp;refresh=off", "/?refresh=off")):
        assert f'<td data-name="Job"><a class=name href="{of_job}">shop</a>' in overview(many, [], 0.0, refresh=refresh)
        assert f'<a href="{of_all}">All jobs</a>' in overview(many, [], 0.0, "shop", refresh=refresh)
