"""Train a soft prompt of 32,768 vectors for some steps: seconds a step and the peak of memory.

python docs/experiments/long_prompt.py [VECTORS] [BASES] [STEPS] [SEQUENCES]
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hyenadna_core import CausalLM, HyenaBackbone, save, train
from hyenadna_core.inference.announcement import peak_memory

POSITIONS = 40_960


def main(vectors=32_768, bases=1_024, steps=20, sequences=1):
    """Train some sequences a step, at most 16, in a model of 4 layers and 256 channels."""
    from hyenadna_icl.soft_prompt import SoftPromptTask

    folder = Path(tempfile.mkdtemp())
    random, lines = np.random.default_rng(0), ["sequence,label"]
    for number in range(20):
        share = [0.4, 0.1, 0.1, 0.4] if number % 2 else [0.1, 0.4, 0.4, 0.1]
        lines.append(f"{''.join(random.choice(list('ACGT'), bases, p=share))},{number % 2}")
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    save(CausalLM(HyenaBackbone(4, 256, POSITIONS)), folder / "weights")
    options = {
        "of": str(folder / "train.csv"),
        "prompt_length": vectors,
        "baseline": "none",
        "reverse_complements": False,
    }
    start = time.perf_counter()
    stages = f"{bases}x{sequences}@{steps}"
    train(SoftPromptTask, options, weights=folder / "weights", stages=stages, valid_every=steps, out=folder / "run")
    seconds = time.perf_counter() - start
    peak = peak_memory() / 1e9
    print(f"{steps} steps in {seconds:.0f} s with validation and report, peak {peak:.1f} GB")
    print("".join((folder / "run" / "log.tsv").read_text().splitlines(keepends=True)[-2:]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
