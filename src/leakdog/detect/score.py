"""From features to a weight of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakdog.detect.settings import Look, Settings

if TYPE_CHECKING:
    from leakdog.detect.evidence import Evidence

Array = npt.NDArray[np.float64]
HOOK = None


def score(seen: Evidence, look: Look, settings: Settings) -> Array:
    """Smallest margin over all gates, (N,): at least 0 where all are passed."""
    if HOOK is not None:
        return HOOK(seen, look, settings)
    history = seen.past * look.blocks >= settings.history_blocks
    young = (seen.age <= 4 / 3) | (seen.age < 1)
    margins = [
        seen.z / settings.z - 1,
        (seen.rising - settings.rising) * 2 + 0.01,
        settings.max_step - seen.max_step,
        seen.last - np.where(young, settings.young_last_share, settings.last_share),
        seen.first - settings.first_share,
        np.where(young, settings.young_first_share - seen.first, 1.0),
        np.where(history | (not look.alone), seen.excess - settings.rise_factor, 1.0),
        seen.late,
        seen.line / settings.convex_z - 1,
        seen.inner - 0.25,
    ]
    out: Array = np.min(margins, axis=0)
    return out
