"""Child processes that compute: their environment, and their first steps."""

import os

from hyenadna_backends import choose
from hyenadna_backends.heap import settle_process


def thread_limits(threads: int) -> dict[str, str]:
    """Return the variables that limit the threads of a backend; it reads them when it starts.

    The CPU client of XLA has no flag for it: NPROC sets the number of its threads.
    """
    pools = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return dict.fromkeys((*pools, "NPROC", "PJRT_NPROC"), str(threads))


def child_environment(backend: str, threads: int) -> dict[str, str]:
    """Return the environment in which to start a process that computes on a backend.

    Args:
        backend: its name.
        threads: of each library; so numbers and times do not depend on what else runs.
    """
    return os.environ | thread_limits(threads) | {"KERAS_BACKEND": backend}


def start_in_child(backend: str) -> None:
    """Take the first steps of a process with such an environment, before it imports Keras."""
    choose(backend)
    settle_process(backend)
