"""Labels of the nodes of a call graph."""

import pytest

from leakdog.model import Frame
from leakdog.pprof import DEFAULT_LIMITS, Profile
from leakdog.pprof.build import Builder
from leakdog.pprof.profile import Label, ValueType
from leakdog.report.graph import View, tally
from leakdog.report.node_tags import NodeTags, Tag, collapsed, ranked, tags_of

SPACE = ValueType("inuse_space", "bytes")


def profile(*samples: tuple[str, int, tuple[Label, ...]]) -> Profile:
    """Stacks such as `leaf root` with their bytes and labels."""
    builder = Builder([SPACE], DEFAULT_LIMITS)
    for stack, size, labels in samples:
        names = stack.split()
        where = [builder.location(ord(name[0]), (Frame(name, "a.go", 1),)) for name in names]
        builder.sample([size], where, labels)
    return builder.build(SPACE, 1)


def tags(made: Profile, least: int = 0) -> dict[str, NodeTags]:
    """Labels by the name of the node."""
    found = tally(made, View())
    return {found.names[node]: held for node, held in tags_of(made, found, "minimum", least).items()}


def test_sizes_are_flat_at_the_leaf_and_cum_above() -> None:
    """What `leaf` holds in objects of 64 bytes is of `root` in cum only; other numbers are no sizes."""
    made = profile(("leaf root", 640, (Label("bytes", 64), Label("depth", 7))), ("root", 128, (Label("bytes", 64),)))
    assert tags(made) == {
        "leaf": NodeTags((), {"": (Tag("64B", 640, 640, 64, "bytes"),)}),
        "root": NodeTags((), {"": (Tag("64B", 128, 768, 64, "bytes"),)}),
    }


def test_texts_of_one_sample_are_one_label() -> None:
    """In order of their keys, with the sizes that come with them."""
    made = profile(("leaf", 8, (Label("user", "bob"), Label("app", "shop"), Label("bytes", 8))))
    text = "app:shop\nuser:bob"
    assert tags(made)["leaf"] == NodeTags((Tag(text, 8, 8),), {text: (Tag("8B", 8, 8, 8, "bytes"),)})


def test_what_is_too_little_is_left_out() -> None:
    """By what the node holds of it, in flat or in cum."""
    made = profile(("leaf", 90, (Label("bytes", 9),)), ("leaf", 1, (Label("bytes", 1),)))
    assert [tag.name for tag in tags(made, least=5)["leaf"].numbers[""]] == ["9B"]
    assert tags(made)["leaf"].held() == 2


def test_a_recursive_function_holds_a_label_once() -> None:
    """However often it is in the stack."""
    assert tags(profile(("f f f", 5, (Label("bytes", 5),))))["f"].numbers[""][0].cum == 5


def sized(value: int, held: int) -> Tag:
    """Objects of one size."""
    return Tag(f"{value}B", held, held, value, "bytes")


@pytest.mark.parametrize(
    ("count", "wanted"),
    [(3, [("1000B", 9), ("10B..12B", 6), ("500B", 5)]), (4, [("1000B", 9), ("500B", 5), ("10B", 4), ("12B", 2)])],
)
def test_sizes_are_put_together_with_the_nearest(count: int, wanted: list[tuple[str, int]]) -> None:
    """If there are too many; named from the smallest to the largest."""
    given = [sized(12, 2), sized(10, 4), sized(1000, 9), sized(500, 5)]
    assert [(tag.name, tag.flat) for tag in collapsed(given, count, flat=True)] == wanted


def test_the_largest_comes_first() -> None:
    """In flat alone, or in cum before flat; of equal ones by name."""
    given = [Tag("a", 1, 9), Tag("b", 2, 2), Tag("c", 2, 9)]
    assert [tag.name for tag in ranked(given, flat=True)] == ["b", "c", "a"]
    assert [tag.name for tag in ranked(given, flat=False)] == ["c", "a", "b"]
