"""What no key can tell alone: rules between values. Each finding names the key to which it is put down."""

from __future__ import annotations

from collections.abc import Iterator

from leakdog.config.keys import keys_of
from leakdog.config.marks import Mark
from leakdog.config.reader import Path, Places
from leakdog.config.resolve import base_interval
from leakdog.config.scalars import write_duration
from leakdog.config.schema import Config, ProcessConfig, ScrapeConfig
from leakdog.config.words import listed, quoted

Finding = tuple[Path, str]
Age = tuple[Path, float]  # its key, and seconds

LEAST_MEMORY = 1 << 20  # a limit below it is a number without its unit


def cross_check(config: Config, places: Places) -> Iterator[Finding]:
    """Find contradictions. Values that could not be read take part in none of them."""
    yield from _global_timeout(config, places)
    yield from _ages(config, places)
    names = ((("scrape_configs", item, "job_name"), job.job_name) for item, job in enumerate(config.scrape_configs))
    yield from _repeated(names, places, "{} is already the name of the job at line {}; each job needs its own")
    for index, job in enumerate(config.scrape_configs):
        yield from _job(config, job, ("scrape_configs", index), places)


def _job(config: Config, job: ScrapeConfig, path: Path, places: Places) -> Iterator[Finding]:
    yield from _timeout(config, job, path, places)
    targets = (
        ((*path, "static_configs", group, "targets", item), target.lower())
        for group, static in enumerate(job.static_configs)
        for item, target in enumerate(static.targets)
    )
    yield from _repeated(targets, places, "{} is already a target of this job, at line {}; remove one")
    profiles = (((*path, "profiles", item), kind.value) for item, kind in enumerate(job.profiles))
    yield from _repeated(profiles, places, "{} is already listed at line {}; remove one")
    has_targets = any(static.targets for static in job.static_configs)
    if has_targets and not (job.metrics_path or (job.pprof_path and job.profiles)):
        message = "nothing is read from these targets; give metrics_path, or pprof_path and profiles"
        yield (*path, "static_configs"), message
    if job.memory_limit is not None and job.memory_limit < LEAST_MEMORY:
        message = f"{job.memory_limit:,} bytes are fewer than any process takes; give the unit, such as 512MiB"
        yield (*path, "memory_limit"), message
    if job.load_metrics and not job.metrics_path:
        yield (*path, "load_metrics"), "counters stand on the metrics page, and metrics_path is empty; give it"
    if job.process == ProcessConfig() and (*path, "process") not in places.bad:
        message = f"every process would match; give one or more of {listed(keys_of(ProcessConfig))}"
        yield (*path, "process"), message


def _global_timeout(config: Config, places: Places) -> Iterator[Finding]:
    timeout, interval = config.global_.scrape_timeout, config.global_.scrape_interval
    interval_key, timeout_key = ("global", "scrape_interval"), ("global", "scrape_timeout")
    if timeout > interval and places.bad.isdisjoint({interval_key, timeout_key}):
        most = write_duration(interval) + ("" if places.given(interval_key) else ", its default,")
        yield timeout_key, f"{write_duration(timeout)} is over scrape_interval; {most} is the most"


def _ages(config: Config, places: Places) -> Iterator[Finding]:
    """Ages that come in the wrong order: what one asks for is then over before it begins."""
    retention, at = config.storage.retention, ("storage", "retention")
    for section, early, late in (("numbers", "raw", "five_minutes"), ("profiles", "dense", "hourly")):
        kept = getattr(retention, section)
        end = ((*at, "time") if kept.time is None else (*at, section, "time"), retention.seconds(kept.time))
        first, second = (((*at, section, name), getattr(kept, name)) for name in (early, late))
        yield from _order(first, min(second, end, key=lambda age: age[1]), places)
        yield from _order(second, end, places)
        if second[0] in places.marks and not places.given(first[0]):
            yield from _under(first, second)


def _order(age: Age, limit: Age, places: Places) -> Iterator[Finding]:
    """An age that is given, and is over one that comes later."""
    (path, seconds), (limit_path, most) = age, limit
    if seconds > most and path in places.marks and limit_path not in places.bad:
        default = "" if places.given(limit_path) else ", its default,"
        name = ".".join(map(str, limit_path[-2:]))
        much, limited = write_duration(seconds), f"{write_duration(most)}{default} at most"
        yield path, f"{much} is over {name}; raise that too, or give {limited}"


def _under(first: Age, second: Age) -> Iterator[Finding]:
    """An age that is given, and is under the default of the one before it."""
    (path, default), (second_path, seconds) = first, second
    if seconds < default:
        much, name = write_duration(seconds), path[-1]
        yield (
            second_path,
            f"{much} is under {name}, {write_duration(default)} by default; give {name} too, {much} at most",
        )


def _timeout(config: Config, job: ScrapeConfig, path: Path, places: Places) -> Iterator[Finding]:
    """A timeout of the job's own. The global one needs no check: it follows a shorter interval of a job."""
    interval = base_interval(config, job)
    sources = {("global", "scrape_interval")} | {(*path, name) for name in ("scrape_interval", "intervals", "profiles")}
    if job.scrape_timeout is not None and job.scrape_timeout > interval and places.bad.isdisjoint(sources):
        message = f"over the shortest interval of this job; {write_duration(interval)} is the most"
        yield (*path, "scrape_timeout"), f"{write_duration(job.scrape_timeout)} is {message}"


def _repeated(values: Iterator[tuple[Path, str]], places: Places, message: str) -> Iterator[Finding]:
    """Values that stand twice."""
    first: dict[str, Mark] = {}
    for path, value in values:
        mark = places.marks.get(path)
        if mark is None:
            continue
        if value in first:
            yield path, message.format(quoted(value), first[value].line)
        first.setdefault(value, mark)
