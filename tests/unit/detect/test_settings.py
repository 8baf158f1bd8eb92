"""Presets, and what the configuration changes in them."""

from itertools import pairwise

import pytest

from leakdog.config.schema import MIB, DetectionConfig, Preset
from leakdog.detect.score import least_score, threshold
from leakdog.detect.settings import KINDS, PRODUCTION, SITES_PART, SOAK, Settings, for_sites, settings_for
from leakdog.detect.state import hold_time
from leakdog.model import Signal, Unit
from leakdog.pipeline.judge import TESTED

PRESETS = pytest.mark.parametrize("settings", [PRODUCTION, SOAK], ids=["production", "soak"])


@PRESETS
def test_every_look_fits_into_its_rings(settings: Settings) -> None:
    """A window is no longer than what is kept, and its fit has at least ten points."""
    for look in settings.looks:
        assert look.blocks <= settings.levels[look.level].length
        assert look.blocks // look.merge >= 10
        assert look.blocks % look.merge == 0


@PRESETS
def test_levels_nest(settings: Settings) -> None:
    """Blocks of a level are whole numbers of blocks of the level before."""
    widths = [level.block_seconds for level in settings.levels]
    assert [wide % narrow for narrow, wide in pairwise(widths)] == [0.0] * (len(widths) - 1)


@PRESETS
def test_the_past_is_read_from_a_level_at_least_as_coarse(settings: Settings) -> None:
    """Else the window would hide it."""
    assert all(look.past >= look.level for look in settings.looks)


def test_nothing_configured_is_the_preset() -> None:
    """Each of both, unchanged."""
    assert settings_for(DetectionConfig()) == PRODUCTION
    assert settings_for(DetectionConfig(preset=Preset.SOAK)) == SOAK


def test_the_configuration_wins() -> None:
    """Least growth, hold time for both edges, and false alarms."""
    given = settings_for(
        DetectionConfig(min_growth_ratio=0.2, min_growth_bytes=7, hold_time=60.0, false_alarms_per_year=0.1)
    )
    assert (given.min_growth_ratio, given.min_growth_bytes, given.min_growth_count) == (0.2, 7, 20)
    assert (given.hold_seconds, given.resolve_seconds, given.false_alarms) == (60, 60, 0.1)


def test_a_soak_run_has_no_budget_per_year() -> None:
    """A rate of false alarms per year says nothing of two minutes."""
    assert settings_for(DetectionConfig(preset=Preset.SOAK, false_alarms_per_year=0.1)).false_alarms is None


def test_sites_use_all_of_their_budget() -> None:
    """No look at a site is urgent, so nothing of what they may cry wolf is kept for looks that are."""
    sites = for_sites(PRODUCTION)
    assert not any(look.urgent for look in sites.looks)
    assert PRODUCTION.false_alarms is not None
    for tested in (1, 5):
        least = {least_score(look, sites, tested) for look in sites.looks}
        assert least == {threshold(SITES_PART * PRODUCTION.false_alarms / tested)}


def test_a_target_has_no_more_than_its_budget() -> None:
    """Urgent looks at its memory, slow looks at each kind of its series and what is said of its sites share it."""
    assert PRODUCTION.urgent_part + KINDS * PRODUCTION.slow_part + SITES_PART <= 1
    assert len({signal.unit is Unit.BYTES or signal for signal in TESTED}) == KINDS


def test_what_holds_garbage_must_grow_more_in_a_short_run() -> None:
    """Under soak garbage of a heap that was never collected is no growth, unless a least growth is configured."""
    assert SOAK.least_growth(Signal.HEAP_ALLOC) == SOAK.least_growth(Signal.RSS) == 4 * MIB
    assert SOAK.least_growth(Signal.INUSE_SPACE) == MIB / 2
    assert SOAK.least_growth(Signal.GOROUTINES) == 10
    given = settings_for(DetectionConfig(preset=Preset.SOAK, min_growth_bytes=MIB))
    assert given.least_growth(Signal.HEAP_ALLOC) == given.least_growth(Signal.INUSE_SPACE) == MIB
    assert PRODUCTION.least_growth(Signal.RSS) == PRODUCTION.least_growth(Signal.INUSE_SPACE) == MIB


@pytest.mark.parametrize(("preset", "seconds"), [(Preset.PRODUCTION, 6 * 3600.0), (Preset.SOAK, 72.0)])
@pytest.mark.parametrize("hold", [None, 20.0, 7200.0])
def test_how_near_a_limit_cannot_wait_does_not_depend_on_the_hold_time(
    preset: Preset, seconds: float, hold: float | None
) -> None:
    """A leak that has 71 s, or six hours less one second, fires at once, however long others are to hold."""
    settings = settings_for(DetectionConfig(preset=preset, hold_time=hold))
    assert hold_time(seconds - 1.0, settings) == 0.0
    assert hold_time(seconds, settings) == settings.hold_seconds > 0.0


def test_a_hold_time_that_is_configured_is_kept_whatever_is_sure() -> None:
    """Whoever writes one means it; by default what the course is sure of fires at once."""
    plain, given = (settings_for(DetectionConfig(hold_time=time)) for time in (None, 1800.0))
    assert hold_time(None, plain, sure=True) == 0.0
    assert hold_time(None, given, sure=True) == hold_time(None, given) == 1800.0
