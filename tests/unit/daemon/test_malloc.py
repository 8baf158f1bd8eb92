"""The C library's allocator, told not to hold memory that nobody uses, and Python's collector, told to rest."""

import ctypes
import subprocess
import sys

import pytest

from leakdog.daemon import malloc

# Threads that all allocate at once, and then how many arenas the C library has made.
THREADS = """
import ctypes, sys, tempfile, threading
from leakdog.daemon.malloc import hold_little
if sys.argv[1] == "held":
    assert hold_little()
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
c.fopen.restype, c.malloc_info.argtypes = ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p)
c.fclose.argtypes = (ctypes.c_void_p,)
together = threading.Barrier(4)
def allocate():
    together.wait()
    for _ in range(100):
        c.malloc(10_000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile() as file:
    stream = c.fopen(file.name.encode(), b"w")
    c.malloc_info(0, stream)
    c.fclose(stream)
    print(file.read().decode().count("<heap nr="))
"""

# A large block is freed, which is when glibc learns to keep blocks of its size; then the next of them lies where?
LARGE = """
import ctypes, sys
from leakdog.daemon.malloc import hold_little
if sys.argv[1] == "held":
    assert hold_little()
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, (ctypes.c_size_t,), (ctypes.c_void_p,)
c.mallinfo2.restype = Info
for _ in range(3):
    large = [c.malloc(4 << 20) for _ in range(4)]
    for _ in range(20): c.malloc(100_000)  # more than go into holes that Python has left: one lies above them
    for each in large: c.free(each)
print(c.mallinfo2().fordblks >> 20)
"""

# Of many small blocks in a row every tenth stays in use: how many MiB of the pages between are given back?
HOLES = """
import ctypes, sys
from leakdog.daemon.malloc import give_back, hold_little
assert hold_little()
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, (ctypes.c_size_t,), (ctypes.c_void_p,)
blocks = [c.malloc(20_000) for _ in range(2000)]
for block in blocks: ctypes.memset(block, 1, 20_000)
for number, block in enumerate(blocks):
    if number % 10: c.free(block)
def resident():
    with open("/proc/self/statm") as file: return int(file.read().split()[1]) * 4096
before = resident()
if sys.argv[1] == "held":
    assert give_back()
print((before - resident()) >> 20)
"""

# Many objects are made and kept, a little at a time; then how often Python has searched for cycles.
OBJECTS = """
import gc, sys
from leakdog.daemon.malloc import collect_seldom
if sys.argv[1] == "held":
    collect_seldom()
before = sum(each["collections"] for each in gc.get_stats())
for _ in range(100):
    kept = [[] for _ in range(1000)]
print(sum(each["collections"] for each in gc.get_stats()) - before)
"""

# How many objects Python leaves out when it searches.
LEFT_OUT = """
import gc, sys
from leakdog.daemon.malloc import collect_seldom
if sys.argv[1] == "held":
    collect_seldom()
print(gc.get_freeze_count())
"""


def said(program: str, how: str) -> int:
    """What the program prints, in a process of its own: `held` sets the allocator first."""
    return int(subprocess.run([sys.executable, "-c", program, how], check=True, capture_output=True, text=True).stdout)


def test_threads_share_an_arena() -> None:
    """What one thread frees serves the others; left alone, each thread keeps its own."""
    assert said(THREADS, "held") == 1
    assert said(THREADS, "free") > 1


def test_what_a_large_profile_took_is_given_back() -> None:
    """Nothing of blocks of 4 MiB is kept; left alone, glibc keeps them from the second time on."""
    assert said(LARGE, "held") == 0
    assert said(LARGE, "free") >= 4


def test_what_lies_free_between_is_given_back() -> None:
    """Most of 36 MB of holes are no longer resident; left alone, all of them are."""
    assert said(HOLES, "held") >= 20
    assert said(HOLES, "free") < 2


def test_elsewhere_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A C library without mallopt is no error: nothing is set or given back, and that is told."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert malloc.hold_little() is False
    assert malloc.give_back() is False


def test_cycles_are_searched_for_seldom() -> None:
    """A pass keeps some objects for a moment; left alone, Python searches for cycles each time it has made 700."""
    assert said(OBJECTS, "held") <= 10
    assert said(OBJECTS, "free") >= 50


def test_modules_are_not_searched() -> None:
    """What is there before the daemon begins stays, so nothing is looked for in it."""
    assert said(LEFT_OUT, "held") > 1000
    assert said(LEFT_OUT, "free") == 0
