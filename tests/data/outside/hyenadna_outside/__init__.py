"""A plug-in with a preset, a dataset, a metric, and a task with its own head."""

import keras  # at the top, as people may do: the backend has been chosen before
import numpy as np

from hyenadna_core import (
    Dataset,
    LabelledSequences,
    Metric,
    Preset,
    SequenceTask,
    Target,
    fetch_dataset,
    read_labelled,
)
from hyenadna_plugins import hookimpl

SIZES = {"train": 60, "valid": 21, "test": 22}


def fetch(folder):
    """Write sequences rich in A and C, or in G and T, and return their files by split."""
    files = {split: folder / f"{split}.csv" for split in SIZES}
    for seed, (split, file) in enumerate(files.items()):
        random = np.random.default_rng(seed)
        labels = random.integers(2, size=SIZES[split])
        shares = {0: [0.4, 0.4, 0.1, 0.1], 1: [0.1, 0.1, 0.4, 0.4]}
        rows = (f"{''.join(random.choice(list('ACGT'), 40, p=shares[label]))},{label}" for label in labels)
        file.write_text("\n".join(["sequence,label", *rows]) + "\n")
    return files


class OutsideTask(SequenceTask):
    """Tell sequences rich in A and C from those rich in G and T."""

    name = "outside"
    target = Target("classes", ("ac", "gt"))

    def sequences(self, split):
        records = read_labelled(fetch_dataset("outside-pairs")[split])
        return LabelledSequences.of(records.sequences, np.array([int(label) for (label,) in records.labels], np.int32))

    def head(self, hidden, real):
        wide = keras.layers.Dense(12, activation="gelu", name="wide")(hidden)
        largest = keras.ops.max(keras.ops.where(real[..., None], wide, -1e9), axis=1)  # over bases, not padding
        return keras.layers.Dense(2, name="classes")(largest)


def specificity(predicted, targets):
    """Return the share of the first class that is predicted as the first class."""
    return float((predicted.argmax(axis=1) == 0)[targets == 0].mean())


@hookimpl
def register_tasks(register):
    register(OutsideTask)


@hookimpl
def register_presets(register):
    config = {"n_layer": 1, "d_model": 16, "max_seq_len": 66}
    register(Preset("outside-tiny", config, 9_000, "made up", licence="CC0-1.0"))


@hookimpl
def register_datasets(register):
    register(Dataset("outside-pairs", "Rich in A and C, or in G and T", "CC0-1.0", "made up", fetch, task="outside"))


@hookimpl
def register_metrics(register):
    register(Metric("specificity", specificity, ("classes",)))
