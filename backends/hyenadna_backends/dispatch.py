"""Calls of JAX on a CPU: each is done when it returns."""

from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


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
