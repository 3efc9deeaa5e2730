import json
import os
import platform
import signal
import subprocess
import sys

import pytest
from keras import config

from hyenadna_backends import allocator
from hyenadna_backends.allocator import (
    ROOM,
    VARIABLE,
    allocator_settings,
    has_huge_pages,
    leave_room,
    restart_with_settings,
    system_environment,
)

pytestmark = pytest.mark.keras


@pytest.fixture(autouse=True)
def gets_signals():
    """Let SIGINT through again, which a restart blocks until the program has started again."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.fixture
def on_linux(monkeypatch, tmp_path):
    """Imitate a machine with this glibc, and with a kernel in this mode."""

    def be(mode="always [madvise] never", library=("glibc", "2.36")):
        (tmp_path / "enabled").write_text(mode)
        monkeypatch.setattr(allocator, "KERNEL", tmp_path / "enabled")
        monkeypatch.setattr(platform, "libc_ver", lambda: library)

    return be


def test_huge_pages_are_asked_for_where_the_kernel_waits_to_be_asked(on_linux):
    on_linux()
    settings = allocator_settings(environment={})
    assert "glibc.malloc.hugetlb=1:" in settings[VARIABLE]
    assert not has_huge_pages({})
    assert has_huge_pages(settings)


def test_training_keeps_larger_arrays(on_linux):
    on_linux()
    assert f"mmap_threshold={1 << 28}" in allocator_settings(environment={})[VARIABLE]
    assert f"mmap_threshold={1 << 40}" in allocator_settings(keeps=True, environment={})[VARIABLE]


@pytest.mark.parametrize("value", ["", "glibc.malloc.hugetlb=0"])
def test_a_variable_that_is_set_is_left_alone(on_linux, value):
    on_linux()
    assert allocator_settings(environment={VARIABLE: value}) == {}
    assert not has_huge_pages({VARIABLE: value})


def test_settings_of_ours_give_way_to_others_of_ours(on_linux, monkeypatch):
    on_linux()
    short, kept = allocator_settings(environment={}), allocator_settings(keeps=True, environment={})
    assert short != kept
    assert allocator_settings(keeps=True, environment=short) == kept
    assert system_environment({"HOME": "/", **short}) == {"HOME": "/"}
    assert system_environment({VARIABLE: "glibc.malloc.hugetlb=1"}) == {VARIABLE: "glibc.malloc.hugetlb=1"}
    started = []
    monkeypatch.setattr(os, "execve", lambda program, words, environment: started.append(environment[VARIABLE]))
    for inherited, starts in ((short, 1), (kept, 0)):
        monkeypatch.setenv(VARIABLE, inherited[VARIABLE])
        restart_with_settings(keeps=True)
        assert started == starts * [kept[VARIABLE]]
        started.clear()


def test_where_all_pages_are_huge_memory_is_kept_all_the_same(on_linux):
    on_linux("[always] madvise never")
    assert "trim_threshold" in allocator_settings(environment={})[VARIABLE]
    assert has_huge_pages({})


def test_nothing_is_asked_of_a_kernel_without(on_linux, monkeypatch, tmp_path):
    on_linux("always madvise [never]")
    assert allocator_settings(environment={}) == {}
    monkeypatch.setattr(allocator, "KERNEL", tmp_path / "missing")
    assert allocator_settings(environment={}) == {}
    assert not has_huge_pages({VARIABLE: "glibc.malloc.hugetlb=1"})


@pytest.mark.parametrize("library", [("", ""), ("glibc", "2.31"), ("musl", "1.2")])
def test_nothing_is_asked_of_another_library(on_linux, library):
    on_linux(library=library)
    assert allocator_settings(environment={}) == {}


@pytest.mark.one_backend
def test_the_command_restarts_itself_and_keeps_its_arguments():
    bare = {name: value for name, value in os.environ.items() if name != VARIABLE}
    command = [sys.executable, "-m", "hyenadna_core", "doctor", "--json"]
    diagnosis = json.loads(subprocess.run(command, env=bare, capture_output=True, text=True, check=True).stdout)
    assert diagnosis["huge_pages"] == has_huge_pages(bare | allocator_settings(environment=bare))


TWO_STEPS = """
import sys
import numpy as np
from hyenadna_backends.allocator import ROOM, leave_room

left = leave_room() if "room" in sys.argv else 0
addresses, small = [], []
for _ in range(2):
    step = np.empty(2 * ROOM, np.uint8)
    addresses.append(step.ctypes.data)
    del step
    small.append(np.empty(1 << 20, np.uint8))
print(left, addresses[0] == addresses[1])
"""


@pytest.mark.skipif(not allocator_settings(environment={}), reason="another allocator, or no huge pages")
@pytest.mark.parametrize(("arguments", "expected"), [(["room"], f"{ROOM} True"), ([], "0 False")])
def test_a_step_finds_the_memory_of_the_one_before(arguments, expected):
    environment = dict(os.environ) | allocator_settings(keeps=True, environment={})
    run = subprocess.run(
        [sys.executable, "-c", TWO_STEPS, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == expected


def test_no_room_is_left_where_large_arrays_are_handed_back(on_linux):
    on_linux()
    assert leave_room({}) == leave_room(allocator_settings(environment={})) == 0


COMMAND = """
import sys
from hyenadna_backends import choose
from hyenadna_core.backend import check_backend
choice = choose("jax")
if "check" in sys.argv:
    check_backend(choice)
import jax
x = jax.numpy.ones((1500, 1500))
product = jax.jit(lambda x: x @ x @ x @ x)
product(x).block_until_ready()
print(product(x).is_ready())
"""


TRAINING = """
import numpy as np
from hyenadna_backends import choose
from hyenadna_core.backend import check_backend
check_backend(choose("jax"))
import keras
from hyenadna_backends.updates import updates
model = keras.Sequential([keras.Input((8000,)), keras.layers.Dense(1000), keras.layers.Dense(1000)])
model.compile(optimizer="sgd")
update = updates(model, lambda outputs, targets, weights: (outputs * targets * weights).sum())
batch = [np.zeros((500, size), "float32") for size in (8000, 1000, 1000)]
print(all([update([batch], 1.0).is_ready() for _ in range(6)]))
"""


@pytest.mark.skipif(config.backend() != "jax", reason="only JAX returns before it is done")
def test_a_step_is_done_before_the_next_however_large_its_batch():
    run = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "True"


@pytest.mark.skipif(config.backend() != "jax", reason="only JAX returns before it is done")
@pytest.mark.parametrize(("arguments", "expected"), [(["check"], "True"), ([], "False")])
def test_a_command_has_each_call_done_before_the_next(arguments, expected):
    command = [sys.executable, "-c", COMMAND, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == expected
