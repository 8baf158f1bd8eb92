"""Numbers that have grown old: columns in a few bits a value, and one value for five minutes or an hour."""

from leakdog.store.series.block import dump as dump
from leakdog.store.series.block import load as load
from leakdog.store.series.block import read as read
from leakdog.store.series.rollup import fold as fold
from leakdog.store.series.rows import Column as Column
from leakdog.store.series.rows import Rows as Rows
