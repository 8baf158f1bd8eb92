"""Labels that are chosen by text, by key, or by range."""

import pytest

from leakdog.errors import ProfileError
from leakdog.pprof import Label
from leakdog.report.tag_filter import tag_filter, unit_of

LABELS = (Label("handler", "/cart"), Label("user", "anna"), Label("bytes", 2048, "bytes"), Label("request", 512))


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("cart", True),
        ("handler:/cart", True),
        ("cart,anna", True),
        ("cart,otto", False),
        ("user=anna", True),
        ("user=otto,anna", True),
        ("handler=anna", False),
        ("2kb", True),
        ("2kb:", True),
        ("3kb:", False),
        (":512b", True),
        (":1b", False),
        ("1kb:4kb", True),
        ("3kb:4kb", False),
        ("bytes=1kb:", True),
        ("request=1kb:", False),
        ("user=1kb:", False),
        ("5s", False),
    ],
)
def test_what_is_chosen(text: str, chosen: bool) -> None:
    """All of the parts with commas, any of them with a key; numbers in any unit of their dimension."""
    assert tag_filter(text, "tagfocus")(LABELS) is chosen


def test_units_come_from_the_label_or_its_key() -> None:
    """A request is a size."""
    assert [unit_of(label) for label in (Label("x", 1, "ms"), Label("request", 1), Label("depth", 1))] == [
        "ms",
        "bytes",
        "depth",
    ]


def test_what_is_no_regular_expression_is_told() -> None:
    """With the name of the option."""
    with pytest.raises(ProfileError, match=r"tagignore: '\['"):
        tag_filter("ok,[", "tagignore")
