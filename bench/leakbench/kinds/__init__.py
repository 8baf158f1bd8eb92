"""Kinds of series, each drawn from what a real program, runtime, database or kernel does, with its source named.

A kind is a function of a random generator and a clock. It gives memory relative to a baseline of 1, the load that was
served, when the process restarted, and for kinds that leak the leaked part. What all kinds share (noise, missed
scrapes, bursts, restarts, the unit) is added in `sample.py`.
"""

from bench.leakbench.kinds import cycles, fills, leaks_in_runtimes, leaks_in_services, loads
from bench.leakbench.kinds.common import KINDS, Clock, Hard, Kind, Shape
from bench.leakbench.kinds.sample import POINTS, STEP, Sample, make

ROOMS = (leaks_in_runtimes, leaks_in_services, fills, cycles, loads)  # importing a room registers its kinds
__all__ = ["KINDS", "POINTS", "ROOMS", "STEP", "Clock", "Hard", "Kind", "Sample", "Shape", "make"]
