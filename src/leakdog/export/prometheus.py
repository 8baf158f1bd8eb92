"""The metrics page: built anew at each scrape from what is known now, so a removed target leaves no stale series.

Prometheus puts its own `job` and `instance` on what it scrapes, so a watched target is named by `target_job` and
`target_instance`. Stacks never become labels: a culprit is a short `stack_id` and a function name, a few per leak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from leakdog import __version__
from leakdog.errors import Reason
from leakdog.export.leaks import growth_gauges, leak_gauges
from leakdog.export.targets import target_gauges
from leakdog.pipeline.state import Fleet
from leakdog.store.contract import StoreStats

SKIP_REASONS = ("overlap", "late")


class Page:
    """Renders the metrics page of one daemon."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    async def render(self, accept: str, stats: StoreStats | None) -> tuple[bytes, str]:
        """Body and content type for this Accept header; `stats` is None where the store did not answer."""
        targets = list(self._fleet)
        told = await target_gauges(targets)
        told += await growth_gauges([watched for watched in targets if watched.harmless])
        told += await leak_gauges([leak for leak in self._fleet.leaks() if leak.key in self._fleet.targets])
        once = CollectorRegistry(auto_describe=False)
        once.register(_Once(self._registry.collect()))
        once.register(_Once(fleet_metrics(self._fleet, stats)))
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is no number
            encode, content_type = choose_encoder("")
        return told + encode(once), content_type


class _Once(Collector):
    """Hands a ready list of metrics to the encoder, which asks for a registry."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics

    def describe(self) -> Iterable[Metric]:
        return []


def fleet_metrics(fleet: Fleet, stats: StoreStats | None) -> Iterator[Metric]:
    """All of leakdog's own metrics but those of each target and leak."""
    yield from _cost_metrics(fleet)
    yield from _daemon_metrics(fleet)
    if stats is not None:
        yield from _store_metrics(stats)


def _cost_metrics(fleet: Fleet) -> Iterator[Metric]:
    """What was asked of targets, by job: a series per target would cost more than it tells."""
    labels = ["target_job", "kind"]
    requests = CounterMetricFamily("leakdog_cost_requests", "Requests sent to targets.", labels=labels)
    received = CounterMetricFamily("leakdog_cost_received_bytes", "Bytes of targets' answers.", labels=labels)
    forced = CounterMetricFamily(
        "leakdog_cost_forced_collections",
        "Garbage collections that targets were asked for and answered after.",
        labels=labels,
    )
    seconds = CounterMetricFamily("leakdog_cost_seconds", "Time that targets took to answer.", labels=labels)
    for at, cost in sorted(fleet.cost().items()):
        requests.add_metric(list(at), cost.requests)
        received.add_metric(list(at), cost.bytes)
        forced.add_metric(list(at), cost.collections)
        seconds.add_metric(list(at), cost.seconds)
    dense = CounterMetricFamily(
        "leakdog_dense_phases", "Times that a suspect began to be read densely.", labels=["target_job"]
    )
    for job, count in sorted(fleet.counters.dense_phases.items()):
        dense.add_metric([job], count)
    yield from (requests, received, forced, seconds, dense)


def _daemon_metrics(fleet: Fleet) -> Iterator[Metric]:
    counters = fleet.counters
    build = GaugeMetricFamily("leakdog_build_info", "Version of leakdog; always 1.", labels=["version"])
    build.add_metric([__version__], 1)
    yield build
    yield GaugeMetricFamily("leakdog_targets", "Number of targets watched.", value=len(fleet.targets))
    yield CounterMetricFamily("leakdog_scrapes", "Scrapes begun.", value=counters.scrapes)
    failures = CounterMetricFamily("leakdog_scrape_failures", "Scrapes that failed, by reason.", labels=["reason"])
    for reason in Reason:
        failures.add_metric([reason.value], counters.failures[reason])
    yield failures
    skipped = CounterMetricFamily("leakdog_scrapes_skipped", "Slots in which no scrape began.", labels=["reason"])
    for why in SKIP_REASONS:
        skipped.add_metric([why], counters.skipped[why])
    yield skipped
    yield CounterMetricFamily(
        "leakdog_explain_failures",
        "Times when the culprits of a leak could not be worked out.",
        value=counters.explain_failures,
    )
    yield CounterMetricFamily(
        "leakdog_decoder_deaths",
        "Times when the process that decodes large profiles was killed over one, or ran out of its memory.",
        value=counters.decoder_deaths,
    )
    yield CounterMetricFamily(
        "leakdog_evidence_files", "Files put to the evidence of leaks.", value=counters.evidence_files
    )
    yield CounterMetricFamily(
        "leakdog_evidence_missing",
        "Files of evidence that a target did not give, or for which there was no room.",
        value=counters.evidence_missing,
    )
    yield CounterMetricFamily(
        "leakdog_evidence_spared",
        "Leaks that fired without their target being asked for evidence, as enough others of its job were.",
        value=counters.evidence_spared,
    )
    yield GaugeMetricFamily(
        "leakdog_scheduler_lag_seconds", "How late the last scrape began after its slot.", value=counters.lag_seconds
    )
    yield GaugeMetricFamily(
        "leakdog_config_last_reload_successful",
        "Whether the last attempt to read the configuration succeeded.",
        value=float(fleet.reload_successful),
    )
    yield GaugeMetricFamily(
        "leakdog_config_last_reload_success_timestamp_seconds",
        "When the configuration that is in force was read.",
        value=fleet.reload_success_time,
    )


def _store_metrics(stats: StoreStats) -> Iterator[Metric]:
    yield GaugeMetricFamily("leakdog_storage_bytes", "Bytes that stored data takes.", value=stats.size_bytes)
    yield GaugeMetricFamily(
        "leakdog_evidence_bytes", "Of these, bytes that the evidence of leaks takes.", value=stats.evidence_bytes
    )
    yield GaugeMetricFamily(
        "leakdog_shelf_bytes", "Of these, bytes that are put away between passes.", value=stats.shelf_bytes
    )
    kinds = GaugeMetricFamily("leakdog_storage_kind_bytes", "Bytes that each kind of data takes.", labels=["kind"])
    for kind, size in stats.kind_bytes.items():
        _add(kinds, [kind], size)
    yield kinds
    yield GaugeMetricFamily("leakdog_storage_snapshots", "Profiles stored.", value=stats.snapshots)
    yield GaugeMetricFamily("leakdog_storage_points", "Numbers stored.", value=stats.points)
    yield GaugeMetricFamily(
        "leakdog_storage_queue_length", "Scrapes that wait to be written.", value=stats.queue_length
    )
    yield CounterMetricFamily("leakdog_storage_writes", "Scrapes written.", value=stats.writes_total)
    yield CounterMetricFamily(
        "leakdog_storage_write_failures", "Scrapes that could not be written.", value=stats.write_failures_total
    )
    yield CounterMetricFamily(
        "leakdog_storage_damaged", "Pieces of stored data found damaged and left out.", value=stats.damaged_total
    )


def _add(family: GaugeMetricFamily, labels: list[str], value: float | None) -> None:
    """A sample where the number is known; an unknown number is absent, never zero."""
    if value is not None:
        family.add_metric(labels, value)
