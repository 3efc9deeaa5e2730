"""The memory for training, and the number of devices of this process."""

import os
from collections.abc import Callable
from pathlib import Path

from hyenadna_backends.blocks import backend

MEMINFO = Path("/proc/meminfo")
CONTROL_GROUP = Path("/sys/fs/cgroup/memory.max")


def free_memory() -> int:
    """Return the free bytes on the device that computes: of the GPU, or of the machine."""
    return _ON_DEVICE.get(backend(), lambda: None)() or _on_machine()


def local_devices() -> int:
    """Return the number of devices of JAX in this process; it is 1 on other backends."""
    if backend() != "jax":
        return 1
    import jax

    return len(jax.local_devices())


def _jax() -> int | None:
    import jax

    statistics = jax.local_devices()[0].memory_stats() or {}
    return statistics["bytes_limit"] - statistics.get("bytes_in_use", 0) if "bytes_limit" in statistics else None


def _torch() -> int | None:
    import torch

    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else None


def _on_machine() -> int:
    try:
        lines = dict(line.split(":") for line in MEMINFO.read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except OSError:
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(free, int(CONTROL_GROUP.read_text()))
    except (OSError, ValueError):  # no such group, or no limit
        return free


_ON_DEVICE: dict[str, Callable[[], int | None]] = {"jax": _jax, "torch": _torch}
