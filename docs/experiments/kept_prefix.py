"""Measure inference after a kept prefix: seconds with and without it, and the largest difference.

python docs/experiments/kept_prefix.py [VECTORS] [BASES] [ROWS]
"""

import sys
import time

import numpy as np

from hyenadna_core import CausalLM, HyenaBackbone, TaskModel
from hyenadna_core.tokens import A, T

VECTORS, BASES, ROWS = 8_192, 200, 8


def main(vectors=VECTORS, bases=BASES, count=ROWS):
    """Time batches of sequences after a prompt, in a model of two layers and 128 channels."""
    import keras
    from hyenadna_icl.layers import SoftPrompt, label_logits, with_sep
    from hyenadna_icl.prompted_model import PromptedModel

    language_model = CausalLM(HyenaBackbone(2, 128, vectors + bases + 2))
    backbone, prompt = language_model.backbone, SoftPrompt(vectors)
    model = TaskModel(
        backbone,
        lambda hidden, real: label_logits(language_model, (A, T), hidden, real),
        embed=lambda ids, embedded: prompt(with_sep(backbone, ids, embedded)),
    )
    ids = np.random.default_rng(0).integers(A, T + 1, (count, bases)).astype(np.int32)
    kept = PromptedModel(model, keras.ops.convert_to_numpy(prompt.vectors), bases)
    print(f"{keras.backend.backend()}: {vectors:,} vectors, {count} sequences of {bases} bases")
    start = time.perf_counter()
    logits = {"with": kept.predict_on_batch(ids), "without": model.predict_on_batch(ids)}
    print(f"first calls of both: {time.perf_counter() - start:.2f} s")
    seconds = {name: min(timed(each, ids) for _ in range(3)) for name, each in (("with", kept), ("without", model))}
    difference = np.abs(logits["with"] - logits["without"]).max()
    print(f"with the kept prefix {seconds['with']:.4f} s, without {seconds['without']:.4f} s a batch:", end=" ")
    print(f"{seconds['without'] / seconds['with']:.1f} times as fast; largest difference of logits {difference:.1e}")


def timed(model, ids):
    """Return the seconds of one batch."""
    start = time.perf_counter()
    model.predict_on_batch(ids)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
