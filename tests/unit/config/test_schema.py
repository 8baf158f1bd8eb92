"""The defaults are themselves a valid configuration, and every key explains itself."""

from collections.abc import Iterator

import pytest
import yaml

from leakdog.config.keys import Key, keys_of
from leakdog.config.load import loads
from leakdog.config.schema import Config


def paths(section: type, path: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
    """Every key with those above it."""
    for key in keys_of(section).values():
        yield (*path, key)
        if key.form == "section":
            yield from paths(key.type, (*path, key))


def named(path: tuple[Key, ...]) -> str:
    """The path as text."""
    return ".".join(key.name for key in path)


def test_an_empty_mapping_is_the_defaults() -> None:
    """What no file says is what the dataclasses say."""
    assert loads("{}", "f") == Config()


@pytest.mark.parametrize("path", list(paths(Config)), ids=named)
def test_the_example_of_a_key_is_valid(path: tuple[Key, ...]) -> None:
    """Each key's example loads in its place and says something else than the default."""
    value = yaml.load(path[-1].example, Loader=yaml.BaseLoader)
    text = path[-1].example
    for above, key in zip(path[-2::-1], path[:0:-1], strict=True):
        rest = "".join(
            f", {name}: {other.example}"
            for name, other in keys_of(above.type).items()
            if other.required and name != key.name
        )
        text = f"[{{{key.name}: {text}{rest}}}]" if above.many else f"{{{key.name}: {text}{rest}}}"
    assert value is not None
    assert loads(f"{path[0].name}: {text}", "f") != Config()


@pytest.mark.parametrize("path", list(paths(Config)), ids=named)
def test_a_key_is_explained(path: tuple[Key, ...]) -> None:
    """The help is part of a sentence: no capital in front unless a name, no full stop behind."""
    help_text = path[-1].help
    assert help_text
    assert not help_text.endswith(".")
    assert help_text[:2].isupper() or not help_text[0].isupper()
