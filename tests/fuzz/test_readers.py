"""The readers of bytes of others, on what the search starts from and on what it found."""

from __future__ import annotations

import pytest
from readers import READERS, survive
from seeds import once_broke, seeds


@pytest.mark.parametrize("name", READERS)
def test_the_search_starts_from_inputs_that_are_survived(name: str) -> None:
    """Each reader has seeds, and reads or refuses each of them."""
    inputs = seeds()[name]
    assert inputs
    for data in inputs:
        survive(name, data)


def test_what_was_found_is_mended() -> None:
    """Each input that a reader once failed on is read or refused now."""
    for name, path in once_broke():
        survive(name, path.read_bytes())
