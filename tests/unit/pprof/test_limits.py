"""The limits."""

from __future__ import annotations

from dataclasses import fields

import pytest

from leakdog.pprof.limits import DEFAULT_LIMITS, Limits


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_each_limit_is_explained(name: str) -> None:
    """Every limit is positive, and says in the docstring what it is for."""
    assert getattr(DEFAULT_LIMITS, name) > 0
    assert f"\n        {name}: " in (Limits.__doc__ or "")
