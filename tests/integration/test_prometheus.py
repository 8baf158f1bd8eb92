"""A real Prometheus scrapes leakdog, leakdog watches that Prometheus, and a leak becomes an alert there."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus"
pytestmark = [pytest.mark.prometheus, pytest.mark.slow]


def test_rules_are_valid_and_do_what_their_cases_say() -> None:
    """`promtool check rules` and `promtool test rules` pass on the shipped rules."""
    for command in (
        ["check", "rules", RULES / "leakdog.rules.yml"],
        ["test", "rules", RULES / "leakdog.rules_test.yml"],
    ):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_leak_becomes_an_alert_in_prometheus(
    start_zoo: Callable[..., Any],
    start_leakdog: Callable[..., Any],
    start_program: Callable[..., Any],
    wait: Callable[..., None],
    free_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    """A leaking Go program, leakdog, Prometheus with the shipped rules: an alert that names the function."""
    leaking = start_zoo("map")
    prometheus_address = f"127.0.0.1:{free_port()}"
    leakdog = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\nscrape_configs:\n"
        f"  - job_name: leaking\n    static_configs: [{{targets: ['{leaking.address}']}}]\n"
        f"  - job_name: prometheus\n    static_configs: [{{targets: ['{prometheus_address}']}}]\n"
    )
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{RULES / 'leakdog.rules.yml'}']\nscrape_configs:\n"
        f"  - job_name: leakdog\n    static_configs: [{{targets: ['{leakdog.address}']}}]\n"
    )
    prometheus = start_program(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
         f"--web.listen-address={prometheus_address}"],
        prometheus_address,
        "/-/ready",
    )  # fmt: skip

    def alerts() -> list[dict[str, Any]]:
        found = prometheus.json("/api/v1/alerts")["data"]["alerts"]
        return [
            alert for alert in found if alert["labels"]["alertname"] == "LeakdogLeak" and alert["state"] == "firing"
        ]

    wait(lambda: bool([alert for alert in alerts() if "function" in alert["labels"]]), 150, "the alert in Prometheus")
    time.sleep(5)
    labels = {(alert["labels"]["target_job"], alert["labels"].get("function")) for alert in alerts()}
    assert labels == {("leaking", "zoo/leaks.cacheSession")}
    (series,) = prometheus.json("/api/v1/query?query=up")["data"]["result"]
    assert series["value"][1] == "1"
    targets = {target["job"]: target for target in leakdog.json("/api/v1/targets")["targets"]}
    assert targets["prometheus"]["up"] is True
    assert {"inuse_space", "goroutines", "rss", "heap_alloc"} <= set(targets["prometheus"]["signals"])
    page = subprocess.run(
        ["promtool", "check", "metrics"], input=leakdog.get("/metrics"), capture_output=True, timeout=60
    )
    assert (page.returncode, page.stdout, page.stderr) == (0, b"", b"")
