"""YAML becomes nodes that know their places, within limits."""

import pytest

from leakdog.config import marks
from leakdog.config.marks import Entry, Mapping, Mark, Scalar, Sequence, compose
from leakdog.errors import ConfigError


def test_every_node_knows_its_place() -> None:
    """Lines and columns count from 1, in characters, for keys and for values."""
    root, problems = compose('é:\n  - "x"\n  - y\n', "f")
    assert problems == []
    items = (Scalar(Mark(2, 5), "x", plain=False), Scalar(Mark(3, 5), "y", plain=True))
    assert root == Mapping(Mark(1, 1), {"é": Entry(Mark(1, 1), Sequence(Mark(2, 3), items))})


@pytest.mark.parametrize("text", ["on", "1:30", "0x1F", "2024-01-01", "1_000", "~", "true", "=", "1e3"])
def test_scalars_stay_text(text: str) -> None:
    """Nothing is turned into a number, a truth value or a date."""
    root, _ = compose(text, "f")
    assert root == Scalar(Mark(1, 1), text, plain=True)


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null_is_told_only_without_quotes(text: str) -> None:
    """`null` is no value, `"null"` a text."""
    mark = Mark(1, 1)
    assert Scalar(mark, text, plain=True).is_null
    assert not Scalar(mark, text, plain=False).is_null


@pytest.mark.parametrize("text", ["", "# a comment\n", "\n\n"])
def test_a_document_without_a_node_is_none(text: str) -> None:
    """Nothing and comments alone have no root."""
    assert compose(text, "f") == (None, [])


def test_an_alias_is_the_very_node() -> None:
    """An alias costs no memory, and its places are those of the anchor."""
    root, _ = compose("a: &x [1]\nb: *x\n", "f")
    assert isinstance(root, Mapping)
    assert root.entries["b"].value is root.entries["a"].value


def test_a_later_anchor_takes_the_name_over() -> None:
    """As in YAML, an alias stands for the latest anchor above it."""
    root, _ = compose("[&x a, *x, &x b, *x]", "f")
    assert isinstance(root, Sequence)
    assert [item.text for item in root.items if isinstance(item, Scalar)] == ["a", "a", "b", "b"]


def test_merging_keeps_own_keys_and_the_first_of_two_merged() -> None:
    """What `<<` brings fills in; its order in the mapping does not count."""
    root, _ = compose("- &a {k: a, x: a}\n- &b {k: b, y: b}\n- {z: own, <<: [*a, *b], y: own}\n", "f")
    assert isinstance(root, Sequence)
    merged = root.items[2]
    assert isinstance(merged, Mapping)
    texts = {key: entry.value.text for key, entry in merged.entries.items() if isinstance(entry.value, Scalar)}
    assert texts == {"k": "a", "x": "a", "y": "own", "z": "own"}


def test_aliases_count_by_what_they_stand_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file at the limit loads, one value more does not, and the place of that one is told."""
    text = "[&x [a, b], *x, *x]"  # 1 + 3 * 3
    monkeypatch.setattr(marks, "MAX_NODES", 10)
    assert compose(text, "f")[1] == []
    monkeypatch.setattr(marks, "MAX_NODES", 9)
    with pytest.raises(ConfigError, match=r"^f:1:17: the file grows past 9 values here"):
        compose(text, "f")


def test_aliases_nest_by_what_they_stand_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth that is put together from aliases is depth."""
    monkeypatch.setattr(marks, "MAX_DEPTH", 3)
    assert compose("[&x [[a]], *x]", "f")[1] == []
    with pytest.raises(ConfigError, match=r"^f:1:13: values nest deeper than 3 levels"):
        compose("[&x [[a]], [*x]]", "f")


def test_a_bracket_bomb_is_refused_at_once() -> None:
    """A million brackets end at the depth limit, before any stack is full."""
    with pytest.raises(ConfigError, match="values nest deeper than 50 levels"):
        compose("[" * 1_000_000, "f")


def test_a_long_chain_of_merges_is_refused() -> None:
    """Merges of merges are counted like everything else."""
    chain = "".join(f"- &a{n} {{k{n}: v, <<: *a{n - 1}}}\n" for n in range(1, 2000))
    with pytest.raises(ConfigError, match=r"values nest deeper than|grows past"):
        compose(f"- &a0 {{k0: v}}\n{chain}", "f")


def test_problems_that_stop_nothing_are_collected() -> None:
    """Equal keys, odd keys, tags and bad merges are told together."""
    _, problems = compose("a: 1\na: 2\n? [x]\n: 1\nb: !!int 3\n<<: 4\n", "f")
    assert sorted((one.line, one.column) for one in problems) == [(2, 1), (3, 3), (5, 4), (6, 5)]


def test_a_syntax_error_comes_with_its_place_and_what_was_found_before() -> None:
    """The message names what was being read and where that began."""
    with pytest.raises(ConfigError) as error:
        compose("x: {a: 1, a: 2}\nb: [1\n", "f")
    duplicate, syntax = error.value.problems
    assert (duplicate.line, duplicate.column) == (1, 11)
    assert "f:3:1: not valid YAML: did not find expected ',' or ']', while parsing a flow sequence" in str(syntax)
