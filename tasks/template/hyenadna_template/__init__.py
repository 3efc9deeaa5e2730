"""A task for HyenaDNA: tell windows of a genome from the same windows with their bases shuffled."""

import numpy as np

from hyenadna_core import LabelledSequences, SequenceTask, Target, bundled_genome, open_genome
from hyenadna_plugins import hookimpl

PARTS = {"train": (0.0, 0.8, 2000), "valid": (0.8, 0.9, 250), "test": (0.9, 1.0, 250)}  # of the genome; windows


class TemplateTask(SequenceTask):
    """Tell windows of E. coli from the same windows with their bases shuffled."""

    name = "template"
    target = Target("classes", ("shuffled", "genome"))

    def sequences(self, split):
        random, genome = np.random.default_rng(0), open_genome(bundled_genome())
        first, last, count = PARTS[split]
        ((contig, length),) = genome.contigs.items()
        starts = random.integers(first * length, last * length - 128, count)
        windows, classes = [genome.read(contig, start, start + 128) for start in starts], random.integers(2, size=count)
        mixed = [window if real else random.permutation(window) for window, real in zip(windows, classes, strict=True)]
        return LabelledSequences.of([window.tobytes() for window in mixed], classes)


@hookimpl
def register_tasks(register):
    register(TemplateTask)
