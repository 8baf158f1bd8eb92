"""Draw what docs/detection.md shows: `python -m bench.leakbench.pictures`. Series as they came, and what was told."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.leakbench.corpus import Labelled, fast, own
from leakdog.detect.replay import replay
from leakdog.detect.settings import PRODUCTION
from leakdog.model import Signal, Unit
from leakdog.report.svg import Growth, standalone, trend

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SEED = 1
# file: corpus, kind, and which series of the kind
SHOWN = {
    "detection-leak": (own, "retry_storms", 0),
    "detection-restarts": (own, "killed_again", 0),
    "detection-cycle": (own, "old_generation", 2),
    "detection-cache": (own, "large_buffer_pool", 10),
    "detection-fast": (fast, "leader_fills", 1),
}


def main() -> None:
    """Draw all, and tell which was announced when."""
    for name, (corpus, kind, number) in SHOWN.items():
        series = corpus(SEED, number + 1, kinds=[kind])[number]
        (FOLDER / f"{name}.svg").write_text(draw(series))


def draw(series: Labelled) -> str:
    """A series, its alerts and its limit."""
    history = series.history
    (result,) = replay([history], Signal.RSS, PRODUCTION)
    growths = [
        Growth(each.assessment.onset or each.start, each.assessment.growth_per_second, each.start, each.end)
        for each in result.alerts
    ]
    print(f"{history.name}: {result.verdict}, {len(growths)} announced", file=sys.stderr)
    return standalone(trend(history.time, history.value, series.kind, Unit.BYTES, growths, history.limit))


if __name__ == "__main__":
    main()
