"""Gauges as lines of the metrics page: some thirty for each of thousands of targets, which as objects of the client
library take a tenth of a second and 10 MiB for every few hundred targets.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from prometheus_client.utils import floatToGoString

from leakdog.model import TargetKey

T = TypeVar("T")
# Targets or leaks told of before whatever else the daemon has to do gets its turn: some milliseconds.
AT_A_TIME = 50
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Gauges:
    """The samples of one gauge, in the form that both the text format and OpenMetrics have for it."""

    def __init__(self, name: str, told: str) -> None:
        self._name = name
        self.text = bytearray(f"# HELP {name} {told}\n# TYPE {name} gauge\n".encode())

    def add(self, labels: str, value: float | None) -> None:
        """A sample where the number is known; an unknown number is absent, never zero."""
        if value is not None:
            number = floatToGoString(value)  # type: ignore[no-untyped-call]
            self.text += f"{self._name}{{{labels}}} {number}\n".encode()


def labelled(**labels: str) -> str:
    """Labels as a sample has them between its braces."""
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())


def labelled_target(key: TargetKey) -> str:
    """The labels that say which target a sample is of."""
    return labelled(target_job=key.job, target_instance=key.instance)


async def paced(members: Sequence[T]) -> AsyncIterator[T]:
    """The members, and between some and the next whatever else the daemon has to do."""
    for number, each in enumerate(members, 1):
        yield each
        if number % AT_A_TIME == 0:
            await asyncio.sleep(0)
