r"""Measure the seconds and the memory of one long window of the task species.

    KERAS_BACKEND=torch python docs/experiments/species_length.py large-1m 1000000 \
        --species human=human_chr20.fa.gz --species mouse=mouse_chr19.fa.gz

It makes the model of the preset with random weights, in bfloat16 and rematerialised, and predicts
one window. With --step it also computes one step of training, which takes more memory
(`hyenadna doctor --preset large-1m --seq-len 1000000`).
"""

import argparse
import time

from hyenadna_backends import choose
from hyenadna_core import Draw, Recipe, find_preset
from hyenadna_core.inference.announcement import peak_memory

BLOCK = 2  # a block has so many windows


def main() -> None:
    """Read the arguments, and print a line for the prediction and for the step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset")
    parser.add_argument("length", type=int)
    parser.add_argument("--species", action="append", required=True)
    parser.add_argument("--step", action="store_true")
    arguments = parser.parse_args()
    print(choose().name)
    from hyenadna_species.task import SpeciesTask

    from hyenadna_backends.updates import updates
    from hyenadna_core.model.causal_lm import random_model
    from hyenadna_core.training.optimizer import build_optimizer

    species = [named.partition("=")[::2] for named in arguments.species]
    task = SpeciesTask(species, split="blocks", block_size=BLOCK * arguments.length, pooling="last")
    task.prepare(arguments.length)
    config = dict(find_preset(arguments.preset).config)
    model = task.model(random_model(config | {"rematerialise": True, "dtype": "mixed_bfloat16"}))
    batch = task.batch(Draw("train", 0, arguments.length, 1, 0))
    start = time.monotonic()
    print("probabilities", model.predict_on_batch(batch.ids).shape)
    report("one prediction", start)
    if arguments.step:
        model.compile(optimizer=build_optimizer(model, Recipe(1e-4, 0.1, 0.0, 0.99), 1))
        start = time.monotonic()
        update = updates(model, task.loss)
        print("loss", float(update([batch], 1.0)))
        update.settle()
        report("one step", start)


def report(what: str, start: float) -> None:
    """Print the seconds since `start`, and the largest memory of the process so far."""
    memory = peak_memory() / 1e9
    print(f"{what}: {time.monotonic() - start:.1f} s, at most {memory:.1f} GB")


if __name__ == "__main__":
    main()
