"""The JSON Schema says what the dataclasses say."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from leakdog.config.json_schema import json_schema
from leakdog.config.keys import Key, keys_of
from leakdog.config.schema import Config


def pairs(schema: dict[str, Any], section: type) -> Iterator[tuple[dict[str, Any], type]]:
    """Every section of the schema with its dataclass."""
    yield schema, section
    for key in keys_of(section).values():
        if key.form == "section":
            below = schema["properties"][key.name]
            yield from pairs(below["items"] if key.many else below, key.type)


def values(schema: dict[str, Any], section: type) -> Iterator[tuple[dict[str, Any], Key]]:
    """Every key's schema (of one item, where it is a list) with the key."""
    for part, kind in pairs(schema, section):
        for key in keys_of(kind).values():
            own = part["properties"][key.name]
            yield (own["items"] if key.many else own), key


SCHEMA = json_schema()
PAIRS = list(pairs(SCHEMA, Config))
VALUES = list(values(SCHEMA, Config))


@pytest.mark.parametrize(("schema", "section"), PAIRS, ids=[section.__name__ for _, section in PAIRS])
def test_a_section_has_its_keys_and_no_others(schema: dict[str, Any], section: type) -> None:
    """Keys, required ones, and the ban on others."""
    assert list(schema["properties"]) == list(keys_of(section))
    assert schema["additionalProperties"] is False
    assert schema.get("required", []) == [key.name for key in keys_of(section).values() if key.required]
    assert "object" in schema["type"]


def test_it_names_its_draft_and_the_whole() -> None:
    """Editors know which rules apply; a file may not be null."""
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["type"] == "object"


@pytest.mark.parametrize(("schema", "key"), VALUES, ids=[key.name for _, key in VALUES])
def test_a_value_has_a_type_and_its_choices(schema: dict[str, Any], key: Key) -> None:
    """Choices are listed, patterns compile, and zero is excluded unless it is allowed."""
    assert "type" in schema
    assert schema.get("enum", []) == list(key.choices)
    assert re.compile(schema.get("pattern", ""))
    assert not (schema.get("minimum") == 0 and not key.zero)


def test_every_key_is_described() -> None:
    """What the help says an editor shows."""
    for part, section in PAIRS:
        for key in keys_of(section).values():
            assert part["properties"][key.name]["description"] == key.help


def test_defaults_are_written_as_in_a_file() -> None:
    """Durations and sizes in human form, lists as lists."""
    properties = SCHEMA["properties"]
    assert properties["global"]["properties"]["scrape_interval"]["default"] == "1m"
    assert properties["storage"]["properties"]["retention"]["properties"]["size"]["default"] == "2GB"
    job = properties["scrape_configs"]["items"]["properties"]
    assert job["profiles"]["default"] == ["heap", "goroutine", "goroutineleak"]
    assert "default" not in job["job_name"]


def test_reserved_labels_are_refused_by_name() -> None:
    """The rule for label names is in the schema too."""
    labels = SCHEMA["properties"]["scrape_configs"]["items"]["properties"]["static_configs"]["items"]["properties"][
        "labels"
    ]
    assert labels["propertyNames"] == {
        "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$",
        "not": {"anyOf": [{"enum": ["instance", "job"]}, {"pattern": "^__"}]},
    }
