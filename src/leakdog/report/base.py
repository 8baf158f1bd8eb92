"""What is subtracted from a profile, kept apart in it by a label, as `go tool pprof -diff_base` does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.profile import LabelTable, Profile
from leakdog.pprof.symbols import Strings, Symbols

KEY, TEXT = "pprof::base", "true"


def labelled(profile: Profile) -> Profile:
    """The profile with the label on every sample."""
    symbols, table = profile.symbols, profile.label_table
    raw = [*symbols.strings.raw, KEY.encode(), TEXT.encode()]
    row = {"key": len(raw) - 2, "text": len(raw) - 1, "number": 0, "unit": 0}
    at = table.offsets[:-1]
    columns = {name: np.insert(getattr(table, name), at, value) for name, value in row.items()}
    strings = Strings.of(raw, symbols.strings.name_length)
    return replace(
        profile,
        symbols=Symbols(strings, symbols.mappings, symbols.functions, symbols.locations),
        label_table=LabelTable(table.offsets + np.arange(len(table.offsets)), **columns),
    )


def of_base(profile: Profile) -> NDArray[np.bool_]:
    """(samples,): which of them have it."""
    table, raw = profile.label_table, profile.symbols.strings.raw
    key, text = ([row for row, each in enumerate(raw) if each == name.encode()] for name in (KEY, TEXT))
    rows = np.flatnonzero(np.isin(table.key, key) & np.isin(table.text, text))
    out = np.zeros(len(profile.values), bool)
    out[np.searchsorted(table.offsets, rows, side="right") - 1] = True
    return out
