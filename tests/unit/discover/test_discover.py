"""All targets of a job: those written out by hand and local processes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from subprocess import Popen

from leakdog.config.schema import ProcessConfig, ScrapeConfig, StaticConfig
from leakdog.discover import discover
from leakdog.model import Target, TargetKey


def test_each_address_is_a_target_as_it_is_written() -> None:
    """Its instance is the address, its base URL has the job's scheme, its labels are those beside it."""
    job = ScrapeConfig(
        job_name="shop",
        scheme="https",
        static_configs=(
            StaticConfig(targets=("shop-1:6060", "[::1]:6061"), labels={"zone": "eu-1"}),
            StaticConfig(targets=("shop-3:6060",)),
        ),
    )
    assert discover(job) == [
        Target(TargetKey("shop", "shop-1:6060"), {"zone": "eu-1"}, "https://shop-1:6060"),
        Target(TargetKey("shop", "[::1]:6061"), {"zone": "eu-1"}, "https://[::1]:6061"),
        Target(TargetKey("shop", "shop-3:6060"), {}, "https://shop-3:6060"),
    ]


def test_an_address_written_twice_is_one_target() -> None:
    """The first one counts, with its labels."""
    twice = (StaticConfig(targets=("a:1", "a:1"), labels={"n": "1"}), StaticConfig(targets=("a:1",), labels={"n": "2"}))
    assert discover(ScrapeConfig(job_name="j", static_configs=twice)) == [
        Target(TargetKey("j", "a:1"), {"n": "1"}, "http://a:1")
    ]


def test_a_process_is_a_target_by_name_and_id(run: Callable[..., Popen[str]]) -> None:
    """It has a pid and no base URL; the name is the one `ps` shows."""
    child = run("leakdog-test-one")
    job = ScrapeConfig(job_name="local", process=ProcessConfig(cmdline="leakdog-test-on[e]"))
    (target,) = discover(job)
    assert re.fullmatch(rf"python[\d.]*\[{child.pid}\]", target.key.instance)
    assert target == Target(target.key, {}, None, child.pid)


def test_a_process_with_a_hostile_name_is_shown_inert(run: Callable[..., Popen[str]]) -> None:
    """A name of several lines, or one that is no text, does not break logs, labels or the store."""
    waiting = "print('ready', flush=True); sys.stdin.read()"
    rename = "open('/proc/self/comm', 'wb').write(b'a\\nb\\xff'); " + waiting
    child = run("leakdog-test-odd", code="import sys; " + rename)
    (target,) = discover(ScrapeConfig(job_name="local", process=ProcessConfig(pid=child.pid)))
    assert target.key.instance == f"a\\u000ab\\udcff[{child.pid}]"


def test_a_job_may_have_both(run: Callable[..., Popen[str]]) -> None:
    """Addresses come first."""
    job = ScrapeConfig(
        job_name="both",
        static_configs=(StaticConfig(targets=("a:1",)),),
        process=ProcessConfig(pid=run().pid),
    )
    assert [target.base_url is None for target in discover(job)] == [False, True]


def test_the_daemon_may_watch_itself() -> None:
    """The process that looks is found like any other."""
    (target,) = discover(ScrapeConfig(job_name="self", process=ProcessConfig(pid=os.getpid())))
    assert target.pid == os.getpid()


def test_a_job_without_targets_has_none() -> None:
    """And is no error."""
    assert discover(ScrapeConfig(job_name="empty")) == []
