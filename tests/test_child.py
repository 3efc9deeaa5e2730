import os

from hyenadna_backends.allocator import allocator_settings
from hyenadna_core import child_environment
from hyenadna_core.child import thread_limits


def test_a_child_computes_with_the_settings_of_train_and_its_own_threads():
    environment = child_environment("numpy", 3)
    assert environment["KERAS_BACKEND"] == "numpy"
    assert thread_limits(3).items() <= environment.items()
    assert allocator_settings(keeps=True, environment={}).items() <= environment.items()
    assert environment["PATH"] == os.environ["PATH"]


def test_the_settings_of_the_allocator_may_be_others():
    assert child_environment("numpy", 1, {"GLIBC_TUNABLES": "x"})["GLIBC_TUNABLES"] == "x"
