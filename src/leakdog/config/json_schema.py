"""JSON Schema (draft 2020-12) of the configuration, for editors. Generated from the dataclasses."""

from __future__ import annotations

from typing import Any

from leakdog.config.formats import FORMATS
from leakdog.config.keys import Key, keys_of
from leakdog.config.reader import LABEL_NAME_PATTERN, RESERVED_LABELS
from leakdog.config.schema import Config
from leakdog.config.show import written

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": ["string", "number", "boolean"]}
_MAPPINGS: dict[str, dict[str, Any]] = {
    "labels": {
        "type": ["object", "null"],
        "propertyNames": {
            "pattern": LABEL_NAME_PATTERN,
            "not": {"anyOf": [{"enum": sorted(RESERVED_LABELS)}, {"pattern": "^__"}]},
        },
        "additionalProperties": _TEXT,
    },
    "params": {
        "type": ["object", "null"],
        "propertyNames": {"not": {"const": "seconds"}},
        "additionalProperties": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
    },
}


def json_schema() -> dict[str, Any]:
    """The schema of a whole file. What only `config check` can tell (rules between keys) is not in it."""
    return {"$schema": DRAFT, "title": "leakdog configuration", **_section(Config), "type": "object"}


def _section(section: type) -> dict[str, Any]:
    keys = keys_of(section).values()
    required = [key.name for key in keys if key.required]
    return {
        "description": section.__doc__,
        "type": "object" if required else ["object", "null"],
        "additionalProperties": False,
        "properties": {key.name: _key(key) for key in keys},
        **({"required": required} if required else {}),
    }


def _key(key: Key) -> dict[str, Any]:
    one = _one(key)
    rules = {"type": ["array", "null"], "items": one} if key.many else one
    told = {**rules, "description": key.help}
    if key.default is not None and key.form != "section" and not key.required:
        told["default"] = written(key.default, key)
    return told


def _one(key: Key) -> dict[str, Any]:
    if key.form == "section":
        return _section(key.type)
    if key.form == "choice":
        return {"type": "string", "enum": list(key.choices)}
    if key.form in _MAPPINGS:
        return dict(_MAPPINGS[key.form])
    rules = dict(FORMATS[key.form].schema)
    if rules.get("minimum") == 0 and not key.zero:
        rules["exclusiveMinimum"] = rules.pop("minimum")
    return rules
