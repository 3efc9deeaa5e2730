"""The devices that each backend finds on this machine.

Each backend is asked in its own process, so that a broken one does not stop the others.

`python -m hyenadna_backends.devices jax` prints one line of JSON: version and devices.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from hyenadna_backends.blocks import backend


def _jax() -> tuple[str, list[str]]:
    import jax

    return jax.__version__, [f"{device.platform}:{device.id} {device.device_kind}" for device in jax.devices()]


def _torch() -> tuple[str, list[str]]:
    import torch

    devices = [f"cuda:{index} {torch.cuda.get_device_name(index)}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return torch.__version__, [*devices, f"cpu ({torch.get_num_threads()} threads)"]


def _mlx() -> tuple[str, list[str]]:
    from importlib.metadata import version

    import mlx.core as mx

    return version("mlx"), [str(mx.default_device())]


def _numpy() -> tuple[str, list[str]]:
    import numpy

    return numpy.__version__, ["cpu"]


def _tensorflow() -> tuple[str, list[str]]:
    import tensorflow

    return tensorflow.__version__, [device.name for device in tensorflow.config.list_physical_devices()]


def _openvino() -> tuple[str, list[str]]:
    import openvino

    return openvino.__version__, list(openvino.Core().available_devices)


ASK: dict[str, Callable[[], tuple[str, list[str]]]] = {
    "jax": _jax,
    "torch": _torch,
    "mlx": _mlx,
    "numpy": _numpy,
    "tensorflow": _tensorflow,
    "openvino": _openvino,
}


@cache
def cores() -> int:
    """Return the number of cores for this process: OMP_NUM_THREADS, else as many as it may use."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if limit.isdecimal() and int(limit):
        return int(limit)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def current_device() -> str:
    """Return the device on which the backend makes its arrays now."""
    return _CURRENT.get(backend(), lambda: "cpu")()


def _current_jax() -> str:
    import jax

    return str(jax.default_backend())


def _current_torch() -> str:
    from keras import ops

    return str(ops.zeros(()).device)


def _current_mlx() -> str:
    import mlx.core as mx

    return str(mx.default_device())


_CURRENT = {"jax": _current_jax, "torch": _current_torch, "mlx": _current_mlx}


def last_message(ended: "subprocess.CompletedProcess[str]") -> str:
    """Return the last line that a failed process wrote to stderr, or else its exit status."""
    lines = ended.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit status {ended.returncode}"


def ask(name: str, timeout: float = 120.0) -> dict[str, Any]:
    """Return {"version", "devices"} of an installed backend, or {"error"} with its message."""
    command = [sys.executable, "-m", "hyenadna_backends.devices", name]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)  # noqa: S603 (our own command)
    except subprocess.TimeoutExpired:
        return {"error": f"no answer in {timeout:.0f} s"}
    if answer.returncode:
        return {"error": last_message(answer)}
    description: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return description


if __name__ == "__main__":
    version, devices = ASK[sys.argv[1]]()
    print(json.dumps({"version": version, "devices": devices}))
