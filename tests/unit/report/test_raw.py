"""The layout of `raw`. That it is pprof's is tested by `integration/test_pprof_views.py`."""

from dataclasses import replace
from pathlib import Path

import pytest

from leakdog.pprof import parse
from leakdog.report.raw import as_json, render

DATA = Path(__file__).parents[1] / "pprof" / "testdata"


def test_everything_is_told() -> None:
    """As many samples, locations and mappings as there are."""
    profile = parse((DATA / "etcd-heap.pb.gz").read_bytes())
    head, rest = render(profile).split("Locations\n")
    locations, mappings = rest.split("Mappings\n")
    assert head.startswith("PeriodType: space bytes\nPeriod: 524288\nTime: 2026-")
    assert head.count("bytes:[") == len(profile.values)
    assert sum(": 0x" in line for line in locations.splitlines()) == len(profile.symbols.locations.mapping)
    assert len(mappings.splitlines()) == len(profile.symbols.mappings.file)


@pytest.mark.parametrize(
    ("nanos", "told"), [(10_010_000_000, "10.0"), (90_500_000_000, "1m30"), (250_000_000, "250m"), (900, "900n")]
)
def test_a_duration_is_cut_to_four_characters(nanos: int, told: str) -> None:
    """As pprof does it."""
    profile = replace(parse((DATA / "etcd-heap.pb.gz").read_bytes()), duration_nanos=nanos)
    assert f"\nDuration: {told}\n" in render(profile)


def test_comments_and_documentation_come_first() -> None:
    """Where the producer gave them."""
    profile = replace(parse((DATA / "etcd-heap.pb.gz").read_bytes()), comments=("built by hand",), doc_url="http://x")
    assert render(profile).startswith("Comment: built by hand\nDoc: http://x\nPeriodType: ")


def test_json_has_the_numbers() -> None:
    """Stacks point to locations, their lines to functions, and they to binaries."""
    profile = parse((DATA / "etcd-heap.pb.gz").read_bytes())
    made = as_json(profile)
    assert [each["values"] for each in made["samples"]] == profile.values.tolist()
    sample = made["samples"][0]
    names = [
        made["functions"][line["function"]]["name"]
        for location in sample["stack"]
        for line in made["locations"][location]["lines"]
    ]
    assert names == [frame.function for frame in profile.stack(0)]
    assert made["mappings"][made["locations"][sample["stack"][0]]["mapping"]]["file"].endswith("etcd")
    assert sample["labels"] == [label._asdict() for label in profile.labels(0)]
