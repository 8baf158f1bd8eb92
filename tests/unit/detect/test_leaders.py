"""Which of many series are watched closely."""

import numpy as np

from leakdog.detect.leaders import REMEMBERED, Leaders

NONE = np.empty(0, np.uint64)


def feed(leaders: Leaders, block: int, **values: float) -> bool:
    """Values by key, `s7` being that of key 7."""
    told = sorted((int(name[1:]), value) for name, value in values.items())
    keys = np.array([key for key, _ in told], np.uint64)
    return leaders.observe(block, keys, np.array([value for _, value in told], float))


def test_the_largest_are_chosen_at_first() -> None:
    """Before anything has grown, size decides; no more are chosen than asked for."""
    leaders = Leaders()
    assert not feed(leaders, 0, s1=5, s2=50, s3=500, s4=1)
    assert leaders.chosen(2, NONE) == [3, 2]


def test_a_small_one_that_grows_is_chosen() -> None:
    """What has grown most is chosen however small it is."""
    leaders = Leaders()
    feed(leaders, 0, **{f"s{key}": 1000.0 - key for key in range(1, 50)}, s99=1)
    for block in (1, 2):
        feed(leaders, block, **{f"s{key}": 1000.0 - key for key in range(1, 50)}, s99=1.0 + 5 * block)
    assert 99 not in Leaders().chosen(8, NONE)
    assert 99 in leaders.chosen(8, NONE)


def test_what_only_breathes_has_not_grown() -> None:
    """Growth is that of the lows of blocks, so a swing that comes back to its low is none."""
    leaders = Leaders()
    for block in range(5):
        for breath in (0, 400):
            feed(leaders, block, s1=100 + breath, s2=10 + 20 * block, s3=90, s4=80, s5=70)
    assert leaders.chosen(1, NONE) == [2]


def test_one_that_was_not_there_has_grown_from_nothing() -> None:
    """A series that appears later counts from 0, and one that is left out falls to 0."""
    leaders = Leaders()
    feed(leaders, 0, s1=100, s2=100, s3=100)
    feed(leaders, 1, s1=100, s2=100, s3=100, s4=50)
    feed(leaders, 2, s1=100, s2=100, s4=50)
    feed(leaders, 3, s1=100, s2=100, s4=50)
    assert leaders.chosen(1, np.array([3], np.uint64)) == [4]


def test_who_is_watched_stays_for_a_while() -> None:
    """Near the edge, one with history is kept before one without."""
    leaders = Leaders()
    feed(leaders, 0, **{f"s{key}": 100.0 + key for key in range(1, 7)})
    assert leaders.chosen(3, NONE) == [6, 5, 4]
    assert 5 in leaders.chosen(3, np.array([5], np.uint64))
    assert 1 not in leaders.chosen(3, np.array([1], np.uint64))


def test_memory_is_bounded() -> None:
    """Only the largest are remembered."""
    leaders = Leaders()
    keys = np.arange(1, 10 * REMEMBERED, dtype=np.uint64)
    leaders.observe(0, keys, keys.astype(float))
    assert leaders.keys.tolist() == keys[-REMEMBERED:].tolist()
