"""How the daemon's process deals with memory: the C library's allocator, told not to hold what is no longer used, and
Python's collector of cycles, told not to look for them all the time.
"""

from __future__ import annotations

import ctypes
import gc

# mallopt(3) of glibc. Each thread allocates in an arena of its own, and what it frees serves no other: the threads that
# read processes, decode, store and look up names held 10 MiB of free memory so, and more after each busy hour. Our
# threads take turns in Python anyhow, so they lose nothing by sharing one.
M_ARENA_MAX, ARENAS = -8, 1
# What is this large is a mapping of its own, given back when it is freed. glibc raises this to 32 MiB by itself, and
# with it how much free memory it keeps: after the first large profile, that of the largest.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, LARGE_BYTES = -3, -1, 512 << 10
# Objects made since the last search for cycles, and not freed, after which Python searches again. By itself it does so
# after 700, a few times in each pass, of which none leaves cycles that matter: a sixth of a pass with 500 targets.
COLLECT_AFTER = 10_000


def collect_seldom() -> None:
    """Have Python search for cycles seldom, and never among what is there already: modules and what belongs to them."""
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


def hold_little() -> bool:
    """Set this process's allocator so, before it starts threads. False where it is not glibc's: nothing is changed."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    settings = ((M_ARENA_MAX, ARENAS), (M_MMAP_THRESHOLD, LARGE_BYTES), (M_TRIM_THRESHOLD, LARGE_BYTES))
    return all(mallopt(name, value) for name, value in settings)


def give_back() -> bool:
    """Give back pages that lie free between what is in use. False where it is not glibc's allocator."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return False
    trim(0)
    return True
