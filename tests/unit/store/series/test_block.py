"""Rows as one block of bytes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakdog.errors import StoreCorrupted
from leakdog.store.series.block import dump, load, read
from leakdog.store.series.rollup import fold
from leakdog.store.series.rows import LAST, Rows

Told = list[tuple[float, float, Mapping[int, float]]]
Maker = Callable[[Told], Rows]
Same = Callable[[Rows, Rows], bool]
Tellings = st.SearchStrategy[Told]


@given(st.data())
def test_rows_come_back(rows_of: Maker, same: Same, tellings: Tellings, data: st.DataObject) -> None:
    """Bit for bit, with rows that lack signals, as they were read and folded."""
    told = data.draw(tellings.filter(bool))
    for rows in (rows_of(told), fold(rows_of(told), 300)):
        assert same(rows, load(dump(rows)))


@given(st.data())
def test_one_signal_is_read_alone(rows_of: Maker, tellings: Tellings, data: st.DataObject) -> None:
    """With the times and lives of the rows that have it, and nothing where none has."""
    told = data.draw(tellings.filter(bool))
    block = dump(rows_of(told))
    ordered = sorted(told, key=lambda row: row[0])
    for signal in (1, 2, 3, 200):
        times, life_starts, found = read(block, signal)
        assert found.at.tolist() == list(range(len(times)))
        values = found.figures[LAST].tolist()
        wanted = [(time, life, each[signal]) for time, life, each in ordered if signal in each]
        assert wanted == list(zip(times.tolist(), life_starts.tolist(), values, strict=True))


def test_any_damage_is_told(rows_of: Maker) -> None:
    """A block that is cut off, or of which any byte is wrong, raises `StoreCorrupted` whatever is asked of it."""
    values = np.random.default_rng(1).integers(0, 10**6, 80).tolist()
    data = dump(rows_of([(60.0 * row, 0.0, {1: float(value), 2: 7.0}) for row, value in enumerate(values)]))
    cut = [data[:length] for length in range(len(data))]
    wrong = [data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :] for place in range(len(data))]
    for damaged in cut + wrong:
        with pytest.raises(StoreCorrupted, match="a block of numbers is damaged"):
            load(damaged)
        with pytest.raises(StoreCorrupted, match="a block of numbers is damaged"):
            read(damaged, 2)


def test_what_signals_have_in_common_is_there_once(rows_of: Maker) -> None:
    """A signal that goes as another does, and one that never changes, take a few bytes of a block of 720 rows."""
    values = np.cumsum(np.random.default_rng(1).integers(-20, 24, 720)).tolist()
    one = dump(rows_of([(60.0 * row, 0.0, {1: value}) for row, value in enumerate(values)]))
    more = dump(rows_of([(60.0 * row, 0.0, {1: value, 2: value, 3: 7.0}) for row, value in enumerate(values)]))
    assert len(more) - len(one) < 40


# 40 rows as they were read and folded, as leakdog wrote them before blocks had a checksum.
FIRST_FORM = (
    b"5l{jY78C+d03HNT02Br&3KRnX0RUrQA`SomBN^~60ApYx4gdfF0097FU?2_v00RJkAOK_V@~VfTdVEX(0S5s9V_+Z-003LH3J3rN00aPIU}C`l00",
    b"9S{l<8WI8!03IG5AQA)+01^@s5)uXw02mk&Dii|*1ps4Uf&c&`*}DO->Hz>_V1fVu0RRC2V_<*)004mC3xFU103kzULLdPn0D#~NfFJ+>Nl7*~024"
    b"_7fWQraAOJNK6l-fW02Ba#zzBe#82|wS0s{j900IF80RUrQfB*mi2LS+MV1NJs0RRC2V_<*)009620ApZ)000310RUrQfB*mi1pxqKV1NJs1P}xO0"
    b"2nF(J{3|a0Bi&REhhyNA^=Jh0RRC2V_<*)005N#|NsC0|Ns91C;$Wm0RjgA4FLfI0RUrQWB@||",
)

# Of the first signal in each five minutes, worked out by hand.
MEANS = [137625.6, 233472.0, 163840.0, 259686.4, 190054.4, 203161.6, 216268.8, 229376.0]


def test_blocks_of_the_first_form_are_read(rows_of: Maker, same: Same) -> None:
    """What earlier versions have written; means of few values as exactly as they are told now."""
    told: Told = [
        (60.0 * row + 0.25, 0.0, {1: row * 37 % 101 * 4096.0, 2: 7.0} | ({} if row % 2 else {3: row**2 * 1.0}))
        for row in range(40)
    ]
    read_once, folded = (base64.b85decode(each) for each in FIRST_FORM)
    assert same(load(read_once), rows_of(told))
    assert same(load(folded), fold(rows_of(told), 300))
    assert read(folded, 1)[2].highs.tolist()[:2] == [303104.0, 385024.0]
    assert read(folded, 1)[2].means == pytest.approx(MEANS, abs=315392 / 64)


def test_damage_to_the_first_form_is_told_or_harmless() -> None:
    """It has no checksum: a wrong byte raises `StoreCorrupted`, or gives as many rows."""
    for data in map(base64.b85decode, FIRST_FORM):
        refused = 0
        for place in range(len(data)):
            damaged = data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]
            try:
                assert len(load(damaged)) == len(load(data))
            except StoreCorrupted:
                refused += 1
        assert refused > 5
