"""Durations and sizes are read and written back exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.config.scalars import parse_duration, parse_size, write_duration, write_size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.5, "500ms"),
        (15.0, "15s"),
        (90.0, "1m30s"),
        (5400.0, "1h30m"),
        (86400.0, "1d"),
        (30 * 86400.0, "30d"),
        (14 * 86400.0, "2w"),
        (365 * 86400.0, "1y"),
        (90061.001, "1d1h1m1s1ms"),
    ],
)
def test_a_duration_is_written_as_people_do(seconds: float, text: str) -> None:
    """Each is the writing of the other."""
    assert seconds == parse_duration(text)
    assert text == write_duration(seconds)


def test_a_duration_may_use_every_unit() -> None:
    """From years to milliseconds, and with more than fits the next unit."""
    assert parse_duration("1y1w1d1h1m1s1ms") == 365 * 86400 + 7 * 86400 + 86400 + 3600 + 60 + 1.001
    assert parse_duration("90m") == 5400.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "1",
        "1.5s",
        "-1s",
        "+1s",
        "1 s",
        " 1s",
        "1s\n",
        "1S",
        "1sec",
        "1m1h",
        "1s1s",
        "\u0661s",
        "1" * 5000 + "s",
    ],
)
def test_other_texts_are_no_durations(text: str) -> None:
    """No sign, no fraction, no space, no bare number, no wrong order."""
    with pytest.raises(ValueError, match="write it like 500ms, 15s, 5m, 1h30m or 3d"):
        parse_duration(text)


@given(st.integers(0, 100 * 365 * 86400 * 1000))
def test_every_duration_survives_writing(milliseconds: int) -> None:
    """Up to a hundred years, to the millisecond."""
    assert milliseconds / 1000 == parse_duration(write_duration(milliseconds / 1000))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (1000, "1kB"),
        (1024, "1KiB"),
        (64 * 2**20, "64MiB"),
        (2_000_000_000, "2GB"),
        (3 * 2**40, "3TiB"),
        (1_234_567, "1234567B"),
    ],
)
def test_a_size_is_written_as_people_do(size: int, text: str) -> None:
    """Each is the writing of the other."""
    assert size == parse_size(text)
    assert text == write_size(size)


@pytest.mark.parametrize(
    ("size", "text"), [(5, "5"), (1000, "1KB"), (1536, "1.5KiB"), (2_500_000, "2.5MB"), (2**63 - 1, str(2**63 - 1))]
)
def test_a_size_may_be_written_otherwise(size: int, text: str) -> None:
    """Plain bytes, fractions that are whole bytes, and the old name of the kilobyte."""
    assert size == parse_size(text)


@pytest.mark.parametrize(
    "text", ["", "B", "-1", "1 MB", "1mb", "1M", "1Mi", "1e9", ".5kB", "1,5kB", "1kB\n", "0x10", "\u0663kB"]
)
def test_other_texts_are_no_sizes(text: str) -> None:
    """The message lists the units."""
    with pytest.raises(ValueError, match=r"is not a size; .*units: B, kB, KB, KiB, MB, MiB, GB, GiB, TB, TiB"):
        parse_size(text)


def test_a_size_is_bounded() -> None:
    """What no database can hold is refused."""
    with pytest.raises(ValueError, match="9223372036854775807 bytes are the most"):
        parse_size(str(2**63))


@given(st.integers(0, 2**63 - 1))
def test_every_size_survives_writing(size: int) -> None:
    """To the byte."""
    assert size == parse_size(write_size(size))
