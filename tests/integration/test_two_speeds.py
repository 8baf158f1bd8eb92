"""Two speeds, with a real daemon and real Go programs: profiles seldom, and a suspect densely for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.zoo

SECONDS = 25
DURATION = 6


@pytest.fixture(scope="module")
def targets(start_zoo: Callable[..., Any], start_leakdog: Callable[..., Any]) -> list[dict[str, Any]]:
    """Two programs of one job that are suspects from the first look on, read every second under the production preset.

    A rule makes suspects of them, as trends take hours in production.
    """
    addresses = [start_zoo("workers", "-metrics").address for _ in range(2)]
    daemon = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\n"
        f"dense: {{duration: {DURATION}s, cool_down: 1h, per_job: 1}}\n"
        f"scrape_configs:\n  - job_name: shop\n    blocked_goroutines: 10000\n"
        f"    static_configs: [{{targets: {addresses}}}]\n"
    )
    time.sleep(SECONDS)
    found: list[dict[str, Any]] = daemon.json("/api/v1/targets")["targets"]
    metrics = daemon.get("/metrics").decode().splitlines()
    assert 'leakdog_dense_phases_total{target_job="shop"} 1.0' in metrics
    pending = daemon.json("/api/v1/leaks?state=pending")["leaks"]
    assert {leak["target"]["instance"] for leak in pending} == set(addresses)
    assert daemon.stop() == 0
    return found


def requests(target: dict[str, Any], asked: str) -> int:
    """How often a target was asked for something."""
    return int(target["cost"][asked]["requests"])


def test_numbers_come_with_every_scrape_and_profiles_with_every_fifth(targets: list[dict[str, Any]]) -> None:
    """Of the target that is no suspect of the moment, whatever that one costs."""
    quiet = min(targets, key=lambda target: requests(target, "heap"))
    assert requests(quiet, "metrics") > 0.7 * SECONDS
    assert 3 <= requests(quiet, "heap") <= SECONDS / 5 + 2  # and the first pass, which asks for everything
    assert quiet["cost"]["heap"]["forced_collections"] == 0


def test_one_suspect_of_the_job_is_read_densely_for_its_phase(targets: list[dict[str, Any]]) -> None:
    """As many collections as the phase has seconds in which the heap is not due anyway; the other suspect waits."""
    quiet, dense = sorted(targets, key=lambda target: requests(target, "heap"))
    forced = dense["cost"]["heap"]["forced_collections"]
    assert DURATION / 2 <= forced <= DURATION
    assert requests(dense, "heap") - requests(quiet, "heap") == pytest.approx(forced, abs=1)
    assert requests(dense, "goroutineleak") >= DURATION - 2
    assert requests(quiet, "goroutineleak") <= SECONDS / 10 + 2
    assert {target["up"] for target in targets} == {True}
