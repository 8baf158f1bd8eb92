"""Bytes and objects of one site: how large its objects are, and what growth in one says in the other.

A site whose objects all have one size holds bytes in proportion to objects: one series tells both. Where sizes
differ, as of buffers that are as large as what each request brings, bytes swing while the number of objects does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from leakdog.attribute.case import NET
from leakdog.model import Assessment, Signal, Verdict

KIB = 1024.0
# A size counts as another one from this share on; less is rounding, and a few objects of another kind.
OTHER_SIZE = 0.1
# Profiles tell whole objects: of fewer than this the size is too rough to be compared.
FEW = 20
# How much of the average the newest profile is: some twenty profiles tell what is usual.
NEWEST = 0.05


@dataclass(slots=True)
class Sizes:
    """Bytes of one object of each site, on average over the last profiles.

    Attributes:
        average: by key.
        differ: keys of sites at which one profile told another size than those before it.

    """

    average: dict[int, float] = field(default_factory=dict)
    differ: set[int] = field(default_factory=set)

    def observe(self, space: Mapping[int, float], objects: Mapping[int, float]) -> None:
        """Take in what one profile tells of some sites, by key. Those that are left out are forgotten."""
        self.average = {key: size for key, size in self.average.items() if key in space}
        self.differ &= space.keys()
        for key, held in space.items():
            count = objects.get(key, 0.0)
            if held <= 0 or count <= 0:
                continue
            usual = self.average.get(key)
            if usual is None or count < FEW:
                self.average[key] = held / count
                continue
            if abs(held - usual * count) > OTHER_SIZE * held + usual:  # one object is no other size
                self.differ.add(key)
            self.average[key] = usual + NEWEST * (held / count - usual)


def told_in(assessment: Assessment, signal: Signal, factor: float, why: str) -> Assessment:
    """An assessment of one signal as that of another which is so many times as large, and why that may be said."""

    def times(numbers: tuple[float, float] | None) -> tuple[float, float] | None:
        return None if numbers is None else (factor * numbers[0], factor * numbers[1])

    rate, level = assessment.growth_per_second, assessment.level
    return replace(
        assessment,
        signal=signal,
        growth_per_second=None if rate is None else factor * rate,
        interval=times(assessment.interval),
        level=None if level is None else factor * level,
        reasons=(*assessment.reasons, why),
    )


def in_bytes(assessment: Assessment, size: float) -> Assessment:
    """What is said of a number of objects, in their bytes."""
    why = f"counted in objects, as they differ in size: {size / KIB:,.1f} KiB each on average"
    return told_in(assessment, Signal.INUSE_SPACE, size, why)


def in_objects(assessment: Assessment, size: float) -> Assessment:
    """What is said of bytes, in objects of one size."""
    return told_in(assessment, Signal.INUSE_OBJECTS, 1 / size, "its objects have one size, so that its bytes tell")


def weighed(assessment: Assessment, size: float, space: Assessment | None, least_bytes: float) -> Assessment:
    """Growth in number is a leak only if memory grows with it.

    Args:
        assessment: of the number of objects at a site.
        size: bytes of one, on average.
        space: of the bytes at that site; None where nothing is known.
        least_bytes: growth that must be reached to count: of less, sampling may have made the number.

    """
    rate, span = assessment.growth_per_second, assessment.look_back_seconds
    if assessment.verdict is not Verdict.LEAK or rate is None or span is None:
        return assessment
    why = ""
    if rate * span * size < least_bytes:
        why = f"these objects hold less than the {least_bytes / KIB:,.0f} KiB that growth must have to count"
    elif space is not None and space.interval is not None and space.interval[1] < NET * rate * size:
        why = "their bytes do not grow with them: the objects become smaller"
    return replace(assessment, verdict=Verdict.STEADY, reasons=(why, *assessment.reasons)) if why else assessment
