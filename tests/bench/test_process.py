"""The processes of `hyenadna bench`, and the calls that run in them."""

import os
import signal
import time

import pytest
from keras import config

from hyenadna_backends import BACKENDS, FFTConv, current_kernel, missing, use_kernel
from hyenadna_backends.barriers import OF_LIBRARY, VARIABLE
from hyenadna_backends.heap import OPT_OUT
from hyenadna_backends.kernels import plain
from hyenadna_core.bench import cases
from hyenadna_core.bench.process import Exhausted, busy_processes, worker
from hyenadna_core.bench.worker import Calls
from hyenadna_core.child import thread_limits

pytestmark = pytest.mark.keras

BACKEND = config.backend()
INSTALLED = [name for name in ("jax", "torch", "mlx", "numpy") if missing(name) is None]


@pytest.mark.one_backend
def test_a_worker_that_is_lost_is_replaced():
    with worker(BACKEND, 1) as process:
        with pytest.raises(Exhausted, match="over 0 s"):
            process.ask({"do": "devices"}, timeout=1e-3)
        assert process.ask({"do": "drop"}) == {}
        assert process.ask({"do": "peaks"})["peak"] > 1e7


def test_a_worker_allocates_as_its_side_says():
    with worker(BACKEND, 1) as ours, worker(BACKEND, 1, heap="@system") as system:
        assert OPT_OUT not in ours.environment()
        assert system.environment() == ours.environment() | {OPT_OUT: "system", VARIABLE: OF_LIBRARY}


@pytest.mark.one_backend
def test_busy_processes_compute_until_the_block_ends():
    before = os.times().children_user
    with busy_processes(2) as processes:
        time.sleep(1)
        assert [process.poll() for process in processes] == [None, None]
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * 2
    assert os.times().children_user > before
    with busy_processes(0) as none:
        assert none == []


def test_every_pool_of_threads_is_bounded():
    assert set(thread_limits(3).values()) == {"3"}
    assert {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"} <= thread_limits(3).keys()


@pytest.mark.skipif("torch" not in INSTALLED, reason="torch, which tells its number of threads, is not installed")
@pytest.mark.one_backend
def test_a_worker_has_the_threads_that_it_is_given(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with worker("torch", 1) as process:
        assert "cpu (1 threads)" in process.ask({"do": "devices"})["devices"]


@pytest.mark.parametrize("what", ["conv", "forward", *(["step"] if BACKENDS[BACKEND].trains else [])])
def test_a_call_computes_with_the_kernel_of_its_side(what, monkeypatch):
    asked = []

    def counted(u, k, bias):
        asked.append(u.shape[-1])
        return plain.fft_conv(u, k, bias)

    monkeypatch.setattr(cases, "PLAIN", FFTConv("plain", lambda: counted))
    model = {"n_layer": 1, "d_model": 8, "max_seq_len": 40}
    case = {"what": what, "length": 33, "batch_size": 1, "channels": 2, "model": model}
    calls = Calls(BACKEND)
    try:
        calls.prepare({"kernel": "native", "case": case})
        assert asked == []
        calls.prepare({"kernel": "plain", "case": case})
        assert set(asked) == {33}
        for kernel, name in (("native", BACKEND), ("plain", "plain"), ("native", BACKEND)):
            calls.run({"kernel": kernel})
            assert current_kernel().name == name
        calls.use("matmul")
        assert current_kernel().name == "matmul"
    finally:
        use_kernel(None)
