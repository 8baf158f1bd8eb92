"""One table says how each kind of scalar is read, written and described."""

import re
from typing import Any

import pytest

from leakdog.config.formats import FORMATS, needs_quotes
from leakdog.config.marks import Mark, Scalar

MARK = Mark(1, 1)

GOOD: list[tuple[str, str, Any]] = [
    ("duration", "1m30s", 90.0),
    ("size", "64MiB", 64 << 20),
    ("count", "64", 64),
    ("count", "0", 0),
    ("ratio", "0.05", 0.05),
    ("ratio", "1e-3", 0.001),
    ("port", "65535", 65535),
    ("text", "on", "on"),
    ("text", "1:30", "1:30"),
    ("regex", "^a.b$", "^a.b$"),
    ("regex", "[[a]", "[[a]"),
    ("code", "github.com/acme/shop", "github.com/acme/shop"),
    ("code", "on", "on"),
    ("metric", "http_requests_total", "http_requests_total"),
    ("metric", "job:requests:sum", "job:requests:sum"),
    ("path", "/metrics/", "/metrics/"),
    ("base_path", "/debug/pprof/", "/debug/pprof"),
    ("host_port", "shop:1", "shop:1"),
]
BAD = [
    ("duration", "fast"),
    ("size", "big"),
    ("count", "1.0"),
    ("count", "007"),
    ("count", "-1"),
    ("count", "1_000"),
    ("count", "9" * 5000),
    ("count", str(2**63)),
    ("ratio", "5%"),
    ("ratio", ".inf"),
    ("ratio", "1e999"),
    ("ratio", "-0.1"),
    ("port", "0"),
    ("port", "65536"),
    ("text", "5"),
    ("text", "true"),
    ("text", "1e3"),
    ("text", " "),
    ("text", "a\0b"),
    ("regex", "("),
    ("regex", ""),
    ("regex", "a{99999999999999999999}"),
    ("regex", "(" * 5000 + ")" * 5000),
    ("metric", 'requests{code="200"}'),
    ("metric", "5xx_total"),
    ("code", ""),
    ("code", "github.com/acme/*"),
    ("code", "^shop"),
    ("code", "shop cart"),
    ("metric", ""),
    ("path", "metrics"),
    ("base_path", "debug"),
    ("host_port", "shop"),
]


@pytest.mark.parametrize(("form", "text", "value"), GOOD)
def test_a_scalar_is_read(form: str, text: str, value: object) -> None:
    """The text becomes the value, of the value's own type."""
    read = FORMATS[form].read(Scalar(MARK, text, plain=True))
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize(("form", "text", "value"), GOOD)
def test_what_is_written_is_read_again(form: str, text: str, value: object) -> None:
    """Writing a value and reading it gives the value."""
    written = str(FORMATS[form].write(value))
    assert value == FORMATS[form].read(Scalar(MARK, written, plain=True))


@pytest.mark.parametrize(("form", "text"), BAD, ids=lambda text: text[:20])
def test_other_scalars_are_refused(form: str, text: str) -> None:
    """The only error is a ValueError with a sentence in it."""
    with pytest.raises(ValueError, match=r"\w+ .*\w+"):
        FORMATS[form].read(Scalar(MARK, text, plain=True))


@pytest.mark.parametrize("form", ["count", "ratio", "port"])
def test_a_number_in_quotes_is_a_text(form: str) -> None:
    """Quotes are kept apart, as in JSON."""
    with pytest.raises(ValueError, match=r"^'1' is not a "):
        FORMATS[form].read(Scalar(MARK, "1", plain=False))


def test_a_text_in_quotes_may_look_like_a_number() -> None:
    """Quotes say that it is meant."""
    assert FORMATS["text"].read(Scalar(MARK, "5", plain=False)) == "5"


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("a number", ["5", "-5", "+5", "5.", ".5", "1e3", "0o17", "0x1F", ".inf", "-.INF", ".nan", "007"]),
        ("a truth value", ["true", "True", "FALSE"]),
        ("nothing", ["", "~", "null", "NULL"]),
        (None, ["on", "yes", "no", "1:30", "5s", "1_0", "2024-01-01", "nan", "inf", "shop", "0b1", "tRUE", "\u0663"]),
    ],
)
def test_bare_words_are_taken_as_yaml_1_2_takes_them(kind: str | None, texts: list[str]) -> None:
    """The core schema of YAML 1.2, not the surprises of 1.1."""
    assert {kind} == {needs_quotes(text) for text in texts}


@pytest.mark.parametrize(("form", "text", "value"), GOOD)
def test_the_patterns_for_editors_agree(form: str, text: str, value: object) -> None:
    """What is read matches the pattern of the JSON Schema, where there is one."""
    assert re.search(str(FORMATS[form].schema.get("pattern", "")), text)
    assert FORMATS[form].name
