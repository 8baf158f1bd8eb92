"""All constants of the detector, each with its reason, in two presets."""

from __future__ import annotations

from dataclasses import dataclass, replace

from leakdog.config.schema import HOUR, MIB, MINUTE, DetectionConfig, Preset
from leakdog.model import Signal, Unit


@dataclass(frozen=True, slots=True)
class Settings:
    """What the detector goes by. Times are seconds.

    Attributes:
        block_seconds: readings are reduced to the lowest of each such span: a leak raises the floor, while collector
            sawtooth and bursts are above it.
        look_backs: spans over which growth is looked for, in blocks, shortest first.
        hidden_seconds: start of a life that is not looked at: every process grows while it starts.
        hold_seconds: how long a leak is pending before it fires, and growth must be gone before it resolves.
        min_ratio, min_bytes, min_count: least rise over a look-back that counts. Two sampling quanta of Go's heap
            profile are 1 MiB; below that a rise is not visible in it.
        min_z: standard errors above zero, after the correction for autocorrelation. So many are asked for because
            the look is repeated with every block.
        kept_blocks: length of the memory of one series.

    """

    block_seconds: float
    look_backs: tuple[int, ...]
    hidden_seconds: float
    hold_seconds: float
    min_ratio: float
    min_bytes: float
    min_count: float
    min_z: float
    kept_blocks: int

    def least_rise(self, signal: Signal, level: float) -> float:
        """The rise over a look-back below which growth does not count, in the signal's unit."""
        floor = self.min_bytes if signal.unit is Unit.BYTES else self.min_count
        return max(floor, self.min_ratio * abs(level))


PRESETS = {
    Preset.PRODUCTION: Settings(
        block_seconds=15 * MINUTE,
        look_backs=(48, 96, 192, 384, 672, 1344),
        hidden_seconds=3 * HOUR,
        hold_seconds=2 * HOUR,
        min_ratio=0.05,
        min_bytes=MIB,
        min_count=20,
        min_z=6.0,
        kept_blocks=1344,
    ),
    Preset.SOAK: Settings(
        block_seconds=2.0,
        look_backs=(24, 32, 45, 60, 120),
        hidden_seconds=10.0,
        hold_seconds=12.0,
        min_ratio=0.02,
        min_bytes=0.5 * MIB,
        min_count=20,
        min_z=6.0,
        kept_blocks=300,
    ),
}


def settings_for(config: DetectionConfig) -> Settings:
    """The preset's settings, with what the configuration gives instead."""
    preset = PRESETS[config.preset]
    given = {
        "hold_seconds": config.hold_time,
        "min_ratio": config.min_growth_ratio,
        "min_bytes": config.min_growth_bytes,
        "min_count": config.min_growth_count,
    }
    return replace(preset, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
