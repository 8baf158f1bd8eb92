"""A real Prometheus scrapes leakdog, leakdog watches that Prometheus, and a leak becomes an alert there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus"
pytestmark = [pytest.mark.prometheus, pytest.mark.slow]


def command(name: str) -> str:
    """Path of a command of Debian's prometheus package."""
    path = shutil.which(name)
    assert path is not None, f"the command {name} is not on this machine; `make system-deps` installs it"
    return path


def promtool(*arguments: str | Path, page: bytes = b"") -> str:
    """What promtool complains of; nothing if it is content."""
    done = subprocess.run([command("promtool"), *arguments], input=page, capture_output=True, timeout=60)
    if done.returncode == 0 and not done.stderr:
        return ""
    return f"exit code {done.returncode}: {(done.stdout + done.stderr).decode()}"


@dataclass(frozen=True)
class Trio:
    """Leakdog, which watches the other two; Prometheus, which scrapes it; and a program that leaks."""

    leakdog: Any
    prometheus: Any
    leaking: Any

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that fire in Prometheus."""
        found = self.prometheus.json("/api/v1/alerts")["data"]["alerts"]
        return [alert for alert in found if alert["state"] == "firing"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Series of an instant query."""
        return list(self.prometheus.json(f"/api/v1/query?query={expression}")["data"]["result"])


@pytest.fixture(scope="module")
def trio(
    start_zoo: Callable[..., Any],
    start_leakdog: Callable[..., Any],
    start_program: Callable[..., Any],
    wait: Callable[..., None],
    free_port: Callable[[], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Trio:
    """All three, after the leak has become an alert that names code."""
    folder = tmp_path_factory.mktemp("prometheus")
    leaking = start_zoo("map")
    address = f"127.0.0.1:{free_port()}"
    leakdog = start_leakdog(
        "global: {scrape_interval: 1s}\nstorage: {path: '{data}'}\ndetection: {preset: soak}\nscrape_configs:\n"
        f"  - job_name: leaking\n    static_configs: [{{targets: ['{leaking.address}']}}]\n"
        f"  - job_name: prometheus\n    static_configs: [{{targets: ['{address}']}}]\n"
    )
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{RULES / 'leakdog.rules.yml'}']\nscrape_configs:\n"
        f"  - job_name: leakdog\n    static_configs: [{{targets: ['{leakdog.address}']}}]\n"
    )
    options = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={address}"]
    trio = Trio(leakdog, start_program([command("prometheus"), *options], address, "/-/ready"), leaking)

    def named() -> bool:
        return any(alert["annotations"].get("function", "not known") != "not known" for alert in trio.alerts())

    wait(named, 180, "an alert in Prometheus that names a function")
    return trio


@pytest.mark.parametrize("check", [("check", "leakdog.rules.yml"), ("test", "leakdog.rules_test.yml")])
def test_rules_are_valid_and_do_what_their_cases_say(check: tuple[str, str]) -> None:
    """`promtool check rules` and `promtool test rules` pass on the shipped rules."""
    what, file = check
    assert promtool(what, "rules", RULES / file) == ""


def test_a_leak_is_one_alert_that_names_the_function(trio: Trio) -> None:
    """The leaking program is the only alert in Prometheus, with class in its labels and function in an annotation."""
    (alert,) = trio.alerts()
    assert alert["labels"] == {
        "alertname": "LeakdogLeak",
        "severity": "warning",
        "target_job": "leaking",
        "class": "heap",
    }
    assert alert["annotations"]["summary"] == "leaking leaks (heap): 1 of 1 instances"
    assert alert["annotations"]["instances"] == trio.leaking.address
    assert alert["annotations"]["function"] == "zoo/leaks.cacheSession"
    assert "B a second" in alert["annotations"]["description"]


def test_prometheus_scrapes_leakdog(trio: Trio) -> None:
    """Prometheus takes the page: leakdog is up, and its own labels for targets come through."""
    (up,) = trio.query("up")
    assert up["value"][1] == "1"
    targets = {series["metric"]["target_job"]: series["value"][1] for series in trio.query("leakdog_target_up")}
    assert targets == {"leaking": "1", "prometheus": "1"}


def test_prometheus_is_watched_and_not_flagged(trio: Trio) -> None:
    """Leakdog reads Prometheus's own profiles and metrics, and finds no leak in it."""
    targets = {target["job"]: target for target in trio.leakdog.json("/api/v1/targets")["targets"]}
    assert targets["prometheus"]["up"] is True
    assert {"inuse_space", "goroutines", "rss", "heap_alloc"} <= set(targets["prometheus"]["signals"])
    firing = trio.leakdog.json("/api/v1/leaks?state=firing")["leaks"]
    assert {leak["target"]["job"] for leak in firing} == {"leaking"}


def test_the_code_of_a_real_server_is_told_from_its_libraries(trio: Trio) -> None:
    """Prometheus as a distribution builds it tells its main module; its objects are counted where its bytes are."""
    targets = {target["job"]: target for target in trio.leakdog.json("/api/v1/targets")["targets"]}
    assert targets["prometheus"]["own_code"] == ["github.com/prometheus/prometheus"]
    name = f"prometheus/{targets['prometheus']['instance']}"
    sites = trio.leakdog.json(f"/api/v1/sites?target={name}")["sites"]
    space, objects = ({site["stack_id"] for site in sites[by]["followed"]} for by in ("inuse_space", "inuse_objects"))
    assert objects
    assert objects <= space
    own = [
        site for site in sites["inuse_space"]["followed"] if site["function"].startswith(("github.com/prom", "main."))
    ]
    assert own
    assert not [
        site for site in own if site["function"].startswith("github.com/prometheus/client_golang/prometheus/promhttp")
    ]


def test_promtool_has_no_word_against_the_metrics_page(trio: Trio) -> None:
    """`promtool check metrics` is silent on a page with targets, a leak and culprits."""
    page = trio.leakdog.get("/metrics")
    assert b"leakdog_leak_culprit_share_ratio{" in page
    assert promtool("check", "metrics", page=page) == ""
