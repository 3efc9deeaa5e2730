"""Memory for large arrays on Linux: in huge pages, and kept for the next array.

With pages of 4 KB, XLA and PyTorch lose time in address look-ups and page faults at every array.
The allocator of glibc can do better, but it reads its settings only when a process starts. So the
command `hyenadna` starts itself again with them (docs/log.md: 1.8 times as fast).
"""

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

VARIABLE = "GLIBC_TUNABLES"
SETTINGS = {"hugetlb": 1, "arena_max": 1, "trim_threshold": 1 << 40}
KEPT = 1 << 40  # bytes; in training, the memory of smaller arrays is kept: of all
ROOM = 1 << 29  # bytes for everything smaller than the memory of a step: weights, optimizer, Python
ALWAYS_HANDED_BACK = 1 << 28  # bytes; larger holes would not leave room for a million bases in 6 GB
KERNEL = Path("/sys/kernel/mm/transparent_hugepage/enabled")  # "always [madvise] never"
SINCE = (2, 35)  # glibc


def allocator_settings(keeps: bool = False, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables to add to the environment of a process that computes.

    There are none if glibc or the kernel would ignore them, or if the user has set the variable.
    With `keeps`, the memory of all arrays is kept for the next ones: the steps of a training take
    the same memory again and again. Otherwise only the memory of arrays below 256 MB is kept.
    """
    library, version = platform.libc_ver()
    if VARIABLE in system_environment(environment) or library != "glibc":
        return {}
    if tuple(map(int, version.split("."))) < SINCE or _kernel_mode() not in ("always", "madvise"):
        return {}
    return {VARIABLE: _value(keeps)}


def system_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment without our settings."""
    ours = environment.get(VARIABLE) in (_value(keeps=True), _value(keeps=False))
    return {name: value for name, value in environment.items() if not (ours and name == VARIABLE)}


def has_huge_pages(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether large arrays of this process get huge pages."""
    asks = "glibc.malloc.hugetlb=1" in environment.get(VARIABLE, "")
    return _kernel_mode() == "always" or (_kernel_mode() == "madvise" and asks)


def restart_with_settings(keeps: bool) -> None:
    """Start this program again in the same process, unless its environment has the settings.

    SIGINT is blocked until then: `hyenadna_core.__main__` waits for it when it has started again.
    """
    added = allocator_settings(keeps)
    if added and sys.executable and os.environ.get(VARIABLE) != added[VARIABLE]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **added})  # noqa: S606 (itself)


def leave_room(environment: Mapping[str, str] = os.environ) -> int:
    """Leave a hole at the start of the heap if all memory is kept; return its bytes, else 0.

    XLA takes the memory of a step at once. After the step, a small array could land in this memory
    and make it too short for the next step, which would then need new pages. With the hole, small
    arrays land there, and each step finds the end of the heap as the last one left it. The unused
    part of the hole takes no memory.
    """
    if f"mmap_threshold={KEPT}" not in environment.get(VARIABLE, "") or platform.libc_ver()[0] != "glibc":
        return 0
    library = ctypes.CDLL(None)
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    hole = library.malloc(ROOM)
    library.malloc(1 << 20)  # stays, so that the hole does not merge with the end of the heap
    library.free(hole)
    return ROOM


def wait_for_each_call(backend: str) -> None:
    """Make JAX return from a call on a CPU only when it is done; call this before its first array.

    Its inputs must be there (`ready`), because JAX queues a call whose inputs are on their way.
    Otherwise a call may take memory before the previous call has freed its own, and memory that
    another thread freed is often not used again. A step then takes two to five times the memory,
    and twice the time whenever new pages are needed (docs/log.md). Other devices do not change.
    """
    if backend == "jax":
        import jax

        with suppress(AttributeError):  # this release of JAX lacks the option
            jax.config.update("jax_cpu_enable_async_dispatch", False)


def ready(arrays: T) -> T:
    """Return arrays of JAX; on a CPU, as soon as they are there.

    JAX copies a large NumPy array in another thread. A call that gets it before is queued, and with
    it all calls that use its results (`wait_for_each_call`).
    """
    import jax

    return jax.block_until_ready(arrays) if jax.default_backend() == "cpu" else arrays


def _value(keeps: bool) -> str:
    settings = SETTINGS | {"mmap_threshold": KEPT if keeps else ALWAYS_HANDED_BACK}
    return ":".join(f"glibc.malloc.{name}={value}" for name, value in settings.items())


def _kernel_mode() -> str:
    try:
        return KERNEL.read_text().partition("[")[2].partition("]")[0]
    except OSError:
        return "never"
