"""Parts of a file that are in use."""

from __future__ import annotations

import itertools
import random

from leakdog.store.places import GRAIN, Places


def test_places_never_overlap_and_all_given_back_is_nothing() -> None:
    """Whatever is taken and given back in whatever order."""
    rng, places, used = random.Random(1), Places(1 << 20), {}
    for _ in range(3000):
        size = rng.randint(1, 20_000)
        if rng.random() < 0.5 and (where := places.take(size)) is not None:
            used[where] = size
        elif used:
            where = rng.choice([*used])
            places.give_back(where, used.pop(where))
        ordered = sorted(used.items())
        for (where, size), (after, _) in itertools.pairwise(ordered):
            assert where + size <= after
        assert places.end <= 1 << 20
    for where, size in used.items():
        places.give_back(where, size)
    assert places.end == 0


def test_what_is_given_back_serves_any_size() -> None:
    """Two free parts beside each other are one, and there is no room beyond the limit."""
    places = Places(4 * GRAIN)
    first, second, third = (places.take(size) for size in (GRAIN, GRAIN, 2 * GRAIN))
    assert (first, second, third, places.take(1)) == (0, GRAIN, 2 * GRAIN, None)
    places.give_back(0, GRAIN)
    places.give_back(GRAIN, GRAIN)
    assert places.take(2 * GRAIN) == 0
