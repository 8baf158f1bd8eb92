"""The metrics page: names that stay, bounded labels, nothing where nothing is known."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
from prometheus_client.parser import text_string_to_metric_families

from leakdog.attribute.case import Finding
from leakdog.config.schema import ScrapeConfig
from leakdog.errors import Reason
from leakdog.export.leaks import CULPRITS_PER_LEAK, FUNCTION_LABEL_CHARACTERS
from leakdog.export.prometheus import Page
from leakdog.model import (
    Assessment,
    Culprit,
    Frame,
    Leak,
    LeakClass,
    LeakState,
    Signal,
    Target,
    TargetKey,
    Verdict,
)
from leakdog.pipeline.state import Cost, Fleet, Watched
from leakdog.store.contract import StoreStats

KEY = TargetKey("shop", "10.0.0.7:6060")
STATS = StoreStats(1000, 3, 40, 50, 1, 0, kind_bytes={"numbers": 700, "profiles": 200})
DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


def leak(**changes: object) -> Leak:
    """A firing heap leak."""
    frame = Frame("shop.Put", "put.go", 8)
    made = Leak(
        "id", KEY, Signal.INUSE_SPACE, LeakClass.HEAP, LeakState.FIRING, 100.0, 200.0, growth_per_second=310.0,
        time_to_limit_seconds=60.0, culprits=(Culprit("5b0c", frame, 0.9, 279.0, (frame,)),),
    )  # fmt: skip
    return replace(made, **changes)


def fleet(*leaks: Leak) -> Fleet:
    """One target with these leaks."""
    watched = Watched(Target(KEY), ScrapeConfig(job_name="shop"), up=True, last_success=200.0, memory_limit=5e8)
    watched.last_duration_seconds = 0.04
    watched.values = {Signal.INUSE_SPACE: 8e7, Signal.GOROUTINES: 41.0}
    watched.leaks = {each.leak_class: each for each in leaks}
    watched.cost["heap"] = Cost(requests=3, bytes=4000, collections=2, seconds=0.5)
    made = Fleet(targets={KEY: watched})
    made.counters.dense_phases["shop"] = 1
    return made


def harmless() -> tuple[Finding, ...]:
    """A cache that fills, and goroutines that follow load."""
    return tuple(
        Finding(leak_class, signal, Assessment(signal, 200.0, verdict, growth), ())
        for leak_class, signal, verdict, growth in (
            (LeakClass.CACHE, Signal.INUSE_SPACE, Verdict.SETTLING, 120.0),
            (LeakClass.LOAD, Signal.GOROUTINES, Verdict.LOAD, 0.5),
        )
    )


def samples(made: Fleet, stats: StoreStats | None = STATS) -> dict[tuple[str, frozenset[str]], float]:
    """Every sample of the page by name and label values, whatever their order."""
    body, _ = asyncio.run(Page(made).render("text/plain", stats))
    families = text_string_to_metric_families(body.decode())
    return {(s.name, frozenset(s.labels.values())): s.value for family in families for s in family.samples}


def test_targets_and_signals_are_told() -> None:
    """A target is up, has a last scrape and the value of each signal, in the unit of its name."""
    found = samples(fleet())
    assert found["leakdog_target_up", frozenset(KEY)] == 1.0
    assert found["leakdog_target_last_scrape_timestamp_seconds", frozenset(KEY)] == 200.0
    assert found["leakdog_signal_bytes", frozenset((*KEY, "inuse_space"))] == 8e7
    assert found["leakdog_signal_quantity", frozenset((*KEY, "goroutines"))] == 41.0
    assert found["leakdog_target_memory_limit_bytes", frozenset(KEY)] == 5e8


def test_what_memory_is_made_of_is_told() -> None:
    """The parts of a target's memory sum to its resident set."""
    made = fleet()
    made.targets[KEY].values = {Signal.RSS: 100.0, Signal.RSS_ANON: 80.0, Signal.SYS: 60.0, Signal.HEAP_RELEASED: 10.0}
    found = samples(made)
    parts = {
        part: found["leakdog_ledger_bytes", frozenset((*KEY, part))] for part in ("go_rest", "native", "file_pages")
    }
    assert parts == {"go_rest": 50.0, "native": 30.0, "file_pages": 20.0}


def test_a_leak_has_a_state_a_growth_and_culprits() -> None:
    """The state that a leak is in is 1, the others are 0; growth is in the unit of its signal."""
    found = samples(fleet(leak(), leak(leak_class=LeakClass.FILES, signal=Signal.OPEN_FILES, culprits=())))
    labels = frozenset((*KEY, "heap", "inuse_space"))
    states = {state: found["leakdog_leak_state", labels | {state}] for state in ("pending", "firing", "resolved")}
    assert states == {"pending": 0.0, "firing": 1.0, "resolved": 0.0}
    assert found["leakdog_leak_growth_bytes_per_second", labels] == 310.0
    assert found["leakdog_leak_growth_quantity_per_second", frozenset((*KEY, "files", "open_files"))] == 310.0
    assert found["leakdog_leak_time_to_limit_seconds", labels] == 60.0
    assert found["leakdog_leak_culprit_share_ratio", frozenset((*KEY, "heap", "5b0c", "shop.Put"))] == 0.9


def test_a_leak_that_is_suspected_again_is_pending() -> None:
    """As in the API and on all pages; what is resolved needs nobody."""
    found = samples(fleet(leak(state=LeakState.RESOLVED, resolved_since=150.0, pending_since=190.0)))
    labels = frozenset((*KEY, "heap", "inuse_space"))
    states = {state: found["leakdog_leak_state", labels | {state}] for state in ("pending", "firing", "resolved")}
    assert states == {"pending": 1.0, "firing": 0.0, "resolved": 0.0}


def test_growth_that_is_no_leak_has_its_class() -> None:
    """A cache that fills is told in bytes, a count in its own unit, and neither as a leak; steady targets have none."""
    made = fleet()
    made.targets[KEY].harmless = harmless()
    found = samples(made)
    assert found["leakdog_growth_bytes_per_second", frozenset((*KEY, "cache", "inuse_space"))] == 120.0
    assert found["leakdog_growth_quantity_per_second", frozenset((*KEY, "load", "goroutines"))] == 0.5
    assert not [name for name, _ in found if name.startswith("leakdog_leak_")]
    assert not [name for name, _ in samples(fleet()) if name.startswith("leakdog_growth_")]


def test_what_is_not_known_is_absent() -> None:
    """A target that was never read has no `up`; a leak without limit has no time to it; no store, no store metrics."""
    made = fleet(leak(time_to_limit_seconds=None))
    made.targets[KEY].up = None
    names = {name for name, _ in samples(made, stats=None)}
    assert not names & {"leakdog_target_up", "leakdog_leak_time_to_limit_seconds", "leakdog_storage_bytes"}


def test_what_watching_costs_is_told_by_job_and_kind() -> None:
    """Requests, bytes, collections and seconds are summed over a job's targets, and count on when one is gone."""
    made = fleet()
    other = TargetKey("shop", "10.0.0.8:6060")
    made.targets[other] = Watched(Target(other), ScrapeConfig(job_name="shop"))
    made.targets[other].cost["heap"] = Cost(requests=1, bytes=1000, collections=0, seconds=0.25)
    for _ in range(2):
        found = samples(made)
        at = frozenset({"shop", "heap"})
        assert found["leakdog_cost_requests_total", at] == 4
        assert found["leakdog_cost_received_bytes_total", at] == 5000
        assert found["leakdog_cost_forced_collections_total", at] == 2
        assert found["leakdog_cost_seconds_total", at] == 0.75
        made.remove(KEY)
        made.targets.setdefault(KEY, fleet().targets[KEY]).cost.clear()
    assert found["leakdog_dense_phases_total", frozenset({"shop"})] == 1


def test_a_removed_target_leaves_no_series() -> None:
    """The page is built from what is watched now."""
    made = fleet(leak())
    made.targets.clear()
    assert not [name for name, labels in samples(made) if KEY.instance in labels]


def test_every_reason_is_there_from_the_start() -> None:
    """Failures have a series for each reason of the fixed list, so that a rate over them works from the first one."""
    found = samples(fleet())
    assert {labels for name, labels in found if name == "leakdog_scrape_failures_total"} == {
        frozenset({reason.value}) for reason in Reason
    }


def test_names_of_functions_and_their_number_are_bounded() -> None:
    """However many culprits and however long their names, a leak adds few and short labels."""
    many = tuple(Culprit(f"{n:04x}", Frame(f"f{n}" * 500, "", 0), 0.01, 1.0, ()) for n in range(CULPRITS_PER_LEAK + 20))
    labels = [labels for name, labels in samples(fleet(leak(culprits=many))) if name.endswith("culprit_share_ratio")]
    assert len(labels) == CULPRITS_PER_LEAK
    assert max(len(text) for each in labels for text in each) == FUNCTION_LABEL_CHARACTERS


@pytest.mark.parametrize(
    ("content_type", "accept"),
    [
        ("text/plain", ""),
        ("text/plain", ";;;"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0"),
        ("text/plain", "application/openmetrics-text; version=x"),
    ],
)
def test_every_reader_gets_a_page(content_type: str, accept: str) -> None:
    """The format is the one that is asked for; an Accept header that makes no sense gets plain text."""
    body, told = asyncio.run(Page(fleet(leak())).render(accept, STATS))
    assert told.startswith(content_type)
    assert b"leakdog_leak_state" in body


def test_openmetrics_is_whole() -> None:
    """A reader of OpenMetrics, which is stricter, finds the same numbers."""
    accept = "application/openmetrics-text; version=1.0.0"
    body, _ = asyncio.run(Page(fleet(leak())).render(accept, STATS))
    found = {(s.name, *s.labels.values()): s.value for each in strict(body.decode()) for s in each.samples}
    assert found["leakdog_target_up", *KEY] == 1.0
    assert found["leakdog_scrapes_total",] == 0.0


def test_documentation_lists_exactly_the_exported_metrics() -> None:
    """Every metric is in docs/metrics.md, and every metric named there exists."""
    both = fleet(leak(), leak(leak_class=LeakClass.FILES, signal=Signal.OPEN_FILES))
    both.targets[KEY].harmless = harmless()
    both.targets[KEY].values = {**both.targets[KEY].values, Signal.RSS: 1e8}
    exported = {name for name, _ in samples(both) if name.startswith("leakdog_")}
    assert exported == set(re.findall(r"^\| `(leakdog_\w+)`", DOCS.read_text(), re.MULTILINE))
