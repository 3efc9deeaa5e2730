"""Several processes that train one model: the number of this one, and its rows of a batch."""

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from hyenadna_backends.blocks import backend


def rank_and_count() -> tuple[int, int]:
    """Return the number of this process and the number of processes: 0 and 1 for a single one."""
    pair: tuple[int, int] = _PROCESSES.get(backend(), lambda: (0, 1))()
    return pair


def is_first_process() -> bool:
    """Return whether this process writes and prints."""
    return rank_and_count()[0] == 0


def in_any_process(flag: bool) -> bool:
    """Return whether the flag is set in any process; all processes must call this together."""
    return _ANY.get(backend(), bool)(flag) if rank_and_count()[1] > 1 else flag


def start_processes() -> None:
    """Join the other processes of a run, which torchrun or a cluster started.

    Raises:
        ValueError: the environment does not name them, or the backend trains only in one process.
    """
    if backend() not in _START:
        raise ValueError(f"Backend {backend()!r} trains in one process: choose jax or torch.")
    _START[backend()]()


def share_steps() -> None:
    """Share the arrays made from now on among all devices of JAX, in all processes.

    Other backends have one device in each process: nothing changes for them.
    """
    if backend() == "jax":
        import keras

        keras.distribution.set_distribution(keras.distribution.DataParallel())


def process_of(part: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Return the rows of each array that this process computes.

    Raises:
        ValueError: the rows do not divide evenly among the processes.
    """
    rank, count = rank_and_count()
    rows = []
    for array in part:
        if len(array) % count:
            raise ValueError(f"{len(array)} sequences do not divide among {count} processes.")
        each = len(array) // count
        rows.append(array[rank * each : (rank + 1) * each])
    return rows


def _torch() -> tuple[int, int]:
    from torch import distributed

    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def _jax() -> tuple[int, int]:
    import jax

    return jax.process_index(), jax.process_count()


def _start_torch() -> None:
    import torch
    from torch import distributed

    if "RANK" not in os.environ:
        raise ValueError("--distributed with PyTorch: start it by torchrun, which sets RANK and WORLD_SIZE.")
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if on_gpu else "gloo")


def _start_jax() -> None:
    import jax

    texts = {name: os.environ.get(variable) for name, variable in JAX_VARIABLES.items()}
    given: dict[str, Any] = {
        name: value if name == "coordinator_address" else int(value) for name, value in texts.items() if value
    }
    try:
        jax.distributed.initialize(**given)
    except Exception as error:  # JAX raises no particular class
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"--distributed with JAX: {reason} Without a cluster that JAX knows, set "
            f"{', '.join(JAX_VARIABLES.values())}."
        ) from error


def _any_torch(flag: bool) -> bool:
    import torch
    from torch import distributed

    flags = torch.tensor(int(flag), device="cuda" if torch.cuda.is_available() else "cpu")
    distributed.all_reduce(flags, distributed.ReduceOp.MAX)
    return bool(flags)


def _any_jax(flag: bool) -> bool:
    from jax.experimental.multihost_utils import process_allgather

    return bool(process_allgather(np.array(flag)).any())


JAX_VARIABLES = {
    "coordinator_address": "JAX_COORDINATOR_ADDRESS",
    "num_processes": "JAX_NUM_PROCESSES",
    "process_id": "JAX_PROCESS_ID",
}
_ANY: dict[str, Any] = {"torch": _any_torch, "jax": _any_jax}
_START: dict[str, Any] = {"torch": _start_torch, "jax": _start_jax}
_PROCESSES: dict[str, Any] = {"torch": _torch, "jax": _jax}
