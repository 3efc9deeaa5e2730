"""Genes that are left out: how many for each reason."""

from collections import Counter

from hyenadna_biotype.genes import Gene
from hyenadna_core.errors import first_names

LACKING, OTHER, REPEATED = (  # reasons to leave a gene out
    "on a contig that the FASTA lacks",
    "of another biotype",
    "with the same bases as another gene",
)


class LeftOut:
    """How many genes are left out by reason, the name of the first, and the lacking contigs."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._lacking: dict[str, None] = {}

    def add(self, reason: str, gene: Gene) -> None:
        self._counts[reason] += 1
        self._first.setdefault(reason, gene.name)
        if reason == LACKING:
            self._lacking[gene.chrom] = None

    @property
    def total(self) -> int:
        return self._counts.total()

    @property
    def reasons(self) -> str:
        names = {LACKING: f", such as {first_names(self._lacking)}"}
        return ", ".join(
            f"{count:,} {reason}{names.get(reason, '')} (first {self._first[reason]})"
            for reason, count in self._counts.items()
        )
