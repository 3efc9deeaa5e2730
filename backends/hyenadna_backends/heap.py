"""Memory for large arrays on Linux: in huge pages, and kept for the next array.

With pages of 4 KB, XLA and PyTorch lose time in address look-ups and page faults at every array.
The allocator of glibc can do better (docs/log.md: 1.8 times as fast), and can be told so in a
running process. Scripts, notebooks and commands do it in the same way.
"""

import ctypes
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hyenadna_backends.dispatch import wait_for_each_call

OPT_OUT = "HYENADNA_HEAP"  # "system": leave the heap as it is
TUNABLES = "GLIBC_TUNABLES"
OF_GLIBC = (
    "MALLOC_ARENA_MAX",
    "MALLOC_MMAP_MAX_",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_TRIM_THRESHOLD_",
)
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, MMAP_MAX = -1, -2, -3, -4  # malloc.h
MOST_KEPT = (1 << 31) - 1  # bytes of freed memory at the end of the heap
NEVER = -1  # as the threshold of trimming: all of it is kept
MMAPS = 1 << 16  # glibc's own limit for arrays outside the heap
HANDED_BACK = 1 << 28  # bytes; larger arrays are handed back to the system, unless a free place is long enough
HUGE_PAGE = 1 << 21  # bytes
MADV_HUGEPAGE = 14
PLACE = (1 << 29) - (1 << 12)  # bytes; too short for arrays of a million bases, which would stay in it
PLACES = 2  # free places in huge pages; only what is used takes memory
BETWEEN = 1 << 20  # bytes between two places
HOLE = 1 << 29  # bytes for everything smaller than the memory of a step: weights, optimizer, Python
KERNEL = Path("/sys/kernel/mm/transparent_hugepage/enabled")  # "always [madvise] never"

PROCESS = "huge pages, set in the running process"
KEPT = "freed memory is kept, without huge pages"
USERS = "yours"
OTHERS = "the system's"


def settle_process(backend: str) -> None:
    """Set the heap of this process, and let calls of JAX on a CPU wait; before its first array."""
    settle_heap()
    wait_for_each_call(backend)


def settle_for_model() -> None:
    """Do so for the backend that Keras runs on."""
    import keras  # here, since this package is imported before a backend is chosen

    settle_process(keras.config.backend())


@cache
def settle_heap() -> str:
    """Make glibc keep freed memory and use huge pages, once in a process; return what is in use.

    Nothing changes if the process has another allocator, if it started with settings of glibc, or
    if HYENADNA_HEAP is "system".
    """
    found = chosen_heap()
    if found:
        return found
    library = _glibc()
    if not library.mallopt(MMAP_THRESHOLD, HANDED_BACK) or not library.mallopt(TRIM_THRESHOLD, MOST_KEPT):
        return OTHERS
    library.mallopt(TOP_PAD, PLACE)  # what stays when more is handed back
    return PROCESS if huge_pages_mode() in ("always", "madvise") and _make_room(library, PLACE, PLACES) else KEPT


@contextmanager
def large_arrays_kept() -> Iterator[None]:
    """Keep the memory of all arrays in the block: each step of a training takes the same again.

    The room grows to half of the memory of the machine. A hole at its start is for small arrays.
    After the block the process hands back what it does not use.
    """
    found = settle_heap()
    if found not in (PROCESS, KEPT):
        yield
        return
    library = _glibc()
    library.mallopt(TRIM_THRESHOLD, NEVER)
    if found == PROCESS:
        _make_room(library, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    library.mallopt(MMAP_MAX, 0)
    _leave_hole_once()
    try:
        yield
    finally:
        library.mallopt(MMAP_MAX, MMAPS)
        library.mallopt(TRIM_THRESHOLD, MOST_KEPT)
        library.malloc_trim(0)
        if found == PROCESS:
            _make_room(library, PLACE, PLACES)


def hand_back(size: int) -> None:
    """Hand what the heap keeps back to the system, if arrays of `size` bytes would not be kept.

    The parts of a long input are smaller than that: what they leave would stay beside the large
    arrays that come next.
    """
    if size >= HANDED_BACK and settle_heap() in (PROCESS, KEPT):
        _glibc().malloc_trim(0)


def chosen_heap(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return who has chosen the settings of the heap when the process started, or None."""
    if platform.libc_ver()[0] != "glibc" or not _allocates(_glibc()) or environment.get(OPT_OUT) == "system":
        return OTHERS
    chosen = [name for name in OF_GLIBC if name in environment]
    return USERS if chosen or "glibc.malloc." in environment.get(TUNABLES, "") else None


def _make_room(library: ctypes.CDLL, size: int, count: int = 1) -> bool:
    """Put free places into the heap whose pages are huge; return whether the system gave them.

    The heap grows by them, and keeps them when they are free again. What lies between two places
    stays, so that they do not merge.
    """
    library.mallopt(MMAP_MAX, 0)
    places: list[int] = []
    while len(places) < count and (place := library.malloc(size)):
        places.append(place)
        if count > 1:
            library.malloc(BETWEEN)
    library.mallopt(MMAP_MAX, MMAPS)
    huge = len(places) == count and places[-1] < library.sbrk(0)  # else in a thread that has no part of the heap
    if huge:
        first, end = -(-places[0] // HUGE_PAGE) * HUGE_PAGE, (places[-1] + size) // HUGE_PAGE * HUGE_PAGE
        huge = library.madvise(first, end - first, MADV_HUGEPAGE) == 0
    for place in places:
        library.free(place)
    return huge


@cache
def _leave_hole_once() -> None:
    """Leave a hole for small arrays in the heap.

    XLA takes the memory of a step at once. After the step, a small array could land in this memory
    and make it too short for the next step, which would then need new pages. With the hole, small
    arrays land there, and each step finds the end of the heap as the last one left it. The unused
    part of the hole takes no memory.
    """
    library = _glibc()
    hole = library.malloc(HOLE)
    library.malloc(1 << 20)  # stays, so that the hole does not merge with the end of the heap
    library.free(hole)


@cache
def _glibc() -> ctypes.CDLL:
    library = ctypes.CDLL("libc.so.6")
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    library.sbrk.argtypes, library.sbrk.restype = [ctypes.c_ssize_t], ctypes.c_void_p
    library.malloc_trim.argtypes = [ctypes.c_size_t]
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return library


def _allocates(library: ctypes.CDLL) -> bool:
    """Return whether arrays of this process come from glibc, and not from jemalloc or the like."""
    address = [ctypes.cast(one.malloc, ctypes.c_void_p).value for one in (library, ctypes.CDLL(None))]
    return address[0] == address[1]


def huge_pages_mode() -> str:
    """Return how this kernel gives huge pages: "always", "madvise" (where asked) or "never"."""
    try:
        return KERNEL.read_text().partition("[")[2].partition("]")[0]
    except OSError:
        return "never"
