import json
import os
import platform
import subprocess
import sys

import pytest

from hyenadna_backends import heap
from hyenadna_backends.heap import KEPT, OPT_OUT, OTHERS, PROCESS, USERS, chosen_heap, huge_pages_mode

BARE = {name: value for name, value in os.environ.items() if name != OPT_OUT}
on_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
with_huge_pages = pytest.mark.skipif(huge_pages_mode() == "never", reason="the kernel gives no huge pages")


def run(script, *, first="", **variables):
    """Return the lines that a script prints in a process of its own; `first` runs before it."""
    command = [sys.executable, "-c", first + script]
    return subprocess.run(command, env=BARE | variables, capture_output=True, text=True, check=True).stdout.splitlines()


@on_glibc
@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"GLIBC_TUNABLES": "glibc.cpu.x86_ibt=on"}, None),
        ({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}, USERS),
        ({"MALLOC_ARENA_MAX": "2"}, USERS),
        ({"MALLOC_TRIM_THRESHOLD_": "1000"}, USERS),
        ({OPT_OUT: "system"}, OTHERS),
        ({OPT_OUT: ""}, None),
    ],
)
def test_settings_that_somebody_chose_stay(environment, expected):
    assert chosen_heap(environment) == expected


def test_another_library_keeps_its_heap(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert chosen_heap({}) == OTHERS


@on_glibc
def test_another_allocator_keeps_its_settings(monkeypatch):
    monkeypatch.setattr(heap, "_allocates", lambda library: False)
    assert chosen_heap({}) == OTHERS


HUGE = """
from hyenadna_backends.heap import settle_heap
print(settle_heap())
print(settle_heap())
import numpy as np
array = np.ones(1 << 24)  # 128 MB
of_array = False
for line in open("/proc/self/smaps"):
    ends, _, rest = line.partition("-")
    if rest[:1].isalnum() and " " in rest and not line.startswith("VmFlags"):
        of_array = int(ends, 16) <= array.ctypes.data < int(rest.split()[0], 16)
    if of_array and line.startswith("VmFlags"):
        print(" hg" in line)
"""


@on_glibc
@with_huge_pages
@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, [PROCESS, PROCESS, "True"]), ({OPT_OUT: "system"}, [OTHERS, OTHERS, "False"])],
)
def test_an_array_lies_in_huge_pages(variables, expected):
    assert run(HUGE, **variables) == expected


@on_glibc
def test_without_place_for_the_room_memory_is_kept_all_the_same():
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
    script = "from hyenadna_backends.heap import settle_heap\nprint(settle_heap())"
    assert run(script, first=limit, OPENBLAS_NUM_THREADS="1") == [KEPT]


IN_A_THREAD = """
from threading import Thread
from hyenadna_backends.heap import settle_heap
thread = Thread(target=lambda: print(settle_heap()))
thread.start()
thread.join()
"""


@on_glibc
def test_a_thread_without_a_part_of_the_heap_gets_no_room():
    assert run(IN_A_THREAD) == [KEPT]


FREED = """
import contextlib
import sys
import numpy as np
from hyenadna_backends.heap import large_arrays_kept

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

addresses, small = [], []
before = resident()
with large_arrays_kept() if "kept" in sys.argv else contextlib.nullcontext():
    for _ in range(2):
        step = np.ones(3 << 29, np.uint8)  # 1.5 GB, as all arrays of a step
        addresses.append(step.ctypes.data)
        del step
        small.append(np.ones(1 << 20, np.uint8))
    within = resident() - before > 1 << 30
print(addresses[0] == addresses[1] if "kept" in sys.argv else "", within, resident() - before > 1 << 28)
"""


@on_glibc
@with_huge_pages
@pytest.mark.parametrize(("arguments", "expected"), [([], " False False"), (["kept"], "True True False")])
def test_a_step_finds_the_memory_of_the_one_before_until_training_ends(arguments, expected):
    command = [sys.executable, "-c", FREED, *arguments]
    assert subprocess.run(command, env=BARE, capture_output=True, text=True, check=True).stdout == f"{expected}\n"


@on_glibc
@pytest.mark.parametrize("mode", ["always madvise [never]", None])
def test_no_huge_pages_are_asked_of_a_kernel_without(monkeypatch, tmp_path, mode):
    if mode:
        (tmp_path / "enabled").write_text(mode)
    monkeypatch.setattr(heap, "KERNEL", tmp_path / "enabled")
    assert huge_pages_mode() == "never"
    monkeypatch.setattr(heap, "_make_room", lambda library, size: pytest.fail("asked"))
    assert heap.settle_heap.__wrapped__() == KEPT


PARTS = """
import os
import numpy as np
from hyenadna_backends.heap import HANDED_BACK, hand_back, settle_heap

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

settle_heap()
before = resident()
parts = [np.ones(1 << 26, np.uint8) for _ in range(8)]  # 512 MB
del parts
for size in (0, HANDED_BACK - 1, HANDED_BACK):
    hand_back(size)
    print(resident() - before > 1 << 28)
"""


@on_glibc
@with_huge_pages
def test_what_parts_of_a_long_input_leave_is_handed_back():
    assert run(PARTS) == ["True", "True", "False"]


OF_MODEL = """
from hyenadna_core import HyenaBackbone
from hyenadna_backends.heap import settle_heap
before = settle_heap.cache_info().currsize
HyenaBackbone(1, 8, 16)
print(before, settle_heap.cache_info().currsize)
"""


@pytest.mark.keras
def test_the_first_model_of_a_script_settles_the_heap():
    assert run(OF_MODEL)[-1] == "0 1"


@pytest.mark.one_backend
@on_glibc
@with_huge_pages
@pytest.mark.parametrize(("variables", "expected"), [({}, PROCESS), ({OPT_OUT: "system"}, OTHERS)])
def test_a_command_settles_the_heap_as_a_script_does(variables, expected):
    command = [sys.executable, "-m", "hyenadna_core", "doctor", "--json"]
    run = subprocess.run(command, env=BARE | variables, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["heap"] == expected


OF_JAX = """
from hyenadna_core import HyenaBackbone
HyenaBackbone(1, 8, 16)
import jax
product = jax.jit(lambda x: x @ x @ x @ x)
x = jax.numpy.ones((1500, 1500))
product(x).block_until_ready()
print(product(x).is_ready())
"""


@pytest.mark.keras
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") != "jax", reason="only JAX returns before it is done")
def test_the_first_model_of_a_script_makes_jax_wait_for_each_call():
    assert run(OF_JAX)[-1] == "True"
