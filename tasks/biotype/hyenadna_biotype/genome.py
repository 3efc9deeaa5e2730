"""A genome in one or several FASTA files, and the bases of genes."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hyenadna_biotype.genes import Gene
from hyenadna_core import HyenaDNAError, open_genome

COMPLEMENT = bytes.maketrans(b"ACGTacgt", b"TGCAtgca")
UNKNOWN = re.compile(rb"[^ACGTacgt]")  # N, and the codes for several bases
MITOCHONDRIA = {"MT": "chrM", "chrM": "MT"}


class GenomeFiles:
    """Contigs by name with their lengths, and their bases, from several FASTA files.

    Raises:
        HyenaDNAError: a file cannot be read, or two have a contig of the same name.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._genome_of: dict[str, Any] = {}
        genomes = [open_genome(path) for path in paths]
        for genome in genomes:
            for contig in genome.contigs:
                if contig in self._genome_of:
                    other = self._genome_of[contig].path
                    raise HyenaDNAError(f"{other} and {genome.path} both have a contig {contig}: give one of them.")
                self._genome_of[contig] = genome
        self.contigs: Mapping[str, int] = {name: each.contigs[name] for name, each in self._genome_of.items()}
        self.names = ", ".join(str(path) for path in paths)
        self.sha256 = sha256(" ".join(genome.sha256 for genome in genomes).encode()).hexdigest()

    def find(self, chrom: str) -> str | None:
        """Return the name of a contig here: the same, with or without chr, or None."""
        names = (chrom, f"chr{chrom}", chrom.removeprefix("chr"), MITOCHONDRIA.get(chrom, ""))
        return next((name for name in names if name in self.contigs), None)

    def sequence(self, gene: Gene) -> bytes:
        """Return the bases of a gene, on its strand."""
        bases: bytes = self._genome_of[gene.chrom].read(gene.chrom, gene.start, gene.end).tobytes()
        return bases.translate(COMPLEMENT)[::-1] if gene.strand == "-" else bases

    def bases(self, gene: Gene) -> np.ndarray:
        """Return the bases of a gene, on its strand: (L,) uint8."""
        return np.frombuffer(self.sequence(gene), np.uint8)


def has_unknown(sequence: bytes) -> bool:
    """Return whether a sequence has another letter than A, C, G and T."""
    return UNKNOWN.search(sequence) is not None
