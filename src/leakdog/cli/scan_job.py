"""What `leakdog scan` reads: one target, by its address, its process id or its name, as a configuration of its own."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from leakdog.errors import LeakdogError

if TYPE_CHECKING:
    from leakdog.config.schema import Config, ScrapeConfig
    from leakdog.pipeline.state import Watched

JOB = "scan"
PATIENCE_SECONDS = 10.0  # with a sample
_PORTS = {"http": 80, "https": 443}


def job_for(text: str) -> ScrapeConfig:
    """A process id, an address, or the name of a process, as a job of its own."""
    from leakdog.config.addresses import parse_host_port, parse_path
    from leakdog.config.schema import ProcessConfig, ScrapeConfig, StaticConfig

    if text.isdecimal():
        return ScrapeConfig(job_name=JOB, process=ProcessConfig(pid=int(text)))
    scheme, has_scheme, rest = text.rpartition("://")
    address, slash, path = rest.partition("/")
    if text and not has_scheme and not address.rpartition(":")[2].isdecimal():
        return ScrapeConfig(job_name=JOB, process=ProcessConfig(name=text))
    try:
        port = _PORTS[scheme or "http"]
        address = parse_host_port(address if ":" in address.rpartition("]")[2] else f"{address}:{port}")
        path = parse_path(f"{slash}{path}").rstrip("/").removesuffix("/heap")
    except KeyError:
        raise argparse.ArgumentTypeError(f"{scheme}:// is not read; give http:// or https://") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    job = ScrapeConfig(job_name=JOB, scheme=scheme or "http", static_configs=(StaticConfig(targets=(address,)),))
    return replace(job, pprof_path=path) if path else job


def without_collections(job: ScrapeConfig) -> ScrapeConfig:
    """The same job, of whose profiles none has its target collect garbage."""
    from leakdog.model import Kind

    profiles = tuple(kind for kind in job.profiles if kind is not Kind.GOROUTINELEAK)
    return replace(job, params={**job.params, "gc": ("0",)}, profiles=profiles)


def scan_config(job: ScrapeConfig, interval_seconds: float) -> Config:
    """A configuration with this one target, kept in memory, judged as a soak run.

    A target that answers more slowly than it is asked is scanned all the same: the next sample comes later.
    """
    from leakdog.config.schema import Backend, Config, DetectionConfig, GlobalConfig, Preset, StorageConfig

    return Config(
        global_=GlobalConfig(scrape_interval=interval_seconds),
        storage=StorageConfig(backend=Backend.MEMORY),
        detection=DetectionConfig(preset=Preset.SOAK),
        scrape_configs=(replace(job, scrape_timeout=max(interval_seconds, PATIENCE_SECONDS)),),
    )


def only_target(config: Config) -> Watched:
    """The one target that was named."""
    from leakdog.discover import discover
    from leakdog.pipeline.state import Watched

    job = config.scrape_configs[0]
    found, process = discover(job), job.process
    if not found and process is not None:
        wanted = f"has the id {process.pid}" if process.pid else f"is called {process.name!r}"
        raise LeakdogError(f"no process {wanted}; give its id, its exact name, or HOST:PORT")
    if len(found) > 1:
        several = ", ".join(target.key.instance for target in found[:10])
        raise LeakdogError(f"{len(found)} processes have this name: {several}; give the id of one")
    return Watched(found[0], job)
