"""The sum of a few counters on a metrics page, by which a job tells what load is. Pure: bytes in, a number out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from itertools import islice

from leakdog.errors import FetchError, Reason

# A counter with more series than this has a label that nobody bounded; its page is not read further.
MAX_SERIES = 10_000


def total(data: bytes, names: Sequence[str]) -> float | None:
    """The sum of all series of these counters; None where the page has none of them.

    Series are not told apart: a load is what the process does in all. NaN, infinite and negative values count nothing.

    Args:
        data: a page in the text format or OpenMetrics.
        names: as they stand on the page, `_total` included.

    Raises:
        FetchError: `decode` where a line of theirs has no number, or there are more than `MAX_SERIES` lines.

    """
    values = []
    for match in islice(_lines(tuple(names)).finditer(b"\n" + data), MAX_SERIES + 1):
        try:
            values.append(float(match["value"]))
        except ValueError:
            shown = match.group().strip()[:80].decode("utf-8", "replace")
            raise FetchError(Reason.DECODE, f"the metrics page's line {shown!r} has no number") from None
    if len(values) > MAX_SERIES:
        detail = f"load_metrics have more than {MAX_SERIES:,} series on the metrics page; name counters with fewer"
        raise FetchError(Reason.BODY_TOO_LARGE, detail)
    known = [value for value in values if 0 <= value < math.inf]
    return math.fsum(known) if known else None


@cache
def _lines(names: tuple[str, ...]) -> re.Pattern[bytes]:
    """A line of one of these: name, labels in whose texts anything may stand, number. No part can be read two ways."""
    either = "|".join(map(re.escape, names)).encode()
    labels = rb'(?:\{(?:[^"}\n]|"(?:[^"\\\n]|\\[^\n])*+")*+\})?+'
    return re.compile(rb"\n(?:" + either + rb")(?=[ \t{])[ \t]*+" + labels + rb"[ \t]*+(?P<value>[^ \t\r\n]*+)")
