"""The same models on every backend, each in its own process, in one table.

`python -m hyenadna_core.checks.parity FOLDER BACKEND` runs one process: it reads
FOLDER/CASE.safetensors and writes its results to FOLDER/BACKEND/CASE.safetensors.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from hyenadna_backends import BACKENDS, missing
from hyenadna_backends.devices import last_message
from hyenadna_core.checks.cases import CASES, Case, Row, compute, inputs, rows
from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.terminal import progress, tab_separated


def installed() -> list[str]:
    """Return the installed backends that our tests cover."""
    return [name for name in ("jax", "torch", "mlx", "numpy") if missing(name) is None]


def run_backends(backends: Sequence[str], cases: Sequence[Case] = CASES, seed: int = 0) -> Iterator[Row]:
    """Yield the rows of all cases on these backends; two processes run at a time.

    Raises:
        HyenaDNAError: a backend failed; the message has the last line of its errors.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = {case.name: inputs(case, seed) for case in cases}
        for case in cases:
            save_file(prepared[case.name], folder / f"{case.name}.safetensors")
        with ThreadPoolExecutor(2) as pool, progress("Backends", len(backends)) as advance:
            for _ in pool.map(lambda backend: _run_backend(folder, backend), backends):
                advance(1)
        for case in cases:
            computed = {backend: load_file(folder / backend / f"{case.name}.safetensors") for backend in backends}
            yield from rows(case, prepared[case.name], computed)


def _run_backend(folder: Path, backend: str) -> None:
    command = [sys.executable, "-m", "hyenadna_core.checks.parity", str(folder), backend]
    environment = os.environ | {"KERAS_BACKEND": backend}
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 (our own command)
    if answer.returncode:
        raise HyenaDNAError(f"Backend {backend} failed: {last_message(answer)}")


def table(compared: Sequence[Row], backends: Sequence[str]) -> str:
    """Return tab-separated lines: case, quantity, one column for each backend, gate, verdict."""
    lines = [["case", "quantity", *backends, "gate", "verdict"]]
    for row in compared:
        differences = [f"{row.differences[name]:.1e}" if name in row.differences else "-" for name in backends]
        verdict = f"EXCEEDED by {', '.join(row.exceeded)}" if row.exceeded else "ok"
        lines.append([row.case, row.quantity, *differences, f"{row.gate:.0e}", verdict])
    return tab_separated(lines)


def main(folder: Path, backend: str) -> None:
    """Compute every case of a folder on one backend."""
    (folder / backend).mkdir()
    for case in CASES:
        if (folder / f"{case.name}.safetensors").exists():
            arrays = load_file(folder / f"{case.name}.safetensors")
            computed = compute(case, arrays, BACKENDS[backend].trains)
            save_file(
                {name: np.ascontiguousarray(value) for name, value in computed.items()},
                folder / backend / f"{case.name}.safetensors",
            )


if __name__ == "__main__":
    from hyenadna_backends import choose

    choose(sys.argv[2])
    main(Path(sys.argv[1]), sys.argv[2])
