"""Fixtures of hyenadna_core.testing, in every pytest that runs with HyenaDNA installed."""

import getpass
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def pytest_configure() -> None:
    """Register MLX with Keras, if KERAS_BACKEND names it, before a plug-in imports Keras.

    MLX on a CPU compiles into the folder for temporary files: each worker of pytest-xdist gets one.
    """
    if os.environ.get("KERAS_BACKEND") == "mlx":
        from hyenadna_backends import choose

        if worker := os.environ.get("PYTEST_XDIST_WORKER"):
            own = Path(tempfile.gettempdir(), f"{getpass.getuser()}-{worker}")
            own.mkdir(exist_ok=True)
            os.environ["TMPDIR"] = tempfile.tempdir = str(own)
        choose()


@pytest.fixture
def check_task() -> Callable[..., Any]:
    """Return a function that checks a task: hyenadna_core.testing.check_task."""
    from hyenadna_backends import choose
    from hyenadna_core import testing

    choose()
    return testing.check_task


@pytest.fixture
def tiny_backbone() -> Callable[..., Any]:
    """Return a function that makes a small HyenaBackbone: hyenadna_core.testing.tiny_backbone."""
    from hyenadna_backends import choose
    from hyenadna_core import testing

    choose()
    return testing.tiny_backbone


@pytest.fixture
def tiny_fasta(tmp_path: Path) -> Callable[..., Any]:
    """Return a function that writes a FASTA into tmp_path: hyenadna_core.testing.tiny_fasta."""
    from hyenadna_core import testing

    return lambda name="tiny.fa", **arguments: testing.tiny_fasta(tmp_path / name, **arguments)
