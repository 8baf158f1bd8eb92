"""The schema's dataclasses are seen as a table of keys."""

from dataclasses import fields

from leakdog.config.keys import keys_of
from leakdog.config.schema import Backend, Config, DetectionConfig, ScrapeConfig, StaticConfig, StorageConfig
from leakdog.model import Kind


def test_a_key_has_the_name_of_yaml() -> None:
    """`global` is a word of Python, so its attribute is called otherwise."""
    assert list(keys_of(Config)) == ["global", "storage", "detection", "dense", "scrape_configs"]
    assert keys_of(Config)["global"].attribute == "global_"


def test_every_field_is_a_key() -> None:
    """No field of a section is left out."""
    attributes = [key.attribute for key in keys_of(ScrapeConfig).values()]
    assert attributes == [field.name for field in fields(ScrapeConfig)]


def test_the_form_says_how_a_value_is_written() -> None:
    """Sections and choices are seen from their types, scalars from their kind, the rest is text."""
    job = keys_of(ScrapeConfig)
    forms = {"job_name": "text", "scheme": "choice", "profiles": "choice", "params": "params", "process": "section"}
    assert forms == {name: job[name].form for name in forms}
    assert keys_of(StorageConfig)["backend"].type is Backend
    assert job["profiles"].choices == tuple(kind.value for kind in Kind)
    assert job["scheme"].choices == ("http", "https")


def test_lists_and_options_are_unwrapped() -> None:
    """A list is `many` of its type, `X | None` is an optional X."""
    job = keys_of(ScrapeConfig)
    assert (job["static_configs"].many, job["static_configs"].type) == (True, StaticConfig)
    assert (job["scrape_interval"].optional, job["scrape_interval"].type) == (True, float)
    assert (job["metrics_path"].optional, job["metrics_path"].many) == (False, False)


def test_what_the_schema_says_of_a_key_is_kept() -> None:
    """Required, zero, defaults, help and examples come from the field."""
    assert [name for name, key in keys_of(StaticConfig).items() if key.required] == ["targets"]
    assert keys_of(DetectionConfig)["hold_time"].zero
    assert keys_of(StaticConfig)["labels"].default == {}
    assert keys_of(ScrapeConfig)["metrics_path"].default == "/metrics"
