"""Memory of a task whose rows stream: training batches of 4.4 million, figures of 455,024.

The rows are generated: windows of 1,000 bases with 919 labels, the sizes of DeepSEA. A stand-in for
the model returns random logits at once, so that the memory is that of the data. It prints the
largest resident memory beyond that of the framework:

    python docs/experiments/streaming_memory.py [ROWS LABELS]
"""

import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from hyenadna_core import Draw, SequenceTask, Target
from hyenadna_core.inference.announcement import peak_memory

TRAIN, LENGTH, BATCHES = 4_400_000, 1_000, 300
ROWS, LABELS = map(int, sys.argv[1:] or ("455024", "919"))


class Generated:
    """Rows that are made from their numbers."""

    def __init__(self, rows):
        self.rows, self.checksum = rows, f"generated {rows}"
        self.lengths = np.broadcast_to(LENGTH, rows)

    def __len__(self):
        return self.rows

    def row(self, index):
        """Return random bases and labels, always the same for a row."""
        random = np.random.default_rng(index)
        labels = np.zeros(LABELS, np.float32)
        labels[random.integers(LABELS, size=max(1, LABELS // 40))] = 1
        return np.frombuffer(b"ACGT", np.uint8)[random.integers(4, size=LENGTH)], labels

    def name(self, index):
        """Return the number of a row."""
        return str(index)


class Streaming(SequenceTask):
    """A task of generated rows."""

    name = "streaming"
    target = Target(
        "labels",
        tuple(f"label {number}" for number in range(LABELS)),
        groups=tuple(("TF", "DHS", "HM")[number % 3] for number in range(LABELS)),
    )
    evaluation_bases = 1 << 18

    def sequences(self, split):
        """Return the rows of a split."""
        return Generated(TRAIN if split == "train" else ROWS)


class StandIn:
    """A model with random outputs."""

    max_seq_len = LENGTH
    random = np.random.default_rng(0)

    def predict_on_batch(self, ids):
        """Return logits, (B, L) -> (B, K)."""
        return self.random.standard_normal((len(ids), LABELS), np.float32) - 3


def peak():
    """Return the largest resident memory of this process so far, in MB."""
    return peak_memory() / 1e6


def main():
    """Print the memory of training batches, of an evaluation and of a report."""
    import matplotlib.figure
    import scipy.stats  # noqa: F401 (the libraries are not the data)
    import sklearn.metrics  # noqa: F401

    figure = matplotlib.figure.Figure()
    figure.add_subplot().plot([0, 1])
    with tempfile.TemporaryFile() as file:
        figure.savefig(file)
    before = peak()
    task = Streaming(baseline=("kmer",))
    print(f"libraries: {before:.0f} MB")

    start = time.perf_counter()
    steps = [*range(BATCHES), *range(TRAIN // 64 - 2, TRAIN // 64 + 2)]  # also over the end of an epoch
    for step in steps:
        batch = task.batch(Draw("train", step, LENGTH, 64, 0))
    seconds = time.perf_counter() - start
    print(f"{len(steps)} batches {batch.ids.shape} of {TRAIN:,} rows: {peak() - before:.0f} MB more, {seconds:.0f} s")

    start = time.perf_counter()
    task.has("valid")
    with tempfile.TemporaryDirectory() as folder:
        kept = {}
        run = SimpleNamespace(path=Path(folder), read_run=lambda: kept, write_run=kept.update)
        text = task.report(StandIn(), run, SimpleNamespace(preset="stand-in", seed=0, stages=()))
        sizes = {path.name: f"{path.stat().st_size / 1e6:.1f} MB" for path in sorted(Path(folder).iterdir())}
    print(text)
    print(f"files: {sizes}")
    seconds = time.perf_counter() - start
    print(f"report of {ROWS:,} rows and {LABELS} labels: {peak() - before:.0f} MB more, {seconds:.0f} s")


if __name__ == "__main__":
    main()
