r"""Measure hidden states, or logits and log-likelihoods, of one long sequence in plain Python.

    KERAS_BACKEND=jax python docs/experiments/million_bases.py hidden human_chr20.fa.gz chr20
    KERAS_BACKEND=torch python docs/experiments/million_bases.py likelihood human_chr20.fa.gz chr20

The model is large-1m with random weights; BASES and START choose the sequence. Prints the seconds
of the first call, and the peak memory of the process.
"""

import argparse
import time

import numpy as np

from hyenadna_backends import choose
from hyenadna_core import CausalLM, encode, open_genome
from hyenadna_core.inference.announcement import peak_memory


def main() -> None:
    """Read the arguments, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("hidden", "likelihood"))
    parser.add_argument("fasta")
    parser.add_argument("contig")
    parser.add_argument("--bases", type=int, default=1_000_000)
    parser.add_argument("--start", type=int, default=30_000_000)
    parser.add_argument("--preset", default="large-1m")
    arguments = parser.parse_args()
    genome = open_genome(arguments.fasta)
    bases = genome.read(arguments.contig, arguments.start, arguments.start + arguments.bases)
    ids = encode(bytes(bases))[None]  # (1, L)
    model = CausalLM.from_preset(arguments.preset, weights=None)
    start = time.perf_counter()
    if arguments.what == "hidden":
        result = np.asarray(model.backbone.predict_on_batch(ids))
        shown = f"{result.shape}, the last position has the norm {np.linalg.norm(result[0, -1]):.6f}"
    else:
        logits = np.asarray(model.predict_on_batch(ids))[0, :-1]  # (L - 1, V)
        top = logits.max(-1)
        total = top + np.log(np.exp(logits - top[:, None]).sum(-1))
        each = np.take_along_axis(logits, ids[0, 1:, None].astype(np.int64), 1)[:, 0] - total
        shown = f"{each.shape}, {-each.mean() / np.log(2):.6f} bits a base"
    seconds = time.perf_counter() - start
    peak = peak_memory() / 1e9
    print(f"{choose().name}, {arguments.what}: {shown}; {seconds:.0f} s, {peak:.2f} GB")


if __name__ == "__main__":
    main()
