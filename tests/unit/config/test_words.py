"""Messages are short, safe to print, and helpful."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.config.words import guess, listed, printable, quoted


def test_a_quoted_text_is_cut() -> None:
    """Of a long text the beginning is shown."""
    assert quoted("x" * 61) == f"'{'x' * 60}...'"
    assert quoted("x" * 60) == f"'{'x' * 60}'"


@given(st.text())
def test_a_quoted_text_can_be_printed(text: str) -> None:
    """No text moves a terminal's cursor or breaks a line."""
    assert quoted(text).isprintable()


def test_a_near_name_is_guessed() -> None:
    """A slip of a letter is understood, another word is not."""
    known = ["scrape_interval", "scrape_timeout"]
    assert guess("scrape_intervall", known) == "; did you mean scrape_interval?"
    assert guess("targets", known) == ";"


def test_words_are_listed() -> None:
    """Lists read as in a sentence."""
    assert listed(["a", "b"]) == "a, b"


@pytest.mark.parametrize("text", ["a\0", "\x1b[2J", "a\nb", "\x7f", "\x85"])
def test_control_characters_are_refused(text: str) -> None:
    """What is no text for people is named by its code."""
    with pytest.raises(ValueError, match=r"holds the control character U\+00[0-9A-F]{2}; remove it$"):
        printable(text)


def test_other_text_is_printable() -> None:
    """Letters of any language pass unchanged."""
    assert printable("Zürich 東京 🐕") == "Zürich 東京 🐕"
