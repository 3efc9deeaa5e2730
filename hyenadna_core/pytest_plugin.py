"""Fixtures for authors of plug-ins, in every pytest where HyenaDNA is installed (testing.py)."""

import os

import pytest


def pytest_configure():
    """Let Keras know of MLX where that is asked for, before any plug-in under test imports it."""
    if os.environ.get("KERAS_BACKEND") == "mlx":
        from hyenadna_backends import choose

        choose()


@pytest.fixture
def check_task():
    """Checks a task: hyenadna_core.testing.check_task."""
    from hyenadna_backends import choose
    from hyenadna_core import testing

    choose()
    return testing.check_task


@pytest.fixture
def tiny_backbone():
    """Makes a small HyenaBackbone: hyenadna_core.testing.tiny_backbone."""
    from hyenadna_backends import choose
    from hyenadna_core import testing

    choose()
    return testing.tiny_backbone


@pytest.fixture
def tiny_fasta(tmp_path):
    """Writes a small FASTA into the test's own folder: hyenadna_core.testing.tiny_fasta."""
    from hyenadna_core import testing

    return lambda name="tiny.fa", **arguments: testing.tiny_fasta(tmp_path / name, **arguments)
