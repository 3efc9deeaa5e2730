"""The small CNN of GenomicBenchmarks as a baseline, trained on the batches of the task itself."""

import math
from typing import Any

from hyenadna_core.baselines import Baseline
from hyenadna_core.best import Best
from hyenadna_core.progress import progress
from hyenadna_core.task import Draw, number_of_targets

EPOCHS, BATCH_SIZE, LEARNING_RATE = 10, 64, 1e-3
NAME = "cnn"


def cnn_baseline(task: Any, split: str, seed: int) -> Baseline:
    """Fit the CNN on the task's training split and predict a split with the weights that were best on valid."""
    import keras

    from hyenadna_backends.updates import updates
    from hyenadna_core.cnn import build_cnn

    train = task.split("train")
    model = build_cnn(task.seq_len, len(task.target.names), seed=seed)
    model.max_seq_len = task.seq_len
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE))
    update, best, weights = updates(model, task.loss), Best(*task.monitor), model.get_weights()
    batch_size = min(BATCH_SIZE, len(train))
    steps = math.ceil(len(train) / batch_size)
    with progress("Baseline: CNN", EPOCHS * steps) as advance:
        for step in range(EPOCHS * steps):
            batch = task.batch(Draw("train", step, task.seq_len, batch_size, seed))
            update([batch], number_of_targets(batch))
            advance(1)
            if (step + 1) % steps == 0:
                update.settle()
                if best.improves(step + 1, task.evaluate(model, "valid")):
                    weights = model.get_weights()
    if best.value is None:  # no figure was ever defined: the last weights
        best.step = EPOCHS * steps
    else:
        model.set_weights(weights)
    predicted, _ = task.predicted(model, task.split(split))
    text = f"{EPOCHS} epochs of Adam at {LEARNING_RATE:g}, {batch_size} sequences a step; best at step {best.step}"
    return Baseline(NAME, text, predicted, best.value)
