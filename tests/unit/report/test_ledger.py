"""The ledger in words."""

from leakdog.attribute.ledger import Ledger, Part
from leakdog.report.ledger import ledger_text

MIB = 1 << 20


def test_parts_are_told_largest_first() -> None:
    """Each with its size and its share of the whole; what is next to nothing is left out."""
    parts = {Part.LIVE: 10.0 * MIB, Part.NATIVE: 30.0 * MIB, Part.STACKS: 100.0, Part.GARBAGE: 0.0}
    assert ledger_text(Ledger(40.0 * MIB, parts)).splitlines() == [
        "  40.0 MiB         of memory:",
        "  30.0 MiB   75 %  native memory",
        "  10.0 MiB   25 %  live heap",
    ]


def test_what_is_not_resident_is_told_apart() -> None:
    """It is beside the whole, so it has no share of it."""
    text = ledger_text(Ledger(40.0 * MIB, {Part.LIVE: 40.0 * MIB}, absent=3.0 * MIB))
    assert text.splitlines()[-1] == "  3.00 MiB         more the runtime has, never written to or swapped out"


def test_nothing_at_all() -> None:
    """A process without memory has no parts to tell."""
    assert ledger_text(Ledger(0.0, {Part.REST: 0.0})) == "       0 B         of memory:"
