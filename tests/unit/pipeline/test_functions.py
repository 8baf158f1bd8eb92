"""Regular expressions of functions that are given from outside, and their list as it is stored."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakdog.pipeline.functions import CHARACTERS, KnownFunctions, dump_functions, load_functions, wrong
from leakdog.pipeline.known import CHARACTERS as NAME

HARMLESS = [
    r"cache\.\(\*Index\)\.Put",
    r"^shop/.*\.Put$",
    r"(?:Put|Get)$",
    r"[(*+?]{2}x+?",
    r"[]*)*]",
    r"\)\*\++",
    r"(?i)put",
    r"func\d+\.\d+",
    r"\.(?:Put|Get)\.func\d+$",
    "a.*b|c+|(d)",
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
        (".*.*.*x", "has 3 repeats and groups with alternatives, of which 2 may be"),
        ("(|.)" * 30 + "~", "has 30 repeats and groups with alternatives"),
        ("(?:(?:|.)(?:|.)|b)~", "has 3 repeats and groups with alternatives"),
        ("(?x)(?:.+) +!", "has more than characters"),
        ("(?:.+)(?x:.) +!", "has more than characters"),
        (r"(.*).*\1~", "has more than characters"),
        ("(?P<n>.*)(?P=n)~", "has more than characters"),
        ("(?=.*)*a", "has more than characters"),
        ("(?<!a)b", "has more than characters"),
    ],
)
def test_what_is_wrong_or_could_take_for_ever_is_told(pattern: str, why: str) -> None:
    """With what to do."""
    assert why in wrong(pattern)


ONE = st.sampled_from(["a", ".", r"\w", "[^b]", "[a(|]", r"\(", "", " ", r"\b", r"\1", "(?=a)", "(?x: )"])
GROUP = st.tuples(st.sampled_from(["(", "(?:"]), st.lists(ONE, min_size=1, max_size=3).map("|".join)).map(
    lambda each: f"{each[0]}{each[1]})"
)
REPEATED = st.tuples(ONE | GROUP, st.sampled_from(["", "*", "+?", "{2,}", " +"])).map("".join)
PARTS = st.tuples(REPEATED | REPEATED.map("({})".format), st.sampled_from([1, 2, 30])).map(
    lambda each: each[0] * each[1]
)


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(["", "(?i)", "(?x)"]), st.lists(PARTS, min_size=1, max_size=3))
def test_whatever_is_taken_ends_soon(flags: str, parts: list[str]) -> None:
    """In the longest of names, in which all of it but the end fits everywhere."""
    pattern = f"{flags}{''.join(parts)}~"
    began = time.process_time()
    if not wrong(pattern):
        re.search(pattern, "a" * NAME)
    assert time.process_time() - began < 20


def test_what_is_refused_now_is_not_loaded(caplog: pytest.LogCaptureFixture) -> None:
    """A list of before may hold what would hang every start; the log names it."""
    listed = (KnownFunctions("(a+)+~", 1.0), KnownFunctions("Get", 2.0))
    assert load_functions(dump_functions(listed)) == listed[1:]
    assert "'(a+)+~'" in caplog.text


def test_the_list_comes_back() -> None:
    """With all that was said."""
    listed = (KnownFunctions("Put", 1.5, "shop", 7.0, "ü"), KnownFunctions("Get", 2.0))
    assert load_functions(dump_functions(listed)) == listed


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[1]", b'[{"who": 1}]', b'[{"since": 1.0}]'])
def test_a_list_that_cannot_be_read_is_empty(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What it named is announced again, and the log says so."""
    assert load_functions(data) == ()
    assert "are not known" in caplog.text
