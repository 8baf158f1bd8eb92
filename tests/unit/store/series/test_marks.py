"""Which of some places are meant."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.store.series.marks import dump, load


@given(st.lists(st.booleans(), max_size=60))
def test_the_places_come_back(meant: list[bool]) -> None:
    """However many there are, and none."""
    places = [at for at, each in enumerate(meant) if each]
    assert load(dump(np.array(meant, np.bool_)), len(meant)).tolist() == places


def test_damage_is_an_error() -> None:
    """The marks of fewer, of more, and bytes cut off."""
    data = dump(np.arange(50) % 3 == 0)
    for count in (30, 70):
        with pytest.raises(ValueError, match="7 bytes of marks"):
            load(data, count)
    with pytest.raises(zlib.error):
        load(data[:2], 50)
