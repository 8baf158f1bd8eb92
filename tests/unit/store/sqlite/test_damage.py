"""What of a file is damaged."""

from __future__ import annotations

import pytest

from leakdog.errors import StoreCorrupted
from leakdog.store.sqlite.damage import BLOCK, CHAIN, Damage


def test_each_piece_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """With what it is, its id and why; pieces of another kind or id are others."""
    damage = Damage()
    for what, number in ((BLOCK, 7), (BLOCK, 7), (CHAIN, 7), (BLOCK, 8)):
        damage.note(what, number, StoreCorrupted("it is cut off"))
    assert len(damage) == 3
    assert caplog.messages == [
        "block of numbers 7 is left out: it is cut off",
        "chain of profiles 7 is left out: it is cut off",
        "block of numbers 8 is left out: it is cut off",
    ]
