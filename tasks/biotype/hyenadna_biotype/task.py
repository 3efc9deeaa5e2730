"""The task `biotype`: fine-tune a model on the genes of an annotation."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import click
import numpy as np

from hyenadna_biotype.options import GENES, wanted_of
from hyenadna_core import HyenaDNAError, InputPath, RowsSubset, SequenceTask, Target

BLOCK, BLOCKS = 5_000_000, 10  # bases of a block; of ten blocks in a row one is for test, one for validation
SPLITS = np.array(["train"] * (BLOCKS - 2) + ["valid", "test"])
OTHERS = (
    click.Option(
        ["--test-chromosome", "test_chromosomes"],
        multiple=True,
        metavar="NAME",
        help="Contig whose genes are for test; repeatable.  [default: a tenth of the blocks]",
    ),
    click.Option(
        ["--block-size"], type=click.IntRange(1), default=BLOCK, help="Bases of a block.  [default: 5,000,000]"
    ),
)


class BiotypeTask(SequenceTask):
    """Tell the biotypes of the genes of an annotation."""

    name = "biotype"
    stranded = True  # a gene is read on its own strand
    options = (
        click.Option(["--gtf"], type=InputPath(), required=True, help="Annotation: GTF or GFF3, plain or gzip."),
        click.Option(["--fasta"], type=InputPath(), required=True, multiple=True, help="Genome; repeatable."),
        *GENES,
        *OTHERS,
        *SequenceTask.options,
    )

    def __init__(
        self,
        gtf: Path | str,
        fasta: Sequence[Path | str],
        biotypes: str | None = None,
        most: int | None = None,
        longest: int | None = None,
        min_genes: int | None = None,
        chromosomes: str | None = None,
        test_chromosomes: Sequence[str] = (),
        block_size: int = BLOCK,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.gtf, self.fasta = Path(gtf), [Path(path) for path in fasta]
        self.wanted = wanted_of(biotypes, most, longest, min_genes, chromosomes)
        self.test_chromosomes, self.block_size = tuple(test_chromosomes), block_size
        self._known: Target | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> Self:
        task = super().from_options(options, state)
        if state is not None:  # a trained model predicts without the annotation
            task._known = Target.from_json(state["target"])
        return task

    @property
    def target(self) -> Target:  # type: ignore[override]
        """The biotypes, the most frequent first."""
        return self._known or Target("classes", tuple(self._genes[1].counts))

    @cached_property
    def _genes(self) -> tuple[Any, Any]:
        """The genome, and the selected genes."""
        from hyenadna_biotype.genes import read_annotation
        from hyenadna_biotype.genome import GenomeFiles
        from hyenadna_biotype.selection import select

        genome = GenomeFiles(self.fasta)
        return genome, select(read_annotation(self.gtf), genome, self.wanted)

    @cached_property
    def rows_of_all(self) -> Any:
        from hyenadna_biotype.rows import GeneRows

        genome, selection = self._genes
        numbers = {name: number for number, name in enumerate(self.target.names)}
        if strange := [name for name in selection.counts if name not in numbers]:
            raise HyenaDNAError(f"{self.gtf} has the biotype {strange[0]}, which the run does not know.")
        classes = np.array([numbers[gene.biotype] for gene in selection.genes], np.int32)
        return GeneRows(selection.genes, classes, genome, selection.sha256)

    @cached_property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """The split of each gene, (n,) text, and the numbers of its first and last block, (n, 2).

        Blocks are counted along the genome.

        A gene that reaches into a block of another split has the split "", and is not used.

        Raises:
            HyenaDNAError: a chromosome for test has no genes.
        """
        genome, selection = self._genes
        tests = [genome.find(chrom) for chrom in self.test_chromosomes]
        for chrom, contig in zip(self.test_chromosomes, tests, strict=True):
            if contig not in {gene.chrom for gene in selection.genes}:
                raise HyenaDNAError(f"No selected gene is on the contig {chrom}: name another --test-chromosome.")
        size, before, count = self.block_size, {}, 0
        for contig, length in genome.contigs.items():
            before[contig] = count
            count -= -length // size
        splits, blocks = [], []
        for gene in selection.genes:
            first, last = (before[gene.chrom] + base // size for base in (gene.start, gene.end - 1))
            own = {self._split_of(gene.chrom, block, tests) for block in range(first, last + 1)}
            splits.append(own.pop() if len(own) == 1 else "")
            blocks.append((first, last))
        return np.array(splits), np.array(blocks)

    def _split_of(self, chrom: str, block: int, tests: Sequence[str]) -> str:
        if chrom in tests:
            return "test"
        split = str(SPLITS[block % BLOCKS])
        return "train" if tests and split == "test" else split

    def indices(self, split: str) -> np.ndarray:
        return np.flatnonzero(self.parts[0] == split)

    def sequences(self, split: str) -> Any:
        indices = self.indices(split)
        return RowsSubset(self.rows_of_all, indices) if len(indices) else None

    def fold_groups(self, split: str) -> np.ndarray:
        """Return the number of the blocks of each row of `sequences(split)`: (n,).

        Blocks that a gene reaches into are joined, so that rows of two groups share no bases.
        """
        first, last = self.parts[1][self.indices(split)].reshape(-1, 2).T
        order = np.argsort(first, kind="stable")
        reached = np.maximum.accumulate(last[order])
        groups = np.zeros(len(first), np.int64)
        groups[order[1:]] = np.cumsum(first[order[1:]] > reached[:-1])
        return groups

    def prepare(self, seq_len: int) -> list[str]:
        lines = list(self._genes[1].lines)
        if crossing := int((self.parts[0] == "").sum()):
            lines.append(f"{crossing:,} genes reach into a block of another split, and are not used.")
        return [*lines, *super().prepare(seq_len)]
