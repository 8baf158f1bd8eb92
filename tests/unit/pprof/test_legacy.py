"""Functions that text profiles do not want to be shown."""

from __future__ import annotations

import re

import pytest

from leakdog.pprof.legacy import CONTENTION, HEAP, OTHER, Uninteresting

# Names as google/pprof lists them, one for each kind of entry.
ALLOCATORS = (
    "calloc cfree malloc free memalign do_memalign posix_memalign __posix_memalign pvalloc valloc realloc",
    "tc_calloc tc_cfree tc_malloc tc_free tc_memalign tc_posix_memalign tc_pvalloc tc_valloc tc_realloc tc_new",
    "tc_delete tc_newarray tc_deletearray tc_new_nothrow tc_newarray_nothrow malloc_zone_malloc malloc_zone_calloc",
    "malloc_zone_valloc malloc_zone_realloc malloc_zone_memalign malloc_zone_free do_malloc_no_errno do_malloc",
    "::do_malloc_pages DoSampledAllocation MallocedMemBlock::MallocedMemBlock _M_allocate __builtin_delete",
    "__builtin_vec_delete __builtin_new __builtin_vec_new __gnu_cxx::new_allocator::allocate __libc_malloc",
    "__malloc_alloc_template::allocate allocate cpp_alloc simple_alloc::allocate tcmalloc::PageHeap BaseArena::Get",
    "runtime.mallocgc",
)
LOCKS = (
    "RecordLockProfileData base::RecordLockProfileData SubmitMutexProfileData base::SubmitSpinLockProfileDataX",
    "AwaitCommon Mutex::AwaitCommon base::Mutex::AwaitCommon Unlock Mutex::UnlockSlow base::Mutex::ReaderUnlock",
    "MutexLock::~MutexLock base::MutexLock::~MutexLock ~MutexLock SpinLock::Unlock SpinLock::SlowUnlock",
    "SpinLockHolder::~SpinLockHolder ~SpinLockHolder",
)


def drops(kind: Uninteresting, name: str) -> bool:
    """Whether a frame of this name is left out."""
    dropped = re.fullmatch(kind.drop_frames, name)
    return bool(dropped and not (kind.keep_frames and re.fullmatch(kind.keep_frames, name)))


@pytest.mark.parametrize("name", [*" ".join(ALLOCATORS).split(), "operator new", "operator new[]"])
def test_allocators_are_left_out_of_heaps(name: str) -> None:
    """They are at the end of every stack of a heap."""
    assert drops(HEAP, name)


@pytest.mark.parametrize("name", ["runtime.panic", "runtime.reflectcall", "runtime.call32", "main.malloc", "mymalloc"])
def test_other_functions_of_heaps_are_kept(name: str) -> None:
    """What Go's runtime calls from between, and what merely sounds like an allocator."""
    assert not drops(HEAP, name)


@pytest.mark.parametrize("name", " ".join(LOCKS).split())
def test_locks_are_left_out_of_contention(name: str) -> None:
    """They are at the end of every stack that waited."""
    assert drops(CONTENTION, name)


@pytest.mark.parametrize("name", ["base::Unlock", "main.Unlock", "pthread_mutex_lock"])
def test_other_functions_of_contention_are_kept(name: str) -> None:
    """Functions of the program that have such a name further in."""
    assert not drops(CONTENTION, name)


def test_signal_handlers_are_left_out_of_the_rest() -> None:
    """They are where the profiler looked, not what the program did."""
    assert drops(OTHER, "__pthread_sighandler")
    assert not drops(OTHER, "malloc")
