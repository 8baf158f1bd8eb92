"""Functions that the producers of text profiles do not want to be shown, by what is profiled.

The profiler itself is on the stacks that it takes: `malloc` in each of a heap, the end of a lock in each of a
contention profile. Patterns match whole names. Which functions these are: google/pprof profile/legacy_profile.go.
"""

from __future__ import annotations

from typing import NamedTuple


class Uninteresting(NamedTuple):
    """Patterns as in profile.proto: frames to leave out, and those among them to keep."""

    drop_frames: str = ""
    keep_frames: str = ""


def _any(*groups: str) -> str:
    return "|".join(name for group in groups for name in group.split())


NONE = Uninteresting()
HEAP = Uninteresting(
    _any(
        "calloc cfree malloc free memalign do_memalign (__)?posix_memalign pvalloc valloc realloc",
        r"tcmalloc::.* tc_(c|m|pv|v|re)alloc tc_c?free tc_(posix_)?memalign",
        "tc_new(array)?(_nothrow)? tc_delete(array)?",
        "malloc_zone_(malloc|calloc|valloc|realloc|memalign|free)",
        r"runtime\..*",
        "BaseArena::.* (::)?do_malloc(_no_errno|_pages)? DoSampledAllocation MallocedMemBlock::MallocedMemBlock",
        r"_M_allocate __builtin_(vec_)?(delete|new) __gnu_cxx::new_allocator::allocate __libc_malloc",
        r"__malloc_alloc_template::allocate allocate cpp_alloc simple_alloc::allocate",
    )
    + r"|operator new(\[\])?",
    _any(r"runtime\.panic runtime\.reflectcall runtime\.call[0-9]*"),
)
CONTENTION = Uninteresting(
    _any(
        "(base::)?RecordLockProfileData.* (base::)?Submit(Mutex|SpinLock)ProfileData.*",
        "((base::)?Mutex::)?(AwaitCommon|Unlock|ReaderUnlock).* ((base::)?MutexLock::)?~MutexLock.*",
        "(SpinLock::)?(Unlock|SlowUnlock).* (SpinLockHolder::)?~SpinLockHolder.*",
    )
)
OTHER = Uninteresting(
    _any("ProfileData::Add ProfileData::prof_handler CpuProfiler::prof_handler __pthread_sighandler __restore")
)
