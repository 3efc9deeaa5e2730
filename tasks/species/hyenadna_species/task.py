"""The task `species`: tell from which genome a window comes."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from hyenadna_core import HyenaDNAError, Metric, SequenceTask, Target
from hyenadna_core.task import GivenOptions, Model, Run, RunSettings, TaskDefaults
from hyenadna_species.genome import SpeciesGenome, same_bases
from hyenadna_species.options import BLOCK_SIZE, OPTIONS, ROWS
from hyenadna_species.pieces import Pieces
from hyenadna_species.report import lines_of_classes, lines_of_paper
from hyenadna_species.splits import Split, by_block, by_contig, by_names, by_published
from hyenadna_species.windows import Drawing, Windows


def precision(decided: np.ndarray, truths: np.ndarray) -> float:
    """Return the share of correct rows among those that were given this class: (n,), (n,) -> ().

    It is 0 if the class has rows and was never predicted, as in scikit-learn, and nan without both.
    """
    if decided.any():
        return float((decided & (truths == 1)).sum() / decided.sum())
    return 0.0 if truths.any() else float("nan")


def recall(decided: np.ndarray, truths: np.ndarray) -> float:
    """Return the share of the rows of this class that were given it: (n,), (n,) -> ()."""
    return float((decided & (truths == 1)).sum() / (truths == 1).sum()) if truths.any() else float("nan")


LENGTH = 1_024  # bases of a window until a run sets it
OF_CLASSES = tuple(
    Metric(of.__name__, None, ("classes",), "max", (of.__doc__ or "").partition(":")[0], of, decided=True)
    for of in (precision, recall)
)


class SpeciesTask(SequenceTask):
    """Tell from which species a window of DNA comes.

    Args:
        species: names and paths of their genomes, two or more.
        split: "chromosomes", "blocks" or "contigs".
        valid, test: names of contigs, with commas.
        block_size: bases of a block.
        draw_species, draw_contigs: "evenly" or "by-length".
        most_n: the largest share of a window that may be N.
        train_windows, valid_windows, test_windows: numbers of rows.
    """

    name = "species"
    monitor = ("accuracy", "max")
    stranded = False
    options = (*OPTIONS, *SequenceTask.options)

    def __init__(
        self,
        species: Sequence[tuple[str, Path | str]],
        split: str = "chromosomes",
        valid: str | None = None,
        test: str | None = None,
        block_size: int | None = None,
        draw_species: str = "evenly",
        draw_contigs: str = "by-length",
        most_n: float = 0.5,
        train_windows: int = ROWS["train"],
        valid_windows: int = ROWS["valid"],
        test_windows: int = ROWS["test"],
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.paths, self.how = tuple(species), split
        self.held_out = [names_of(valid, "--valid"), names_of(test, "--test")]
        names = tuple(name for name, _ in self.paths)
        check_species(names)
        if any(self.held_out) and split != "chromosomes":
            raise HyenaDNAError(f"--valid and --test name contigs, and the split is {split}: leave them out.")
        if block_size and split != "blocks":
            raise HyenaDNAError(f"--block-size is for --split blocks, and the split is {split}: leave it out.")
        self.block_size = block_size or BLOCK_SIZE
        self.target = Target("classes", names)
        self.drawing = Drawing(draw_species == "evenly", draw_contigs == "evenly", most_n)
        self.counts = {"train": train_windows, "valid": valid_windows, "test": test_windows}
        self._windows: dict[str, Windows] = {}

    @cached_property
    def genomes(self) -> list[SpeciesGenome]:
        """The genome of each species.

        Raises:
            HyenaDNAError: two species have the same genome, whatever its names and compression.
        """
        genomes = [SpeciesGenome(name, path) for name, path in self.paths]
        for number, genome in enumerate(genomes):
            for other in genomes[:number]:
                if same_bases(other, genome):
                    raise HyenaDNAError(
                        f"{other.name} and {genome.name} have the same genome, {genome.path}: give each its own."
                    )
        return genomes

    @cached_property
    def divided(self) -> Split:
        """The pieces of all genomes with their splits."""
        if self.how == "blocks":
            return by_block(self.genomes, self.block_size)
        if self.how == "contigs":
            return by_contig(self.genomes)
        return by_names(self.genomes, *self.held_out) if any(self.held_out) else by_published(self.genomes)

    def sequences(self, split: str) -> Windows | None:
        of_split = [
            [piece for piece in self.divided.pieces[name] if piece.split == split] for name in self.target.names
        ]
        if not all(of_split):
            return None
        species = [Pieces(genome, pieces) for genome, pieces in zip(self.genomes, of_split, strict=True)]
        self._windows[split] = Windows(split, species, self.counts[split], self.seq_len or LENGTH, self.drawing)
        return self._windows[split]

    def fold(self, number: int, of: int) -> NoReturn:
        raise HyenaDNAError(
            "Windows of the task species are drawn at random, and have no folds: leave out --fold, and hold out other "
            "contigs with --valid and --test."
        )

    def defaults(self, max_seq_len: int, given: GivenOptions) -> TaskDefaults:
        """Return the options of a sequence task.

        Without --stages, windows are as long as the model takes, but not longer than a block.
        """
        self.seq_len = min(max_seq_len, self.block_size) if self.how == "blocks" else max_seq_len
        return super().defaults(self.seq_len, given)

    def prepare(self, seq_len: int) -> list[str]:
        if self.how == "blocks" and seq_len > self.block_size:
            raise HyenaDNAError(
                f"Windows of {seq_len:,} bases do not fit into blocks of {self.block_size:,} bases: "
                "give a larger --block-size, or shorter --stages."
            )
        self.seq_len = seq_len
        sentences = [sentence for genome in self.genomes for sentence in genome.not_read()] + self.divided.sentences
        for split in filter(self.has, ROWS):
            self._windows[split].cut(seq_len)
            self._windows[split].check()
            sentences += self._windows[split].sentences()
            sentences += self._windows[split].repeated() if split != "train" else []
        return sentences + super().prepare(seq_len)

    def chosen_metrics(self) -> list[Metric]:
        """Return the metrics of classes, and precision and recall of each class."""
        others = [metric for metric in super().chosen_metrics() if metric.name not in ("precision", "recall")]
        return [*others, *OF_CLASSES]

    def report(self, model: Model, folder: Run, config: RunSettings) -> str:
        text = super().report(model, folder, config)
        return "\n".join([text, *lines_of_classes(folder.path), *lines_of_paper(self.target.names, self.seq_len)])


def check_species(names: Sequence[str]) -> None:
    """Raise HyenaDNAError if there are fewer than two species, or two of one name."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise HyenaDNAError(f"--species names {twice[0]} twice: give each species one FASTA or one folder.")
    if len(names) < 2:
        raise HyenaDNAError(
            f"--species names {', '.join(names) or 'none'}: give two or more, as in --species human=human.fa "
            "--species mouse=mouse.fa."
        )


def names_of(text: str | None, option: str) -> list[str]:
    """Return the names in a text with commas.

    Raises:
        HyenaDNAError: a name is empty.
    """
    names = [name.strip() for name in text.split(",")] if text is not None else []
    if not all(names):
        raise HyenaDNAError(f"{option} {text!r} has an empty name: give names of contigs with commas, as in 1,3.")
    return names
