"""Every constant of the detector with its reason. The two presets differ in their time scale, not in their method."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from leakdog.config.resolve import judged_interval
from leakdog.config.schema import DAY, HOUR, MIB, MINUTE, Config, DetectionConfig, Preset
from leakdog.model import Signal, Unit


@dataclass(frozen=True, slots=True)
class Level:
    """One ring of block lows.

    Attributes:
        block_seconds: width of a block; a multiple of the level before. Blocks start at multiples of it, in unix time.
        length: blocks kept.
        warm_up_seconds: the first part of each life, which is hidden from this level.
        joins_lives: whether the past is kept over a restart, moved to the level of the new life. A level of short
            blocks forgets: its look-backs are over before a new life has settled.

    """

    block_seconds: float
    length: int
    warm_up_seconds: float
    joins_lives: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One look-back: the window in which growth is tested.

    Attributes:
        level: which ring the window is read from.
        past: which ring what came before the window is read from; its blocks are as wide or wider.
        blocks: length of the window, in blocks of `level`.
        merge: blocks taken together as one point of the fit, so that every fit has 11 to 48 points.
        every: examined each time that so many blocks have been closed: what a long window says changes slowly.
        lows: take the lowest of these blocks, not their mean. A short block may lie between two collections; where
            blocks are hours, their lows are past that, and the mean is the less noisy of the two.
        harmonics: of the daily rhythm, fitted beside the trend where the past does not tell that rhythm. Only in
            windows of four days or more: in a shorter one a step looks like a trend with a rhythm.
        urgent: only for growth that eats the room up to the limit; see `urgent_share`.
        least: score from which growth is a leak, where no budget of false alarms says so.

    """

    level: int
    past: int
    blocks: int
    merge: int = 1
    every: int = 1
    lows: bool = False
    harmonics: int = 0
    urgent: bool = False
    least: float = 0.0


@dataclass(frozen=True)
class Settings:
    """What the engine runs with. Lengths named `_blocks` count blocks of the level that a look's past is
    read from.

    Attributes:
        levels: from fine to coarse.
        looks: from short to long.
        settle_blocks: blocks of the first joining level from which a life's level is taken: 3 h in production.
        history_blocks: past that says what is normal for a series: a day, in which load was high and low. It is the
            measure of all spans that the score knows.
        excess_blocks: most past that is compared with: a week holds every weekday.
        smooth_blocks: span over which a level is averaged or its median taken.
        rhythm_blocks: blocks in a day; 0 where a run is too short for daily rhythm.
        rhythm_days: least whole days from which a rhythm is learned: two, for one cannot be told from an event.
        coverage: least share of a window's blocks that hold a reading. Gaps are bridged by straight lines, which
            makes residuals smoother and so the test stricter.
        z: standard errors above zero from which growth is sure. Under continuous checking of several look-backs 6
            is what keeps noise of strong autocorrelation out.
        confidence: the residuals' autocorrelation is taken this many standard errors above its estimate.
        false_alarms: how many a healthy target may give in a year; sets the score from which growth is called a leak.
            None: that of each look stands.
        z_least, rising_least: hard limits beside the score: standard errors of growth, and share of steps between
            eighths that rise.
        max_step, last_share: largest step over the rise, and share of the rise in the last two steps, beyond which
            growth is told as a step or as settling.
        convex_z: standard errors by which a line in age beats its logarithm, below which growth is told as settling.
        convex_blocks: age from which growth late in life is compared with growth before.
        hold_seconds: how long the verdict must stand before a leak fires.
        at_once_if_sure: whether a leak that its course is sure of fires at once; not where a hold time is configured.
        at_once_seconds: a leak that reaches its limit within so long fires at once.
        resolve_seconds: how long growth must be gone before a leak is resolved.
        min_growth_ratio, min_growth_bytes, min_growth_count: least growth over a look-back that counts.
        garbage_bytes: the same of signals that hold garbage too, over look-backs in which none may be collected.
        urgent_share: least growth over an urgent look that counts, as a share of the room up to the limit: what grows
            slower leaves time for the other looks.
        slow_part: of a target's budget of false alarms, for slow looks at each of its `KINDS` of series.
        urgent_part: the same for urgent looks, which are at its memory alone: nothing else has a limit.

    """

    levels: tuple[Level, ...]
    looks: tuple[Look, ...]
    settle_blocks: int
    history_blocks: int
    excess_blocks: int
    smooth_blocks: int
    rhythm_blocks: int
    hold_seconds: float
    at_once_seconds: float
    resolve_seconds: float
    min_growth_ratio: float
    min_growth_bytes: float
    min_growth_count: float
    convex_blocks: int
    garbage_bytes: float = 0.0
    at_once_if_sure: bool = True
    false_alarms: float | None = None
    rhythm_days: int = 2
    coverage: float = 0.4
    z: float = 6.0
    confidence: float = 0.7
    z_least: float = 2.5
    rising_least: float = 4 / 7
    max_step: float = 0.5
    last_share: float = 0.05
    convex_z: float = 4.0
    urgent_share: float = 0.35
    slow_part: float = 1 / 140
    urgent_part: float = 17 / 20

    def least_growth(self, signal: Signal) -> float:
        """Least growth of a signal that counts, in its unit."""
        if signal.unit is not Unit.BYTES:
            return self.min_growth_count
        return self.min_growth_bytes if signal in ALIVE else max(self.min_growth_bytes, self.garbage_bytes)

    def __hash__(self) -> int:
        """By some of what tells settings apart: all of it takes six microseconds, several times a look."""
        return hash((self.levels[0].block_seconds, self.hold_seconds, self.z_least, self.min_growth_ratio))

    def seconds(self, look: Look) -> float:
        """Length of a look-back."""
        return look.blocks * self.levels[look.level].block_seconds

    @property
    def weighs_course(self) -> bool:
        """Whether slow look-backs weigh the course of a series: their score was learned with it."""
        return self.false_alarms is not None

    def hears_course(self, look: Look) -> bool:
        """Whether a look-back may be told of a leak by the course alone."""
        return self.weighs_course and not look.urgent

    @cached_property
    def spurt_level(self) -> int | None:
        """The level whose blocks spurts are made of, the coarsest that urgent look-backs see; None where none is."""
        return max((look.level for look in self.looks if look.urgent), default=None)

    @cached_property
    def paces(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Of each look-back the blocks after which it is examined anew, and the seconds of a block, (looks, 1) each."""
        every = np.array([[look.every] for look in self.looks], float)
        return every, np.array([[self.levels[look.level].block_seconds] for look in self.looks], float)


# Signals in bytes that hold nothing but what lives.
ALIVE = frozenset({Signal.INUSE_SPACE, Signal.HEAP_LIVE, Signal.STACK_INUSE})

PRODUCTION = Settings(
    levels=(
        Level(MINUTE, 40, 10 * MINUTE, joins_lives=False),
        Level(5 * MINUTE, 64, 20 * MINUTE, joins_lives=False),
        Level(15 * MINUTE, 48, 3 * HOUR, joins_lives=True),
        Level(HOUR, 336, 3 * HOUR, joins_lives=True),
    ),
    looks=(
        Look(0, 1, 10, urgent=True),
        Look(0, 1, 20, urgent=True),
        Look(0, 1, 40, urgent=True),
        Look(1, 3, 16, urgent=True),
        Look(1, 3, 32, urgent=True),
        Look(2, 3, 24, every=4),
        Look(2, 3, 48, every=4),
        Look(3, 3, 24),
        Look(3, 3, 48),
        Look(3, 3, 96, merge=2, every=2, harmonics=3),
        Look(3, 3, 168, merge=4, every=4, harmonics=2),
        Look(3, 3, 336, merge=8, every=8, harmonics=1),
    ),
    settle_blocks=12,
    history_blocks=24,
    excess_blocks=168,
    smooth_blocks=24,
    rhythm_blocks=24,
    hold_seconds=HOUR,
    at_once_seconds=6 * HOUR,
    resolve_seconds=12 * HOUR,
    min_growth_ratio=0.05,
    min_growth_bytes=MIB,
    min_growth_count=20,
    convex_blocks=24,
    false_alarms=3.2,
)

SOAK = Settings(
    levels=(
        Level(2.0, 192, 10.0, joins_lives=False),
        Level(10.0, 192, 30.0, joins_lives=False),
    ),
    # What leaks comes to 3.5 and more. A collector's saw, read every second, comes to 0.1, and once, on a busy machine,
    # stayed above 0 for long enough. A run of minutes more has time for surer evidence: the head block of a time series
    # database, which grows for two hours, came to 2.14.
    looks=(
        Look(0, 0, 24, least=0.75),
        Look(0, 0, 48, least=0.75),
        Look(0, 0, 96, merge=2, lows=True, least=0.75),
        Look(0, 0, 168, merge=4, lows=True, least=0.75),
        Look(1, 1, 48, least=2.25),
        Look(1, 1, 96, merge=2, least=2.25),
        Look(1, 1, 168, merge=4, least=2.25),
    ),
    settle_blocks=6,
    history_blocks=24,
    excess_blocks=168,
    smooth_blocks=12,
    rhythm_blocks=0,
    hold_seconds=12.0,
    at_once_seconds=72.0,
    resolve_seconds=30.0,
    min_growth_ratio=0.02,
    min_growth_bytes=0.5 * MIB,
    min_growth_count=10,
    # A Go program does not collect before its heap has 4 MiB, and one that idles takes minutes until then.
    garbage_bytes=4 * MIB,
    convex_blocks=15,
)


# Blocks kept of a site's series on each level.
SITE_LENGTH = 192
# Of a target's budget of false alarms, for all its sites: some five times what slow looks at a whole have.
SITES_PART = 3 / 80
# What is counted apart: memory (all that is in bytes tells of the same), goroutines, leaked ones, threads, files.
KINDS = 5


def stretched(settings: Settings, factor: float) -> Settings:
    """The same on another time scale: every span so many times as long."""
    return replace(
        settings,
        levels=tuple(
            replace(
                level,
                block_seconds=level.block_seconds * factor,
                warm_up_seconds=level.warm_up_seconds * factor,
            )
            for level in settings.levels
        ),
        hold_seconds=settings.hold_seconds * factor,
        at_once_seconds=settings.at_once_seconds * factor,
        resolve_seconds=settings.resolve_seconds * factor,
    )


def for_sites(settings: Settings) -> Settings:
    """The same for the many series of a target's sites: of the levels those that tell slow growth, kept shorter.

    The whole tells what is fast, so no look is urgent. All sites of a target share a budget of their own.
    Values are samples, so growth must be twice as large to count.
    """
    kept = [number for number, level in enumerate(settings.levels) if level.joins_lives] or [
        *range(len(settings.levels))
    ]
    looks = (look for look in settings.looks if {look.level, look.past} <= {*kept} and look.blocks <= SITE_LENGTH / 2)
    return replace(
        settings,
        levels=tuple(
            replace(level, length=min(level.length, SITE_LENGTH)) for level in map(settings.levels.__getitem__, kept)
        ),
        looks=tuple(
            replace(look, level=kept.index(look.level), past=kept.index(look.past)) for look in looks if not look.urgent
        ),
        min_growth_bytes=2 * settings.min_growth_bytes,
        false_alarms=None if settings.false_alarms is None else SITES_PART * settings.false_alarms,
        slow_part=1.0,
    )


def seldom(settings: Settings, interval: float) -> Settings:
    """The same where readings come every `interval` seconds, and that may be longer than the finest block.

    A block must hold a reading, or no look-back would be covered: all spans are so many times as long. A look-back asks
    for as sure evidence as those that were as long before. Blocks are whole seconds.
    """
    made = stretched(settings, max(1.0, math.ceil(interval) / settings.levels[0].block_seconds))
    asked = [(settings.seconds(look), look.least) for look in settings.looks]
    least = (max(score for span, score in asked if span <= made.seconds(look)) for look in made.looks)
    return replace(made, looks=tuple(replace(look, least=each) for look, each in zip(made.looks, least, strict=True)))


def settings_for(config: DetectionConfig, interval: float = 0.0) -> Settings:
    """The preset, with what the configuration says instead. A soak run is too short for a budget per year.

    Its time scale is that of what is read every `interval` seconds.
    """
    preset = PRODUCTION if config.preset is Preset.PRODUCTION else seldom(SOAK, interval)
    names = ("min_growth_ratio", "min_growth_bytes", "min_growth_count")
    given = {name: value for name in names if (value := getattr(config, name)) is not None}
    if config.false_alarms_per_year is not None and preset.false_alarms is not None:
        given["false_alarms"] = config.false_alarms_per_year
    if config.min_growth_bytes is not None:
        given["garbage_bytes"] = 0.0
    if config.hold_time is not None:
        given |= {"hold_seconds": config.hold_time, "resolve_seconds": config.hold_time, "at_once_if_sure": False}
    return replace(preset, **given)


def settings_of(config: Config) -> Settings:
    """Those of a whole configuration, on the time scale of the job that is read most seldom."""
    return settings_for(config.detection, judged_interval(config))


__all__ = [
    "DAY",
    "PRODUCTION",
    "SOAK",
    "Level",
    "Look",
    "Settings",
    "for_sites",
    "settings_for",
    "settings_of",
    "stretched",
]
