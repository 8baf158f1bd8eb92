"""docs/configuration.md holds every key and no other."""

import re
from pathlib import Path

import yaml

from leakdog.config.json_schema import json_schema
from leakdog.config.load import loads
from leakdog.config.reference import reference

DOCS = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()


def test_the_tables_of_the_documentation_are_those_of_the_schema() -> None:
    """Write them anew with `leakdog config schema --markdown` when they differ."""
    assert DOCS.endswith("a test compares them. -->\n\n" + reference())


def test_the_tables_have_a_row_per_key() -> None:
    """As many rows as the JSON Schema has keys, each with five cells."""

    def count(schema: object) -> int:
        if isinstance(schema, list):
            return sum(map(count, schema))
        if not isinstance(schema, dict):
            return 0
        return len(schema.get("properties", {})) + sum(map(count, schema.values()))

    rows = re.findall(r"^\| `\w+` \|.*\|$", reference(), re.MULTILINE)
    assert len(rows) == count(json_schema())
    assert {6} == {len(re.findall(r"(?<!\\)\|", row)) for row in rows}


def test_the_example_of_the_documentation_loads() -> None:
    """The file at the top of the page can be copied."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert len(blocks) == 1
    assert [job.job_name for job in loads(blocks[0], "f").scrape_configs] == ["shop", "postgresql"]


def test_key_names_in_the_text_are_known() -> None:
    """Whatever stands in code marks and looks like a key with an underscore is one."""
    known = set(re.findall(r"\w+", str(yaml.safe_dump(json_schema()))))
    prose = DOCS.split("## Every key")[0]
    mentioned = {word for code in re.findall(r"`([^`\n]+)`", prose) for word in re.findall(r"\b[a-z]+_[a-z_]+\b", code)}
    assert mentioned - {"leakdog_config_last_reload_successful"} <= known
    assert len(mentioned) > 5
