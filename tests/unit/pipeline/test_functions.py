"""Regular expressions of functions that are given from outside, and their list as it is stored."""

from __future__ import annotations

import re
import time

import pytest

from leakdog.pipeline.functions import CHARACTERS, KnownFunctions, dump_functions, load_functions, wrong

HARMLESS = [
    r"cache\.\(\*Index\)\.Put",
    r"^shop/.*\.Put$",
    r"(?:Put|Get)$",
    r"[(*+?]{2}x+?",
    r"[]*)*]",
    r"\)\*\++",
    r"(?i)put",
    r"func\d+\.\d+",
]


@pytest.mark.parametrize("pattern", HARMLESS)
def test_what_ends_soon_is_taken(pattern: str) -> None:
    """Escaped brackets and signs in sets are no groups and no repeats; the longest of names is done at once."""
    assert wrong(pattern) == ""
    began = time.monotonic()
    re.search(pattern, "shop/" + "a(1" * 100)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", f"1 to {CHARACTERS} printable"),
        ("a" * (CHARACTERS + 1), f"1 to {CHARACTERS} printable"),
        ("a\nb", "printable"),
        ("(*Index).Put", "'(*Index).Put' is no regular expression: nothing to repeat at position 1"),
        ("(?i", "is no regular expression"),
        ("a{99999999999}", "is no regular expression"),
        ("(a+)+$", "repeats a group"),
        (r"(a|aa){2,}", "repeats a group"),
        ("(?:a?)*?", "repeats a group"),
        (".*.*.*x", "repeats in 3 places, of which 2 may"),
    ],
)
def test_what_is_wrong_or_could_take_for_ever_is_told(pattern: str, why: str) -> None:
    """With what to do."""
    assert why in wrong(pattern)


def test_the_list_comes_back() -> None:
    """With all that was said."""
    given = (KnownFunctions("Put", 1.5, "shop", 7.0, "ü"), KnownFunctions("Get", 2.0))
    assert load_functions(dump_functions(given)) == given


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[1]", b'[{"who": 1}]', b'[{"since": 1.0}]'])
def test_a_list_that_cannot_be_read_is_empty(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What it named is announced again, and the log says so."""
    assert load_functions(data) == ()
    assert "are not known" in caplog.text
