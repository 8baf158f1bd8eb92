"""What of a store is damaged, in words."""

from __future__ import annotations

from leakdog.cli.damaged import found_damaged, left_out
from leakdog.model import TargetKey
from leakdog.store.sqlite.chains import PLACES
from leakdog.store.sqlite.damage import BLOCK, CHAIN, EVIDENCE
from leakdog.store.sqlite.verify import Damaged

KEY = TargetKey("shop", "a:1")
ZERO = "1970-01-01 00:00"


def lost(chain: int, place: int, why: str = "cut off") -> Damaged:
    """A profile of a chain, a second after the one before it."""
    number = chain * PLACES + place
    return Damaged(CHAIN, number, why, KEY, (place, place), f"snapshot {number} (heap)")


def test_what_comes_after_a_fault_in_a_chain_is_told_with_it() -> None:
    """A chain has up to 64 profiles, each of which cannot be read for the same reason; another chain is told apart."""
    first, second = 7 * PLACES + 2, 8 * PLACES
    assert list(found_damaged([lost(7, 2), lost(7, 3), lost(7, 4), lost(8, 0), lost(8, 1, "\033[2J")])) == [
        f"snapshot {first} (heap) and 2 after it of shop/a:1 from {ZERO}:02 UTC to {ZERO}:04 UTC: cut off",
        f"snapshot {second} (heap) of shop/a:1 of {ZERO}:00 UTC: cut off",
        f"snapshot {second + 1} (heap) of shop/a:1 of {ZERO}:01 UTC: \\u001b[2J",
    ]


def test_other_pieces_are_told_one_by_one() -> None:
    """Each may be of another time, or of another leak; and pieces that cannot be listed are no chain's."""
    found = [Damaged(BLOCK, 1, "cut off", KEY, (0, 60)), Damaged(BLOCK, 2, "cut off", KEY, (60, 60))]
    found += [Damaged(EVIDENCE, number, "cut off", name=f"f{number} of leak 3f") for number in (1, 2)]
    found += [Damaged(CHAIN, None, "malformed", name="the list of every chain of profiles")]
    assert list(found_damaged(found)) == [
        "block of numbers of shop/a:1 from 1970-01-01 00:00:00 UTC to 1970-01-01 00:01:00 UTC: cut off",
        "block of numbers of shop/a:1 of 1970-01-01 00:01:00 UTC: cut off",
        "f1 of leak 3f: cut off",
        "f2 of leak 3f: cut off",
        "the list of every chain of profiles: malformed",
    ]


def test_of_what_is_left_out_a_few_are_named() -> None:
    """In one line for each kind and fault; what has a name instead of a number has no kind before it."""
    damaged: dict[tuple[str, int | str], str] = {
        ("heap profile of shop/a:1", number): "cut off" for number in range(64)
    }
    damaged |= {(BLOCK, 9): "cut off", (BLOCK, 10): "malformed", (EVIDENCE, "f1 of leak 3f"): "cut off"}
    assert list(left_out(damaged)) == [
        "heap profile of shop/a:1 0, 1, 2, 3, 4 and 59 more: cut off",
        "block of numbers 9: cut off",
        "block of numbers 10: malformed",
        "f1 of leak 3f: cut off",
    ]
