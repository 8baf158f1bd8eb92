"""The ledger in words."""

import numpy as np

from leakdog.attribute.ledger import Ledger, Part
from leakdog.model import Signal
from leakdog.report.ledger import STALE_SECONDS, ledger_text, ledgers

MIB = 1 << 20


def test_parts_are_told_largest_first() -> None:
    """Each with its size and its share of the whole; what is next to nothing is left out."""
    parts = {Part.LIVE: 10.0 * MIB, Part.NATIVE: 30.0 * MIB, Part.STACKS: 100.0, Part.GARBAGE: 0.0}
    assert ledger_text(Ledger(40.0 * MIB, parts)).splitlines() == [
        "  40.0 MiB        of memory:",
        "  30.0 MiB   75%  native memory",
        "  10.0 MiB   25%  live heap",
    ]


def test_what_is_not_resident_is_told_apart() -> None:
    """It is beside the whole, so it has no share of it."""
    text = ledger_text(Ledger(40.0 * MIB, {Part.LIVE: 40.0 * MIB}, absent=3.0 * MIB))
    assert text.splitlines()[-1] == "  3.00 MiB        more the runtime has, never written to or swapped out"


def test_nothing_at_all() -> None:
    """A process without memory has no parts to tell."""
    assert ledger_text(Ledger(0.0, {Part.REST: 0.0})) == "       0 B        of memory:"


def test_the_parts_add_up_at_every_time() -> None:
    """Sources that are read at other times count as they were last seen, and all parts sum to the resident set."""
    times = np.arange(0.0, 600.0, 10.0)
    resident = 50.0 * MIB + MIB * times / 60
    heap = np.array([20.0, 30.0]) * MIB
    points = {Signal.RSS: (times, resident), Signal.INUSE_SPACE: (np.array([5.0, 305.0]), heap)}
    shown, parts = ledgers(points, count=1000)
    assert shown.tolist() == times.tolist()
    assert np.allclose(sum(parts.values()), resident)
    assert parts[Part.LIVE].tolist() == [0.0] + [20.0 * MIB] * 30 + [30.0 * MIB] * 29


def test_a_number_that_is_stale_tells_nothing() -> None:
    """A source that stopped answering does not go on in the picture."""
    times = np.array([0.0, STALE_SECONDS, STALE_SECONDS + 1])
    points = {Signal.RSS: (times, np.full(3, 9.0)), Signal.INUSE_SPACE: (np.zeros(1), np.full(1, 4.0))}
    assert ledgers(points, count=10)[1][Part.LIVE].tolist() == [4.0, 4.0, 0.0]


def test_a_long_time_is_thinned() -> None:
    """At most so many times are kept, the first and the last among them."""
    times = np.arange(5000.0)
    shown, parts = ledgers({Signal.RSS: (times, times + 1)}, count=100)
    assert (len(shown), shown[0], shown[-1]) == (100, 0.0, 4999.0)
    assert parts[Part.REST].tolist() == (shown + 1).tolist()


def test_without_a_whole_there_are_no_parts() -> None:
    """Goroutines' stacks alone tell nothing of how large the process is."""
    times, parts = ledgers({Signal.STACK_INUSE: (np.arange(3.0), np.ones(3))}, count=10)
    assert (len(times), parts) == (0, {})
