"""Genes as rows of a task: their bases are read from the genome when they are needed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hyenadna_biotype.genes import Gene
from hyenadna_biotype.genome import GenomeFiles


class GeneRows:
    """Genes with the number of their biotype; training reads a random piece of a long gene.

    Args:
        classes: the number of the biotype of each gene: (n,).
        checksum: of the genes and the genome.
    """

    def __init__(self, genes: Sequence[Gene], classes: np.ndarray, genome: GenomeFiles, checksum: str) -> None:
        self.genes, self.classes, self.genome, self.checksum = genes, classes, genome, checksum
        self.lengths = np.array([gene.end - gene.start for gene in genes], np.int64)

    def __len__(self) -> int:
        return len(self.genes)

    def row(self, index: int) -> tuple[np.ndarray, Any]:
        """Return the bases of a gene on its strand, (L,) uint8, and its class."""
        return self.genome.bases(self.genes[index]), self.classes[index]

    def window(self, draw: Any, index: int) -> tuple[np.ndarray, Any]:
        """Return a random piece of a gene, of at most `draw.seq_len` bases, and its class."""
        bases, target = self.row(index)
        spare = max(0, len(bases) - draw.seq_len)
        first = int(np.random.default_rng([draw.seed, draw.step, index]).integers(spare + 1))
        return bases[first : first + draw.seq_len], target

    def name(self, index: int) -> str:
        return self.genes[index].name
