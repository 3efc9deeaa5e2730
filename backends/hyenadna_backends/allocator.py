"""How large arrays are allocated on Linux: in huge pages, and kept for the next array instead of handed back.

With 4 KB pages, XLA and PyTorch miss the address cache and fault at every array; glibc's allocator can do better, but
reads its settings once, when a process starts. So the command `hyenadna` starts itself again (docs/log.md: 1.8x).
"""

import ctypes
import os
import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

VARIABLE = "GLIBC_TUNABLES"
SETTINGS = {"hugetlb": 1, "arena_max": 1, "trim_threshold": 1 << 40}
KEPT = 1 << 40  # bytes; arrays up to there are kept in training
ROOM = 1 << 29  # bytes, for all that is smaller than what a step takes at once: weights, optimizer, Python's own
ALWAYS_HANDED_BACK = 1 << 28  # bytes; arrays from there on would leave holes too large for a million bases in 6 GB
KERNEL = Path("/sys/kernel/mm/transparent_hugepage/enabled")  # "always [madvise] never"
SINCE = (2, 35)  # glibc


def allocator_settings(keeps: bool = False, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What to add to the environment of a process that computes: nothing where glibc or the kernel would not heed it.

    Nothing either where somebody else has set the variable, to whatever value. With `keeps`, for training, whose steps
    take the same memory again and again, arrays of every size are kept for the next; otherwise those below 256 MB.
    """
    library, version = platform.libc_ver()
    if VARIABLE in system_environment(environment) or library != "glibc":
        return {}
    if tuple(map(int, version.split("."))) < SINCE or _kernel_mode() not in ("always", "madvise"):
        return {}
    return {VARIABLE: _value(keeps)}


def system_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment without settings of ours, as a program has it that allocates as the system does."""
    ours = environment.get(VARIABLE) in (_value(keeps=True), _value(keeps=False))
    return {name: value for name, value in environment.items() if not (ours and name == VARIABLE)}


def has_huge_pages(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether large arrays of this process come in huge pages."""
    asks = "glibc.malloc.hugetlb=1" in environment.get(VARIABLE, "")
    return _kernel_mode() == "always" or (_kernel_mode() == "madvise" and asks)


def restart_with_settings(keeps: bool) -> None:
    """Start this program again, in the same process, where the settings are not those of its environment yet."""
    added = allocator_settings(keeps)
    if added and sys.executable and os.environ.get(VARIABLE) != added[VARIABLE]:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **added})  # noqa: S606 (itself)


def leave_room(environment: Mapping[str, str] = os.environ) -> int:
    """Where arrays of every size are kept, leave a hole at the start of the heap; its bytes, or 0 elsewhere.

    XLA takes the memory of a step at once. Given back, it would be cut by the first small array that comes, and too
    short for the next step, which would have new pages faulted in. Small arrays go into the hole instead, and each
    step finds the end of the heap as the one before left it. Nobody touches the rest of the hole: it takes no memory.
    """
    if f"mmap_threshold={KEPT}" not in environment.get(VARIABLE, "") or platform.libc_ver()[0] != "glibc":
        return 0
    library = ctypes.CDLL(None)
    library.malloc.argtypes, library.malloc.restype = [ctypes.c_size_t], ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    hole = library.malloc(ROOM)
    library.malloc(1 << 20)  # stays, so that the hole does not grow together with the end of the heap
    library.free(hole)
    return ROOM


def wait_for_each_call(backend: str) -> None:
    """Let JAX return from a call on a CPU when it is done: to be said before it makes its first array.

    Otherwise the next call may take memory before the one before has given its own back, and a place that another
    thread leaves, ready for reuse but for a few bytes, is not taken again: two to five times the memory of a step, and
    a step of twice the time whenever more is faulted in (docs/log.md). Other devices, and several at once, go on as
    they do.
    """
    if backend == "jax":
        import jax

        with suppress(AttributeError):  # a release that has no such option
            jax.config.update("jax_cpu_enable_async_dispatch", False)


def _value(keeps: bool) -> str:
    settings = SETTINGS | {"mmap_threshold": KEPT if keeps else ALWAYS_HANDED_BACK}
    return ":".join(f"glibc.malloc.{name}={value}" for name, value in settings.items())


def _kernel_mode() -> str:
    try:
        return KERNEL.read_text().partition("[")[2].partition("]")[0]
    except OSError:
        return "never"
