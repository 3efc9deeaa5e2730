"""Resume a run on another backend: the same validation there, and nearly the same losses after."""

import itertools
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from hyenadna_backends import missing
from hyenadna_core.training.run_folder import RunFolder

TRAINING = [name for name in ("jax", "torch", "mlx") if missing(name) is None]
PAIRS = list(itertools.permutations(TRAINING, 2))
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
    step = load_checkpoint(folder.checkpoints, model).step
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


@pytest.fixture(scope="module")
def trained(request, tmp_path_factory):
    """Return the folder of a run after its first stage, its step and bits there, and all losses."""
    folder, bases = tmp_path_factory.mktemp(request.param), np.random.default_rng(0).choice(list("ACGT"), 6000)
    (folder / "genome.fa").write_text(">chr1\n" + "".join(bases) + "\n")
    stages = ["--stages", "32x4@6,64x4@5", "--log-every", "1", "--valid-bases", "600", "--keep", "9"]
    options = ["--fasta", folder / "genome.fa", *stages, "--out", folder / "run"]
    subprocess.run(
        [*TRAIN, *options], check=True, capture_output=True, env=os.environ | {"KERAS_BACKEND": request.param}
    )
    with RunFolder.open(folder / "run") as run:
        losses = [line.loss for line in run.read_log()]
    shutil.rmtree(folder / "run" / "checkpoints" / "step-11")
    return folder / "run", python(request.param, folder / "run"), losses


@pytest.mark.parametrize(("trained", "second"), PAIRS, indirect=["trained"])
def test_a_run_goes_on_on_another_backend(trained, second, tmp_path):
    folder, (step, bits), losses = trained
    run = shutil.copytree(folder, tmp_path / "run")
    resumed_step, resumed_bits = python(second, run, "on")
    assert (step, resumed_step) == (6, 6)
    np.testing.assert_allclose(resumed_bits, bits, atol=1e-5)
    with RunFolder.open(run) as resumed:
        np.testing.assert_allclose([line.loss for line in resumed.read_log()[6:]], losses[6:], atol=1e-4)
