"""The memory ledger of a target in words: what its memory is made of, the largest part first."""

from __future__ import annotations

from collections.abc import Mapping

from leakdog.attribute.ledger import WORDS, Ledger, ledger
from leakdog.model import Signal
from leakdog.report.words import human_bytes, human_share

# A part below this share of the whole is not worth a line.
LEAST_SHARE = 0.001


def ledger_of(signals: Mapping[str, float] | None) -> Ledger | None:
    """The ledger of signals by their names, as the API gives them; ones it does not know tell nothing."""
    known = {signal: (signals or {})[signal.value] for signal in Signal if signal.value in (signals or {})}
    return ledger(known)


def ledger_text(ledger: Ledger) -> str:
    """A line for the whole, one for each part with its share, and one for what is counted but not resident."""
    parts = sorted(ledger.parts.items(), key=lambda each: -each[1])
    told = [(size, size / ledger.total, WORDS[part]) for part, size in parts if size > LEAST_SHARE * ledger.total]
    lines = [f"{human_bytes(ledger.total):>10}         of memory:"]
    lines += [f"{human_bytes(size):>10} {human_share(share):>6}  {words}" for size, share, words in told]
    if ledger.absent > LEAST_SHARE * ledger.total:
        lines.append(f"{human_bytes(ledger.absent):>10}         more the runtime has, never written to or swapped out")
    return "\n".join(lines)
