"""Which fields messages have."""

from __future__ import annotations

import numpy as np
import pytest

from leakdog.pprof.layout import KNOWN, MISTYPED, SAMPLE, TABLES, UNKNOWN, indices
from leakdog.pprof.schema import MESSAGES


@pytest.mark.parametrize("layout", [*TABLES.outer, TABLES.inner, SAMPLE], ids=lambda each: each.name)
def test_a_layout_has_the_fields_of_its_message(layout: object) -> None:
    """Every field of the schema is known, and no other."""
    known = {int(tag) >> 3 for tag in np.flatnonzero(layout.kinds == KNOWN)}  # type: ignore[attr-defined]
    assert known == {field.number for field in MESSAGES[layout.name].DESCRIPTOR.fields}  # type: ignore[attr-defined]


def test_a_field_may_be_known_mistyped_or_unknown() -> None:
    """A function's name is a number: as text it is mistyped; field 9 is of a later version."""
    kinds = TABLES.outer[1].kinds
    assert [kinds[tag] for tag in (2 << 3, 2 << 3 | 2, 9 << 3)] == [KNOWN, MISTYPED, UNKNOWN]


@pytest.mark.parametrize("tag", [128, 1 << 40, -1])
def test_tags_beyond_one_byte_are_unknown(tag: int) -> None:
    """Whatever the tag, it has an index, and those that are not ours have one of an unknown field."""
    assert SAMPLE.kinds[indices(np.array([tag]))].tolist() == [UNKNOWN]
    assert indices(np.array([10])).tolist() == [10]
