"""Every key as tables in Markdown, generated from the schema: the middle of `docs/configuration.md`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from leakdog.config.formats import FORMATS
from leakdog.config.keys import Key, keys_of
from leakdog.config.schema import Config
from leakdog.config.show import written
from leakdog.config.words import listed

_NAMES = {
    "section": "section",
    "labels": "label names to texts",
    "params": "names to texts or lists of texts",
}


def reference() -> str:
    """One table per section, in the order of the schema."""
    return "\n".join(_tables(Config, ""))


def _tables(section: type, path: str) -> Iterator[str]:
    keys = keys_of(section).values()
    yield f"### {f'`{path}`' if path else 'The whole file'}\n\n{section.__doc__}\n"
    yield "| Key | Type | Default | Meaning | Example |\n|---|---|---|---|---|"
    yield from (_row(key) for key in keys)
    yield ""
    for key in keys:
        if key.form == "section":
            yield from _tables(key.type, f"{path}.{_name(key)}".removeprefix("."))


def _row(key: Key) -> str:
    cells = (f"`{key.name}`", _type(key), _default(key), key.help, f"`{key.name}: {key.example}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _name(key: Key) -> str:
    return f"{key.name}[]" if key.many else key.name


def _type(key: Key) -> str:
    if key.form == "choice":
        name = listed(f"`{choice}`" for choice in key.choices)
    else:
        name = _NAMES[key.form] if key.form in _NAMES else FORMATS[key.form].name
    return f"list of {name}" if key.many else name


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.default is None or (key.form == "section" and not key.many):
        return ""
    return f"`{_flow(written(key.default, key))}`"


def _flow(value: Any) -> str:
    """YAML on one line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
