"""Numbers of one signal as few bytes, and back bit for bit.

Memory is counted in pages and objects, so values are whole multiples of something, and near those before them. They
are told as whole numbers (or as decimals of up to three places, or, where they are neither, as the 64 bits they are
made of, which rise and fall with the value), divided by the largest step that all their differences share. Of three
ways the smallest is taken: what each differs from the middle one (values that scatter), from the one before (values
that wander), or from going on as before (values that rise). The low bits, which are noise, are packed as they are;
what is above is deflated. Where many are zero, it is told which, and then only the others.
"""

from __future__ import annotations

import functools
import zlib

import numpy as np
from numpy.typing import NDArray

from leakdog.pprof.wire import read_varint, varint
from leakdog.store.pack import ints
from leakdog.store.series import marks

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.uint64]

DECIMALS = 4  # none to three places
BITS = 7  # instead of places: the bits themselves
_ORDERS = 3
_DEFLATED = 1
_SPARSE = 0x80
_FEW_ZEROS = 16  # fewer than one in so many are not told apart
_EXACT = 2.0**53
_LEVEL = 9
_RAW_DEFLATE = -15
# Columns of so few bytes are remembered, as many as that: they take a few hundred kilobytes at most.
_SHORT = 24
_REMEMBERED = 64
# The bits of a middling number that are told apart; those below scatter evenly.
_TOLD_BITS = 4


def dump(values: Floats) -> bytes:
    """Values as bytes, without how many there are."""
    if not len(values):
        return b""
    form, numbers = _whole(values)
    whole = _written(form, numbers)
    zeros = numbers == 0
    if np.count_nonzero(zeros) * _FEW_ZEROS < len(zeros) or zeros.all():
        return whole
    which = marks.dump(~zeros)
    return min(whole, bytes([_SPARSE]) + varint(len(which)) + which + _written(form, numbers[~zeros]), key=len)


def load(data: bytes, count: int) -> Floats:
    """The `count` values that `dump` wrote, bit for bit. They may not be changed: others may have been given them.

    Raises:
        ValueError, IndexError, MalformedProfile, zlib.error: these are not so many values.

    """
    return _short(data, count) if len(data) <= _SHORT else _loaded(data, count)


@functools.lru_cache(_REMEMBERED)
def _short(data: bytes, count: int) -> Floats:
    """Values that are told in few bytes: those of what never moves are asked for again and again."""
    values = _loaded(data, count)
    values.setflags(write=False)
    return values


def _loaded(data: bytes, count: int) -> Floats:
    if not count:
        return np.empty(0, np.float64)
    if data[0] == _SPARSE:
        return _load_sparse(data, count)
    form, order, deflated = data[0] >> 4, data[0] >> 1 & 3, data[0] & _DEFLATED
    base, at = read_varint(data, 1)
    step, at = read_varint(data, at)
    width, at = read_varint(data, at)
    noise = at + (count * width + 7) // 8
    high = zlib.decompress(data[noise:], _RAW_DEFLATE) if deflated else data[noise:]
    codes = ints.load_unsigned(high)
    if len(codes) != count:
        raise ValueError(f"{len(codes)} values instead of {count}")
    if width:
        codes = codes << np.uint64(width) | _unpacked(data[at:noise], count, width)
    numbers = ints.unfolded(codes)
    for _ in range(order):
        numbers = np.cumsum(numbers)
    if step != 1:
        numbers *= np.int64(step)
    numbers += np.uint64(base).astype(np.int64)
    return numbers.view(np.float64) if form == BITS else numbers / 10.0**form


def _load_sparse(data: bytes, count: int) -> Floats:
    size, at = read_varint(data, 1)
    there = marks.load(data[at : at + size], count)
    values = np.zeros(count)
    values[there] = load(data[at + size :], len(there))
    return values


def _whole(values: Floats) -> tuple[int, Ints]:
    """How many decimal places the values have, and as whole numbers of the last; or `BITS`, and their bits."""
    for places in range(DECIMALS):
        with np.errstate(invalid="ignore"):  # a signalling NaN
            scaled = np.rint(values * 10.0**places)
        if not (np.abs(scaled) < _EXACT).all():  # nor is NaN
            break
        numbers = scaled.astype(np.int64)
        if np.array_equal((numbers / 10.0**places).view(np.int64), values.view(np.int64)):
            return places, numbers
    return BITS, values.view(np.int64)


def _written(form: int, numbers: Ints) -> bytes:
    # Differences of bits can pass 63 bits; they wrap there and back.
    step = 1 if form == BITS else int(np.gcd.reduce(np.diff(numbers))) or 1
    base, order, codes = min((_coded(numbers, step, order) for order in range(_ORDERS)), key=_bits)
    middle = int(np.sort(codes)[len(codes) // 2]).bit_length()
    head = varint(int(base.astype(np.uint64))) + varint(step)
    forms = []
    for width in {0, max(0, middle - _TOLD_BITS)}:
        low, high = _packed(codes, width), ints.varints(codes >> np.uint64(width))
        small = zlib.compress(high, _LEVEL, _RAW_DEFLATE)
        deflated = len(small) < len(high)
        first = bytes([form << 4 | order << 1 | deflated])
        forms.append(first + head + varint(width) + low + (small if deflated else high))
    return min(forms, key=len)


def _coded(numbers: Ints, step: int, order: int) -> tuple[np.int64, int, Codes]:
    """The first or middle number, and the others by how much they differ, so many times, in steps."""
    base = numbers[0] if order else np.sort(numbers)[len(numbers) // 2]
    told = (numbers - base) // step
    for _ in range(order):
        told = np.diff(told, prepend=np.int64(0))
    return base, order, ints.folded(told)


def _bits(coded: tuple[np.int64, int, Codes]) -> float:
    """Roughly how many bits codes take."""
    return float(np.log2(coded[2] + 1.0).sum())


def _packed(codes: Codes, width: int) -> bytes:
    """The lowest bits of each number, one number after the other."""
    bits = codes[:, None] >> np.arange(width, dtype=np.uint64) & np.uint64(1)
    return np.packbits(bits.astype(np.uint8)).tobytes()


def _unpacked(data: bytes, count: int, width: int) -> Codes:
    bits = np.zeros((count, 64), np.uint8)
    bits[:, :width] = np.unpackbits(np.frombuffer(data, np.uint8), count=count * width).reshape(count, width)
    codes: Codes = np.packbits(bits.ravel(), bitorder="little").view("<u8")
    return codes
