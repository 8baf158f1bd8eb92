"""How a configuration under preset soak is paced: how often it is read, what sets that, when a first verdict comes."""

from __future__ import annotations

from dataclasses import dataclass

from leakdog.config.resolve import judged_interval, judged_paces
from leakdog.config.scalars import write_duration
from leakdog.config.schema import Config, Preset
from leakdog.detect.conclude import first_verdict_seconds
from leakdog.detect.settings import SOAK, settings_of


@dataclass(frozen=True, slots=True)
class Soak:
    """What a configuration makes of the preset.

    Attributes:
        interval_seconds: between two readings of what is read most seldom, which sets the time scale of all jobs.
        job, source: which that is, where others are read more often and wait for it; else empty.
        first_verdict_seconds: for how long a process that is settled is read until it has a verdict.

    """

    interval_seconds: float
    first_verdict_seconds: float
    job: str = ""
    source: str = ""

    def __str__(self) -> str:
        """One line for people."""
        every, first = write_duration(self.interval_seconds), write_duration(self.first_verdict_seconds)
        who = f" by {self.source} of job {self.job}, for which all others wait" if self.job else ""
        return f"preset soak, read every {every}{who}: the first verdict comes after {first}"


def soak_of(config: Config) -> Soak | None:
    """None under another preset."""
    if config.detection.preset is not Preset.SOAK:
        return None
    interval, first, paces = judged_interval(config), first_verdict_seconds(settings_of(config)), judged_paces(config)
    if interval <= SOAK.levels[0].block_seconds or all(pace.seconds == interval for pace in paces):
        return Soak(interval, first)
    slowest = max(paces, key=lambda pace: pace.seconds)
    return Soak(interval, first, slowest.job, slowest.source)
