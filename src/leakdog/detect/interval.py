"""Intervals that tell no more than their middle does. Without arrays, as those who only tell of a rate import it."""

from __future__ import annotations

NARROW, NARROW_WORDS = 0.01, "less than 1% to each side"


def narrow(per_second: float, interval: tuple[float, float]) -> bool:
    """Whether the ends of an interval are so near that they tell no more than its middle does."""
    low, high = interval
    return max(high - per_second, per_second - low) < NARROW * abs(per_second)
