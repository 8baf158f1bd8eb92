"""The memory ledger of a target in words: what its memory is made of, the largest part first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from leakdog.attribute.ledger import WORDS, Ledger, Part, ledger
from leakdog.model import Signal
from leakdog.report.words import human_bytes, human_share

Floats = NDArray[np.float64]
# All that a ledger is made of. The first of these three that is known says how large the whole is.
WHOLE = (Signal.RSS, Signal.RSS_ANON, Signal.SYS)
NEEDED = (
    *WHOLE,
    Signal.RSS_SHMEM,
    Signal.INUSE_SPACE,
    Signal.HEAP_ALLOC,
    Signal.HEAP_LIVE,
    Signal.HEAP_INUSE,
    Signal.HEAP_IDLE,
    Signal.HEAP_RELEASED,
    Signal.HEAP_SYS,
    Signal.STACK_INUSE,
)
# Sources are read at intervals of their own; a number older than this tells nothing of now.
STALE_SECONDS = 3600.0
# A part below this share of the whole is not worth a line.
LEAST_SHARE = 0.001


def ledger_of(signals: Mapping[str, float] | None) -> Ledger | None:
    """The ledger of signals by their names, as the API gives them; ones it does not know tell nothing."""
    known = {signal: (signals or {})[signal.value] for signal in Signal if signal.value in (signals or {})}
    return ledger(known)


def ledgers(points: Mapping[Signal, tuple[Floats, Floats]], count: int) -> tuple[Floats, dict[Part, Floats]]:
    """The ledger over time.

    Args:
        points: times and values, (n,) each and times rising, of the signals in `NEEDED` that are known.
        count: at most so many times are kept, evenly from first to last.

    Returns:
        Times (m,), and the bytes of each part at them, 0 where it was not told then; they add up to the whole.

    """
    known = {signal: each for signal, each in points.items() if len(each[0])}
    whole = next((signal for signal in WHOLE if signal in known), None)
    if whole is None:
        return np.empty(0), {}
    times = known[whole][0]
    times = times[np.linspace(0, len(times) - 1, min(len(times), count)).astype(int)]
    latest = {signal: _as_of(times, *each) for signal, each in known.items()}
    parts: dict[Part, Floats] = {}
    for place in range(len(times)):
        told = ledger({signal: float(now[place]) for signal, now in latest.items() if not np.isnan(now[place])})
        for part, size in told.parts.items() if told is not None else ():
            parts.setdefault(part, np.zeros(len(times)))[place] = size
    return times, {part: parts[part] for part in Part if part in parts}


def _as_of(times: Floats, seen: Floats, values: Floats) -> Floats:
    """The last value at each time, NaN where there is none yet or it is stale."""
    last = np.searchsorted(seen, times, side="right") - 1
    fresh = (last >= 0) & (times - seen[last] <= STALE_SECONDS)
    return np.where(fresh, values[last], np.nan)


def ledger_text(ledger: Ledger) -> str:
    """A line for the whole, one for each part with its share, and one for what is counted but not resident."""
    parts = sorted(ledger.parts.items(), key=lambda each: -each[1])
    told = [(size, size / ledger.total, WORDS[part]) for part, size in parts if size > LEAST_SHARE * ledger.total]
    lines = [f"{human_bytes(ledger.total):>10}        of memory:"]
    lines += [f"{human_bytes(size):>10} {human_share(share):>5}  {words}" for size, share, words in told]
    if ledger.absent > LEAST_SHARE * ledger.total:
        lines.append(f"{human_bytes(ledger.absent):>10}        more the runtime has, never written to or swapped out")
    return "\n".join(lines)
