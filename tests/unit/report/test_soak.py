"""How a configuration under preset soak is paced."""

import pytest

from leakdog.config.load import loads
from leakdog.report.soak import soak_of

QUICK = "{job_name: quick, static_configs: [{targets: ['a:1']}]}"
SLOW = "{job_name: slow, intervals: {heap: 30s}, static_configs: [{targets: ['b:1']}]}"
SAME = "{job_name: same, static_configs: [{targets: ['c:1']}]}"
SECOND = "{job_name: second, scrape_interval: 2s, static_configs: [{targets: ['d:1']}]}"


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ((QUICK, SAME), "read every 1s: the first verdict comes after 44s"),
        (
            (QUICK, SLOW, SAME),
            "read every 30s by heap of job slow, for which all others wait: the first verdict comes after 11m",
        ),
        ((QUICK, SECOND), "read every 2s: the first verdict comes after 44s"),
        ((), "read every 1s: the first verdict comes after 44s"),
    ],
)
def test_what_all_wait_for_is_named(jobs: tuple[str, ...], said: str) -> None:
    """A job, or one of its sources, that stretches the spans of all; nothing where none does."""
    text = f"detection: {{preset: soak}}\nscrape_configs: [{', '.join(jobs)}]\n"
    assert str(soak_of(loads(text, "soak.yml"))) == f"preset soak, {said}"


def test_production_waits_for_none() -> None:
    """Its spans are what they are."""
    assert soak_of(loads(f"scrape_configs: [{SLOW}]\n", "production.yml")) is None
