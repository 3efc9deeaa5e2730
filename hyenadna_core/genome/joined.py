"""Several genomes joined into one: each contig has the name of its file before its own name."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from hyenadna_core.errors import HyenaDNAError
from hyenadna_core.genome.fasta import Genome
from hyenadna_core.genome.intervals import Interval


class JoinedGenomes:
    """Several genomes as one genome: contig chr1 of mouse.fa.gz is called mouse:chr1.

    A colon in the name of a file becomes "_".

    Raises:
        HyenaDNAError: two files have the same name.
    """

    def __init__(self, genomes: Sequence[Genome]) -> None:
        self._genomes = {genome.path.name.split(".")[0].replace(":", "_"): genome for genome in genomes}
        if len(self._genomes) < len(genomes):
            names = sorted(str(genome.path) for genome in genomes)
            raise HyenaDNAError(
                f"Two of {', '.join(names)} have the same name, which goes before the names of their contigs: "
                "rename one."
            )
        self.path = Path("+".join(self._genomes))
        self.sha256 = hashlib.sha256(" ".join(genome.sha256 for genome in genomes).encode()).hexdigest()
        self.contigs: Mapping[str, int] = {
            f"{name}:{contig}": length
            for name, genome in self._genomes.items()
            for contig, length in genome.contigs.items()
        }

    @property
    def names(self) -> list[str]:
        """Return the name of each genome, which stands before the colon."""
        return list(self._genomes)

    def join(self, intervals: Sequence[Sequence[Interval]]) -> list[Interval]:
        """Return the intervals of all genomes, with the joined names of their contigs."""
        return [
            replace(interval, chrom=f"{name}:{interval.chrom}")
            for name, of_genome in zip(self._genomes, intervals, strict=True)
            for interval in of_genome
        ]

    def read(self, contig: str, start: int, end: int) -> np.ndarray:
        genome, _, own = contig.partition(":")
        return self._genomes[genome].read(own, start, end)
