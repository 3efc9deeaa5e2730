"""A run resumed on another backend: the same validation, then nearly the same losses."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from hyenadna_backends import missing
from hyenadna_core.training.run_folder import RunFolder

HERE = os.environ["KERAS_BACKEND"]
TRAINING = [name for name in ("jax", "torch", "mlx") if missing(name) is None]
PAIRS = [pair for pair in itertools.permutations(TRAINING, 2) if pair[0] == HERE]
TRAIN = [sys.executable, "-m", "hyenadna_core", "train"]

pytestmark = pytest.mark.all_backends
RUN = """
import sys
from pathlib import Path
from hyenadna_backends import choose
choose()
from dataclasses import replace
from hyenadna_core.training.checkpoint import load_checkpoint
from hyenadna_core.registry import Session
from hyenadna_core.training.config import RunConfig
from hyenadna_core.registry import find_task
from hyenadna_core.training.run import prepare
from hyenadna_core.training.run_folder import RunFolder
from hyenadna_core.training.trainer import make_model, train
from hyenadna_plugins import plugin_manager

session = Session(plugin_manager(names=[]), choose())
with RunFolder.open(Path(sys.argv[1])) as folder:
    config = RunConfig.from_json(folder.read_run()["config"])
    task = find_task(session.plugins, config.task).from_options(config.options)
    prepare(task, config)
    model = make_model(config, task)
    step, _ = load_checkpoint(folder.checkpoints, model)
    print(step, task.evaluate(model, "valid")["bits"])
    if len(sys.argv) > 2:
        train(model, task, replace(config, checkpoint_every=1e9), folder)
"""


def python(backend, *arguments):
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    step, bits = done.stdout.split()[-2:]
    return int(step), float(bits)


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda name: name)
def test_a_run_goes_on_on_another_backend(first, second, tmp_path, write_fasta, random_bases):
    genome = write_fasta({"chr1": random_bases(6000)})
    options = [
        "--fasta",
        genome,
        "--stages",
        "32x4@6,64x4@5",
        "--log-every",
        "1",
        "--valid-bases",
        "600",
        "--keep",
        "9",
    ]
    run = tmp_path / "run"
    subprocess.run(
        [*TRAIN, *options, "--out", run], check=True, capture_output=True, env=os.environ | {"KERAS_BACKEND": first}
    )
    with RunFolder.open(run) as folder:
        whole = [line.loss for line in folder.read_log()]
    (run / "checkpoints" / "step-11").rename(tmp_path / "step-11")  # back to the end of the first stage
    found = {backend: python(backend, run) for backend in (first, second)}
    assert {step for step, _ in found.values()} == {6}
    np.testing.assert_allclose(found[first][1], found[second][1], atol=1e-5)
    python(second, run, "on")
    with RunFolder.open(run) as folder:
        np.testing.assert_allclose([line.loss for line in folder.read_log()[6:]], whole[6:], atol=1e-4)
