"""A real Alertmanager takes the example of routes, and does with leakdog's alerts what its comments say."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLE = DEPLOY / "alertmanager" / "alertmanager.yml"
RULES = yaml.safe_load((DEPLOY / "prometheus" / "leakdog.rules.yml").read_text())["groups"][0]["rules"]
SEVERITIES = {rule["alert"]: rule["labels"]["severity"] for rule in RULES if "alert" in rule}
LEAK = {"alertname": "LeakdogLeak", "severity": "warning", "target_job": "shop", "class": "heap"}
SOON = {
    **LEAK,
    "alertname": "LeakdogMemoryLimitSoon",
    "severity": "critical",
    "target_instance": "a:1",
    "signal": "inuse_space",
}
pytestmark = [pytest.mark.prometheus, pytest.mark.slow]


def command(name: str) -> str:
    """Path of a command of Debian's prometheus-alertmanager package."""
    path = shutil.which(name)
    assert path is not None, f"the command {name} is not on this machine; `make system-deps` installs it"
    return path


def amtool(*arguments: str | Path) -> str:
    """What amtool prints."""
    done = subprocess.run([command("amtool"), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def routed(**labels: str) -> str:
    """The receiver of an alert with these labels."""
    given = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={EXAMPLE}", *given)


@pytest.fixture
def alertmanager(
    start_program: Callable[..., Any], free_port: Callable[[], int], tmp_path: Path
) -> Callable[..., list[dict[str, Any]]]:
    """An Alertmanager on the example, with other receivers than it names: gives the alerts that are sent to it."""
    config = yaml.safe_load(EXAMPLE.read_text())
    config["receivers"] = [{"name": each["name"]} for each in config["receivers"]]
    file, address = tmp_path / "alertmanager.yml", f"127.0.0.1:{free_port()}"
    file.write_text(yaml.safe_dump(config))
    options = [f"--config.file={file}", f"--storage.path={tmp_path / 'data'}", f"--web.listen-address={address}"]
    started = start_program(
        [command("prometheus-alertmanager"), "--cluster.listen-address=", *options], address, "/-/ready"
    )

    def send(*alerts: dict[str, str]) -> list[dict[str, Any]]:
        request = urllib.request.Request(
            f"http://{address}/api/v2/alerts",
            json.dumps([{"labels": each} for each in alerts]).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=20).close()
        return list(started.json("/api/v2/alerts"))

    return send


def test_amtool_has_no_word_against_the_example() -> None:
    """`amtool check-config` finds its routes, inhibition and receivers."""
    said = amtool("check-config", EXAMPLE)
    assert "SUCCESS" in said
    assert "1 inhibit rules" in said
    assert "4 receivers" in said


def test_each_alert_goes_to_those_who_can_help() -> None:
    """Of all alerts that there are: critical ones to those on call, leaks to developers, all else to operators."""
    found = {name: routed(alertname=name, severity=severity) for name, severity in SEVERITIES.items()}
    expected = dict.fromkeys(SEVERITIES, "operators") | {"LeakdogLeak": "developers"}
    assert found == expected | dict.fromkeys(("LeakdogMemoryLimitSoon", "LeakdogDown"), "on-call")
    assert routed(alertname="DiskFull", severity="critical") == "others"


def test_a_leak_near_the_limit_is_told_once(alertmanager: Callable[..., Any]) -> None:
    """A leak whose process is about to be killed is told as that alone; another class or job by itself."""
    others = [{**LEAK, "class": "goroutine"}, {**LEAK, "target_job": "cart"}]
    alerts = alertmanager(LEAK, SOON, *others)
    inhibited = [each["labels"] for each in alerts if each["status"]["inhibitedBy"]]
    assert len(alerts) == 4
    assert inhibited == [LEAK]


def test_a_leak_far_from_the_limit_is_told(alertmanager: Callable[..., Any]) -> None:
    """Nothing mutes it by itself."""
    (alert,) = alertmanager(LEAK)
    assert alert["status"]["inhibitedBy"] == []
    assert alert["receivers"] == [{"name": "developers"}]
