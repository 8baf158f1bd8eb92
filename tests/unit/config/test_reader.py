"""One walk reads any section, notes every problem, and remembers where each value stands."""

from dataclasses import dataclass, field

from leakdog.config.marks import Mark, compose
from leakdog.config.reader import Reader, path_text
from leakdog.config.schema import Config, GlobalConfig


def read(text: str, section: type) -> tuple[object, Reader]:
    """The section read from a text, and its reader."""
    root, problems = compose(text, "f")
    assert root is not None
    assert problems == []
    reader = Reader("f")
    return reader.section(root, section, ()), reader


def test_a_path_is_written_as_people_do() -> None:
    """Keys are joined with dots, places in lists stand in brackets."""
    assert path_text(("scrape_configs", 0, "static_configs", 12, "targets")) == (
        "scrape_configs[0].static_configs[12].targets"
    )
    assert path_text(()) == ""
    assert path_text(("params", "\x1b[2J")) == r"params.'\x1b[2J'"


def test_the_walk_knows_no_key_by_name() -> None:
    """A section that is not in the schema is read by its fields alone."""

    @dataclass(frozen=True, kw_only=True)
    class Tea:
        minutes: float = field(default=3.0, metadata={"help": "", "example": "", "kind": "duration"})
        sorts: tuple[str, ...] = field(default=(), metadata={"help": "", "example": ""})

    Tea.__annotations__ = {"minutes": float, "sorts": tuple[str, ...]}
    assert read("minutes: 4m\nsorts: [oolong, assam]\n", Tea)[0] == Tea(minutes=240.0, sorts=("oolong", "assam"))


def test_places_are_kept_for_what_was_read() -> None:
    """Sections, lists and scalars each have their mark."""
    _, reader = read("scrape_configs:\n  - job_name: shop\n    profiles: [heap]\n", Config)
    assert reader.places.marks == {
        (): Mark(1, 1),
        ("scrape_configs",): Mark(2, 3),
        ("scrape_configs", 0): Mark(2, 5),
        ("scrape_configs", 0, "job_name"): Mark(2, 15),
        ("scrape_configs", 0, "profiles"): Mark(3, 15),
        ("scrape_configs", 0, "profiles", 0): Mark(3, 16),
    }
    assert reader.places.bad == set()


def test_what_holds_a_bad_value_is_spoilt() -> None:
    """A bad value is known as such, as is all that is above it, and what is beside it stays sound."""
    _, reader = read("global: {scrape_interval: x, scrape_timeout: 5s}", Config)
    assert reader.places.bad == {("global",), ("global", "scrape_interval")}
    assert reader.places.given(("global", "scrape_interval"))
    assert reader.places.given(("global", "scrape_timeout"))
    assert not reader.places.given(("storage",))


def test_what_cannot_be_read_is_left_at_its_default() -> None:
    """The rest of the section is read, so that problems in it come too."""
    config, reader = read("global: {scrape_interval: x, scrape_timeout: 5s, y: 1}", Config)
    assert config == Config(global_=GlobalConfig(scrape_timeout=5.0))
    assert len(reader.problems) == 2


def test_items_after_a_bad_one_keep_their_index() -> None:
    """A bad item leaves a stand-in, so the places of those after it are right."""
    _, reader = read("scrape_configs: [{job_name: a, profiles: [cpu, heap]}, 5, {job_name: b}]", Config)
    assert ("scrape_configs", 0, "profiles", 1) in reader.places.marks
    assert ("scrape_configs", 2, "job_name") in reader.places.marks
    assert [problem.column for problem in reader.problems] == [43, 56]
