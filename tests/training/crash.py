"""Kill a run at random moments, resume it each time, and compare it with a whole run, to the bit.

`KERAS_BACKEND=jax python tests/training/crash.py KILLS FOLDER`; `nox -s crash` runs each backend.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

HYENADNA = [sys.executable, "-m", "hyenadna_core"]
OPTIONS = ["--dropout", "0.1", "--seed", "5"]
# A checkpoint and a picture at every step: most kills then hit a write.
OFTEN = ["--valid-bases", "1024", "--checkpoint-every", "0", "--log-every", "1", "--keep", "2"]
STARTING = 300.0  # seconds at most


def compare(kills: int, folder: Path, steps: int = 12) -> str:
    """Train once without and once with kills; return a sentence about the equal results.

    Args:
        steps: the steps of each of two stages.

    Raises:
        AssertionError: a result differs.
    """
    whole, cut, genome = folder / "whole", folder / "cut", folder / "genome.fa"
    folder.mkdir(parents=True, exist_ok=True)
    moments = random.Random(7)
    genome.write_text(">chr1\n" + "".join(moments.choices("ACGT", k=20_000)) + "\n")
    stages = ["--stages", f"64x4@{steps},128x4@{steps}", "--valid-every", str(steps - 2)]
    options = ["--fasta", str(genome), *stages, *OPTIONS, *OFTEN]
    subprocess.run([*HYENADNA, "train", *options, "--out", whole], check=True, capture_output=True)
    at = [train_and_kill(cut, 2 * moments.random(), [*options, "--out", str(cut)])]
    at += [train_and_kill(cut, 2 * moments.random(), ["--resume", str(cut)]) for _ in range(kills - 1)]
    subprocess.run([*HYENADNA, "train", "--resume", cut], check=True, capture_output=True)
    latest = [run / "checkpoints" / (run / "checkpoints" / "latest").read_text().strip() for run in (whole, cut)]
    for name in ("model.safetensors", "optimizer.safetensors"):
        first, second = (load_file(checkpoint / name) for checkpoint in latest)
        assert first.keys() == second.keys()
        for tensor, value in first.items():
            np.testing.assert_array_equal(value, second[tensor], err_msg=tensor)
    logs = [[line.split("\t")[:6] for line in (run / "log.tsv").read_text().splitlines()] for run in (whole, cut)]
    assert logs[0] == logs[1]
    assert (whole / "valid.tsv").read_text() == (cut / "valid.tsv").read_text()
    steps = ", ".join(map(str, at))
    return f"{os.environ['KERAS_BACKEND']}: killed at steps {steps}; weights, optimizer and logs equal to the bit"


def train_and_kill(run: Path, seconds: float, arguments: list[str]) -> int:
    """Train until some seconds after the first new step, then kill; return the last step."""
    before = last_step(run)
    process = subprocess.Popen([*HYENADNA, "train", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + STARTING
    while process.poll() is None and last_step(run) in (0, before) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return last_step(run)


def last_step(run: Path) -> int:
    """Return the step of the last complete line of the log."""
    log = run / "log.tsv"
    lines = log.read_text().split("\n")[1:-1] if log.exists() else []
    return int(lines[-1].split("\t")[0]) if lines else 0


if __name__ == "__main__":
    sys.stdout.write(compare(int(sys.argv[1]), Path(sys.argv[2])) + "\n")
