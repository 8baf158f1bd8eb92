"""The fields of a profile that are there once, by number."""

from __future__ import annotations

(
    DROP_FRAMES,
    KEEP_FRAMES,
    TIME_NANOS,
    DURATION_NANOS,
    PERIOD_TYPE,
    PERIOD,
    COMMENT,
    DEFAULT_SAMPLE_TYPE,
    DOC_URL,
) = range(7, 16)
PERIOD_KIND, PERIOD_UNIT = 0, 1  # where the kernel puts the type and unit of PERIOD_TYPE
