"""Compare a run on several devices, and in several processes, with the same run on one device."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from hyenadna_core.training.run_folder import RunFolder

BACKEND = os.environ["KERAS_BACKEND"]
TRAIN = [sys.executable, "-m", "hyenadna_core", "train"]
OPTIONS = ["--stages", "32x8@4", "--seed", "2", "--log-every", "1", "--micro-batch", "4", "--valid-every", "4"]
ON_JAX = pytest.mark.skipif(BACKEND != "jax", reason="devices and processes of JAX")
ON_TORCH = pytest.mark.skipif(BACKEND != "torch", reason="processes of PyTorch")


@pytest.fixture(scope="module")
def genome(tmp_path_factory, random_bases):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(f">chr1\n{random_bases(4000)}\n")
    return path


@pytest.fixture(scope="module")
def alone(genome):
    run = genome.parent / "alone"
    subprocess.run([*TRAIN, "--fasta", genome, *OPTIONS, "--out", run], check=True, capture_output=True)
    return run


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def figures(run):
    with RunFolder.open(run) as folder:
        return [line.loss for line in folder.read_log()]


def assert_same(run, alone):
    np.testing.assert_allclose(figures(run), figures(alone), rtol=1e-5)
    first, second = (load_file(path / "checkpoints" / "step-4" / "model.safetensors") for path in (run, alone))
    for name, value in first.items():
        np.testing.assert_allclose(value, second[name], atol=2e-4, rtol=0, err_msg=name)
    bits = [float((path / "valid.tsv").read_text().split()[-2]) for path in (run, alone)]
    np.testing.assert_allclose(*bits, rtol=1e-5)


def together(commands, environments):
    """Run commands at the same time; return the stdout and stderr of each."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [
        subprocess.Popen(command, env=os.environ | environment, **pipes)
        for command, environment in zip(commands, environments, strict=True)
    ]
    outputs = [process.communicate(timeout=900) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return outputs


@pytest.mark.keras
@ON_JAX
def test_two_devices_have_the_losses_of_one(genome, alone, tmp_path):
    run = tmp_path / "two"
    command = [*TRAIN, "--fasta", genome, *OPTIONS, "--data-parallel", "--out", run]
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    ((_, stderr),) = together([command], [{"XLA_FLAGS": flags}])
    assert "Each step runs on 2 devices" in stderr
    assert_same(run, alone)


def cluster(number, port):
    values = {"JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}", "JAX_NUM_PROCESSES": 2, "JAX_PROCESS_ID": number}
    return {name: str(value) for name, value in values.items()} | {"JAX_PLATFORMS": "cpu"}


@pytest.mark.keras
@ON_JAX
def test_two_processes_of_jax_have_the_losses_of_one_and_one_writes(genome, alone, tmp_path):
    run, port = tmp_path / "two", free_port()
    command = [*TRAIN, "--fasta", genome, *OPTIONS, "--distributed", "--out", run]
    outputs = together([command] * 2, [cluster(number, port) for number in range(2)])
    assert_same(run, alone)
    assert ["Held-out part" in stdout for stdout, _ in outputs] == [True, False]


@pytest.mark.keras
@ON_TORCH
def test_two_processes_of_pytorch_have_the_losses_of_one_and_one_writes(genome, alone, tmp_path):
    run, port = tmp_path / "two", free_port()
    command = [*TRAIN, "--fasta", genome, *OPTIONS, "--distributed", "--out", run]
    world = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    outputs = together([command] * 2, [world | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(2)])
    assert_same(run, alone)
    assert ["Held-out part" in stdout for stdout, _ in outputs] == [True, False]


@pytest.mark.keras
@ON_JAX
def test_sequences_that_do_not_divide_are_one_line(genome, tmp_path, monkeypatch, cli, one_line):
    from hyenadna_core.training import config

    monkeypatch.setattr(config, "local_devices", lambda: 3)
    status, _, stderr = cli("train", "--fasta", genome, *OPTIONS, "--data-parallel", "--out", tmp_path / "run")
    assert status == 1
    assert one_line(stderr) == "Error: Stage 32x8@4 has 8 sequences a step, which do not divide among 3 devices."


@pytest.mark.keras
@pytest.mark.usefixtures("trains")
def test_distributed_without_a_cluster_is_one_line(cli, one_line, monkeypatch):
    for variable in ("RANK", "JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"):
        monkeypatch.delenv(variable, raising=False)
    status, stdout, stderr = cli("train", "--distributed")
    assert (status, stdout) == (1, "")
    way_out = {"torch": "start it by torchrun", "jax": "set JAX_COORDINATOR_ADDRESS", "mlx": "choose jax or torch"}
    assert way_out[BACKEND] in one_line(stderr)


@pytest.mark.keras
@pytest.mark.skipif(BACKEND in ("jax", "numpy"), reason="JAX has it, NumPy does not train")
def test_data_parallel_elsewhere_names_the_way(cli, one_line):
    status, _, stderr = cli("train", "--data-parallel")
    assert (status, one_line(stderr).split(":")[1]) == (1, " --data-parallel is for JAX")
