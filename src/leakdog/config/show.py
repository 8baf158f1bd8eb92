"""The effective configuration, as it would be written by hand: YAML that reads back to the same values."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from leakdog.config.formats import FORMATS, needs_quotes
from leakdog.config.keys import Key, keys_of
from leakdog.config.schema import Config

SECRET = "<secret>"  # noqa: S105
MARK = "leakdog.comment."  # before the name of a key that becomes a comment
_COMMENT = re.compile(rf"^( *){re.escape(MARK)}", re.MULTILINE)
Place = tuple[type, str]  # a section and the name of a key in it
NOTHING: Mapping[str, str] = MappingProxyType({})
NO_PLACE: Mapping[Place, str] = MappingProxyType({})
_SECRET_NAME = re.compile("token|passw|secret|key|auth|credential|session|sig", re.IGNORECASE)


def show(
    config: Config,
    applies: Config | None = None,
    words: Mapping[str, str] = NOTHING,
    idle: Mapping[Place, str] = NO_PLACE,
) -> str:
    """YAML with every default filled in and secrets hidden.

    Keys left out are those that follow something else: another key, the preset, or what the process tells.
    Where nothing is hidden, and with what is idle, `loads` gives an equal configuration back.

    Args:
        config: what was read.
        applies: the same with what applies in place of what is left out: comments tell it.
        words: what they tell of a key, by its name, for which nothing applies either.
        idle: why a value never applies, by its section and name: a comment too, in its place where it is the default.

    """
    text = yaml.dump(
        _told(config, applies or config, words, idle),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )
    return _COMMENT.sub(r"\1# ", text)


def plain(config: Config, idle: Container[Place] = NO_PLACE) -> dict[str, Any]:
    """The same as dictionaries, lists and scalars, as JSON holds them; secrets are hidden, what is `idle` left out."""
    return _section(config, idle)


def written(value: Any, key: Key) -> Any:
    """One value of the schema as it stands in YAML or JSON, durations and sizes in human form."""
    return [_one(item, key) for item in value] if key.many else _one(value, key)


def _section(section: Any, idle: Container[Place] = NO_PLACE) -> dict[str, Any]:
    kind: type = type(section)
    keys = (key for key in keys_of(kind).values() if (kind, key.name) not in idle)
    values = ((key, getattr(section, key.attribute)) for key in keys)
    return {key.name: _within(value, key, idle) for key, value in values if value is not None}


def _within(value: Any, key: Key, idle: Container[Place]) -> Any:
    return _section(value, idle) if key.form == "section" and not key.many else written(value, key)


def _told(section: Any, applies: Any, words: Mapping[str, str], idle: Mapping[Place, str]) -> dict[str, Any]:
    """The section with what applies in place of what is left out, under marked names that become comments."""
    kind: type = type(section)
    out: dict[str, Any] = {}
    for key in keys_of(kind).values():
        value, other = getattr(section, key.attribute), getattr(applies, key.attribute)
        if why := idle.get((kind, key.name)):
            out |= {MARK + key.name: why} | ({} if value == key.default else {key.name: written(value, key)})
        elif value is None and (other is not None or key.name in words):
            out[MARK + key.name] = words[key.name] if other is None else written(other, key)
        elif value is None or key.form != "section":
            out |= {} if value is None else {key.name: written(value, key)}
        elif key.many:
            out[key.name] = [_told(*pair, words, idle) for pair in zip(value, other, strict=True)]
        else:
            out |= _part(key.name, _told(value, other, words, idle))
    return out


def _part(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """A section in its parent. One of comments alone would read as none: it is empty, and they stand below it."""
    if not all(inner.startswith(MARK) for inner in told):
        return {name: told}
    return {name: {}, **{f"{MARK}{name}.{inner.removeprefix(MARK)}": value for inner, value in told.items()}}


def _one(value: Any, key: Key) -> Any:
    match key.form:
        case "section":
            return _section(value)
        case "labels":
            return dict(value)
        case "params":
            return {name: _hidden(name, texts) for name, texts in value.items()}
        case "choice":
            return str(value)
        case form:
            return FORMATS[form].write(value)


def _hidden(name: str, texts: tuple[str, ...]) -> list[str]:
    return [SECRET] * len(texts) if _SECRET_NAME.search(name) else list(texts)


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.2 takes for a number, beside what PyYAML's YAML 1.1 quotes; names no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values out each time."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "'" if needs_quotes(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)
