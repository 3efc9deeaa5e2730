import os

from hyenadna_core import child_environment
from hyenadna_core.child import thread_limits


def test_a_child_computes_with_its_own_backend_and_threads(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")  # a setting of the user
    environment = child_environment("numpy", 3)
    assert environment["KERAS_BACKEND"] == "numpy"
    assert thread_limits(3).items() <= environment.items()
    assert environment["PATH"] == os.environ["PATH"]
    assert environment["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=2"
